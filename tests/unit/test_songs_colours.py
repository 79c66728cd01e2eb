"""Moods from colours, on painted pictures."""

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from songs.colours import SIDE, impression, measured, small
from songs.mood import Mood

type Band = tuple[float, tuple[int, int, int], float]
"""Share of the picture, colour, and how far the pixels stray from it."""
PIXELS = 2000


def painted(*bands: Band) -> bytes:
    chance = random.Random(1)
    pixels = bytearray()
    for share, colour, stray in bands:
        for _ in range(round(share * PIXELS)):
            light = chance.gauss(0, stray)
            pixels += bytes(min(255, max(0, round(each + light + chance.gauss(0, stray / 3)))) for each in colour)
    return bytes(pixels)


BEACH = painted((0.4, (150, 195, 235), 8), (0.25, (60, 150, 185), 12), (0.35, (235, 210, 165), 10))
NIGHT_CITY = painted(
    (0.6, (15, 18, 32), 6), (0.25, (45, 48, 70), 12), (0.1, (250, 190, 90), 20), (0.05, (230, 235, 255), 10)
)
GREY_RAIN = painted((0.5, (130, 136, 142), 8), (0.5, (85, 90, 96), 10))
NEON_CLUB = painted(
    (0.45, (12, 5, 25), 6), (0.25, (235, 20, 160), 15), (0.15, (20, 200, 240), 15), (0.15, (120, 30, 220), 15)
)
AUTUMN_FOREST = painted(
    (0.35, (160, 100, 50), 18), (0.3, (105, 70, 40), 15), (0.15, (195, 150, 70), 15), (0.2, (65, 55, 42), 10)
)
SNOW = painted((0.7, (235, 238, 242), 5), (0.3, (190, 200, 210), 8))
ALL = (BEACH, NIGHT_CITY, GREY_RAIN, NEON_CLUB, AUTUMN_FOREST, SNOW)


def mood(pixels: bytes) -> tuple[float, float, float, float, float]:
    found = impression(pixels).mood
    figures = (found.energy, found.valence, found.danceability, found.acousticness, found.tempo)
    return tuple(each if each is not None else -1.0 for each in figures)  # type: ignore[return-value]


def ordered(name: str, *pictures: bytes) -> bool:
    values = [getattr(impression(each).mood, name) for each in pictures]
    return all(more - less > 0.02 for less, more in pairwise(values))


def test_pictures_are_ordered_as_people_would() -> None:
    assert ordered("energy", GREY_RAIN, AUTUMN_FOREST, NIGHT_CITY, BEACH, NEON_CLUB)
    assert ordered("valence", NIGHT_CITY, GREY_RAIN, AUTUMN_FOREST, BEACH)
    assert ordered("danceability", GREY_RAIN, AUTUMN_FOREST, BEACH, NEON_CLUB)
    assert ordered("acousticness", NEON_CLUB, BEACH, AUTUMN_FOREST)
    assert ordered("tempo", GREY_RAIN, AUTUMN_FOREST, BEACH, NEON_CLUB)


def test_quadrants() -> None:
    energy, valence, *_ = mood(BEACH)
    assert min(energy, valence) > 0.6
    energy, valence, *_ = mood(GREY_RAIN)
    assert max(energy, valence) < 0.42
    energy, valence, *_ = mood(NIGHT_CITY)
    assert energy > 0.5
    assert valence < 0.4
    energy, valence, *_ = mood(SNOW)
    assert energy < 0.3
    assert valence > 0.6
    energy, _, danceability, acousticness, _ = mood(NEON_CLUB)
    assert min(energy, danceability) > 0.7
    assert acousticness < 0.3
    energy, valence, _, acousticness, _ = mood(AUTUMN_FOREST)
    assert energy < 0.5 < acousticness
    assert 0.4 < valence < 0.65


@pytest.mark.parametrize(
    ("pixels", "word", "description", "themes"),
    [
        (BEACH, "euphoric", "A bright, very colourful picture, mostly blue and orange.", ("summer",)),
        (NIGHT_CITY, "intense", "A dark, colourful picture.", ("night",)),
        (GREY_RAIN, "melancholic", "A grey picture.", ("rain",)),
        (NEON_CLUB, "driving", "A dark, very colourful, cool picture, mostly pink and purple.", ("night", "neon")),
        (AUTUMN_FOREST, "easy-going", "A colourful, warm picture, mostly brown and orange.", ("autumn",)),
        (SNOW, "serene", "A bright, grey, soft picture.", ("winter",)),
    ],
)
def test_words(pixels: bytes, word: str, description: str, themes: tuple[str, ...]) -> None:
    found = impression(pixels)
    assert (found.word, found.description, found.themes) == (word, description, themes)
    assert ", ".join(found.keywords) in description


def test_pleasure_rises_with_brightness_and_arousal_with_saturation() -> None:
    """Valdez and Mehrabian's directions, on one hue."""
    greens = [painted((1, (light // 2, light, light // 2), 8)) for light in (60, 110, 160, 220)]
    assert ordered("valence", *greens)
    dull = [painted((1, (140 - step, 140, 140 - step), 8)) for step in (0, 40, 80, 120)]
    assert ordered("energy", *dull)


def test_yellow_is_happier_than_blue_and_red_livelier() -> None:
    yellow, blue, red = (painted((1, each, 4)) for each in ((190, 170, 110), (165, 168, 230), (215, 160, 165)))
    lights = [measured(each).lightness for each in (yellow, blue, red)]
    assert max(lights) - min(lights) < 2.5
    assert ordered("valence", blue, yellow)
    assert ordered("energy", blue, red)


def test_contrast_arouses() -> None:
    assert ordered("energy", *(painted((0.5, (120 - d,) * 3, 2), (0.5, (120 + d,) * 3, 2)) for d in (0, 40, 80)))


def test_colourfulness_is_as_its_authors_define_it() -> None:
    """Hasler and Süsstrunk: σ + 0.3 μ of red less green, here 255 and 0, and yellow less blue, here 127.5 and -255."""
    assert measured(bytes([90, 90, 90] * 5)).colourfulness == 0
    found = measured(bytes([255, 0, 0, 0, 0, 255]))
    assert found.colourfulness == pytest.approx((127.5**2 + 191.25**2) ** 0.5 + 0.3 * (127.5**2 + 63.75**2) ** 0.5)


def test_lightness_is_that_of_cie() -> None:
    assert measured(b"\0\0\0").lightness == 0
    assert measured(b"\xff\xff\xff").lightness == pytest.approx(100)
    assert measured(bytes([119, 119, 119])).lightness == pytest.approx(50, abs=0.2)
    assert measured(bytes([255, 0, 0])).lightness == pytest.approx(53.2, abs=0.1)


@given(st.binary(min_size=3, max_size=90))
def test_any_pixels_make_a_mood(data: bytes) -> None:
    pixels = data[: len(data) // 3 * 3]
    found = impression(pixels)
    assert isinstance(found.mood, Mood)
    assert found.mood.instrumentalness is None
    assert sum(found.colours.hues.values()) <= 1 + 1e-9


@given(st.permutations(range(PIXELS // 100)))
def test_where_colours_are_does_not_matter(order: list[int]) -> None:
    pixels = BEACH[: 3 * len(order)]
    shuffled = b"".join(pixels[3 * at : 3 * at + 3] for at in order)
    assert mood(shuffled) == pytest.approx(mood(pixels))


@pytest.mark.parametrize("data", [b"", b"\0", b"\0\0\0\0"])
def test_what_is_no_pixels_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="pixels"):
        impression(data)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "P", "CMYK", "1"])
def test_pictures_of_any_mode_are_made_small(mode: str) -> None:
    assert len(small(Image.new("RGB", (640, 427), (90, 120, 200)).convert(mode))) == SIDE * SIDE * 3
    assert len(small(Image.new(mode, (3, 1)))) == 9


def test_a_small_picture_has_the_colours_of_the_large() -> None:
    picture = Image.frombytes("RGB", (50, 40), BEACH).resize((600, 480))
    assert mood(small(picture)) == pytest.approx(mood(BEACH), rel=0.03)

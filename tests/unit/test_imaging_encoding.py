"""Pixels to bytes: usual qualities, byte budgets, animations."""

from functools import cache
from typing import get_args

import pytest
from PIL import Image

from fanfare.errors import InvalidInput
from fanfare.imaging import MEDIA_TYPES, Encoded, Format, Options, encode, shrunk
from fanfare.imaging.encoding import QUALITY, SMALLEST, WORST, Rendered
from local_cloud.world.pictures import photograph
from support.pictures import decoded, textured

LOSSY: tuple[Format, ...] = ("jpeg", "webp", "avif")
FORMATS: tuple[Format, ...] = get_args(Format.__value__)
PHOTOGRAPH = Rendered([photograph(600, 450, seed=3)])


@cache
def sized(format_: Format, quality: int | None = None) -> int:
    return len(encode(PHOTOGRAPH, Options(format=format_, quality=quality)).body)


@pytest.mark.parametrize("format_", FORMATS)
def test_every_format_is_what_it_says(format_: Format) -> None:
    made = encode(PHOTOGRAPH, Options(format=format_))
    image = decoded(made.body)
    assert (image.format or "").lower() == format_ == made.format
    assert Image.MIME[format_.upper()] == made.media_type == MEDIA_TYPES[format_]
    assert image.size == (made.width, made.height) == (600, 450)
    assert made.quality == QUALITY[format_] == {"jpeg": 85, "png": None}.get(format_, made.quality)


@pytest.mark.parametrize("format_", LOSSY)
def test_quality_is_what_was_asked_for_and_bytes_follow(format_: Format) -> None:
    assert encode(PHOTOGRAPH, Options(format=format_, quality=31)).quality == 31
    assert sized(format_, 30) < sized(format_, 60) < sized(format_, 90)


def test_png_knows_no_quality() -> None:
    assert sized("png", 10) == sized("png")
    assert encode(PHOTOGRAPH, Options(format="png", quality=10)).quality is None


def test_progressive_is_for_jpeg() -> None:
    for progressive in (False, True):
        image = decoded(encode(PHOTOGRAPH, Options(progressive=progressive)).body)
        assert bool(image.info.get("progressive")) is progressive


@pytest.mark.parametrize("format_", FORMATS)
def test_a_budget_that_is_no_hardship_changes_nothing(format_: Format) -> None:
    usual = encode(PHOTOGRAPH, Options(format=format_))
    assert encode(PHOTOGRAPH, Options(format=format_, max_bytes=len(usual.body))) == usual


@pytest.mark.parametrize("format_", LOSSY)
@pytest.mark.parametrize("share", [0.95, 0.7, 0.5])
def test_a_budget_is_met_by_quality_first_and_made_use_of(format_: Format, share: float) -> None:
    worst, usual = sized(format_, WORST), sized(format_)
    budget = max(round(share * usual), worst + 1)
    made = encode(PHOTOGRAPH, Options(format=format_, max_bytes=budget))
    assert len(made.body) <= budget
    assert (made.width, made.height) == (600, 450)
    assert made.quality is not None
    assert WORST <= made.quality < (QUALITY[format_] or 0)
    assert made.body == encode(PHOTOGRAPH, Options(format=format_, quality=made.quality)).body
    assert sized(format_, made.quality + 4) > budget, "four points more would have fitted"


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("share", [0.8, 0.3, 0.05])
def test_where_no_quality_is_low_enough_the_picture_gets_smaller_but_not_needlessly(
    format_: Format, share: float
) -> None:
    budget = round(share * sized(format_, None if format_ == "png" else WORST))
    made = encode(PHOTOGRAPH, Options(format=format_, max_bytes=budget))
    assert 0.6 * budget < len(made.body) <= budget
    assert made.quality == QUALITY[format_]
    assert SMALLEST <= made.width < 600
    assert made.width / made.height == pytest.approx(600 / 450, rel=1.5 / made.height)
    assert decoded(made.body).size == (made.width, made.height)


@pytest.mark.parametrize("format_", FORMATS)
def test_a_picture_whose_bytes_do_not_go_with_its_area_is_not_needlessly_small_either(format_: Format) -> None:
    noise = Rendered([textured(500, 400)])
    budget = max(1200, len(encode(noise, Options(format=format_, quality=WORST)).body) // 20)
    made = encode(noise, Options(format=format_, max_bytes=budget))
    assert 0.6 * budget < len(made.body) <= budget


def test_an_own_quality_is_the_most_of_a_budget_too() -> None:
    made = encode(PHOTOGRAPH, Options(quality=20, max_bytes=sized("jpeg", 20) - 1))
    assert made.quality == 20
    assert made.width < 600


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("size", [(1, 1), (2, 2), (1, 90), (15, 15), (600, 450)])
@pytest.mark.parametrize("budget", [1, 20])
def test_a_budget_for_no_picture_at_all_is_refused(format_: Format, size: tuple[int, int], budget: int) -> None:
    with pytest.raises(InvalidInput, match="too few") as refused:
        encode(Rendered([textured(*size)]), Options(format=format_, max_bytes=budget))
    assert set(refused.value.fields) == {"max_bytes"}


def test_what_has_alpha_is_flattened_for_jpeg_alone() -> None:
    picture = Rendered([Image.new("RGBA", (20, 20), (255, 0, 0, 0))])
    for format_ in FORMATS:
        image = decoded(encode(picture, Options(format=format_, background="#000000")).body)
        assert image.has_transparency_data is (format_ != "jpeg")
    assert decoded(encode(picture, Options(background="#00ff00")).body).getpixel((9, 9)) == pytest.approx(
        (0, 255, 0), abs=3
    )


COLOURS = ("red", "lime", "blue", "white")
MOVING = Rendered([Image.new("RGB", (64, 48), colour) for colour in COLOURS], (40, 100, 250, 1000), 3)


def test_an_animation_is_webp_with_its_frames_their_times_and_its_plays() -> None:
    made = encode(MOVING, Options(format="jpeg"))
    assert (made.format, made.media_type, made.quality) == ("webp", "image/webp", QUALITY["webp"])
    image = decoded(made.body)
    assert (image.n_frames, image.info["loop"]) == (4, 3)  # type: ignore[attr-defined]
    durations = []
    for number, colour in enumerate(COLOURS):
        image.seek(number)
        image.load()
        durations.append(image.info["duration"])
        expected = Image.new("RGB", (1, 1), colour).getpixel((0, 0))
        assert image.convert("RGB").getpixel((30, 20)) == pytest.approx(expected, abs=6)
    assert tuple(durations) == MOVING.durations


def test_an_animation_keeps_to_its_budget_with_all_its_frames() -> None:
    picture = Rendered([textured(120, 90, seed) for seed in range(4)], (100,) * 4)
    usual = encode(picture, Options())
    for share in (0.7, 0.1):
        made = encode(picture, Options(max_bytes=round(share * len(usual.body))))
        assert len(made.body) <= share * len(usual.body) + 1
        assert decoded(made.body).n_frames == 4  # type: ignore[attr-defined]


def test_shrunk_keeps_the_aspect_ratio_and_enlarges_nothing() -> None:
    assert shrunk(MOVING, 32).frames[3].size == (32, 24)
    assert shrunk(MOVING, 1000).frames[0].size == (64, 48)
    assert shrunk(Rendered([Image.new("RGB", (300, 2))]), 10).frames[0].size == (10, 1)
    assert shrunk(MOVING, 32).durations == MOVING.durations


@pytest.mark.parametrize("format_", FORMATS)
def test_encoding_leaves_the_picture_as_it_was(format_: Format) -> None:
    before = PHOTOGRAPH.frames[0].tobytes(), dict(PHOTOGRAPH.frames[0].info)
    one, other = (encode(PHOTOGRAPH, Options(format=format_)) for _ in range(2))
    assert one == other
    assert isinstance(one, Encoded)
    assert (PHOTOGRAPH.frames[0].tobytes(), dict(PHOTOGRAPH.frames[0].info)) == before

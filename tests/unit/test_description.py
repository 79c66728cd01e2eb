"""Placeholders and main colours, against pictures whose colours are known."""

import pytest
import thumbhash
from PIL import Image, ImageDraw

from images.description import COLOURS, colours, placeholder

RED, BLUE = (200, 30, 40), (20, 40, 180)


def halves(share: float = 0.5, size: tuple[int, int] = (200, 100)) -> Image.Image:
    """Red on the left, as much as `share` of it; the rest blue."""
    image = Image.new("RGB", size, BLUE)
    image.paste(RED, (0, 0, round(share * size[0]), size[1]))
    return image


@pytest.mark.parametrize("size", [(1, 1), (1024, 11), (11, 1024), (640, 480), (33, 100)])
@pytest.mark.parametrize("colour", [(0, 0, 0), (255, 255, 255), RED])
def test_a_placeholder_has_the_average_colour_and_the_proportions(
    size: tuple[int, int], colour: tuple[int, int, int]
) -> None:
    made = placeholder(Image.new("RGB", size, colour))
    assert 5 <= len(made) <= 25
    red, green, blue, alpha = thumbhash.thumb_hash_to_average_rgba(list(made))
    assert alpha == 1
    assert (255 * red, 255 * green, 255 * blue) == pytest.approx(colour, abs=12)
    ratio = thumbhash.thumb_hash_to_approximate_aspect_ratio(list(made))
    assert ratio == pytest.approx(min(7, max(1 / 7, size[0] / size[1])), rel=0.2)


def test_a_placeholder_tells_pictures_apart() -> None:
    pictures = [halves(), halves(0.2), halves().transpose(Image.Transpose.FLIP_LEFT_RIGHT), halves().rotate(90)]
    assert len({placeholder(picture) for picture in pictures}) == len(pictures)


@pytest.mark.parametrize(("alpha", "expected"), [(255, RED), (0, (255, 255, 255)), (128, (227, 142, 147))])
def test_what_is_transparent_counts_as_white(alpha: int, expected: tuple[int, int, int]) -> None:
    made = placeholder(Image.new("RGBA", (300, 200), (*RED, alpha)))
    average = thumbhash.thumb_hash_to_average_rgba(list(made))
    assert [255 * part for part in average[:3]] == pytest.approx(expected, abs=12)


def test_the_picture_itself_is_left_alone() -> None:
    picture = halves()
    before = picture.tobytes()
    placeholder(picture)
    colours(picture)
    assert (picture.size, picture.mode, picture.tobytes()) == ((200, 100), "RGB", before)


def test_colours_come_with_their_shares_the_largest_first() -> None:
    (first, more), (second, less), *others = colours(halves(0.25))
    assert (first, second) == ("#1428b4", "#c81e28")
    assert more == pytest.approx(0.75, abs=0.03)
    assert less == pytest.approx(0.25, abs=0.03)
    assert sum(share for _, share in others) < 0.03


def test_what_is_transparent_has_no_colour() -> None:
    picture = halves().convert("RGBA")
    ImageDraw.Draw(picture).rectangle((100, 0, 200, 100), fill=(*BLUE, 0))
    found = dict(colours(picture))
    assert found["#c81e28"] == pytest.approx(1, abs=0.05)
    assert "#1428b4" not in found
    assert colours(Image.new("RGBA", (5, 5), (1, 2, 3, 0))) == []


def test_of_many_colours_the_main_ones_are_told() -> None:
    found = colours(Image.linear_gradient("L").convert("RGB"))
    assert len(found) == COLOURS
    assert sum(share for _, share in found) == pytest.approx(1, abs=0.01)
    shares = [share for _, share in found]
    assert shares == sorted(shares, reverse=True)

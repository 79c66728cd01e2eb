"""`optimize` as a whole: upright, never enlarged, its attention where something is to be seen."""

from typing import Any, Literal

import numpy as np
import pytest
from PIL import Image, ImageChops, ImageStat

from fanfare import imaging
from fanfare.imaging import Fit, Format, Gravity, Options, encode, optimize, render
from local_cloud.world.pictures import camera_jpeg, photograph
from support.pictures import CORNERS, decoded, encoded, heic, inspect, lone_object, oriented, quadrants, two_heics

ORIENTATIONS = range(1, 9)
FORMATS: tuple[Format, ...] = ("jpeg", "webp", "avif", "png")


def pixels(data: bytes, options: Options) -> Image.Image:
    return decoded(optimize(data, options).body)


def furthest(one: Image.Image, other: Image.Image) -> int:
    """The largest difference between two pictures, levels."""
    assert one.size == other.size
    return max(
        high for _, high in ImageStat.Stat(ImageChops.difference(one.convert("RGB"), other.convert("RGB"))).extrema
    )


def corners(image: Image.Image) -> list[Any]:
    """The pixels in the middle of the four quadrants."""
    width, height = image.size
    return [image.getpixel((x, y)) for y in (height // 4, height * 3 // 4) for x in (width // 4, width * 3 // 4)]


ASKED: dict[str, tuple[int | None, int | None, Fit, Gravity]] = {
    "inside": (60, 60, "inside", "centre"),
    "width alone": (37, None, "inside", "centre"),
    "height alone": (None, 31, "inside", "centre"),
    "contain": (64, 90, "contain", "centre"),
    "cover, centre": (30, 50, "cover", "centre"),
    "cover, wide": (90, 20, "cover", "centre"),
    "cover, top left": (30, 50, "cover", (0.0, 0.0)),
    "cover, off the middle": (40, 40, "cover", (0.7, 0.35)),
    "cover, bottom right": (90, 20, "cover", (1.0, 1.0)),
}


@pytest.mark.parametrize("orientation", ORIENTATIONS)
@pytest.mark.parametrize("asked", ASKED.values(), ids=ASKED)
def test_however_a_picture_was_stored_it_comes_out_as_if_stored_upright(
    orientation: int, asked: tuple[int | None, int | None, Fit, Gravity]
) -> None:
    width, height, fit, gravity = asked
    options = Options(width, height, fit, gravity, format="png")
    upright = photograph(160, 100, seed=1)
    expected = pixels(encoded(upright), options)
    assert furthest(pixels(oriented(upright, orientation), options), expected) <= 6


@pytest.mark.parametrize("orientation", ORIENTATIONS)
@pytest.mark.parametrize("format_", ["JPEG", "WEBP", "AVIF", "PNG"])
@pytest.mark.parametrize(
    "options", [Options(format="png"), Options(width=32), Options(format="webp")], ids=["whole", "small", "WebP"]
)
def test_corners_are_where_they_belong_from_every_format(orientation: int, format_: str, options: Options) -> None:
    made = optimize(oriented(quadrants(640, 480), orientation, format_), options)
    image = decoded(made.body)
    assert image.size == (made.width, made.height)
    assert image.width > image.height
    for found, expected in zip(corners(image), CORNERS, strict=True):
        assert found[:3] == pytest.approx(expected, abs=12)
    assert image.getexif().get(0x0112) is None


def test_a_heic_comes_out_upright() -> None:
    for found, expected in zip(corners(pixels(heic(), Options(format="png"))), CORNERS, strict=True):
        assert found == pytest.approx(expected, abs=6)
    assert inspect(heic()).orientation == 1, "its decoder turns it"


def test_a_heic_of_several_pictures_is_its_first_one_even_if_animations_are_kept() -> None:
    made = optimize(two_heics(), Options(animated=True))
    assert (made.format, made.width, made.height, made.source.frames) == ("jpeg", 64, 48, 1)


@pytest.mark.parametrize("orientation", ORIENTATIONS)
@pytest.mark.parametrize("share", [0.04, 0.3, 0.5, 0.77, 0.96])
@pytest.mark.parametrize("portrait", [False, True])
def test_attention_finds_what_is_alone(orientation: int, share: float, portrait: bool) -> None:
    width, height = (400, 900) if portrait else (900, 400)
    at = (200, round(share * 900)) if portrait else (round(share * 900), 200)
    picture = lone_object(width, height, *at)
    options = Options(200, 200, "cover", "attention", format="png")
    flat = Image.new("RGB", (200, 200), "#dddddd")
    shown = ImageChops.difference(pixels(oriented(picture, orientation), options), flat).convert("L")
    box = shown.point(lambda level: 255 if level > 40 else 0).getbbox()
    assert box is not None
    first, last = (box[1], box[3]) if portrait else (box[0], box[2])
    if 0.1 < share < 0.9:
        assert last - first >= 27, "half of its 60 pixels, for the answer is half as large"
        assert first > 20
        assert last < 180, "well within"
    else:
        assert last - first >= 15, "near an edge of the picture as much as there is"


def test_attention_without_anything_to_attend_to_is_the_centre() -> None:
    flat = encoded(Image.linear_gradient("L").resize((400, 90)))
    size = {"width": 80, "height": 80, "fit": "cover", "format": "png"}
    attended, centred = pixels(flat, Options(gravity="attention", **size)), pixels(flat, Options(**size))  # type: ignore[arg-type]
    assert furthest(attended, centred) <= 1


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16"])
def test_attention_looks_at_every_mode(mode: str) -> None:
    picture = lone_object(900, 400, 850, 200)
    if mode == "I;16":
        data = encoded(Image.fromarray(np.asarray(picture.convert("L")).astype(np.uint16) * 257))
    else:
        data = encoded(picture.convert(mode))
    image = pixels(data, Options(200, 200, "cover", "attention", format="png")).convert("L")
    assert ImageStat.Stat(image).stddev[0] > 5


@pytest.mark.parametrize("scale", [1, 4])
def test_attention_does_not_see_what_is_transparent(scale: int) -> None:
    image = lone_object(225 * scale, 100 * scale, 30 * scale, 50 * scale, side=50 * scale)
    image.putalpha(0)
    image.paste(lone_object(75 * scale, 100 * scale, 50 * scale, 50 * scale, side=20 * scale), (150 * scale, 0))
    shown = pixels(encoded(image), Options(60, 60, "cover", "attention", background="#dddddd"))
    assert ImageStat.Stat(shown).stddev[0] > 5


@pytest.mark.parametrize("fit", ["inside", "cover"])
@pytest.mark.parametrize("format_", ["PNG", "JPEG", "GIF"])
def test_nothing_is_enlarged(fit: Literal["inside", "cover"], format_: str) -> None:
    image = quadrants(50, 30)
    made = optimize(encoded(image, format_), Options(4000, 4000, fit, format="png"))
    assert (made.width, made.height) == ((50, 30) if fit == "inside" else (30, 30))


@pytest.mark.parametrize(("size", "asked"), [((31, 3), (15, 1)), ((3, 31), (1, 15)), ((49, 7), (23, 3))])
def test_a_cut_by_next_to_nothing_is_a_cut(size: tuple[int, int], asked: tuple[int, int]) -> None:
    for gravity in ((0.0, 0.0), (1.0, 1.0), "centre"):
        made = optimize(encoded(Image.new("L", size)), Options(*asked, "cover", gravity))
        assert (made.width, made.height) == asked


def test_what_is_not_resized_is_not_touched() -> None:
    image = photograph(320, 200, seed=4)
    assert pixels(encoded(image), Options(format="png")).tobytes() == image.tobytes()


def test_contain_pads_evenly_and_enlarges_nothing() -> None:
    image = pixels(
        encoded(Image.new("RGB", (40, 20), "red")), Options(100, 60, "contain", format="png", background="#0000ff")
    )
    assert image.size == (100, 60)
    assert ImageChops.difference(image, Image.new("RGB", (100, 60), "blue")).getbbox() == (30, 20, 70, 40)


def test_one_side_may_be_left_free() -> None:
    data = encoded(quadrants(640, 480))
    for options, size in [
        (Options(width=64), (64, 48)),
        (Options(height=24, fit="cover"), (32, 24)),
        (Options(), (640, 480)),
    ]:
        made = optimize(data, options)
        assert (made.width, made.height) == size


@pytest.mark.parametrize("format_", FORMATS)
def test_a_long_strip_fits_every_format(format_: Format) -> None:
    data = encoded(Image.new("L", (20_000, 200), 128))
    assert max(decoded(optimize(data, Options(height=200, format=format_)).body).size) <= 16_383


@pytest.mark.parametrize("size", [(1, 1), (1, 2), (3, 1), (1, 100), (100, 1)])
@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("gravity", ["centre", "attention", (0.3, 1.0)])
def test_the_smallest_pictures_are_pictures_too(size: tuple[int, int], format_: Format, gravity: Gravity) -> None:
    data = encoded(Image.new("RGB", size, "red"))
    fits: tuple[Fit, ...] = ("inside", "cover", "contain")
    for fit in fits:
        made = optimize(data, Options(10, 10, fit, gravity, format_))
        assert decoded(made.body).size == (made.width, made.height)
        assert max(made.width, made.height) <= 10


def test_one_rendering_serves_several_formats() -> None:
    data = camera_jpeg(900, 600, orientation=8)
    picture, source = render(data, Options(width=90))
    assert source == inspect(data)
    for format_ in FORMATS:
        options = Options(width=90, format=format_)
        assert encode(picture, options).body == optimize(data, options).body


def test_the_default_is_the_documents() -> None:
    made = optimize(encoded(photograph(1600, 1203, seed=2), "JPEG"))
    assert (made.format, made.quality, made.width, made.height) == ("jpeg", 85, 1024, 770)
    assert made.media_type == imaging.MEDIA_TYPES["jpeg"]
    assert decoded(made.body).mode == "RGB"

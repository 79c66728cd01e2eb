"""`optimize` as a whole: upright, bare of metadata, near to the ideal, never enlarged."""

import io
from collections.abc import Iterator
from typing import Any, Literal

import numpy as np
import pytest
from PIL import Image, ImageChops, ImageStat

from bench.fidelity import LUMA, Plane, lanczos, ssim
from fanfare import imaging
from fanfare.imaging import Fit, Format, Gravity, Options, encode, inspect, optimize, render
from local_cloud.world.pictures import camera_jpeg, photograph
from support.pictures import (
    CORNERS,
    MARKER,
    animation,
    chunk,
    decoded,
    encoded,
    exif,
    heic,
    lone_object,
    oriented,
    quadrants,
    tagged,
    two_heics,
)

ORIENTATIONS = range(1, 9)
READ = ("JPEG", "PNG", "GIF", "WEBP", "AVIF", "HEIF")
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


# ----- orientation


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


# ----- attention


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


# ----- metadata


def leaks(data: bytes) -> list[str]:
    """What a file tells besides its pixels."""
    with Image.open(io.BytesIO(data)) as image:
        told = set(image.info) | {"exif"} if image.getexif() else set(image.info)
    harmless = {"jfif", "jfif_version", "jfif_unit", "jfif_density", "progressive", "progression", "loop", "background"}
    return sorted(map(str, told - harmless - {"timestamp", "duration"}))


def test_the_marked_files_are_marked() -> None:
    for format_ in READ:
        assert (
            tagged(format_).count(MARKER) >= {"JPEG": 6, "PNG": 4, "GIF": 2, "WEBP": 3, "AVIF": 3, "HEIF": 2}[format_]
        )
    assert set(leaks(tagged("JPEG"))) >= {"comment", "exif", "icc_profile", "photoshop", "xmp"}


@pytest.mark.parametrize("source", READ)
@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize(
    "options",
    [
        Options(),
        Options(16, 16),
        Options(20, 20, "cover"),
        Options(99, 99, "contain"),
        Options(max_bytes=900),
        Options(progressive=True),
    ],
    ids=["whole", "inside", "cover", "contain", "budget", "progressive"],
)
def test_nothing_that_was_written_about_a_picture_gets_out(source: str, format_: Format, options: Options) -> None:
    chosen = Options(options.width, options.height, options.fit, "attention", format_, max_bytes=options.max_bytes)
    body = optimize(tagged(source), chosen).body
    assert MARKER not in body
    assert MARKER.decode().encode("utf-16-be") not in body
    for word in (
        b"Exif",
        b"http://ns.adobe.com",
        b"xmpmeta",
        b"ICC_PROFILE",
        b"iCCP",
        b"Photoshop",
        b"tEXt",
        b"EXIF",
        b"prVt",
        b"colrprof",
    ):
        assert word not in body
    assert not leaks(body)


@pytest.mark.parametrize("format_", ["GIF", "PNG", "WEBP", "AVIF"])
def test_nothing_gets_out_with_an_animation(format_: str) -> None:
    extra: dict[str, Any] = {"comment": MARKER} if format_ == "GIF" else {"exif": exif()}
    data = animation(format_, **extra)
    assert MARKER in data
    body = optimize(data, Options(animated=True)).body
    assert MARKER not in body
    assert not leaks(body)


def test_a_camera_keeps_its_secrets() -> None:
    data = camera_jpeg(640, 480, orientation=6, wide_gamut=True)
    assert b"Fanfare" in data
    made = optimize(data, Options(width=100))
    assert b"Fanfare" not in made.body
    assert not leaks(made.body)
    assert (made.width, made.height) == (100, 75)
    assert made.source.captured_at == "2025-08-16T14:03:21+02:00"


# ----- fidelity


SIZES = [
    (1999, 1335, 533),
    (1731, 1037, 633),
    (2001, 1501, 250),
    (1603, 1201, 100),
    (1367, 913, 489),
    (1201, 1603, 401),
]
"""Odd ones, so that blocks at the edges are padded; by width they draft at all scales, and not at all."""


@pytest.fixture(scope="module")
def photographs() -> dict[tuple[int, int], tuple[Image.Image, bytes]]:
    return {
        (width, height): (image, encoded(image, "JPEG", quality=92))
        for width, height, _ in SIZES
        for image in [photograph(width, height, seed=width)]
    }


def luma(image: Image.Image) -> Plane:
    light: Plane = np.asarray(image.convert("RGB")).astype(np.float64) @ LUMA
    return light


type Photographs = dict[tuple[int, int], tuple[Image.Image, bytes]]


@pytest.mark.parametrize(("width", "height", "asked"), SIZES)
def test_drafts_do_not_show(photographs: Photographs, width: int, height: int, asked: int) -> None:
    data = photographs[width, height][1]
    light = luma(decoded(data))
    fast, slow = (luma(pixels(data, Options(width=asked, format="png", fast=each))) for each in (True, False))
    ideal = np.clip(lanczos(height, fast.shape[0]) @ light @ lanczos(width, fast.shape[1]).T, 0, 255)
    assert ssim(slow, ideal) > 0.999
    assert ssim(fast, ideal) >= ssim(slow, ideal) - 0.002


@pytest.mark.parametrize(("width", "height", "asked"), SIZES)
def test_no_edge_of_a_draft_shows(photographs: Photographs, width: int, height: int, asked: int) -> None:
    data = photographs[width, height][1]
    fast, slow = (luma(pixels(data, Options(width=asked, format="png", fast=each))) for each in (True, False))
    error = np.abs(fast - slow)
    for edge in (error[0], error[-1], error[:, 0], error[:, -1]):
        assert edge.mean() < 2 * error.mean() + 0.5


def test_drafts_are_used_and_can_be_left_out(photographs: Photographs, monkeypatch: pytest.MonkeyPatch) -> None:
    decodings: list[tuple[int, int]] = []
    load = Image.Image.load

    def noted(image: Image.Image) -> Any:
        if getattr(image, "tile", None):
            decodings.append(image.size)
        return load(image)

    from PIL import ImageFile

    load = ImageFile.ImageFile.load  # type: ignore[assignment]
    monkeypatch.setattr(ImageFile.ImageFile, "load", noted)
    data = photographs[1999, 1335][1]
    optimize(data, Options(width=300))
    optimize(data, Options(width=300, fast=False))
    optimize(data, Options(width=1500))
    assert decodings[0][0] < 1000
    assert decodings[1:] == [(1999, 1335)] * 2


@pytest.mark.parametrize("width", [33, 100, 192, 193, 577, 1000])
def test_other_formats_are_as_near_to_the_ideal_as_pillows_lanczos(width: int) -> None:
    image = photograph(1001, 1339, seed=8)
    height = round(1339 * width / 1001)
    ideal = np.clip(lanczos(1339, height) @ luma(image) @ lanczos(1001, width).T, 0, 255)
    pillow = np.abs(luma(image.resize((width, height), Image.Resampling.LANCZOS)) - ideal)
    ours = np.abs(luma(pixels(encoded(image), Options(width=width, format="png"))) - ideal)
    assert ours.mean() <= 1.05 * pillow.mean() + 0.02
    assert ours.max() <= pillow.max() + 2


@pytest.mark.parametrize("gravity", [(0.0, 0.0), (0.37, 0.81), (1.0, 1.0)])
def test_a_cut_is_pillows_box(gravity: tuple[float, float]) -> None:
    image = photograph(900, 600, seed=9)
    left = min(max(gravity[0] * 900 - 200, 0), 500)
    expected = image.resize((200, 300), Image.Resampling.LANCZOS, box=(left, 0, left + 400, 600))
    assert furthest(pixels(encoded(image), Options(200, 300, "cover", gravity, format="png")), expected) <= 1


# ----- measures


@pytest.mark.parametrize("fit", ["inside", "cover"])
@pytest.mark.parametrize("format_", ["PNG", "JPEG", "GIF"])
def test_nothing_is_enlarged(fit: Literal["inside", "cover"], format_: str) -> None:
    image = quadrants(50, 30)
    made = optimize(encoded(image, format_), Options(4000, 4000, fit, format="png"))
    assert (made.width, made.height) == ((50, 30) if fit == "inside" else (30, 30))


@pytest.mark.parametrize(("size", "asked"), [((31, 3), (15, 1)), ((3, 31), (1, 15)), ((49, 7), (23, 3))])
def test_a_cut_by_next_to_nothing_is_a_cut(size: tuple[int, int], asked: tuple[int, int]) -> None:
    for gravity in ((0.0, 0.0), (1.0, 1.0), "centre"):
        made = optimize(encoded(Image.new("L", size)), Options(*asked, "cover", gravity))  # type: ignore[arg-type]
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


# ----- animations


COLOURS = [(255, 0, 0), (0, 255, 0), (0, 0, 255)]


def shown(data: bytes) -> Iterator[tuple[Any, int]]:
    """The colour and the duration of each frame."""
    with Image.open(io.BytesIO(data)) as image:
        for number in range(image.n_frames):  # type: ignore[attr-defined]
            image.seek(number)
            image.load()
            yield image.convert("RGB").getpixel((image.width // 2, image.height // 2)), image.info["duration"]


@pytest.mark.parametrize("format_", ["GIF", "PNG", "WEBP", "AVIF"])
def test_an_animation_is_its_first_frame_unless_it_shall_be_kept(format_: str) -> None:
    made = optimize(animation(format_), Options(format="png"))
    assert made.source.frames == 3
    image = decoded(made.body)
    assert getattr(image, "n_frames", 1) == 1
    assert image.convert("RGB").getpixel((20, 15)) == pytest.approx((255, 0, 0), abs=4)


@pytest.mark.parametrize("format_", ["GIF", "PNG", "WEBP", "AVIF"])
def test_a_kept_animation_has_all_its_frames_and_times(format_: str) -> None:
    made = optimize(animation(format_), Options(width=20, animated=True))
    assert (made.format, made.width, made.height) == ("webp", 20, 15)
    frames = list(shown(made.body))
    assert [duration for _, duration in frames] == [100, 250, 400]
    for (found, _), expected in zip(frames, COLOURS, strict=True):
        assert found == pytest.approx(expected, abs=8)


@pytest.mark.parametrize(
    ("format_", "options", "plays"),
    [
        ("GIF", {}, 1),
        ("GIF", {"loop": 0}, 0),
        ("GIF", {"loop": 4}, 5),
        ("GIF", {"loop": 65_535}, 65_535),
        ("PNG", {"loop": 0}, 0),
        ("PNG", {"loop": 4}, 4),
        ("WEBP", {"loop": 0}, 0),
        ("WEBP", {"loop": 7}, 7),
        ("AVIF", {}, 0),
    ],
)
def test_an_animation_plays_as_often_as_before(format_: str, options: dict[str, Any], plays: int) -> None:
    body = optimize(animation(format_, **options), Options(animated=True)).body
    assert decoded(body).info["loop"] == plays


def test_more_plays_than_webp_can_count_are_as_many_as_it_can() -> None:
    data = animation("PNG", loop=3)
    at = data.index(b"acTL")
    many = data[: at - 4] + chunk(b"acTL", data[at + 4 : at + 8] + b"\x7f\xff\xff\xff") + data[at + 16 :]
    assert decoded(optimize(many, Options(animated=True)).body).info["loop"] == 65_535


def test_one_frame_is_no_animation() -> None:
    assert optimize(animation("GIF", ("red",)), Options(animated=True)).format == "jpeg"


def test_animations_are_turned_and_cut_as_stills_are() -> None:
    frames = [oriented(quadrants(), 6), oriented(quadrants().rotate(180), 6)]
    first, second = (decoded(frame) for frame in frames)
    data = encoded(first, "WEBP", save_all=True, append_images=[second], lossless=True, exif=exif(6))
    made = optimize(data, Options(animated=True, quality=100))
    image = decoded(made.body)
    assert image.size == (64, 48)
    for number, expected in enumerate((CORNERS, CORNERS[::-1])):
        image.seek(number)
        for found, colour in zip(corners(image.convert("RGB")), expected, strict=True):
            assert found == pytest.approx(colour, abs=12)


def interlaced_animation() -> bytes:
    """Two interlaced frames of 8 × 8 greys; Pillow can read such, but not write them."""
    import zlib

    passes = [(1, 1), (1, 1), (2, 1), (2, 2), (4, 2), (4, 4), (8, 4)]

    def frame(level: int) -> bytes:
        return zlib.compress(b"".join((b"\0" + bytes([level] * width)) * height for width, height in passes))

    def control(number: int) -> bytes:
        return chunk(b"fcTL", bytes([0, 0, 0, number, 0, 0, 0, 8, 0, 0, 0, 8]) + bytes(8) + b"\0\x05\0\x64\0\0")

    header = chunk(b"IHDR", bytes([0, 0, 0, 8, 0, 0, 0, 8, 8, 0, 0, 0, 1])) + chunk(
        b"acTL", bytes([0, 0, 0, 2, 0, 0, 0, 0])
    )
    first = control(0) + chunk(b"IDAT", frame(50))
    second = control(1) + chunk(b"fdAT", bytes([0, 0, 0, 2]) + frame(200))
    return b"\x89PNG\r\n\x1a\n" + header + first + second + chunk(b"IEND")


def test_interlaced_animations_are_kept() -> None:
    frames = list(shown(optimize(interlaced_animation(), Options(animated=True)).body))
    assert [found[0] for found, _ in frames] == pytest.approx([50, 200], abs=3)
    assert [duration for _, duration in frames] == [50, 50]


# ----- the halves


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

"""Animations: the first frame, or all of them as WebP."""

import io
import zlib
from collections.abc import Iterator
from typing import Any

import pytest
from PIL import Image

from fanfare.imaging import Options, optimize
from support.pictures import CORNERS, animation, chunk, decoded, encoded, exif, oriented, quadrants


def corners(image: Image.Image) -> list[Any]:
    """The pixels in the middle of the four quadrants."""
    width, height = image.size
    return [image.getpixel((x, y)) for y in (height // 4, height * 3 // 4) for x in (width // 4, width * 3 // 4)]


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


@pytest.mark.parametrize(("asked", "shown_for"), [(0, 10), (5, 10), (700_000, 655_350), (2**24 - 1, 655_350)])
def test_frames_are_shown_for_a_time_that_can_be_written(asked: int, shown_for: int) -> None:
    data = animation("WEBP", duration=[asked, 20, 20])
    assert [duration for _, duration in shown(optimize(data, Options(animated=True)).body)] == [shown_for, 20, 20]


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

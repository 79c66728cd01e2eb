"""Nothing that was written about a picture gets out with it."""

import io
from dataclasses import replace
from typing import Any

import pytest
from PIL import Image

from fanfare.imaging import Format, Options, optimize
from local_cloud.world.pictures import camera_jpeg
from support.pictures import MARKER, READ, animation, exif, tagged

FORMATS: tuple[Format, ...] = ("jpeg", "webp", "avif", "png")


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
    body = optimize(tagged(source), replace(options, gravity="attention", format=format_)).body
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

"""From bytes to a picture whose pixels are not decoded yet: formats by an allowlist, limits, orientation."""

import codecs
import io
import re
import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from PIL import ExifTags, Image, UnidentifiedImageError

from fanfare.errors import ContentTooLarge, MalformedBody, UnsupportedMediaType, UnusableContent
from fanfare.imaging.options import LIMITS, Limits
from fanfare.imaging.plugins import load_for
from fanfare.imaging.polyglots import second_nature
from fanfare.imaging.structure import excess, misnamed, without_texts

# Pillow's warnings: too many pixels is an error here, by far; the rest is about metadata, which are not kept.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")
warnings.simplefilter("error", Image.DecompressionBombWarning)

FORMATS: Final = {
    "JPEG": "jpeg",
    "MPO": "jpeg",
    "PNG": "png",
    "WEBP": "webp",
    "GIF": "gif",
    "AVIF": "avif",
    "HEIF": "heif",
}
"""What is read, by Pillow's name and ours. MPO is a JPEG with more pictures behind the first."""
REFUSED: Final = (ContentTooLarge, MalformedBody, UnsupportedMediaType, UnusableContent)
"""What is raised for files that cannot be used, today or tomorrow."""
DAMAGED: Final = "the picture is damaged or incomplete"


@dataclass(frozen=True, slots=True)
class Source:
    """What a file is. `width` and `height` are upright pixels, `bytes` is its size."""

    format: str
    width: int
    height: int
    bytes: int
    frames: int
    alpha: bool
    orientation: int
    """EXIF's 1 to 8; 1 is upright as stored."""
    captured_at: str | None
    """When the picture was taken, ISO 8601; local time where the camera names no offset."""


@contextmanager
def opened(data: bytes, limits: Limits = LIMITS) -> Iterator[tuple[Image.Image, Source]]:
    """Open a file whose format and measures are acceptable; errors of decoders within the block become ours.

    Raises `MalformedBody` (empty), `UnsupportedMediaType` (not a format that is read), `ContentTooLarge` (bytes,
    pixels, sides, scans) or `UnusableContent` (broken, or something else besides a picture).
    """
    if not data:
        raise MalformedBody("the body is empty")
    if len(data) > limits.bytes:
        raise ContentTooLarge(f"{len(data)} bytes; at most {limits.bytes} are taken")
    if reason := excess(data, limits):
        raise ContentTooLarge(reason)
    try:
        with _open(data) as image:
            _check(image, data, limits)
            yield image, _source(image, data)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise ContentTooLarge(f"more than {limits.pixels} pixels") from None
    except MemoryError:
        raise ContentTooLarge("decoding takes more memory than there is") from None
    except DECODER_ERRORS:
        raise UnusableContent(DAMAGED) from None


@contextmanager
def decoding() -> Iterator[None]:
    """Around a call of Pillow's that walks through the file, and nothing else.

    Broken files make it raise what anywhere else would be a mistake of ours.
    """
    try:
        yield
    except (ArithmeticError, AssertionError, LookupError, TypeError):
        raise UnusableContent(DAMAGED) from None


DECODER_ERRORS: Final = (OSError, SyntaxError, ValueError, RuntimeError, EOFError, struct.error)
"""What Pillow and its decoders raise for broken files; AVIF raises RuntimeError, PNG SyntaxError, EXIF struct.error."""


def _open(data: bytes) -> Image.Image:
    load_for(data)
    if data[4:8] == b"ftyp" and misnamed(data):
        raise UnusableContent(DAMAGED)
    formats = [each for each in FORMATS if each in Image.OPEN]
    try:
        with decoding():
            return Image.open(io.BytesIO(without_texts(data)), formats=formats)
    except UnidentifiedImageError:
        if any(accept and accept(data[:16]) for _, accept in (Image.OPEN[each] for each in formats)):
            raise UnusableContent(DAMAGED) from None
        raise UnsupportedMediaType(f"{_guess(data)} is not read; send JPEG, PNG, WebP, AVIF, HEIC or GIF") from None


def _guess(data: bytes) -> str:
    """Name what a body that is no picture seems to be."""
    start = data[:1024].removeprefix(codecs.BOM_UTF8).lstrip().lower()
    kinds = {
        b"<svg": "SVG",
        b"<?xml": "XML or SVG",
        b"<!doctype html": "HTML",
        b"<html": "HTML",
        b"%pdf": "PDF",
        b"pk\x03\x04": "a ZIP archive",
        b"ii*\x00": "TIFF",
        b"mm\x00*": "TIFF",
        b"bm": "BMP",
        b"{": "JSON",
    }
    return next((name for magic, name in kinds.items() if start.startswith(magic)), "what was sent")


def _check(image: Image.Image, data: bytes, limits: Limits) -> None:
    width, height = image.size
    if max(width, height) > limits.side:
        raise ContentTooLarge(f"{width} × {height} pixels; at most {limits.side} a side")
    most = limits.heavy_pixels if image.format in {"WEBP", "AVIF"} else limits.pixels
    if width * height > most:
        raise ContentTooLarge(f"{width} × {height} pixels; at most {most} in all")
    if not min(width, height) or max(width, height) > limits.aspect * min(width, height):
        raise UnusableContent(f"{width} × {height} pixels; one side may be {limits.aspect:g} times the other at most")
    if image.format == "HEIF" and image.mode == "I;16":
        # pi_heif 1.4.0 writes beyond its memory if the pixels have fewer bits than the header says.
        raise UnusableContent("grey HEIC of more than eight bits is not read")
    if kind := second_nature(data):
        raise UnusableContent(f"the file is {kind}, too")


def _source(image: Image.Image, data: bytes) -> Source:
    orientation, captured_at = _told_by_camera(image)
    width, height = image.size[::-1] if orientation >= 5 else image.size
    with decoding():
        frames, alpha = _frames(image), image.has_transparency_data
    return Source(
        format=FORMATS[image.format or ""],
        width=width,
        height=height,
        bytes=len(data),
        frames=frames,
        alpha=alpha,
        orientation=orientation,
        captured_at=captured_at,
    )


def _frames(image: Image.Image) -> int:
    # What else is in an MPO or HEIF file are other pictures, of other sizes.
    return 1 if image.format in {"MPO", "HEIF"} else getattr(image, "n_frames", 1)


def _told_by_camera(image: Image.Image) -> tuple[int, str | None]:
    try:
        exif = image.getexif()
        orientation = exif.get(ExifTags.Base.Orientation, 1)
        details = exif.get_ifd(ExifTags.IFD.Exif)
    except DECODER_ERRORS:
        return 1, None  # what is wrong with the metadata need not be wrong with the picture
    taken = str(details.get(ExifTags.Base.DateTimeOriginal, ""))
    offset = str(details.get(ExifTags.Base.OffsetTimeOriginal, ""))
    return orientation if orientation in range(1, 9) else 1, _iso(taken, offset)


def _iso(taken: str, offset: str) -> str | None:
    """EXIF's ``2026:11:21 12:30:00`` and ``+01:00`` as ISO 8601; None for what is no time."""
    found = re.fullmatch(r"(\d{4}):(\d\d):(\d\d) (\d\d:\d\d:\d\d)\x00*", taken)
    if found is None:
        return None
    text = "{}-{}-{}T{}".format(*found.groups()) + (offset if re.fullmatch(r"[+-]\d\d:\d\d", offset) else "")
    try:
        return datetime.fromisoformat(text).isoformat()
    except ValueError:
        return None

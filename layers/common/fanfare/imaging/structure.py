"""How a file is put together, told before a decoder walks through it.

Pillow reads JPEG's segments, PNG's chunks and GIF's blocks one by one, and keeps them: EXIF is appended to EXIF,
comment to comment, each compressed text is unpacked. A file of six megabytes in tiny parts keeps it busy for a minute,
another fills a gigabyte. Pictures have tens of parts.
"""

import re
import struct
from typing import Final

from fanfare.imaging.options import Limits

_PNG: Final = b"\x89PNG\r\n\x1a\n"


def excess(data: bytes, limits: Limits) -> str:
    """Say of what the file has more than its decoder should be given, or return an empty string."""
    if data.startswith(b"\xff\xd8"):
        parts, scans = jpeg_parts(data, limits)
        if scans > limits.scans:
            return f"a JPEG of more than {limits.scans} scans"
    elif data.startswith(_PNG):
        parts = _png_parts(data, limits.parts)
    elif data.startswith(b"GIF8"):
        parts = _gif_parts(data, limits.parts)
    else:
        return ""
    return f"a file of more than {limits.parts} parts besides its pixels" if parts > limits.parts else ""


def jpeg_parts(data: bytes, limits: Limits) -> tuple[int, int]:
    """Count a JPEG's segments and its scans (ITU-T T.81, B.1.1 and B.2.3), up to one more than the limits.

    Filling between the segments counts by the kilobyte: Pillow goes through it byte by byte. A decoder reads on after
    the first scan only if that lacks a component or bits of them.
    """
    parts, scans, position, components = 0, 0, 2, b""
    while parts <= limits.parts and scans <= limits.scans and (marker := _MARKER.search(data, position)) is not None:
        kind, start = data[marker.end() - 1], marker.end()
        if scans == 0:
            parts += (marker.start() - position) >> 10
        if kind == _EOI:
            break
        if kind == _SOS:
            scans += 1
            if data[start + 2 : start + 3] == components and scans == 1:
                break
        else:
            parts += 1
        if kind in _SEQUENTIAL:
            components = data[start + 7 : start + 8]
        position = start + max(2, int.from_bytes(data[start : start + 2]))
    return parts, scans


_MARKER: Final = re.compile(rb"\xff[\xc0-\xcf\xd9-\xfe]")
"""Every marker but the restarts; within entropy-coded data 0xff is followed by 0 or a restart."""
_EOI: Final = 0xD9
_SOS: Final = 0xDA
_SEQUENTIAL: Final = {0xC0, 0xC1, 0xC9}
"""Frames whose first scan may hold everything."""


def _png_parts(data: bytes, enough: int) -> int:
    """Count a PNG's chunks but those of pixels (PNG 3rd edition, 5.3 and 11), up to one more than `enough`."""
    parts, position = 0, 8
    while parts <= enough and position + 8 <= len(data):
        length, kind = _CHUNK.unpack_from(data, position)
        if kind == b"IEND":
            break
        parts += kind not in _PIXELS or length == 0
        position += 12 + length
    return parts


_CHUNK: Final = struct.Struct(">I4s")
_PIXELS: Final = {b"IDAT", b"fcTL", b"fdAT"}
_TEXTS: Final = {b"tEXt", b"zTXt", b"iTXt"}


def without_texts(data: bytes) -> bytes:
    """Leave out a PNG's texts (11.3.3): Pillow files them by their keys among what it knows of the picture.

    A text called "transparency" or "duration" would stand for the real one.
    """
    if not data.startswith(_PNG):
        return data
    kept, position, since = [], 8, 0
    while position + 8 <= len(data):
        length, kind = _CHUNK.unpack_from(data, position)
        if kind in _TEXTS:
            kept.append(data[since:position])
            since = position + 12 + length
        position += 12 + length
    return b"".join((*kept, data[since:])) if kept else data


def _gif_parts(data: bytes, enough: int) -> int:
    """Count a GIF's blocks of comment (GIF89a, 15 and 24), up to one more than `enough`."""
    parts, position = 0, 13 + _palette(data, 10)
    while parts <= enough and (block := _BLOCK.search(data, position)) is not None:
        position = block.end()
        if block[0] == b";":
            break
        comment = block[0] == b"!" and data[position : position + 1] == b"\xfe"
        position += 1 if block[0] == b"!" else 10 + _palette(data, position + 8)
        while parts <= enough and position < len(data) and (length := data[position]):
            parts += comment
            position += 1 + length
        position += 1
    return parts


_BLOCK: Final = re.compile(rb"[!,;]")
"""What introduces an extension and an image, and ends the file; Pillow skips everything else."""


def _palette(data: bytes, position: int) -> int:
    """The bytes of a palette, by its flags."""
    flags = data[position] if position < len(data) else 0
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def misnamed(data: bytes) -> bool:
    """Whether a HEIF file has an item whose type or name is not ASCII (ISO/IEC 14496-12, 8.11.6).

    pi_heif 1.4.0 takes them for UTF-8 and ends the process if they are not.
    """
    position = 0
    while position + 8 <= len(data):
        length, kind = _CHUNK.unpack_from(data, position)
        if length == 1:
            length = int.from_bytes(data[position + 8 : position + 16])
        end = min(position + length, len(data)) if length >= 8 else len(data)
        if kind != b"mdat" and any(
            _oddly_named(data, found.start(), end) for found in _ITEM.finditer(data, position, end)
        ):
            return True
        position = end
    return False


def _oddly_named(data: bytes, start: int, end: int) -> bool:
    """Whether the item information entry at `start` is anything but one with ASCII names."""
    length = int.from_bytes(data[start : start + 4])
    names = start + (16 if data[start + 8 : start + 9] <= b"\x02" else 18)  # behind version, flags, number, protection
    return not names < start + length <= end or not data[names : start + length].isascii()


_ITEM: Final = re.compile(rb"(?s:....)infe")

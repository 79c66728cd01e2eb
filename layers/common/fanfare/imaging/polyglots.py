"""Files that are a picture and something else besides, made to pass one reader as harmless and run in another.

What follows a picture is not wrong by itself: telephones put a video there. What is refused is what other programs
would open: archives by their directory at the end, PDF by its header within the first 1024 bytes (ISO 32000-1, annex
H.3.4.1), markup and scripts near the start, where browsers look (WHATWG MIME Sniffing, 5.3).
"""

import re
from typing import Final

_SCRIPT: Final = re.compile(rb"<(?:!doctype\s+html|html|script|svg|iframe|body|\?php)[\s>]", re.IGNORECASE)
_END_OF_DIRECTORY: Final = re.compile(rb"PK\x05\x06")
_LARGE_DIRECTORY: Final = b"PK\x06\x07"
"""ZIP64's, 20 bytes before the end (APPNOTE 4.3.15); the sizes in the end itself are then all ones."""
_DIRECTORY_ENTRY: Final = b"PK\x01\x02"
SNIFFED: Final = 1445
"""Bytes that a browser looks at."""


def second_nature(data: bytes) -> str:
    """Name what else the file is, or return an empty string."""
    if b"%PDF-" in data[:1024]:
        return "a PDF"
    if _SCRIPT.search(data, 0, SNIFFED):
        return "markup or a script"
    return "a ZIP archive" if _is_archive(data) else ""


def _is_archive(data: bytes) -> bool:
    """Whether a reader of ZIP archives finds a directory (APPNOTE 4.3.16): at the end, before a comment at most."""
    tail = max(0, len(data) - 22 - 0xFFFF)
    return any(_is_directory(data, found.start()) for found in _END_OF_DIRECTORY.finditer(data, tail))


def _is_directory(data: bytes, end: int) -> bool:
    if len(data) - end < 22:
        return False
    if data.startswith(_LARGE_DIRECTORY, max(0, end - 20)):
        return True
    size = int.from_bytes(data[end + 12 : end + 16], "little")
    return size == 0 or (size <= end and data.startswith(_DIRECTORY_ENTRY, end - size))

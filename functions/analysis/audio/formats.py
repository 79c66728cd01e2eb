"""Which sounds are read, told by their first bytes: never by a name or a claimed type, which say what they like."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from fanfare.errors import UnsupportedMediaType, UnusableContent

READ: Final = "WAV, MP3, FLAC, Ogg, Opus, M4A, AAC, MP4, MKV or WebM"
DAMAGED: Final = "the sound is damaged or incomplete"
RATES: Final = range(8_000, 192_001)
"""Hz."""
MOST_CHANNELS: Final = 8
MOST_HOURS: Final = 6
MOST_TAGS: Final = 16
"""ID3 tags before the sound itself; one is usual."""
MOST_BEHIND: Final = 1 << 16
"""Bytes of tags behind it."""


@dataclass(frozen=True, slots=True)
class Format:
    """`name` is public. `demuxer` is FFmpeg's name of it, empty for what libsndfile reads."""

    name: str
    demuxer: str = ""


WAV: Final = Format("wav")
FLAC: Final = Format("flac")
MP3: Final = Format("mp3")
UNTOLD: Final = {FLAC: Format("flac", "flac"), MP3: Format("mp3", "mp3")}
"""Those whose head does not tell their length: libsndfile would guess it and end there, or stumble over the end."""
AAC: Final = Format("aac", "aac")
OGG: Final = Format("ogg", "ogg")
MP4: Final = Format("mp4", "mov")
MATROSKA: Final = Format("matroska", "matroska")

ATOMS: Final = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip")
"""What an MP4 or QuickTime file may begin with."""

OTHERS: Final = {
    b"#extm3u": "a playlist",
    b"[playlist]": "a playlist",
    b"ffconcat": "a list of files",
    b"v=0": "a session description",
    b"<?xml": "XML",
    b"<mpd": "a DASH manifest",
    b"<smil": "SMIL",
    b"<html": "HTML",
    b"<!doctype html": "HTML",
    b"{": "JSON",
    b"%pdf": "PDF",
    b"pk\x03\x04": "a ZIP archive",
    b"mthd": "MIDI",
    b"form": "AIFF",
    b"caff": "CAF",
    b".snd": "AU",
    b"#!amr": "AMR",
    b"0&\xb2u\x8ef\xcf\x11": "WMA or WMV",
    b"flv": "FLV",
    b"wvpk": "WavPack",
    b"mac ": "Monkey's Audio",
    b"riff": "AVI or another RIFF",
}
"""Beginnings, in small letters, of what is asked for now and then and is not read."""


def recognised(read: Callable[[int, int], bytes], size: int) -> Format:
    """Return the format of the file of `size` bytes that `read(start, stop)` gives.

    Raises `UnsupportedMediaType`, or `UnusableContent` if there is nothing.
    """
    head, behind = read(0, 1024), 0
    if not head:
        raise UnusableContent("the file is empty")
    for _ in range(MOST_TAGS):
        if not (tag := _tag(head)):
            break
        behind += tag
        head = read(behind, behind + 1024)
    if behind and not head:
        raise UnusableContent(DAMAGED)
    found = _framed(head) or (None if behind else _contained(head))
    if found is None:
        raise UnsupportedMediaType(f"{_guess(head)} is not read; send {READ}")
    return UNTOLD[found] if found in UNTOLD and not _told(found, head, size - behind) else found


def _tag(head: bytes) -> int:
    """Return the size of the ID3v2 tag at the beginning, 0 if there is none. Source: https://id3.org/id3v2.4.0-structure."""
    if head[:3] != b"ID3" or len(head) < 10 or any(byte & 0x80 for byte in head[6:10]):
        return 0
    size = sum(byte << shift for byte, shift in zip(head[6:10], (21, 14, 7, 0), strict=True))
    return 10 + size + (10 if head[5] & 0x10 else 0)


def _framed(head: bytes) -> Format | None:
    """Formats that may follow an ID3 tag. The first header of MPEG audio is looked at in all its fields."""
    if head[:4] == b"fLaC":
        return FLAC
    if len(head) < 4 or head[0] != 0xFF:
        return None
    if head[1] & 0xF6 == 0xF0 and head[2] >> 2 & 0xF < 13:
        return AAC
    version, layer, bit_rate, rate = head[1] >> 3 & 3, head[1] >> 1 & 3, head[2] >> 4, head[2] >> 2 & 3
    usable = head[1] & 0xE0 == 0xE0 and version != 1 and layer != 0 and bit_rate not in {0, 15} and rate != 3
    return MP3 if usable else None


def _told(kind: Format, head: bytes, size: int) -> bool:
    """Whether a FLAC or MP3 of `size` bytes tells how long it is; an MP3 in as many bytes as there are, but for tags.

    Sources: RFC 9639, section 8.2; the header that Xing introduced and LAME extended,
    http://gabriel.mp3-tech.org/mp3infotag.html.
    """
    if kind is FLAC:
        return int.from_bytes(head[21:26]) & (1 << 36) - 1 > 0
    at = max(head.find(b"Xing", 4, 48), head.find(b"Info", 4, 48))
    if at < 0 or len(head) < at + 16 or head[at + 7] & 3 != 3:
        return False
    return 0 <= size - int.from_bytes(head[at + 12 : at + 16]) <= MOST_BEHIND


def _contained(head: bytes) -> Format | None:
    if head[:4] in {b"RIFF", b"RF64"} and head[8:12] == b"WAVE":
        return WAV
    if head[:4] == b"OggS":
        return OGG
    if head[:4] == b"\x1a\x45\xdf\xa3":
        return MATROSKA
    return MP4 if head[4:8] in ATOMS else None


def _guess(head: bytes) -> str:
    """Name what a file that is no sound seems to be."""
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    return next((name for magic, name in OTHERS.items() if start.startswith(magic)), "what was sent")


def check(rate: int, channels: int) -> None:
    """Raise `UnusableContent` for measures that no sound for people has, and that would cost memory."""
    if rate not in RATES:
        raise UnusableContent(f"{rate} samples a second; {RATES[0]} to {RATES[-1]} are read")
    if not 1 <= channels <= MOST_CHANNELS:
        raise UnusableContent(f"{channels} channels; at most {MOST_CHANNELS} are read")


def block_frames(rate: int, channels: int) -> int:
    """How many frames a block has: ten seconds, or 4 MB if that is less."""
    return min(10 * rate, (1 << 20) // channels)

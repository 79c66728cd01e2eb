"""Sounds in every format that is read, made for tests; and files that are not what they should be."""

import functools
import io
import struct
from collections.abc import Callable, Iterator
from fractions import Fraction
from random import Random
from typing import Any, Final, cast

import av
import numpy as np
import soundfile
from av.audio.stream import AudioStream
from av.video.stream import VideoStream
from numpy.typing import NDArray

type Samples = NDArray[np.float32]

RATE: Final = 44_100
SECONDS: Final = 1.0


def tones(seconds: float = SECONDS, rate: int = RATE, channels: int = 2) -> Samples:
    """Return (frames, channels) at half of full scale: a tone of its own for each channel, swelling from silence."""
    time = np.arange(round(seconds * rate))[:, None] / rate
    pitches = 220.0 * (1 + np.arange(channels))
    swell = np.minimum(time / seconds, 1)
    return (0.5 * swell * np.sin(2 * np.pi * pitches * time)).astype(np.float32)


def written(
    samples: Samples, container: str = "WAV", subtype: str | None = None, rate: int = RATE, **how: Any
) -> bytes:
    """Return a file as libsndfile writes it."""
    file = io.BytesIO()
    soundfile.write(file, samples, rate, format=container, subtype=subtype, **how)
    return file.getvalue()


def muxed(
    container: str, codec: str | None, samples: Samples, rate: int = RATE, picture: str | None = None, **options: str
) -> bytes:
    """Return a file as FFmpeg writes it: sound, or a picture, or both."""
    file = io.BytesIO()
    with av.open(file, "w", format=container, options=options) as output:
        moving = None if picture is None else cast("VideoStream", output.add_stream(picture, rate=5))
        if moving is not None:
            moving.width, moving.height, moving.pix_fmt = 32, 32, "yuv420p"
        if codec is not None:
            layout = {1: "mono", 2: "stereo", 6: "5.1", 8: "7.1"}[samples.shape[1]]
            sound = cast("AudioStream", output.add_stream(codec, rate=rate, layout=layout))
            frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="flt", layout=layout)
            frame.sample_rate, frame.pts, frame.time_base = rate, 0, Fraction(1, rate)
            for each in (frame, None):
                output.mux(sound.encode(each))
        if moving is not None:
            for shade in range(5):
                output.mux(moving.encode(av.VideoFrame.from_ndarray(np.full((32, 32, 3), 40 * shade, np.uint8))))
            output.mux(moving.encode(None))
    return file.getvalue()


MADE: Final[dict[str, Callable[[Samples], bytes]]] = {
    "wav": written,
    "flac": functools.partial(written, container="FLAC"),
    "mp3": functools.partial(written, container="MP3"),
    "ogg": functools.partial(written, container="OGG"),
    "opus": lambda samples: muxed("ogg", "libopus", np.repeat(samples, 2, axis=0), 48_000),
    "m4a": functools.partial(muxed, "ipod", "aac"),
    "alac": functools.partial(muxed, "ipod", "alac"),
    "aac": functools.partial(muxed, "adts", "aac"),
    "mp4": functools.partial(muxed, "mp4", "aac", picture="libx264"),
    "mkv": functools.partial(muxed, "matroska", "ac3", picture="libx264"),
    "webm": lambda samples: muxed("webm", "libopus", samples, 48_000, picture="libvpx"),
}


@functools.cache
def sound(kind: str) -> bytes:
    """Return a second of stereo tones as `kind` of MADE."""
    return MADE[kind](tones())


def encrypted() -> bytes:
    """An M4A under common encryption (ISO/IEC 23001-7), as shops and streaming services protect theirs."""
    return muxed(
        "mp4",
        "aac",
        tones(),
        encryption_scheme="cenc-aes-ctr",
        encryption_key="0b" * 16,
        encryption_kid="0c" * 16,
    )


def box(name: bytes, *contents: bytes) -> bytes:
    body = b"".join(contents)
    return struct.pack(">I4s", 8 + len(body), name) + body


def boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield name and contents of the boxes of an MP4 file, or of one of them."""
    at = 0
    while at < len(data):
        size, name = struct.unpack_from(">I4s", data, at)
        yield name, data[at + 8 : at + size]
        at += size


def referring(path: str) -> bytes:
    """A movie whose sound is in another file, `path`, by a Macintosh alias (QuickTime File Format, data references)."""
    alias = bytes(4 + 150) + struct.pack(">HH", 2, len(path)) + path.encode() + bytes(len(path) % 2) + b"\xff\xff\0\0"
    reference = box(b"dref", struct.pack(">II", 0, 1), box(b"alis", alias))

    def rewritten(data: bytes) -> bytes:
        nested = {b"moov", b"trak", b"mdia", b"minf", b"dinf"}
        return b"".join(
            reference if name == b"dref" else box(name, rewritten(body) if name in nested else body)
            for name, body in boxes(data)
        )

    return rewritten(sound("m4a"))


def mutated(data: bytes, chance: Random) -> bytes:
    """Damage a file: mostly in its first bytes, where headers are."""
    changed = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 4))):
        at = chance.randrange(min(len(changed), chance.choice((64, 400, len(changed)))))
        size = chance.randrange(1, 40)
        match chance.randrange(6):
            case 0:
                changed[at] = chance.randrange(256)
            case 1:
                changed[at : at + size] = chance.randbytes(size)
            case 2:
                del changed[at : at + size]
            case 3:
                changed[at:at] = chance.randbytes(size)
            case 4:
                changed[at : at + 4] = chance.choice((b"\xff" * 4, bytes(4), b"\x7f\xff\xff\xff", b"\xff\xff\xff\x7f"))
            case _:
                del changed[max(1, at) :]
        changed = changed or bytearray(b"x")
    return bytes(changed)


class Ranges:
    """A range reader over bytes, which counts, and can fail from the `fails`-th call on."""

    def __init__(self, data: bytes, fails: int | None = None) -> None:
        self._data, self._fails = data, fails
        self.size = len(data)
        self.calls = 0
        self.name = "http://127.0.0.1:9/list.m3u8"
        """What decides nothing."""

    def read(self, start: int, stop: int, /) -> bytes:
        if self.calls == self._fails:
            raise ConnectionError("the store is gone")
        self.calls += 1
        assert 0 <= start < stop <= max(self.size, 1024)
        return self._data[start:stop]


class Silence:
    """A range reader over a stereo WAV of any length, which is nowhere."""

    def __init__(self, seconds: float, told: float | None = None) -> None:
        self._head = written(np.zeros((0, 2), np.float32))[:40]
        bytes_ = 4 * round(seconds * RATE)
        self._head += struct.pack("<I", 4 * round((told or seconds) * RATE))
        self.size = len(self._head) + bytes_

    def read(self, start: int, stop: int, /) -> bytes:
        stop = min(stop, self.size)
        return (self._head[start:stop] + bytes(stop - max(start, len(self._head)))) if stop > start else b""

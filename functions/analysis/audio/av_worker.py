"""The program of a child process that decodes one file of a stranger's with PyAV (FFmpeg), and ends.

    python -I -S av_worker.py FOLDER DEMUXER SIZE

`FOLDER` is where av is imported from, `DEMUXER` the one that is used, `SIZE` that of the file in bytes. The process has
neither the file nor a name of one: it asks for pieces. Before the first byte of the file is read, it gives up the right
to open anything (no file descriptor beyond the few it has: no file, no socket), to much memory and to much time.

It writes frames, a `HEAD` and what it announces:

    R   start, stop (`PIECE`)                  asks for these bytes; the answer is their number (`LENGTH`) and they
    H   rate, channels, frames (`MEASURES`)    once, before the first block; frames is a guess from headers, or 0
    B   float32 samples, a frame's channels side by side, in the machine's byte order
    E   one byte: 1 if parts could not be decoded
    F   a word: why it cannot be used
"""

import io
import os
import resource
import struct
import sys
from collections.abc import Callable, Iterator
from typing import Any, Final

HEAD: Final = struct.Struct("=cI")
PIECE: Final = struct.Struct("=QQ")
LENGTH: Final = struct.Struct("=I")
MEASURES: Final = struct.Struct("=IIQ")
AHEAD: Final = 1 << 20
"""Bytes that are read at a time."""
BLOCK: Final = 1 << 20
"""Samples of a block, at most."""
MOST_MEMORY: Final = 1 << 30
"""Bytes of address space; 206 MB are taken by the libraries themselves."""
MOST_CPU: Final = 600
"""Seconds; six hours of Opus, the slowest format, take a tenth of it on one core."""
CODECS: Final = (
    "aac,alac,flac,mp3,mp3float,mp2,mp2float,opus,libopus,vorbis,ac3,eac3,amrnb,amrwb,pcm_s8,pcm_u8,pcm_s16le,"
    "pcm_s16be,pcm_s24le,pcm_s24be,pcm_s32le,pcm_s32be,pcm_f32le,pcm_f32be,pcm_f64le,pcm_f64be,pcm_alaw,pcm_mulaw"
)
OPTIONS: Final = {
    "format_whitelist": "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,ogg,aac,mp3,flac",
    "codec_whitelist": CODECS,  # decoders of pictures are not among them, so none is ever opened
    "protocol_whitelist": "none",
    "enable_drefs": "0",
    "use_absolute_path": "0",
}
FORGIVEN: Final = 50
"""Broken packets in a row from the beginning, after which no more are tried."""


class Refused(Exception):
    """Its message is the word of an `F`."""


class Pieces(io.RawIOBase):
    """A file of `size` bytes, of which `fetch(start, stop)` brings some. Keeps the last few pieces, nothing else."""

    def __init__(self, size: int, fetch: Callable[[int, int], bytes]) -> None:
        super().__init__()
        self._size, self._fetch = size, fetch
        self._at = 0
        self._kept: dict[int, bytes] = {}

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = 0) -> int:
        self._at = max(0, offset + (0, self._at, self._size)[whence])
        return self._at

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer).cast("B")
        done = 0
        while done < len(view) and self._at < self._size:
            number, offset = divmod(self._at, AHEAD)
            found = self._piece(number)[offset : offset + len(view) - done]
            if not found:
                break
            view[done : done + len(found)] = found
            done += len(found)
            self._at += len(found)
        return done

    def _piece(self, number: int) -> bytes:
        if number not in self._kept:
            while len(self._kept) > 1:
                self._kept.pop(next(iter(self._kept)))
            start = number * AHEAD
            self._kept[number] = self._fetch(start, min(self._size, start + AHEAD))
        return self._kept[number]


class Parent:
    """The other end of the pipes."""

    def __init__(self, source: int, sink: int) -> None:
        self._source, self._sink = source, sink

    def tell(self, kind: bytes, *parts: Any) -> None:
        for part in (HEAD.pack(kind, sum(map(len, parts))), *parts):
            left = memoryview(part)
            while left:
                left = left[os.write(self._sink, left) :]

    def fetch(self, start: int, stop: int) -> bytes:
        self.tell(b"R", PIECE.pack(start, stop))
        return self._exactly(*LENGTH.unpack(self._exactly(LENGTH.size)))

    def _exactly(self, size: int) -> bytes:
        found = bytearray()
        while len(found) < size:
            if not (more := os.read(self._source, size - len(found))):
                raise SystemExit  # nobody waits any more
            found += more
        return bytes(found)


def renounce(files: int) -> None:
    """From here on: no file descriptor from number `files` on, bounded memory and time."""
    for what, most in (
        (resource.RLIMIT_NOFILE, files),
        (resource.RLIMIT_AS, MOST_MEMORY),
        (resource.RLIMIT_CPU, MOST_CPU),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))


def deny(*_: Any) -> None:
    raise PermissionError("a file may not name others")


class Decoding:
    """Of the best sound in `file`, packed float32 at its own rate and channels."""

    def __init__(self, av: Any, file: Pieces, demuxer: str) -> None:
        self._av = av
        self._container = av.open(file, "r", format=demuxer, options=OPTIONS, io_open=deny)
        self._stream = self._sound()
        self.damaged = False

    def _sound(self) -> Any:
        found = self._container.streams.best("audio")
        if found is None:
            raise Refused("silent")
        if found.codec_context is None or found.codec_context.name not in CODECS.split(","):
            raise Refused("codec")
        for each in self._container.streams:
            each.discard = self._av.stream.Discard.default if each is found else self._av.stream.Discard.all
        return found

    def frames(self) -> Iterator[Any]:
        """Yield what can be decoded, and step over what cannot, as players do."""
        good = bad = 0
        for packet in self._packets():
            if packet.has_sidedata("encryption_info"):
                raise Refused("encrypted")
            try:
                yield from packet.decode()
                good += packet.size > 0
            except self._av.FFmpegError:
                bad += 1
                if bad > good + FORGIVEN:
                    break
        self.damaged |= bad > 0
        if bad > good:
            raise Refused("damaged")

    def _packets(self) -> Iterator[Any]:
        try:
            yield from self._container.demux(self._stream)
        except self._av.FFmpegError:
            self.damaged = True

    def packed(self) -> Iterator[Any]:
        resampler = self._av.AudioResampler(format="flt")
        for frame in self.frames():
            try:
                yield from resampler.resample(frame)
            except ValueError:
                raise Refused("changing") from None

    def length(self, rate: int) -> int:
        """Frames, as the headers have it; 0 if they do not say."""
        if self._stream.duration is not None and self._stream.time_base is not None:
            told = int(self._stream.duration * self._stream.time_base * rate)
        else:
            told = (self._container.duration or 0) * rate // 1_000_000
        return min(max(0, told), 1 << 62)


def decode(decoding: Decoding, parent: Parent) -> None:
    block, filled, step = bytearray(), 0, 0
    for frame in decoding.packed():
        rate, channels = frame.sample_rate, frame.layout.nb_channels
        if not block:
            parent.tell(b"H", MEASURES.pack(rate, channels, decoding.length(rate)))
            step = 4 * channels
            block = bytearray(min(BLOCK // channels, 10 * rate) * step)
        samples = memoryview(frame.planes[0])[: frame.samples * step]
        while samples:
            taken = min(len(samples), len(block) - filled)
            block[filled : filled + taken] = samples[:taken]
            filled, samples = filled + taken, samples[taken:]
            if filled == len(block):
                parent.tell(b"B", block)
                filled = 0
    if not block:
        raise Refused("damaged")
    if filled:
        parent.tell(b"B", memoryview(block)[:filled])
    parent.tell(b"E", bytes([decoding.damaged]))


def main() -> None:
    folder, demuxer, size = sys.argv[1:]
    sys.path.append(folder)
    import av
    import av.subtitles.codeccontext
    import av.subtitles.stream  # what av would import when it meets them, at which time it can no longer be opened

    sink = os.dup(1)
    os.dup2(2, 1)  # whatever the libraries print is no part of an answer
    parent = Parent(0, sink)
    renounce(sink + 1)
    try:
        decode(Decoding(av, Pieces(int(size), parent.fetch), demuxer), parent)
    except Refused as refusal:
        parent.tell(b"F", str(refusal).encode())
    except MemoryError:
        parent.tell(b"F", b"large")
    except (av.FFmpegError, ValueError, OverflowError):
        parent.tell(b"F", b"damaged")


if __name__ == "__main__":
    main()

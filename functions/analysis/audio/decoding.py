"""Any sound that is read, as blocks of samples: decoded as it comes, in memory that does not grow with its length."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Final, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from analysis.audio.av_reader import AvReader
from analysis.audio.formats import MOST_HOURS, Format, recognised
from analysis.audio.soundfile_reader import SoundFileReader
from analysis.audio.sources import Source, opened
from fanfare.errors import ContentTooLarge

LOUDEST: Final = 1000.0
"""Times full scale (+ 60 dB). What is beyond is no sound, and sums of its squares would leave float32."""


class Reader(Protocol):
    """What decodes one file, or a part of it."""

    rate: int
    channels: int
    frames: int | None
    damaged: bool

    def blocks(self) -> Iterator[NDArray[np.float32]]: ...

    def close(self) -> None: ...


class Decoded:
    """A sound, or a part of one. Iterate over it, once: float32 blocks of shape (frames, channels), in order.

    Full scale is ± 1; a block has ten seconds or 4 MB at most. Iterating raises `UnusableContent` or `ContentTooLarge`
    where the sound turns out not to be usable, and whatever a range reader raises.
    """

    def __init__(self, source: Source, kind: Format, reader: Reader, owned: ExitStack, start: int = 0) -> None:
        self._source, self._kind, self._reader, self._owned = source, kind, reader, owned
        self.format = kind.name
        self.rate, self.channels = reader.rate, reader.channels
        self.frames = reader.frames
        """Of the whole sound, as its headers have it; they may err. None if they do not say."""
        self.start = start
        """The frame of the whole sound that this one begins with."""

    @property
    def damaged(self) -> bool:
        """Whether some of it could not be decoded; known at the end."""
        return self._reader.damaged

    def __iter__(self) -> Iterator[NDArray[np.float32]]:
        left = MOST_HOURS * 3600 * self.rate - self.start
        for block in self._reader.blocks():
            if (left := left - len(block)) < 0:
                raise ContentTooLarge(f"more than {MOST_HOURS} hours of sound")
            yield _finite(block)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def part(self, start: int, stop: float) -> "Decoded | None":
        """Open the same sound once more, from frame `start` up to `stop`: parts are gone through side by side.

        They have the very samples of the whole. None if there is no getting to `start`, as when headers promise too
        much, and for what FFmpeg decodes: a process works ahead of the caller there anyway.

        Raises as `open_audio` does.
        """
        if self._kind.demuxer:
            return None
        with ExitStack() as owned:
            file = opened(self._source)
            owned.callback(file.close)
            reader = SoundFileReader(file, self._kind)
            owned.callback(reader.close)
            if not reader.narrow(start, stop):
                return None
            return Decoded(self._source, self._kind, reader, owned.pop_all(), start)

    def close(self) -> None:
        """Give back what it holds: files, a process. It may be done at any time."""
        self._owned.close()


def open_audio(source: Source) -> Decoded:
    """Open a sound; close it, or use it as a context.

    Raises `UnsupportedMediaType` (no format that is read), `UnusableContent` (broken, encrypted, without sound) or
    `ContentTooLarge`, and what opening a path or reading a range raises.
    """
    with ExitStack() as owned:
        file = opened(source)
        owned.callback(file.close)
        kind = recognised(file.read, file.size)
        reader = AvReader(file, kind) if kind.demuxer else SoundFileReader(file, kind)
        owned.callback(reader.close)
        return Decoded(source, kind, reader, owned.pop_all())


def _finite(block: NDArray[np.float32]) -> NDArray[np.float32]:
    """Float files, and damaged ones, may hold what is no number."""
    if not (block.min() >= -LOUDEST and block.max() <= LOUDEST):  # true of NaN, too
        np.nan_to_num(block, copy=False, nan=0.0)
        np.clip(block, -LOUDEST, LOUDEST, out=block)
    return block

"""Any sound that is read, as blocks of samples: decoded as it comes, in memory that does not grow with its length."""

import math
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
PART_SECONDS: Final = 10
"""Parts are no shorter; opening one would not pay."""


class Reader(Protocol):
    """What decodes one file, or a part of it."""

    rate: int
    channels: int
    frames: int | None
    start: int
    damaged: bool

    def narrow(self, start: int, stop: float, /) -> bool: ...

    def blocks(self) -> Iterator[NDArray[np.float32]]: ...

    def close(self) -> None: ...


class Decoded:
    """A sound, or a part of one. Iterate over it, once: float32 blocks of shape (frames, channels), in order.

    Full scale is ± 1; a block has ten seconds or 4 MB at most. Iterating raises `UnusableContent` or `ContentTooLarge`
    where the sound turns out not to be usable, and whatever a range reader raises.
    """

    def __init__(self, reader: Reader, kind: Format, owned: ExitStack) -> None:
        self._reader, self._owned = reader, owned
        self.format = kind.name
        self.rate, self.channels = reader.rate, reader.channels
        self.frames = reader.frames
        """Of the whole sound, as its headers have it; they may err. None if they do not say."""

    @property
    def start(self) -> int:
        """The frame of the whole sound that this one begins with."""
        return self._reader.start

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

    def narrow(self, start: int, stop: float) -> bool:
        """Confine it to frames from `start` up to `stop`, before it is gone through. False if that cannot be done."""
        return self._reader.narrow(start, stop)

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
        return Decoded(reader, kind, owned.pop_all())


def segments(source: Source, count: int) -> list[Decoded]:
    """Open a sound as `count` parts or fewer, one behind the other, to be gone through side by side in threads.

    Together they give the very samples that `open_audio` gives. Short files are one part, and so is what FFmpeg
    decodes: there a process works ahead of the caller anyway. Raises as `open_audio` does. Close each.
    """
    with ExitStack() as failing:
        first = failing.enter_context(open_audio(source))
        frames = first.frames or 0
        parts = min(count, frames // (PART_SECONDS * first.rate))
        starts = [frames * part // parts for part in range(1, parts)]
        rest = _rest(source, starts) if starts and first.narrow(0, starts[0]) else []
        if not rest:
            first.narrow(0, math.inf)
        failing.pop_all()
        return [first, *rest]


def _rest(source: Source, starts: list[int]) -> list[Decoded]:
    """Open the parts from `starts` on; none if one of them cannot be reached, as when headers promise too much."""
    with ExitStack() as failing:
        found = []
        for start, stop in zip(starts, [*starts[1:], math.inf], strict=True):
            found.append(failing.enter_context(open_audio(source)))
            if not found[-1].narrow(start, stop):
                return []
        failing.pop_all()
        return found


def _finite(block: NDArray[np.float32]) -> NDArray[np.float32]:
    """Float files, and damaged ones, may hold what is no number."""
    if not (block.min() >= -LOUDEST and block.max() <= LOUDEST):  # true of NaN, too
        np.nan_to_num(block, copy=False, nan=0.0)
        np.clip(block, -LOUDEST, LOUDEST, out=block)
    return block

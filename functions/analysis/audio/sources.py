"""Where a sound's bytes come from: memory, a file, or pieces that are fetched."""

import io
import os
from pathlib import Path
from typing import Any, Protocol

from analysis.audio.av_worker import Pieces


class RangeReader(Protocol):
    """A file that is read in pieces, as from S3. `read` gives the bytes from `start` up to `stop`, fewer at the end."""

    @property
    def size(self) -> int: ...

    def read(self, start: int, stop: int, /) -> bytes: ...


type Source = bytes | Path | RangeReader


class Opened(RangeReader, Protocol):
    def file(self) -> Any:
        """Return what libsndfile reads from: a file descriptor or a file object, at its beginning. Call it once."""

    def close(self) -> None: ...


class Held:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self.size = len(data)

    def read(self, start: int, stop: int, /) -> bytes:
        return self._data[start:stop]

    def file(self) -> io.BytesIO:
        return io.BytesIO(self._data)

    def close(self) -> None:
        pass


class Stored:
    """Raises `OSError` if the file cannot be opened."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self.size = os.fstat(self._descriptor).st_size

    def read(self, start: int, stop: int, /) -> bytes:
        return os.pread(self._descriptor, stop - start, start)

    def file(self) -> int:
        return self._descriptor

    def close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


class Fetched:
    def __init__(self, reader: RangeReader) -> None:
        self.size, self.read = reader.size, reader.read

    def file(self) -> Pieces:
        return Pieces(self.size, self.read)

    def close(self) -> None:
        pass


def opened(source: Source) -> Opened:
    match source:
        case bytes():
            return Held(source)
        case Path():
            return Stored(source)
        case _:
            return Fetched(source)

"""Figures that add up while a sound is gone through."""

import mmap
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

FIRST: Final = 1 << 22
"""Bytes that are asked for; those that nothing is written to take no memory."""


class Tape:
    """Arrays written one behind the other, in pages of their own.

    They grow without being copied, and without holes in the heap that blocks of samples come from and go back to: that
    made three hours of sound take 10 MB more.
    """

    def __init__(self, kind: type[np.floating[Any]]) -> None:
        self._kind = np.dtype(kind)
        self._pages = mmap.mmap(-1, FIRST, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        self._size = FIRST
        self._used = 0

    def __len__(self) -> int:
        return self._used // self._kind.itemsize

    def write(self, values: NDArray[Any]) -> None:
        """Add an array of any shape, converted if need be; not once `read` has been called."""
        data = np.ascontiguousarray(values, self._kind).tobytes()
        end = self._used + len(data)
        while end > self._size:
            self._size *= 2
            self._pages.resize(self._size)
        self._pages[self._used : end] = data
        self._used = end

    def read(self) -> NDArray[Any]:
        """Return all of it, flat: a view."""
        return np.frombuffer(self._pages, self._kind, len(self))

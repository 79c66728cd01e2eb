"""The outline of a sound, for drawing. Pure."""

from typing import Final

import numpy as np

from analysis.audio.frames import SLICE, Samples

MOST: Final = 2000
"""Stretches that there are in the end."""
FINEST: Final = 16
"""Frames of a stretch at first."""


class Waveform:
    """Lowest and highest values of a stream's equal stretches; these are joined two by two as it grows."""

    def __init__(self) -> None:
        self._size = FINEST
        self._ends: Samples = np.zeros((0, 2), np.float32)
        self._fed = 0

    def feed(self, block: Samples) -> None:
        """Take (frames, channels) more."""
        for start in range(0, len(block), SLICE):
            self._add(block[start : start + SLICE])
            while len(self._ends) > 2 * MOST:
                self._ends = _paired(self._ends)
                self._size *= 2

    def finish(self) -> Samples:
        """Return the lowest and the highest value of any channel for each stretch, (n, 2), n at most `MOST`.

        The last one may be shorter than the others. Where there are `MOST` × `FINEST` frames, n is at least half of it.
        """
        return _paired(self._ends) if len(self._ends) > MOST else self._ends

    def _add(self, piece: Samples) -> None:
        begun = self._fed % self._size
        starts = np.arange(-begun, len(piece), self._size).clip(0) * piece.shape[1]
        found = np.stack([end.reduceat(piece.reshape(-1), starts) for end in (np.minimum, np.maximum)], axis=1)
        if begun:
            found[0] = _paired(np.stack((self._ends[-1], found[0])))
        self._ends = np.concatenate((self._ends[: len(self._ends) - bool(begun)], found))
        self._fed += len(piece)


def _paired(ends: Samples) -> Samples:
    pairs = np.arange(0, len(ends), 2)
    return np.stack((np.minimum.reduceat(ends[:, 0], pairs), np.maximum.reduceat(ends[:, 1], pairs)), axis=1)

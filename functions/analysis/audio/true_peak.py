"""True peak by ITU-R BS.1770-5, annex 2: what the curve through the samples reaches between them. Pure."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.audio.frames import Blocks, Samples, slices

_HALF: Final = np.array(
    (
        (0.0017089843750, -0.0291748046875),
        (0.0109863281250, 0.0292968750000),
        (-0.0196533203125, -0.0517578125000),
        (0.0332031250000, 0.0891113281250),
        (-0.0594482421875, -0.1665039062500),
        (0.1373291015625, 0.4650878906250),
        (0.9721679687500, 0.7797851562500),
        (-0.1022949218750, -0.2003173828125),
        (0.0476074218750, 0.1015625000000),
        (-0.0266113281250, -0.0582275390625),
        (0.0148925781250, 0.0330810546875),
        (-0.0083007812500, -0.0189208984375),
    )
).T
PHASES: Final = np.concatenate((_HALF, _HALF[::-1, ::-1]))
"""The standard's interpolating filter, (4 phases, 12 taps), which is symmetric: four values for each sample."""
TAPS: Final = PHASES.shape[1]
_MOST: Final = float(np.abs(PHASES).sum(axis=1).max()) * (1 + 1e-5)
"""How far an interpolated value can exceed the largest of the samples it is made of."""


class TruePeak:
    """Measures the true peak of each channel; samples themselves count, too.

    Interpolated is only where it can matter: a block whose samples, and those of the next, stay below the peak so far
    by a factor of `_MOST` (2.02) cannot reach it, and the result is the same as if all were interpolated.
    """

    def __init__(self, channels: int) -> None:
        """Four times any rate from 44.1 kHz is as much as the standard asks for; below, it is as close as there."""
        self._blocks = [Blocks(1, TAPS) for _ in range(channels)]
        self._last = np.zeros((channels, 1, TAPS), np.float32)
        self._peaks: NDArray[np.float32] = np.zeros(channels, np.float32)
        self._own, self._next = _matrices()

    def feed(self, block: Samples) -> None:
        """Take (frames, channels) more; full scale is 1."""
        for piece in slices(block):
            self._extend(piece)

    def finish(self) -> tuple[float, ...]:
        """Return dBTP by channel; −inf for silence."""
        self._extend(np.zeros((len(self._peaks), 2 * TAPS), np.float32))
        with np.errstate(divide="ignore"):
            return tuple(float(level) for level in 20 * np.log10(self._peaks.astype(np.float64)))

    def _extend(self, samples: Samples) -> None:
        for channel, each in enumerate(samples):
            whole = self._blocks[channel].add(each[np.newaxis]).reshape(-1, TAPS)
            blocks = np.concatenate((self._last[channel], whole))
            self._last[channel] = blocks[-1]
            self._peaks[channel] = self._highest(blocks, self._peaks[channel])

    def _highest(self, blocks: Samples, peak: np.float32) -> np.float32:
        # Reduced along the long axis: twelve wide passes are faster than a short one for each block.
        largest = np.maximum.reduce(np.ascontiguousarray(np.abs(blocks).T), axis=0)
        peak = max(peak, largest.max())
        near = np.flatnonzero(np.maximum(largest[:-1], largest[1:]) * _MOST > peak)
        if not len(near):
            return peak
        between = blocks[near] @ self._own
        between += blocks[near + 1] @ self._next
        return max(peak, between.max(), -between.min())


def _matrices() -> tuple[Samples, Samples]:
    """What a block, and the one after it, give to the 4 × 12 values that begin in the block."""
    both = np.zeros((2 * TAPS, TAPS, len(PHASES)), np.float32)
    for start in range(TAPS):
        both[start : start + TAPS, start] = PHASES[:, ::-1].T
    own, following = np.split(both.reshape(2 * TAPS, -1), 2)
    return own, following

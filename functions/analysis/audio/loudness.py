"""Loudness by ITU-R BS.1770-5 with the gates of its annex 1, and the loudness range of EBU Tech 3342. Pure."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.audio.frames import Blocks, Samples, slices
from analysis.audio.tape import Tape
from analysis.audio.weighting import KWeighting

ABSOLUTE_GATE: Final = -70.0
"""LUFS; what is not louder does not count (annex 1)."""
RELATIVE_GATE: Final = -10.0
"""LU from the loudness of what passed the absolute gate (annex 1)."""
RANGE_GATE: Final = -20.0
"""LU likewise, for the loudness range (Tech 3342, section 2)."""
_OFFSET: Final = -0.691
_MOMENTARY: Final = 4
_SHORT_TERM: Final = 30
"""Tenths of a second."""

_SIDE: Final = 1.41
WEIGHTS: Final = {
    1: (1.0,),
    2: (1.0, 1.0),
    3: (1.0, 1.0, 1.0),
    4: (1.0, 1.0, _SIDE, _SIDE),
    5: (1.0, 1.0, 1.0, _SIDE, _SIDE),
    6: (1.0, 1.0, 1.0, 0.0, _SIDE, _SIDE),
    7: (1.0, 1.0, 1.0, 0.0, 1.0, _SIDE, _SIDE),
    8: (1.0, 1.0, 1.0, 0.0, 1.0, 1.0, _SIDE, _SIDE),
}
"""By number of channels, in the order of WAVE files (front left, right, centre, LFE, back, side): 1.41 for those 60° to
120° from the front, none for the LFE, else 1 (BS.1770-5, table 4). In quadraphony, 5.0 and 5.1 the pair behind is the
surround pair at 110°."""


@dataclass(frozen=True, slots=True)
class LoudnessFigures:
    """What `Loudness` found. None where nothing passed the gates: silence, or less sound than one window."""

    integrated: float | None
    """LUFS."""
    momentary: float | None
    """The largest of any 400 ms, in LUFS, ungated (EBU Tech 3341)."""
    short_term: float | None
    """The largest of any 3 s, likewise."""
    range: float | None
    """LU between the 10th and the 95th percentile of the gated short-term loudness."""


class Loudness:
    """Measures loudness of a stream: K-weighted mean squares of each tenth of a second are all that it keeps."""

    def __init__(self, rate: int, channels: int) -> None:
        """Take `rate` in samples per second and 1 to 8 `channels`; KeyError for more."""
        self._weights = np.array(WEIGHTS[channels])
        self._filter = KWeighting(rate, channels)
        self._step = (rate + 5) // 10
        self._inputs = Blocks(channels, self._filter.block)
        self._outputs = Blocks(channels, self._step)
        self._squares = Tape(np.float32)

    def feed(self, block: Samples) -> None:
        """Take (frames, channels) more; full scale is 1."""
        for piece in slices(block):
            self._measure(self._filter.apply(self._inputs.add(piece)))

    def finish(self) -> LoudnessFigures:
        rest = self._inputs.rest
        lacking = -rest.shape[1] % self._filter.block
        self._measure(self._filter.apply(np.pad(rest, ((0, 0), (0, lacking))))[:, : rest.shape[1]])
        steps = self._squares.read().astype(np.float64)
        momentary, short_term = _windows(steps, _MOMENTARY), _windows(steps, _SHORT_TERM)
        return LoudnessFigures(
            integrated=_level(_mean(_gated(momentary, RELATIVE_GATE))),
            momentary=_level(momentary.max(initial=0.0)),
            short_term=_level(short_term.max(initial=0.0)),
            range=_range(short_term),
        )

    def _measure(self, weighted: Samples) -> None:
        """Keep the mean square of each whole step, summed over the channels by their weights."""
        whole = self._outputs.add(weighted)
        steps = whole.reshape(len(whole), -1, self._step)
        self._squares.write(self._weights @ np.vecdot(steps, steps) / self._step)


def _windows(steps: NDArray[np.float64], length: int) -> NDArray[np.float64]:
    """Means over every `length` neighbouring steps."""
    if len(steps) < length:
        return np.zeros(0)
    return np.lib.stride_tricks.sliding_window_view(steps, length).mean(axis=1)


def _mean(powers: NDArray[np.float64]) -> float:
    return float(powers.mean()) if len(powers) else 0.0


def _power(level: float) -> float:
    return float(10 ** ((level - _OFFSET) / 10))


def _level(power: float) -> float | None:
    return float(10 * np.log10(power) + _OFFSET) if power > 0 else None


def _gated(powers: NDArray[np.float64], relative: float) -> NDArray[np.float64]:
    """Return what passes the absolute gate and then the relative one."""
    audible = powers[powers > _power(ABSOLUTE_GATE)]
    return audible[audible > audible.mean() * 10 ** (relative / 10)] if len(audible) else audible


def _range(short_term: NDArray[np.float64]) -> float | None:
    gated = _gated(short_term, RANGE_GATE)
    if not len(gated):
        return None
    low, high = 10 * np.log10(np.quantile(gated, (0.10, 0.95), method="nearest"))
    return float(high - low)

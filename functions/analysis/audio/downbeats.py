"""Where bars begin: there bass notes begin and the spectrum changes more than on the beats between."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.audio.onsets import Flux, salience

METERS: Final = (4, 3)
FEWEST: Final = 16
"""Beats that must have been heard."""
CLEAR: Final = 3.0
"""How far the best reading must be ahead of the next, in standard errors."""
NEAR: Final = 2
"""Frames on either side of a beat that count as on it."""


@dataclass(frozen=True, slots=True, eq=False)
class Bars:
    """Bars of one length throughout.

    Attributes:
        meter: beats in a bar, 3 or 4.
        downbeats: seconds of the first beat of every bar, shape (bars,).
        confidence: 0.5 to 1.

    """

    meter: int
    downbeats: NDArray[np.float64]
    confidence: float


def bars(times: NDArray[np.float64], frames: NDArray[np.intp], flux: Flux) -> Bars | None:
    """The bars that beats form, given in seconds and in frames of `flux`; None where two readings fit about equally.

    Of every meter and every first beat, the difference between downbeats and other beats is taken, in standard errors
    (Welch's t).
    """
    if len(frames) < FEWEST:
        return None
    accents = _accents(flux, Flux.BASS, frames) + _accents(flux, Flux.CHANGE, frames)
    readings = sorted((_lead(accents, meter, first), meter, first) for meter in METERS for first in range(meter))
    (next_best, _, _), (best, meter, first) = readings[-2:]
    if best - next_best < CLEAR:
        return None
    return Bars(meter, times[first::meter], float(1 - np.exp((next_best - best) / 4)))


def _accents(flux: Flux, column: int, frames: NDArray[np.intp]) -> NDArray[np.float64]:
    """How strong a curve is at each beat, with mean 0 and standard deviation 1."""
    curve = salience(flux.curves[:, column : column + 1], flux.rate)
    near = np.clip(frames[:, None] + np.arange(-NEAR, NEAR + 1), 0, len(curve) - 1)
    heights = curve[near].max(axis=1).astype(np.float64)
    accents: NDArray[np.float64] = (heights - heights.mean()) / max(float(heights.std()), 1e-9)
    return accents


def _lead(accents: NDArray[np.float64], meter: int, first: int) -> float:
    on = np.arange(len(accents)) % meter == first
    down, other = accents[on], accents[~on]
    error = np.sqrt(down.var() / len(down) + other.var() / len(other))
    return float((down.mean() - other.mean()) / max(float(error), 1e-3))

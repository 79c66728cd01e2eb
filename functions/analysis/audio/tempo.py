"""How fast: a grid of tempos, and how well each fits the surroundings of every half second."""

from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from analysis.audio.spectra import Floats

type Fits = NDArray[np.float16]
"""How well each tempo fits at each step, from 0 to about 1, of shape (steps, tempos); step i is second i * STEP.

In half precision, as hours have many steps.
"""

OCTAVE: Final = 24
"""Steps of the grid in a doubling of tempo."""
TEMPOS: Final[NDArray[np.float64]] = 52 * 2 ** (np.arange(49) / OCTAVE)
"""Beats a minute: 52 to 208."""
PERIODS: Final[NDArray[np.float64]] = 60 / TEMPOS
"""Seconds from beat to beat."""
STEP: Final = 0.5
"""Seconds between two looks."""
WIDTH: Final = 8.0
"""Seconds looked at, under a Hann window."""
PREFERRED: Final = 115.0
SPREAD: Final = 0.8
"""Beats a minute that people tap to when they may choose, and octaves of one standard deviation."""
MULTIPLES: Final[NDArray[np.float64]] = np.array((0.5, 1, 2, 3, 4))
SHARES: Final[NDArray[np.float32]] = np.array((0.2, 0.5, 0.25, 0.125, 0.125), np.float32)
"""What half a period counts, and one to four of them."""
BESIDE: Final = 2
"""Beats before and after one, from which its tempo is taken."""
_DISLIKE: Final = ((np.log2(TEMPOS / PREFERRED) / SPREAD) ** 2).astype(np.float32)
_BATCH: Final = 32


def tempogram(strength: Floats, rate: float) -> Fits:
    """How well each tempo fits at each step.

    Autocorrelation of the onset strength around the step, freed of the window's own, at half a period to four.
    Source: the idea of P. Grosche and M. Müller, Extracting predominant local pulse information (2011), with lags.
    """
    width = 2 * round(WIDTH * rate / 2)
    window = np.hanning(width + 1)[:-1].astype(np.float32)
    steps = int(len(strength) / rate / STEP) + 1
    padded = np.pad(strength, width // 2)
    starts = np.minimum((np.arange(steps) * STEP * rate).round().astype(int), len(strength))
    views = sliding_window_view(padded, width)
    own = _correlation(window[None], width)
    own = np.maximum(own / own[:, :1], np.float32(0.1))
    lags = np.minimum(MULTIPLES[:, None] * PERIODS * rate, 0.75 * width)
    fits = np.empty((steps, len(PERIODS)), np.float16)
    for at in range(0, steps, _BATCH):
        fits[at : at + _BATCH] = _fit(_correlation(views[starts[at : at + _BATCH]] * window, width) / own, lags)
    return fits


def liking(fits: Fits) -> Floats:
    """What tempos are worth that fit so well, with people's preference for the middle ones; the same shape."""
    return np.float32(4 / np.log(21)) * np.log1p(20 * fits.astype(np.float32)) - _DISLIKE


def _correlation(frames: Floats, width: int) -> Floats:
    """Autocorrelation of each row, at lags below `width`."""
    size = 1 << (2 * width - 1).bit_length()
    spectra = np.fft.rfft(frames, size, axis=1)
    result: Floats = np.fft.irfft(np.square(spectra.real) + np.square(spectra.imag), size, axis=1)[:, :width]
    return result


def _fit(correlation: Floats, lags: NDArray[np.float64]) -> Floats:
    correlation /= np.maximum(correlation[:, :1], np.float32(1e-6))
    below = lags.astype(np.intp)
    part = (lags - below).astype(np.float32)
    near = correlation[:, below] * (1 - part) + correlation[:, below + 1] * part
    fit: Floats = np.einsum("i,nij->nj", SHARES, near)
    np.maximum(fit, 0, out=fit)
    return fit


def local_tempos(times: NDArray[np.float64]) -> NDArray[np.float64]:
    """Beats a minute around each beat, over at most `BESIDE` beats to either side, of two beats or more."""
    at = np.arange(len(times))
    low, high = np.maximum(at - BESIDE, 0), np.minimum(at + BESIDE, len(times) - 1)
    return 60 * (high - low) / (times[high] - times[low])

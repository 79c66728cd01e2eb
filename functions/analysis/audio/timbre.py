"""How bright, how noisy and how balanced a sound is. Pure."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from analysis.audio.frames import Samples
from analysis.audio.tape import Tape

BANDS: Final = {
    "sub": (20.0, 60.0),
    "bass": (60.0, 250.0),
    "low_mid": (250.0, 500.0),
    "mid": (500.0, 2000.0),
    "high_mid": (2000.0, 4000.0),
    "presence": (4000.0, 6000.0),
    "brilliance": (6000.0, 20000.0),
}
"""Hz, from and below."""
ROLLOFF: Final = 0.85
"""Share of the power that lies below the rolloff (Tzanetakis and Cook, 2002)."""
FLAT: Final = (100.0, 8000.0)
"""Hz between which flatness is told: above, lossy codecs leave holes."""
QUIET: Final = 1e-5
"""Power against the loudest spectrum, below which one has no part in the medians."""
_LEAST: Final = 1e-20


@dataclass(frozen=True, slots=True)
class Timbre:
    """What `TimbreMeter` found: shares over the whole, and medians over spectra that are not silent."""

    balance: dict[str, float]
    """Share of the power by band of `BANDS`; together 1."""
    centroid: float
    """Hz: the power's centre of gravity, 20 Hz to 20 kHz."""
    rolloff: float
    """Hz."""
    flatness: float
    """0 to 1: geometric over arithmetic mean of the powers, near 0 for tones, 0.56 for white noise."""


class TimbreMeter:
    """Measures timbre of a stream of power spectra; keeps four numbers for each."""

    def __init__(self, frequencies: Samples) -> None:
        """Take the `frequencies` of the bins, in Hz, evenly spaced from 0."""
        edges = [low for low, _ in BANDS.values()] + [high for _, high in BANDS.values()][-1:]
        self._edges = np.searchsorted(frequencies, edges)
        self._audible = slice(self._edges[0], self._edges[-1])
        self._frequencies = frequencies[self._audible]
        low, high = np.searchsorted(frequencies, FLAT)
        self._flat = slice(int(low), int(high))
        self._balance = np.zeros(len(BANDS))
        self._figures = Tape(np.float32)

    def feed(self, spectra: Samples) -> None:
        """Take the power spectra (n, bins) that come next."""
        sums = np.zeros((len(spectra), len(self._edges)), spectra.dtype)
        cumulated = np.cumsum(spectra[:, self._audible], axis=1)
        reached = self._edges - self._edges[0]
        sums[:, 1:] = cumulated[:, np.maximum(reached[1:], 1) - 1]
        self._balance += np.diff(sums, axis=1).sum(axis=0)
        total = sums[:, -1] + _LEAST
        centroid = spectra[:, self._audible] @ self._frequencies / total
        at = np.argmax(cumulated >= ROLLOFF * cumulated[:, -1:], axis=1)
        flat = spectra[:, self._flat] + _LEAST
        flatness = np.exp(np.log(flat).mean(axis=1)) / flat.mean(axis=1)
        self._figures.write(np.column_stack((total, centroid, self._frequencies[at], flatness)))

    def finish(self) -> Timbre | None:
        """Return the figures; None for silence."""
        figures = self._figures.read().reshape(-1, 4)
        whole = self._balance.sum()
        if not len(figures) or whole <= _LEAST * len(figures):
            return None
        heard = figures[figures[:, 0] >= figures[:, 0].max() * QUIET]
        centroid, rolloff, flatness = (float(each) for each in np.median(heard[:, 1:], axis=0))
        balance = {name: float(each) for name, each in zip(BANDS, self._balance / whole, strict=True)}
        return Timbre(balance, centroid, rolloff, flatness)

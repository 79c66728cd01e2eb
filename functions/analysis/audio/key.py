"""The key of a piece from the pitches in its spectra. Pure."""

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from analysis.audio.frames import Samples, Spectra

type Mode = Literal["major", "minor"]

LOWEST: Final = 60.0
HIGHEST: Final = 2000.0
"""Hz; below, bins are wider than semitones, above are mostly overtones."""
ENDING: Final = 0.15
FADING: Final = 1.0
"""A piece mostly ends on its tonic: what was heard last, fading by e each `FADING` seconds back, has this share."""
QUIETEST: Final = 1e-4
"""Power of a peak against the highest of its spectrum, below which it does not count."""
FINE: Final = 120
"""Steps of the octave by which pitches are counted until the tuning is known."""
MODES: Final[tuple[Mode, Mode]] = ("major", "minor")
PROFILES: Final = np.array(
    (
        (17.7661, 18.2648),
        (0.145624, 0.737619),
        (14.9265, 14.0499),
        (0.160186, 16.8599),
        (19.8049, 0.702494),
        (11.3587, 14.4362),
        (0.291248, 0.702494),
        (22.062, 18.6161),
        (0.145624, 4.56621),
        (8.15494, 1.93186),
        (0.232998, 7.37619),
        (4.95122, 1.75623),
    )
).T
"""How often each degree, in semitones above the tonic, is heard in a major and in a minor key, in per cent: B. Aarden,
"Dynamic melodic expectancy", Ohio State University, 2003; values as in Humdrum's keycor and in music21."""
CERTAIN: Final = 0.25
"""By how much the best key's correlation exceeds the next one's where there is no doubt left."""
NAMES: Final = ("C", "C♯", "D", "E♭", "E", "F", "F♯", "G", "A♭", "A", "B♭", "B")


@dataclass(frozen=True, slots=True)
class Key:
    """What `KeyFinder` found."""

    tonic: int
    """Semitones above C, 0 to 11."""
    mode: Mode
    confidence: float
    """0 to 1: how well this key fits, times how much better than the next one."""
    tuning: float
    """Cents that the piece's pitches lie above those of A = 440 Hz, −50 to 50."""

    @property
    def name(self) -> str:
        return f"{NAMES[self.tonic]} {self.mode}"

    @property
    def camelot(self) -> str:
        """Its place on the wheel of fifths as DJs write it: 8B is C major, 8A A minor; neighbours go well together."""
        fifths = self.tonic * 7 if self.mode == "major" else (self.tonic + 3) * 7
        return f"{(fifths + 7) % 12 + 1}{'B' if self.mode == 'major' else 'A'}"


class KeyFinder:
    """Counts pitches of a stream of power spectra: two histograms of one octave are all that it keeps."""

    def __init__(self, frequencies: Samples) -> None:
        """Take the `frequencies` of the bins, in Hz, evenly spaced from 0."""
        self._spacing = float(frequencies[1])
        self._bins = slice(
            int(np.searchsorted(frequencies, LOWEST)), int(np.searchsorted(frequencies, HIGHEST, side="right"))
        )
        self._pitches = np.zeros(FINE)
        self._latest = np.zeros(FINE)

    def feed(self, spectra: Samples) -> None:
        """Take the power spectra (n, bins) that come next, `Spectra.HOP` seconds apart."""
        power = spectra[:, self._bins.start - 1 : self._bins.stop + 1]
        middle = power[:, 1:-1]
        floor = middle.max(axis=1, keepdims=True, initial=1e-12) * QUIETEST
        frame, at = np.nonzero((middle > power[:, :-2]) & (middle >= power[:, 2:]) & (middle > floor))
        left, top, right = (np.log(power[frame, at + shift] + 1e-30) for shift in (0, 1, 2))
        offset = 0.5 * (left - right) / np.minimum(left - 2 * top + right, -1e-6)
        octaves = np.log2((self._bins.start + at + offset) * self._spacing / 440)
        fine = np.floor(octaves * FINE).astype(np.intp) % FINE
        magnitudes = np.sqrt(middle[frame, at])
        self._pitches += np.bincount(fine, magnitudes, FINE)
        faded = np.exp(np.arange(1 - len(spectra), 1) * Spectra.HOP / FADING)
        self._latest *= np.exp(-len(spectra) * Spectra.HOP / FADING)
        self._latest += np.bincount(fine, magnitudes * faded[frame], FINE)

    def finish(self) -> Key | None:
        """Return the best of 24 keys; None without any pitch."""
        if not self._pitches.any():
            return None
        tuning = _tuning(self._pitches)
        every, latest = _chroma(self._pitches, tuning), _chroma(self._latest, tuning)
        chroma = (1 - ENDING) * every / every.sum() + ENDING * latest / max(latest.sum(), 1e-300)
        fits = _fits(chroma)
        second, best = np.sort(fits, axis=None)[-2:]
        mode, tonic = np.unravel_index(fits.argmax(), fits.shape)
        confidence = min(1.0, max(0.0, float(best)) * float(best - second) / CERTAIN)
        return Key(int(tonic), MODES[mode], confidence, 100 * tuning)


def _tuning(pitches: NDArray[np.float64]) -> float:
    """Semitones that most pitches lie off the twelve of A = 440 Hz: the mean on the circle of one semitone."""
    steps = (np.arange(FINE) + 0.5) * 12 / FINE
    return float(np.angle(np.sum(pitches * np.exp(2j * np.pi * steps))) / (2 * np.pi))


def _chroma(pitches: NDArray[np.float64], tuning: float) -> NDArray[np.float64]:
    """Weights of the twelve pitch classes from C on."""
    steps = (np.arange(FINE) + 0.5) * 12 / FINE
    classes = (np.round(steps - tuning).astype(np.intp) + 9) % 12
    return np.bincount(classes, pitches, 12)


def _fits(chroma: NDArray[np.float64]) -> NDArray[np.float64]:
    """Correlation of the chroma with both profiles from every tonic, (2, 12)."""
    keys = np.array([[np.roll(profile, tonic) for tonic in range(12)] for profile in PROFILES])
    keys -= keys.mean(axis=2, keepdims=True)
    spread = chroma - chroma.mean()
    scale = np.linalg.norm(keys, axis=2) * np.linalg.norm(spread)
    return np.asarray(keys @ spread / np.maximum(scale, 1e-30))

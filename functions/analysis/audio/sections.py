"""Where a piece becomes another, and which of its parts are alike. Pure."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from analysis.audio.frames import Samples, Spectra

STEP: Final = 0.5
"""Seconds to each feature vector."""
REACH: Final = 12.0
"""Seconds before and after a moment that are compared to tell whether it is a boundary."""
SHORTEST: Final = 6.0
"""Seconds; nearer to each other, or to an end, no two boundaries are."""
NOVEL: Final = 0.25
"""Distance of the two sides of a moment, in the units of the features, from which it can be a boundary."""
ALIKE: Final = 0.35
"""Distance of two sections' means, likewise, below which they carry one label."""
LABELS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_BANDS: Final = 10
_DECIBELS: Final = 12.0
"""That the level differs by to be one unit apart."""
_CHORDS: Final = 1.5
"""Length of the vector of pitch classes: two chords with no note in common are 2.1 apart."""
_FLOOR: Final = 1e-9
_PER_STEP: Final = round(STEP / Spectra.HOP)


@dataclass(frozen=True, slots=True)
class Section:
    """A part from `start` to `end`, in seconds; parts that sound alike have the same `label`, the first A."""

    start: float
    end: float
    label: str


class SectionFinder:
    """Looks for sections in a stream of power spectra; keeps 22 numbers for each of these."""

    def __init__(self, frequencies: Samples) -> None:
        """Take the `frequencies` of the bins, in Hz, evenly spaced from 0."""
        self._edges = np.unique(np.searchsorted(frequencies, np.geomspace(60, 8000, _BANDS + 1)))
        tonal = (frequencies >= 100) & (frequencies <= 2000)
        self._tonal = slice(int(np.argmax(tonal)), int(np.argmax(tonal)) + int(tonal.sum()))
        pitch = np.round(12 * np.log2(frequencies[self._tonal] / 440)).astype(np.intp) % 12
        self._classes = np.eye(12, dtype=np.float32)[pitch]
        self._features: list[Samples] = []

    def feed(self, spectra: Samples) -> None:
        """Take the power spectra (n, bins) that come next, `Spectra.HOP` seconds apart."""
        bands = np.add.reduceat(spectra[:, : self._edges[-1]], self._edges[:-1], axis=1)
        chroma = spectra[:, self._tonal] @ self._classes
        self._features.append(np.concatenate((bands, chroma), axis=1))

    def finish(self, duration: float) -> tuple[Section, ...]:
        """Return the sections from 0 to `duration` seconds; neighbours never have the same label."""
        none = np.zeros((0, len(self._edges) + 11), np.float32)
        features = _vectors(np.concatenate((none, *self._features)))
        if not len(features):
            return (Section(0.0, duration, LABELS[0]),) if duration > 0 else ()
        boundaries = _boundaries(_novelty(features))
        spans = pairwise([0, *boundaries, len(features)])
        labels = _labels(np.array([features[start:end].mean(axis=0) for start, end in spans]))
        starts = [0, *boundaries]
        new = [at for at in range(len(labels)) if at == 0 or labels[at] != labels[at - 1]]
        edges = [*(starts[at] * STEP for at in new), duration]
        return tuple(
            Section(edges[nth], edges[nth + 1], LABELS[labels[at]])
            for nth, at in enumerate(new)
            if edges[nth] < duration
        )


def _vectors(powers: Samples) -> Samples:
    """One vector for each `STEP`: level, balance of the bands, chroma; all comparable; (n, 1 + bands + 12)."""
    whole = len(powers) // _PER_STEP * _PER_STEP
    steps = powers[:whole].reshape(-1, _PER_STEP, powers.shape[1]).mean(axis=1)
    bands, chroma = np.split(steps, [powers.shape[1] - 12], axis=1)
    floor = max(_FLOOR, float(bands.sum(axis=1).max(initial=0)) * 1e-6)
    levels = 10 * np.log10(bands + floor) / _DECIBELS
    level = levels.mean(axis=1, keepdims=True)
    tones = np.sqrt(chroma + floor)
    tones *= _CHORDS / np.linalg.norm(tones, axis=1, keepdims=True)
    return np.concatenate((level, (levels - level) / np.sqrt(levels.shape[1]) * 2, tones), axis=1)


def _novelty(features: Samples) -> Samples:
    """How far apart the means of the two sides of every border between steps are, (steps + 1,).

    For vectors compared by inner products this is the (root of the) checkerboard kernel that J. Foote runs along the
    diagonal of the similarity matrix, in "Automatic audio segmentation using a measure of audio novelty", 2000: what is
    alike within both sides, less twice what is alike across. Without the matrix it is linear in the length, and means
    keep the ends of the piece from looking new.
    """
    return np.asarray(np.linalg.norm(_before(features) - _before(features[::-1])[::-1], axis=1))


def _before(features: Samples) -> Samples:
    """Return the mean of what lies before each border, under half of a Gaussian that is highest at the border."""
    reach = round(REACH / STEP)
    taper = np.exp(-2 * ((np.arange(reach)[::-1] + 0.5) / reach) ** 2)
    padded = np.pad(np.column_stack((features, np.ones(len(features), np.float32))), ((reach, 0), (0, 0)))
    sums = np.zeros_like(padded[reach - 1 :])
    for lag, weight in enumerate(taper.tolist()):
        sums += weight * padded[lag : lag + len(sums)]
    return np.asarray(sums[:, :-1] / np.maximum(sums[:, -1:], 1e-12))


def _boundaries(novelty: Samples) -> list[int]:
    """Return the steps where novelty is highest within `SHORTEST` seconds on either side, and enough."""
    apart = round(SHORTEST / STEP)
    found: list[int] = []
    for at in range(apart, len(novelty) - apart):
        near = novelty[at - apart : at + apart + 1]
        if novelty[at] >= NOVEL and novelty[at] == near.max() and not (found and at - found[-1] < apart):
            found.append(at)
    return found


def _labels(means: Samples) -> list[int]:
    """Give each section the label of the nearest one before it that is alike, else a new one."""
    labels = [0]
    for nth, mean in enumerate(means[1:], 1):
        distances = np.linalg.norm(means[:nth] - mean, axis=1)
        nearest, fresh = int(distances.argmin()), max(labels) + 1
        known = distances[nearest] < ALIKE or fresh == len(LABELS)
        labels.append(labels[nearest] if known else fresh)
    return labels

"""Where a piece becomes another, and which of its parts are alike. Pure."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from analysis.audio.frames import Samples, Spectra
from analysis.audio.tape import Tape

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
    """Looks for sections in a stream of power spectra; keeps 22 numbers for each `STEP`."""

    def __init__(self, frequencies: Samples) -> None:
        """Take the `frequencies` of the bins, in Hz, evenly spaced from 0."""
        self._edges = np.unique(np.searchsorted(frequencies, np.geomspace(60, 8000, _BANDS + 1)))
        tonal = (frequencies >= 100) & (frequencies <= 2000)
        self._tonal = slice(int(np.argmax(tonal)), int(np.argmax(tonal)) + int(tonal.sum()))
        pitch = np.round(12 * np.log2(frequencies[self._tonal] / 440)).astype(np.intp) % 12
        self._classes = np.eye(12, dtype=np.float32)[pitch]
        self._rest: Samples = np.zeros((0, len(self._edges) + 11), np.float32)
        self._steps = Tape(np.float32)

    def feed(self, spectra: Samples) -> None:
        """Take the power spectra (n, bins) that come next, `Spectra.HOP` seconds apart."""
        bands = np.add.reduceat(spectra[:, : self._edges[-1]], self._edges[:-1], axis=1)
        chroma = spectra[:, self._tonal] @ self._classes
        powers = np.concatenate((self._rest, np.concatenate((bands, chroma), axis=1)))
        whole = len(powers) // _PER_STEP * _PER_STEP
        self._steps.write(powers[:whole].reshape(-1, _PER_STEP, powers.shape[1]).mean(axis=1))
        self._rest = powers[whole:]

    def finish(self, duration: float) -> tuple[Section, ...]:
        """Return the sections from 0 to `duration` seconds; neighbours never have the same label."""
        features = _vectors(self._steps.read().reshape(-1, self._rest.shape[1]))
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


def _vectors(steps: Samples) -> Samples:
    """One vector for each step: level, balance of the bands, chroma; all comparable; (n, 1 + bands + 12)."""
    floor = max(_FLOOR, float(steps[:, :-12].sum(axis=1).max(initial=0)) * 1e-6)
    vectors = np.empty((len(steps), 1 + steps.shape[1]), np.float32)
    level, balance, tones = np.split(vectors, [1, vectors.shape[1] - 12], axis=1)  # views: all is done in place
    np.add(steps, floor, out=vectors[:, 1:])
    np.log10(balance, out=balance)
    balance *= 10 / _DECIBELS
    level[:] = balance.mean(axis=1, keepdims=True)
    balance -= level
    balance *= 2 / np.sqrt(balance.shape[1])
    np.sqrt(tones, out=tones)
    tones *= _CHORDS / np.sqrt(np.vecdot(tones, tones))[:, np.newaxis]
    return vectors


def _novelty(features: Samples) -> Samples:
    """How far apart the means of the two sides of every border between steps are, (steps + 1,).

    For vectors compared by inner products this is the (root of the) checkerboard kernel that J. Foote runs along the
    diagonal of the similarity matrix, in "Automatic audio segmentation using a measure of audio novelty", 2000: what is
    alike within both sides, less twice what is alike across. Without the matrix it is linear in the length, and means
    keep the ends of the piece from looking new.
    """
    weights = np.maximum(_before(np.ones(len(features), np.float32)), 1e-12)
    squares = np.zeros(len(features) + 1, np.float32)
    for each in features.T:  # one by one: all at once would take ten times the memory of the features
        squares += (_before(each) / weights - (_before(each[::-1]) / weights)[::-1]) ** 2
    return np.sqrt(squares)


def _before(feature: Samples) -> Samples:
    """Sum up what lies before each border, under half of a Gaussian that is highest at the border: (n,) to (n + 1,)."""
    reach = round(REACH / STEP)
    taper = np.exp(-2 * ((np.arange(reach) + 0.5) / reach) ** 2).astype(np.float32)
    return np.concatenate((np.zeros(1, np.float32), np.convolve(feature, taper)[: len(feature)]))


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

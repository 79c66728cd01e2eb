"""Which pulse people tap: of those that fit into one another, at this speed or another, on these beats or between.

The path of beats follows what is strongest and most regular. That may be off-beat hi-hats, or hi-hats twice as fast as
the beat. Where people tap is told by what sounds there: bass drum and bass on every second beat, something on every
one, lighter things between, changes of harmony where bars begin.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.audio.onsets import Flux, salience
from analysis.audio.spectra import Floats

SHIFTS: Final = (
    *((1.0, shift) for shift in (0, 1 / 4, 1 / 3, 1 / 2, 2 / 3, 3 / 4)),
    *((1 / 2, shift) for shift in (0, 1 / 4, 1 / 2, 3 / 4)),
    *((1 / 3, shift) for shift in (0, 1 / 3, 2 / 3)),
    (2.0, 0.0),
)
"""Readings of a path, itself first: their beats for each of its own, and how late the first is, in their beats."""
SLOWEST: Final = 58.0
FASTEST: Final = 212.0
"""Beats a minute of a reading."""
FEWEST: Final = 12
"""Beats of a reading."""
BARS: Final = (3, 4)
"""Beats in a bar."""
SILENT: Final = 0.45
"""Share of the beats of a reading at which nothing begins: from there on it is none."""
LIGHTER: Final = 0.8
"""How strong, beside the beats, that may be which lies halfway between them, where every second beat is left out."""
USUAL: Final = 100.0
"""Beats a minute from which octaves are counted."""
SOUNDS: Final = (0, Flux.BASS, Flux.CHANGE)
"""Curves that are listened to: the growth of all bands, of the bass, and changes of the spectrum."""
PROFILE: Final = np.array(
    (
        (0.0, 1.5, 0.3, 2.0, -0.1),
        (0.1, -0.5, 0.0, -2.3, 1.4),
        (-1.9, -0.1, 1.5, -0.2, 1.1),
    )
)
"""What it counts that one of them is strong: on beats with more bass, on those with less, halfway, at thirds, on one.

This and `PACE` were fitted to tracks whose beats are known, by `tests/support/grooves_fit.py`.
"""
PACE: Final = np.array((3.6, -4.6))
"""What octaves above `USUAL` count, and their square: most of all at 131 beats a minute, where all else is equal."""


RELUCTANCE: Final = 1.0
"""What leaving out every second beat costs: of two speeds that are about as likely, the path's own is kept."""


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """One way to tap.

    Attributes:
        times: of the beats, in seconds, shape (beats,).
        profile: what sounds where, as in `PROFILE`.
        pace: octaves above `USUAL`, and their square.
        speed: its beats for each of the path.

    """

    times: NDArray[np.float64]
    profile: NDArray[np.float64]
    pace: NDArray[np.float64]
    speed: float

    @property
    def score(self) -> float:
        """How likely people tap so: log odds."""
        likely = float((self.profile * PROFILE).sum() + self.pace @ PACE)
        return likely - RELUCTANCE if self.speed == 1 / 2 else likely


def tapped(times: NDArray[np.float64], flux: Flux) -> NDArray[np.float64]:
    """The beats that people would tap, from those of a path, in seconds; the path's own where there are too few."""
    found = readings(times, flux)
    return max(found, key=lambda reading: reading.score).times if found else times


def readings(times: NDArray[np.float64], flux: Flux) -> list[Reading]:
    """All that may be tapped, the path itself first; none where that is too short."""
    if len(times) < FEWEST:
        return []
    ways = list(_ways(times))
    heard = zip(*(_heard(flux, column, [beats for beats, _ in ways]) for column in SOUNDS), strict=True)
    found: list[Reading] = []
    threes = False
    for (beats, speed), means in zip(ways, map(np.array, heard), strict=True):
        reading = Reading(beats, _profile(means), _pace(beats), speed)
        if not found:
            threes = _in_threes(means)
            found.append(reading)
        elif means[0, -1] <= SILENT and _fits(reading, threes=threes):
            found.append(reading)
    return found


def _fits(reading: Reading, *, threes: bool) -> bool:
    """Whether beats may be left out so: two of three where they come in threes, one of two only where they do not."""
    if reading.speed == 1 / 2:
        return not threes and _lighter_between(reading.profile)
    return reading.speed != 1 / 3 or threes


def _ways(times: NDArray[np.float64]) -> Iterator[tuple[NDArray[np.float64], float]]:
    """The beats of every reading that is neither too fast, too slow nor too short, and how many for one of the path."""
    yield times, 1.0
    for speed, shift in SHIFTS[1:]:
        beats = np.interp(np.arange(shift / speed, len(times) - 1 + 1e-9, 1 / speed), np.arange(len(times)), times)
        if len(beats) >= FEWEST and SLOWEST <= _tempo(beats) <= FASTEST:
            yield beats, speed


def _lighter_between(profile: NDArray[np.float64]) -> bool:
    """Whether beats can be told from what lies halfway between them; in a row of equal strokes each is a beat."""
    growth = profile[:2]
    return bool((growth[:, 2] < LIGHTER * growth[:, :2].mean(axis=1)).any())


def _tempo(beats: NDArray[np.float64]) -> float:
    return 60 / float(np.median(np.diff(beats)))


def _in_threes(means: NDArray[np.float64]) -> bool:
    """Whether bass and change come on every third beat rather than on every fourth."""
    _, bass, change = means
    accents = (bass + change)[2:-3]
    return bool(accents[:3].max() > accents[3:].max())


def _heard(flux: Flux, column: int, readings: list[NDArray[np.float64]]) -> list[list[float]]:
    curve = salience(flux.curves[:, column : column + 1], flux.rate)
    first, last = (readings[0][[0, -1]] * flux.rate).astype(np.intp)
    curve /= max(float(curve[first : last + 1].std()), 1e-9)
    highest = np.maximum(np.maximum(curve[:-2], curve[1:-1]), curve[2:])
    return [_means(highest, beats * flux.rate - 1) for beats in readings]


def _means(curve: Floats, beats: NDArray[np.float64]) -> list[float]:
    """How strong a curve is in the mean, at beats given in its frames.

    On every second beat from the first, and from the second; so on every third and every fourth; halfway; at thirds.
    The last is the share of beats where it is below its mean.
    """
    step, count = np.diff(beats), len(beats)
    at = np.concatenate((beats, *(beats[:-1] + part * step for part in (1 / 2, 1 / 3, 2 / 3))))
    heights = curve[np.clip(np.rint(at).astype(np.intp), 0, len(curve) - 1)]
    on, half, thirds = heights[:count], heights[count : 2 * count - 1], heights[2 * count - 1 :]
    turns = [float(on[first::every].mean()) for every in (2, *BARS) for first in range(every)]
    return [*turns, float(half.mean()), float(thirds.mean()), float((on < 0).mean())]


def _profile(means: NDArray[np.float64]) -> NDArray[np.float64]:
    _, bass, change = means
    strong = int(bass[1] > bass[0])
    one = 2 + int((bass + change)[2:-3].argmax())
    return means[:, [strong, 1 - strong, -3, -2, one]]


def _pace(beats: NDArray[np.float64]) -> NDArray[np.float64]:
    octaves = np.log2(_tempo(beats) / USUAL)
    return np.array([octaves, octaves**2])

"""Beats: the path through time and tempo that onsets support best, found by dynamic programming.

Extends D. Ellis, Beat Tracking by Dynamic Programming (2007): the tempo is part of the state, so it may drift or step.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.audio.downbeats import Bars, bars
from analysis.audio.onsets import Flux, onset_times, peak_times, strength
from analysis.audio.spectra import Floats
from analysis.audio.tempo import OCTAVE, PERIODS, STEP, liking, local_tempos, tempogram

SLACK: Final[NDArray[np.float64]] = np.linspace(-0.09, 0.09, 9)
"""How much a beat may come early or late, in periods."""
STIFFNESS: Final = 100.0
"""Cost of that, by the square of its logarithm."""
SLOWNESS: Final = 0.4
"""How much more one beat of a slow tempo gains than one of a fast: exponent of the period."""
DRIFT: Final = 40.0
"""Cost of a change of tempo from one beat to the next, by octaves, of at most `REACH` steps of the grid."""
REACH: Final = 3
LEAP: Final = 10.0
"""Cost of any other change of tempo."""
WINDOW: Final = 240.0
"""Seconds tracked at once; longer files go on from the last beat that is settled, so that memory stays bounded."""
AHEAD: Final = 30.0
"""Seconds of hindsight after which a beat is settled."""
FAINT: Final = 0.3
"""Share of the median strength, below which beats at the beginning and the end are none."""
AUDIBLE: Final = 0.5
"""Onset strength that the median is taken to be at least."""
FEWEST: Final = 4
"""Beats that make a pulse."""


@dataclass(frozen=True, slots=True, eq=False)
class Beats:
    """The pulse of a piece.

    Attributes:
        times: seconds, shape (beats,); empty where nothing pulses.
        strengths: of the onset at each beat, 0 (none) to 1 (as strong as the strongest), shape (beats,).
        tempos: beats a minute around each beat, shape (beats,).
        tempo: beats a minute, the median of these; 0 where there are no beats.
        confidence: 0 to 1; below .2 the beats are guesses, as in noise or speech.
        bars: where the bars begin, or None where that cannot be told.
        onsets: seconds where sounds begin, on beats or not, shape (onsets,).

    """

    times: NDArray[np.float64]
    strengths: NDArray[np.float64]
    tempos: NDArray[np.float64]
    tempo: float
    confidence: float
    bars: Bars | None
    onsets: NDArray[np.float64]


def track(flux: Flux) -> Beats:
    """Find the beats of a file from its `Flux`."""
    curve = strength(flux)
    fits = tempogram(curve, flux.rate)
    frames = trimmed(curve, path(curve, fits, flux.rate))
    onsets = onset_times(curve, flux.rate)
    if len(frames) < FEWEST:
        nothing = np.empty(0)
        return Beats(nothing, nothing, nothing, 0.0, 0.0, None, onsets)
    times = peak_times(curve, frames, flux.rate)
    heights = np.maximum(0, curve[frames].astype(np.float64))
    tempos = local_tempos(times)
    return Beats(
        times=times,
        strengths=np.minimum(1, heights / max(float(np.percentile(heights, 95)), 1e-9)),
        tempos=tempos,
        tempo=float(np.median(tempos)),
        confidence=confidence(fits, times, tempos),
        bars=bars(times, frames, flux),
        onsets=onsets,
    )


def confidence(fits: Floats, times: NDArray[np.float64], tempos: NDArray[np.float64]) -> float:
    """How well, in the median, the onsets around a beat repeat at its tempo: noise .05, music .3 or more; at most 1."""
    steps = np.minimum((times / STEP).round().astype(np.intp), len(fits) - 1)
    nearest = np.abs(np.log(tempos[:, None] * PERIODS / 60)).argmin(axis=1)
    return min(1.0, 2 * float(np.median(fits[steps, nearest])))


def path(curve: Floats, fits: Floats, rate: float) -> NDArray[np.intp]:
    """The frames of all beats along the best path, quiet ones too."""
    length, ahead = round(WINDOW * rate), round(AHEAD * rate)
    found: list[int] = []
    start, opening = 0, None
    while True:
        stretch = curve[start : start + length]
        steps = np.minimum(((start + np.arange(len(stretch))) / rate / STEP).round().astype(np.intp), len(fits) - 1)
        beats = Tracker(stretch, liking(fits[steps]), rate, opening).path()
        if start + length >= len(curve):
            return np.array([*found, *(start + frame for frame, _ in beats)], np.intp)
        settled = [beat for beat in beats if beat[0] < length - ahead]
        found += [start + frame for frame, _ in settled[:-1]]
        last, opening = settled[-1]
        start += last


def trimmed(curve: Floats, frames: NDArray[np.intp]) -> NDArray[np.intp]:
    """The beats without those before the first and after the last that can be heard."""
    if not len(frames):
        return frames
    heights = curve[frames]
    heard = np.flatnonzero(heights > FAINT * max(float(np.median(heights)), AUDIBLE))
    return frames[heard[0] : heard[-1] + 1] if len(heard) else frames[:0]


class Tracker:
    """One pass of the dynamic programme over a stretch of onset strength.

    `value[t, k]` is the best sum up to a beat at frame t with tempo k; `reach[t, k]` the same after a change of tempo.
    Neither keeps where it came from: along the one path that is wanted, that is found again.
    """

    def __init__(self, strength: Floats, scores: Floats, rate: float, opening: int | None = None) -> None:
        """Take onset strength, (frames,), what tempos are worth, (frames, tempos), and that of a beat at frame 0."""
        ideal = PERIODS * rate
        self._lags = np.maximum(1, np.rint(ideal[:, None] * (1 + SLACK))).astype(np.intp)
        self._costs = (STIFFNESS * np.log(self._lags / ideal[:, None]) ** 2).astype(np.float32)
        self._lead = int(self._lags.max())
        self._count = len(strength)
        tempos = len(PERIODS)
        gain = ((PERIODS / 0.5) ** SLOWNESS).astype(np.float32)
        self._value = np.zeros((self._lead + self._count, tempos), np.float32)
        self._reach = np.zeros((self._lead + self._count, tempos), np.float32)
        self._value[self._lead :] = strength[:, None] * gain + scores * PERIODS.astype(np.float32)
        self._run(opening)

    def _run(self, opening: int | None) -> None:
        value, reach = self._value, self._reach
        tempos = value.shape[1]
        first = self._lead
        if opening is not None:
            value[: first + 1] = reach[:first] = -np.inf
            value[first, opening] = 0
            reach[first] = changed(value[first : first + 1])[0]
            first += 1
        block = int(self._lags.min())
        flat = reach.reshape(-1)
        offsets = np.arange(block)[:, None, None] * tempos + (np.arange(tempos)[:, None] - self._lags * tempos)
        for at in range(first, len(value), block):
            rows = min(block, len(value) - at)
            before = flat[offsets[:rows] + at * tempos]
            before -= self._costs
            value[at : at + rows] += before.max(axis=2)
            reach[at : at + rows] = changed(value[at : at + rows])

    def path(self) -> list[tuple[int, int]]:
        """Frames and tempos of the beats, in order."""
        if not self._count:
            return []
        value, lead = self._value, self._lead
        tail = max(lead, len(value) - self._lead)
        frame, tempo = divmod(int(value[tail:].argmax()), value.shape[1])
        frame += tail
        found = []
        while frame >= lead:
            found.append((frame - lead, tempo))
            options = self._reach[frame - self._lags[tempo], tempo] - self._costs[tempo]
            frame -= int(self._lags[tempo, options.argmax()])
            tempo = origin(value[frame], tempo)
        return found[::-1]


def changed(value: Floats) -> Floats:
    """The best of staying, drifting by a few steps, and leaping to any tempo: for rows of tempos."""
    best: Floats = np.maximum(value, value.max(axis=1, keepdims=True) - np.float32(LEAP))
    for steps in range(1, REACH + 1):
        cost = DRIFT * steps / OCTAVE
        np.maximum(best[:, steps:], value[:, :-steps] - cost, out=best[:, steps:])
        np.maximum(best[:, :-steps], value[:, steps:] - cost, out=best[:, :-steps])
    return best


def origin(value: Floats, tempo: int) -> int:
    """From which tempo `changed` came to this one."""
    away = np.abs(np.arange(len(value)) - tempo)
    cost = np.where(away <= REACH, np.minimum(DRIFT * away / OCTAVE, LEAP), LEAP)
    return int((value - cost).argmax())

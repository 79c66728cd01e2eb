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
from analysis.audio.tapping import tapped
from analysis.audio.tempo import OCTAVE, PERIODS, STEP, TEMPOS, Fits, liking, local_tempos, tempogram

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
_AWAY: Final = np.abs(np.subtract.outer(np.arange(len(PERIODS)), np.arange(len(PERIODS))))
_CHANGES: Final = np.where(_AWAY <= REACH, np.minimum(DRIFT / OCTAVE * _AWAY, LEAP), LEAP).astype(np.float32)
_DRIFTS: Final = _CHANGES[REACH, : 2 * REACH + 1, None]
FEWEST: Final = 4
"""Beats that make a pulse."""
SURE: Final = 0.2
"""Confidence below which beats are guesses, as in noise or speech."""


@dataclass(frozen=True, slots=True, eq=False)
class Beats:
    """The pulse of a piece.

    Attributes:
        times: seconds, shape (beats,); empty where nothing pulses.
        strengths: of the onset at each beat, 0 (none) to 1 (as strong as the strongest), shape (beats,).
        tempos: beats a minute around each beat, shape (beats,).
        tempo: beats a minute, the median of these; 0 where there are no beats.
        confidence: 0 to 1; below `SURE` the beats are guesses.
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
    onsets = onset_times(curve, flux.rate)
    regular, sure = pulse(curve, flux.rate)
    if len(regular) < FEWEST:
        nothing = np.empty(0)
        return Beats(nothing, nothing, nothing, 0.0, 0.0, None, onsets)
    times = tapped(regular, flux)
    frames = np.minimum(np.rint(times * flux.rate).astype(np.intp), len(curve) - 1)
    heights = np.maximum(0, curve[frames].astype(np.float64))
    tempos = local_tempos(times)
    return Beats(
        times=times,
        strengths=np.minimum(1, heights / max(float(np.percentile(heights, 95)), 1e-9)),
        tempos=tempos,
        tempo=float(np.median(tempos)),
        confidence=sure,
        bars=bars(times, frames, flux),
        onsets=onsets,
    )


def pulse(curve: Floats, rate: float) -> tuple[NDArray[np.float64], float]:
    """The most regular strong beats of an onset strength, in seconds, and how sure they are."""
    fits = tempogram(curve, rate)
    times = peak_times(curve, trimmed(curve, path(curve, fits, rate)), rate)
    return times, confidence(fits, times, local_tempos(times)) if len(times) >= FEWEST else 0.0


def confidence(fits: Fits, times: NDArray[np.float64], tempos: NDArray[np.float64]) -> float:
    """How well, in the median, the onsets around a beat repeat at its tempo: noise .05, music .3 or more; at most 1."""
    steps = np.minimum((times / STEP).round().astype(np.intp), len(fits) - 1)
    nearest = np.clip(np.rint(OCTAVE * np.log2(tempos / TEMPOS[0])).astype(np.intp), 0, len(TEMPOS) - 1)
    return min(1.0, 2 * float(np.median(fits[steps, nearest])))


def path(curve: Floats, fits: Fits, rate: float) -> NDArray[np.intp]:
    """The frames of all beats along the best path, quiet ones too."""
    length, ahead = round(WINDOW * rate), round(AHEAD * rate)
    found = [np.empty(0, np.intp)]
    start, opening = 0, None
    while start < len(curve):
        stretch = curve[start : start + length]
        looks = np.minimum(np.rint((start + np.arange(len(stretch))) / rate / STEP).astype(np.intp), len(fits) - 1)
        scores = liking(fits[looks[0] : looks[-1] + 1])
        frames, tempos = Tracker(stretch, scores, looks - looks[0], rate, opening).path()
        if start + length >= len(curve):
            found.append(start + frames)
            break
        last = int(np.searchsorted(frames, length - ahead)) - 1
        found.append(start + frames[:last])
        start, opening = start + int(frames[last]), int(tempos[last])
    return np.concatenate(found)


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

    def __init__(
        self, strength: Floats, scores: Floats, looks: NDArray[np.intp], rate: float, opening: int | None = None
    ) -> None:
        """Take onset strength, (frames,), what tempos are worth, (looks, tempos), the look of each frame, (frames,).

        `opening` is the tempo of a beat at frame 0, where there is one.
        """
        ideal = PERIODS * rate
        self._lags = np.maximum(1, np.rint(ideal * (1 + SLACK[:, None]))).astype(np.intp)
        self._costs = (STIFFNESS * np.log(self._lags / ideal) ** 2).astype(np.float32)
        self._lead = int(self._lags.max())
        self._block = int(self._lags.min())
        shape = self._lead + len(strength) + self._block, len(PERIODS)
        gain = ((PERIODS / 0.5) ** SLOWNESS).astype(np.float32)
        self._value = np.zeros(shape, np.float32)
        own = self._value[self._lead : -self._block]
        np.multiply(strength[:, None], gain, out=own)
        own += (scores * PERIODS.astype(np.float32))[looks]
        self._reach = np.zeros(shape, np.float32)
        self._run(opening)
        self._value = self._value[: -self._block]

    def _run(self, opening: int | None) -> None:
        """Fill in block by block, each as long as the shortest lag, so that it needs none of its own."""
        value, reach = self._value, self._reach
        tempos = value.shape[1]
        first = self._lead
        if opening is not None:
            value[: first + 1] = reach[:first] = -np.inf
            value[first, opening] = 0
            reach[first] = changed(value[first : first + 1])[0]
            first += 1
        back = self._lead - self._lags[:, None]
        sources = (np.arange(self._block)[:, None] + back) * tempos + np.arange(tempos)
        costs = np.repeat(self._costs[:, None], self._block, axis=1)
        before = np.empty_like(costs)
        flat = reach.reshape(-1)
        for at in range(first, len(value) - self._block, self._block):
            flat[(at - self._lead) * tempos :].take(sources, out=before, mode="clip")
            before -= costs
            here = value[at : at + self._block]
            here += before.max(axis=0)
            reach[at : at + self._block] = changed(here)

    def path(self) -> NDArray[np.intp]:
        """Frames and tempos of the beats, in order, of shape (2, beats)."""
        value, lead = self._value, self._lead
        tail = max(lead, len(value) - lead)
        frame, tempo = divmod(int(value[tail:].argmax()), value.shape[1])
        frame += tail
        found = []
        while frame >= lead:
            found.append((frame - lead, tempo))
            options = self._reach[frame - self._lags[:, tempo], tempo] - self._costs[:, tempo]
            frame -= int(self._lags[options.argmax(), tempo])
            tempo = origin(value[frame], tempo)
        return np.array(found[::-1], np.intp).reshape(-1, 2).T


def changed(value: Floats) -> Floats:
    """The best of staying, drifting by a few steps, and leaping to any tempo: for rows of tempos."""
    # All rows in one line, kept apart by padding: one view of it for each drift.
    padded = np.full((len(value), value.shape[1] + 2 * REACH), -np.inf, np.float32)
    padded[:, REACH:-REACH] = value
    step = padded.itemsize
    shape = len(_DRIFTS), padded.size - 2 * REACH
    near = np.ndarray(shape, np.float32, padded, strides=(step, step)) - _DRIFTS
    best = np.empty_like(padded)
    near.max(axis=0, out=best.reshape(-1)[: -2 * REACH])
    changed: Floats = np.maximum(best[:, : -2 * REACH], value.max(axis=1, keepdims=True) - np.float32(LEAP))
    return changed


def origin(value: Floats, tempo: int) -> int:
    """From which tempo `changed` came to this one."""
    return int((value - _CHANGES[tempo]).argmax())

"""How strong a sound is over time: levels, profile, crest factor and silences. Pure."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.audio.frames import SLICE, Samples
from analysis.audio.tape import Tape

STEP: Final = 0.1
"""Seconds."""
SPAN: Final = 40.0
"""dB below the loud parts at which the profile reaches 0."""
LOUD: Final = 95.0
"""Percentile of the levels that stands for the loud parts: a single hit does not."""
SILENT: Final = -60.0
"""dBFS; what is below is silent."""
SILENT_BELOW_LOUD: Final = -50.0
"""dB; so is what lies further below the loud parts."""
SHORTEST_SILENCE: Final = 0.5
"""Seconds."""


@dataclass(frozen=True, slots=True, eq=False)
class EnergyFigures:
    """What `Energy` found. Levels are relative to 1, so that a sine at full scale has −3.01 dBFS."""

    step: float
    """Seconds from one value of the curves to the next."""
    rms: Samples
    """Root mean square over all channels, by step; linear."""
    peaks: Samples
    """Largest magnitude of any channel, by step."""
    profile: Samples
    """0 to 1: 1 is as strong as the loud parts of this very sound, 0 is `SPAN` dB below; linear in dB."""
    level: float | None
    """RMS of the whole, in dBFS; None for pure silence."""
    crest: float | None
    """Peak over RMS, in dB: 3 for a sine, 8 to 20 for music; None for pure silence."""
    silences: tuple[tuple[float, float], ...]
    """Start and end in seconds of every silence of at least `SHORTEST_SILENCE`."""


class Energy:
    """Measures the energy of a stream; keeps two numbers for each tenth of a second."""

    def __init__(self, rate: int, channels: int) -> None:
        """Take `rate` in samples per second."""
        self._rate = rate
        self._size = round(rate * STEP)
        self._rest: Samples = np.zeros((0, channels), np.float32)
        self._squares, self._peaks = Tape(np.float32), Tape(np.float32)

    def feed(self, block: Samples) -> None:
        """Take (frames, channels) more; full scale is 1."""
        if len(self._rest):
            head = self._size - len(self._rest)
            self._rest = np.concatenate((self._rest, block[:head]))
            if len(self._rest) < self._size:
                return
            self._measure(self._rest, self._size)
            block = block[head:]
        whole = len(block) // self._size * self._size
        stride = max(1, SLICE // self._size) * self._size
        for start in range(0, whole, stride):
            self._measure(block[start : min(start + stride, whole)], self._size)
        self._rest = block[whole:].copy()

    def next_step(self, frame: int) -> int:
        """Where the first step begins that does so at `frame` or after it."""
        return -(-frame // self._size) * self._size

    def go_on(self, following: "Energy") -> None:
        """Add what another was fed of the same sound, from where this one ends: at the end of a step."""
        self._squares.write(following._squares.read())  # noqa: SLF001 (its own kind)
        self._peaks.write(following._peaks.read())  # noqa: SLF001
        self._rest = following._rest  # noqa: SLF001

    def finish(self) -> EnergyFigures:
        left = len(self._rest)
        if left:
            self._measure(self._rest, left)
        squares = self._squares.read().astype(np.float64)
        peaks = self._peaks.read()
        lengths = np.full(len(squares), self._size)
        lengths[len(squares) - bool(left) :] = left
        mean = float(squares @ lengths) / max(1, int(lengths.sum()))
        rms = np.sqrt(squares)
        level = 10 * np.log10(mean) if mean else None
        return EnergyFigures(
            step=self._size / self._rate,
            rms=rms.astype(np.float32),
            peaks=peaks,
            profile=_profile(rms),
            level=level,
            crest=None if level is None else float(20 * np.log10(peaks.max()) - level),
            silences=_silences(rms, np.concatenate(([0], np.cumsum(lengths))) / self._rate),
        )

    def _measure(self, piece: Samples, size: int) -> None:
        steps = piece.reshape(-1, size * piece.shape[1])
        self._squares.write(np.vecdot(steps, steps) / np.float32(steps.shape[1]))
        self._peaks.write(np.maximum(steps.max(axis=1), -steps.min(axis=1)))


def _loud(rms: NDArray[np.float64]) -> float:
    return float(np.percentile(rms, LOUD)) if len(rms) else 0.0


def _profile(rms: NDArray[np.float64]) -> Samples:
    loud = _loud(rms)
    if loud == 0:
        return np.zeros(len(rms), np.float32)
    decibels = 20 * np.log10(np.maximum(rms / loud, 1e-9))
    return np.clip(1 + decibels / SPAN, 0, 1).astype(np.float32)


def _silences(rms: NDArray[np.float64], edges: NDArray[np.float64]) -> tuple[tuple[float, float], ...]:
    """Runs of silent steps; step i lasts from `edges[i]` to `edges[i + 1]`."""
    threshold = max(10 ** (SILENT / 20), _loud(rms) * 10 ** (SILENT_BELOW_LOUD / 20))
    silent = np.concatenate(([False], rms < threshold, [False]))
    starts, ends = np.flatnonzero(silent[1:] != silent[:-1]).reshape(-1, 2).T
    return tuple(
        (float(edges[start]), float(edges[end]))
        for start, end in zip(starts, ends, strict=True)
        if edges[end] - edges[start] >= SHORTEST_SILENCE - 1e-9
    )

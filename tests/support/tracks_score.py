"""What tracks are written with: a grid of beats, a harmony, and a score that plays notes on both into a stereo mix."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Self

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from support.tracks_instruments import KIT, RATE, Sound, Timbre

PITCHES: Final = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
SCALES: Final[Mapping[str, tuple[int, ...]]] = {"major": (0, 2, 4, 5, 7, 9, 11), "minor": (0, 2, 3, 5, 7, 8, 10)}
PROGRESSIONS: Final[Mapping[str, tuple[tuple[int, ...], ...]]] = {
    "major": ((0, 4, 5, 3), (0, 5, 3, 4), (0, 3, 4, 0), (0, 3, 1, 4), (0, 2, 3, 4)),
    "minor": ((0, 5, 2, 6), (0, 3, 4, 0), (0, 6, 5, 4), (0, 5, 3, 4), (0, 3, 6, 0)),
}
"""Degrees of the chords of four bars, 0 the tonic; a minor key's fifth degree has the leading note."""
LONGEST: Final = 3.0
"""Seconds of a note at most."""


@dataclass(frozen=True, eq=False)
class Grid:
    """Beats that are exact by making: the one after beat i comes 60 / tempo[i] seconds later.

    Attributes:
        beats: seconds, shape (beats,).
        tempo: beats a minute from each beat on, shape (beats,).

    """

    beats: NDArray[np.float64]
    tempo: NDArray[np.float64]

    @classmethod
    def of(cls, tempo: Callable[[float, int], float], start: float, end: float) -> Self:
        """Beats from `start` until `end`, in seconds; `tempo` gives beats a minute at a time and a beat's number."""
        beats, tempos = [start], [tempo(start, 0)]
        while (after := beats[-1] + 60 / tempos[-1]) < end:
            beats.append(after)
            tempos.append(tempo(after, len(beats) - 1))
        return cls(np.array(beats), np.array(tempos))

    def time(self, position: float) -> float:
        """Seconds at a position in beats, fractions of a beat being even."""
        whole = min(max(int(position), 0), self.beats.size - 1)
        return float(self.beats[whole] + (position - whole) * 60 / self.tempo[whole])


@dataclass(frozen=True)
class Harmony:
    """A key, and a chord for each bar."""

    tonic: int
    mode: str
    degrees: tuple[int, ...]

    @classmethod
    def drawn(cls, rng: Generator) -> Self:
        mode = str(rng.choice(("major", "minor")))
        choices = PROGRESSIONS[mode]
        return cls(int(rng.integers(12)), mode, choices[rng.integers(len(choices))])

    @property
    def key(self) -> str:
        """Such as "F# minor"; sharps only."""
        return f"{PITCHES[self.tonic]} {self.mode}"

    def chord(self, bar: int, notes: int = 3) -> list[int]:
        """Semitones above C of a bar's chord, its root first, in thirds."""
        degree = self.degrees[bar % len(self.degrees)]
        return [self.step(degree + 2 * third, leading=degree == 4) for third in range(notes)]

    def step(self, degree: int, *, leading: bool = False) -> int:
        """Semitones above C of a degree of the scale; `leading`: with the raised seventh of a minor key."""
        octave, place = divmod(degree, 7)
        raised = int(leading and place == 6 and self.mode == "minor")
        return self.tonic + 12 * octave + SCALES[self.mode][place] + raised


@dataclass
class Score:
    """A stereo mix that drums and notes are played into, at positions in beats."""

    rng: Generator
    grid: Grid
    harmony: Harmony
    length: float
    loose: float = 0.0
    """Standard deviation of the players' timing off the beat, in seconds."""
    mix: NDArray[np.float32] = field(init=False)

    def __post_init__(self) -> None:
        self.mix = np.zeros((round(self.length * RATE), 2), np.float32)
        self._tuning = self.rng.uniform(-20, 20)
        self._kit: dict[str, tuple[Sound, float]] = {}
        self._notes: dict[tuple[Timbre, int], Sound] = {}
        self._pans: dict[Timbre, float] = {}

    @property
    def count(self) -> int:
        """How many beats there are."""
        return int(self.grid.beats.size)

    def hit(self, drum: str, position: float, gain: float) -> None:
        """One stroke on a drum of `KIT`, some per cent louder or softer than asked."""
        if drum not in self._kit:
            self._kit[drum] = KIT[drum](self.rng), self.rng.uniform(-0.6, 0.6) * (drum not in {"kick", "snare"})
        sound, pan = self._kit[drum]
        self._play(sound, self._when(position), gain * self.rng.uniform(0.85, 1.1), pan)

    def pattern(self, drum: str, bar: float, steps: Iterable[float], gain: float) -> None:
        """Strokes at `steps`, in beats after `bar`."""
        for step in steps:
            self.hit(drum, bar + step, gain)

    def note(self, timbre: Timbre, pitch: int, position: float, beats: float, gain: float) -> None:
        """One note: pitch in semitones (69 is A4), position and length in beats."""
        if (timbre, pitch) not in self._notes:
            frequency = 440 * 2 ** ((pitch - 69 + self._tuning / 100) / 12)
            self._notes[timbre, pitch] = timbre.note(frequency, LONGEST)
        pan = self._pans.setdefault(timbre, self.rng.uniform(-0.5, 0.5))
        start = self._when(position)
        held = max(self.grid.time(position + beats) - start, 0.05)
        sound = self._notes[timbre, pitch][: int((held + 0.06) * RATE)].copy()
        release = min(sound.size, int(0.06 * RATE))
        sound[-release:] *= np.linspace(1, 0, release, dtype=np.float32)
        self._play(sound, start, gain * self.rng.uniform(0.85, 1.1), pan)

    def strum(self, timbre: Timbre, pitches: Sequence[int], position: float, beats: float, gain: float) -> None:
        """The notes of a chord at once."""
        for pitch in pitches:
            self.note(timbre, pitch, position, beats, gain / len(pitches) ** 0.5)

    def finished(self) -> NDArray[np.float32]:
        """The mix with early reflections, noise and limiting; shape (frames, 2), at most 1."""
        for delay, gain in zip(self.rng.uniform(0.007, 0.07, 2), self.rng.uniform(0, 0.2, 2), strict=True):
            shift = int(delay * RATE)
            self.mix[shift:] += self.mix[:-shift, ::-1] * np.float32(gain)
        self.mix *= np.float32(self.rng.uniform(0.7, 1.6) / max(float(np.abs(self.mix).max()), 1e-9))
        np.tanh(self.mix, out=self.mix)
        hiss = self.rng.standard_normal((RATE, 2), np.float32) * np.float32(10 ** self.rng.uniform(-4.0, -2.4))
        self.mix += np.resize(hiss, self.mix.shape)
        self.mix *= np.float32(self.rng.uniform(0.25, 0.95) / float(np.abs(self.mix).max()))
        return self.mix

    def _when(self, position: float) -> float:
        astray = self.rng.normal(0, self.loose) if position % 1 else 0.0
        return self.grid.time(position) + astray

    def _play(self, sound: Sound, at: float, gain: float, pan: float) -> None:
        start = max(round(at * RATE), 0)
        room = self.mix[start : start + sound.size]
        angle = (pan + 1) * np.pi / 4
        sides = np.array([np.cos(angle), np.sin(angle)], np.float32) * np.float32(gain)
        room += sound[: len(room), None] * sides

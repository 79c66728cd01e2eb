"""Music made from a seed, of which every beat, the tempo and the key are known: five kinds, no two seeds alike.

steady     drums, bass and chords at one tempo, 80 to 160 beats a minute
steps      the same band, in three tempos one after the other
breakbeat  172 beats a minute, syncopated
swing      ride, walking bass, uneven eighths, and a tempo that slowly rises or falls
rubato     a softly played piano whose tempo drifts by up to 15 % either way
"""

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from support import tracks_instruments as instruments
from support.tracks_instruments import RATE
from support.tracks_score import Grid, Harmony, Score

QUIET_END: Final = 0.3
"""Seconds at the end without a beat."""


@dataclass(frozen=True, eq=False)
class Track:
    """A synthesised track.

    Attributes:
        kind: one of `KINDS`, or of another maker's.
        seed: from which it can be made again.
        samples: float32, shape (frames, 2), within ± 1.
        rate: samples a second.
        beats: seconds, shape (beats,).
        tempo: beats a minute from each beat to the next, shape (beats,).
        downbeats: seconds, the first beat of every bar.
        key: such as "F# minor"; sharps only.

    """

    kind: str
    seed: int
    samples: NDArray[np.float32]
    rate: int
    beats: NDArray[np.float64]
    tempo: NDArray[np.float64]
    downbeats: NDArray[np.float64]
    key: str


type Maker = Callable[[Generator, float], tuple[Score, int]]
"""From a generator and seconds: a score that has been played, and how many beats its bars have."""


def make(kind: str, seed: int, seconds: float = 60.0) -> Track:
    """One track of a kind; raises `KeyError` for a kind that is not there."""
    return perform(kind, KINDS[kind], seed, seconds)


def perform(kind: str, maker: Maker, seed: int, seconds: float) -> Track:
    """The track that a maker makes of a seed."""
    score, bar = maker(np.random.default_rng([seed, zlib.crc32(kind.encode())]), seconds)
    grid = score.grid
    return Track(kind, seed, score.finished(), RATE, grid.beats, grid.tempo, grid.beats[::bar], score.harmony.key)


def start(rng: Generator, seconds: float, tempo: Callable[[float, int], float], loose: float = 0.003) -> Score:
    """An empty score on a grid that begins within the first second."""
    grid = Grid.of(tempo, rng.uniform(0.02, 1.0), seconds - QUIET_END)
    return Score(rng, grid, Harmony.drawn(rng), seconds, rng.uniform(0, loose))


def steady(rng: Generator, seconds: float) -> tuple[Score, int]:
    tempo = rng.uniform(80, 160)
    score = start(rng, seconds, lambda time, beat: tempo)
    _band(score)
    return score, 4


def steps(rng: Generator, seconds: float) -> tuple[Score, int]:
    """Each tempo is at least 12 % away from the one before, and holds for a third of the track, in whole bars."""
    tempos = [rng.uniform(85, 160)]
    while len(tempos) < 3:
        tempo = rng.uniform(85, 160)
        if all(abs(np.log(tempo / other)) > 0.12 for other in tempos):
            tempos.append(tempo)
    bounds = np.cumsum([tempo * seconds / 720 for tempo in tempos]).round() * 4
    score = start(rng, seconds, lambda time, beat: tempos[min(int(np.searchsorted(bounds, beat, "right")), 2)])
    _band(score)
    return score, 4


def breakbeat(rng: Generator, seconds: float) -> tuple[Score, int]:
    score = start(rng, seconds, lambda time, beat: 172.0)
    kicks, ghosts = BREAKS[rng.integers(len(BREAKS))]
    hats = np.arange(0, 4, rng.choice((0.5, 0.5, 0.25)))
    top = str(rng.choice(("hat", "ride")))
    low, chords = instruments.bass(rng), _chordal(rng)
    levels = rng.uniform(0.6, 1.0, 5)
    for bar in range(0, score.count, 4):
        turn = bar // 4 % 4 == 3
        score.pattern("kick", bar, kicks, levels[0])
        score.pattern("snare", bar, (1, 2.5, 3.5) if turn and rng.random() < 0.5 else (1, 3), levels[1])
        score.pattern("snare", bar, [step for step in ghosts if rng.random() < 0.8], 0.3 * levels[1])
        score.pattern(top, bar, [step for step in hats if rng.random() < 0.95], 0.4 * levels[2])
        root, *chord = score.harmony.chord(bar // 8)
        for step in (0, 1.5, 2.5) if rng.random() < 0.7 else (0, 0.75, 2):
            score.note(low, 36 + root % 12, bar + step, 0.8, 0.6 * levels[3])
        if bar % 8 == 0:
            score.strum(chords, [60 + note % 12 for note in (root, *chord)], bar, 7.5, 0.4 * levels[4])
    return score, 4


def swing(rng: Generator, seconds: float) -> tuple[Score, int]:
    slow, rise = rng.uniform(95, 130), rng.uniform(0.12, 0.28)
    rises = rng.random() < 0.5

    def tempo(time: float, beat: int) -> float:
        return slow * (1 + rise * (time if rises else seconds - time) / seconds)

    score = start(rng, seconds, tempo)
    late = rng.uniform(0.58, 0.7)
    low, comp, lead = instruments.upright(rng), instruments.piano(rng), _chordal(rng)
    levels = rng.uniform(0.6, 1.0, 5)
    place = 0
    for bar in range(0, score.count, 4):
        chord = score.harmony.chord(bar // 4, 4)
        score.pattern("ride", bar, (0, 1, 1 + late, 2, 3, 3 + late), 0.5 * levels[0])
        score.pattern("hat", bar, (1, 3), 0.5 * levels[1])
        score.pattern("kick", bar, (0, 1, 2, 3), 0.15 * levels[2])
        score.pattern("snare", bar, [beat + late for beat in range(4) if rng.random() < 0.25], 0.3 * levels[2])
        for beat in range(4):
            note = chord[0] if beat == 0 else chord[rng.integers(3)] + int(rng.integers(-1, 2)) * (beat == 3)
            score.note(low, 36 + note % 12, bar + beat, 0.9, 0.6 * levels[3])
        for step in rng.choice((0, late, 1, 1 + late, 2, 2 + late, 3 + late), 2, replace=False):
            score.strum(comp, [55 + (note - 55) % 12 for note in chord], bar + step, 0.4, 0.35 * levels[4])
        for beat in range(4):
            if rng.random() < 0.7:
                place = int(np.clip(place + rng.integers(-2, 3), -3, 6))
                shift = late * (rng.random() < 0.4)
                score.note(lead, 65 + score.harmony.step(place) - 5, bar + beat + shift, 0.6, 0.3)
    return score, 4


def rubato(rng: Generator, seconds: float) -> tuple[Score, int]:
    base, depth = rng.uniform(66, 108), rng.uniform(0.1, 0.15)
    periods, phases = rng.uniform((9, 17), (16, 30)), rng.uniform(0, 6.3, 2)
    share = rng.uniform(0.5, 0.8)

    def tempo(time: float, beat: int) -> float:
        slow, quick = np.sin(2 * np.pi * time / periods + phases)
        return float(base * (1 + depth * (share * slow + (1 - share) * quick)))

    score = start(rng, seconds, tempo, loose=0.006)
    sound = instruments.piano(rng, attack=(0.008, 0.025))
    weak, place = rng.uniform(0.25, 0.5), 0
    for beat in range(score.count):
        chord = score.harmony.chord(beat // 4)
        accent = (1.0, 0.7, 0.85, 0.7)[beat % 4] * rng.uniform(0.85, 1.1)
        if beat % 2 == 0:
            score.note(sound, 36 + chord[0] % 12, beat, 2, 0.6 * accent)
        score.strum(sound, [52 + (note - 52) % 12 for note in chord[beat % 2 :]], beat, 1, 0.5 * accent)
        place = int(np.clip(place + rng.integers(-2, 3), -2, 8))
        if rng.random() < 0.8:
            score.note(sound, 60 + score.harmony.step(place), beat, 1, 0.5 * accent)
        if rng.random() < 0.55:
            score.note(sound, 60 + chord[rng.integers(3)] % 12, beat + 0.5, 0.5, 0.5 * weak)
    return score, 4


def _chordal(rng: Generator) -> instruments.Timbre:
    return instruments.CHORDAL[rng.integers(len(instruments.CHORDAL))](rng)


BREAKS: Final = (
    ((0, 0.5, 2.5), (1.75, 2.25, 3.75)),
    ((0, 2.5), (0.75, 2.25)),
    ((0, 1.5, 2.5), (1.75, 3.75)),
    ((0, 0.5, 2.75), (1.75, 2.25)),
    ((0, 1.75, 2.5), (0.75, 2.25, 3.25)),
)
"""Kicks, and ghost notes of the snare, in beats of a bar."""
KICKS: Final = ((0, 2), (0, 2, 2.5), (0, 1.5, 2), (0, 1, 2, 3), (0, 2, 3.5), (0, 0.75, 2))
FILLS: Final = ((2, 2.5, 3, 3.25, 3.5, 3.75), (3, 3.25, 3.5, 3.75), (3, 3.5), (2, 2.5, 3, 3.5))


def _band(score: Score) -> None:
    """Drums, bass, chords and a tune, in sections of eight bars that differ in what plays."""
    rng = score.rng
    kick, hats = KICKS[rng.integers(len(KICKS))], np.arange(0, 4, rng.choice((1, 0.5, 0.5, 0.25)))
    back = str(rng.choice(("snare", "snare", "clap")))
    low, chords, lead = instruments.bass(rng), _chordal(rng), _chordal(rng)
    steps = ((0, 2), (0, 1, 2, 3), (0, 0.5, 1.5, 2, 3.5), (0, 1.5, 2, 3))[rng.integers(4)]
    levels = rng.uniform(0.6, 1.0, 6)
    fill = FILLS[rng.integers(len(FILLS))]
    often, place = rng.choice((4, 8)), 0
    for bar in range(0, score.count, 4):
        number = bar // 4
        full = number % 16 >= 8 or rng.random() < 0.2
        ends = number % often == often - 1
        score.pattern("kick", bar, kick, levels[0])
        score.pattern(back, bar, (1,) if ends else (1, 3), levels[1])
        score.pattern("open" if full else "hat", bar, hats[::2] if full else hats, 0.45 * levels[2])
        if ends:
            score.pattern("tom" if number % 8 == 7 else back, bar, fill, 0.6 * levels[1])
        if number % often == 0 and number:
            score.hit("crash", bar, 0.7)
        root, *chord = score.harmony.chord(number)
        for step in steps:
            score.note(low, 36 + root % 12, bar + step, 0.45, 0.6 * levels[3])
        for step in (0, 2) if full else (0,):
            score.strum(chords, [55 + (note - 55) % 12 for note in (root, *chord)], bar + step, 1.9, 0.45 * levels[4])
        for step in np.arange(0, 4, 0.5):
            if full and rng.random() < 0.4:
                place = int(np.clip(place + rng.integers(-2, 3), -3, 7))
                score.note(lead, 60 + score.harmony.step(place), bar + step, 0.45, 0.35 * levels[5])


KINDS: Final[Mapping[str, Maker]] = {
    "steady": steady,
    "steps": steps,
    "breakbeat": breakbeat,
    "swing": swing,
    "rubato": rubato,
}

"""Grooves on which nothing is tuned: they were written first, and only tell how well what was tuned elsewhere holds.

    house         off-beat open hats, as loud as the kick or louder
    reggae        one drop or steppers, the skank on the off-beats; counted slowly, at 66 to 88
    bossa nova    rim click in the 3-2 pattern, or a guitar and a shaker alone
    six eight     two beats of three eighths; the beat is the dotted quarter
    soft piano    sparse and soft, many beats without an onset
    sparse drums  half-time with hardly a hat, or the bare back-beat with holes

Of each there are two arrangements, played as by people: the tempo drifts by about 1 %, off-beats are loose.
"""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Final

import numpy as np
from numpy.random import Generator

from support import tracks_instruments as instruments
from support.tracks import Maker, Track, perform, start
from support.tracks_score import Score

VARIANTS: Final = 4
"""Tracks of each groove."""


def tracks(seed: int, seconds: float = 60.0) -> Iterator[Track]:
    """Every groove in both arrangements, twice; the seeds follow from `seed`."""
    for groove, makers in GROOVES.items():
        for number in range(VARIANTS):
            yield perform(groove, makers[number % 2], seed + number, seconds)


def played(rng: Generator, seconds: float, slowest: float, fastest: float) -> Score:
    """An empty score at a tempo that drifts as people's does."""
    base, depth, period = rng.uniform(slowest, fastest), rng.uniform(0.002, 0.012), rng.uniform(8, 25)

    def tempo(time: float, beat: int) -> float:
        return float(base * (1 + depth * np.sin(2 * np.pi * time / period)))

    return start(rng, seconds, tempo, loose=0.007)


def _voiced(chord: list[int], low: int) -> list[int]:
    """The notes of a chord within the octave above `low`."""
    return sorted(low + (note - low) % 12 for note in chord)


def house(rng: Generator, seconds: float, *, loud: bool) -> tuple[Score, int]:
    score = played(rng, seconds, 116, 130)
    low, stab = instruments.bass(rng), instruments.electric_piano(rng)
    kick, hat = (0.45, 0.9) if loud else (0.8, 0.7)
    stabs = ((0.75, 1.5, 2.75), (0.5, 1.5, 2.5, 3.5), (0.5, 1.25, 2.75, 3.5))[rng.integers(3)]
    for bar in range(0, score.count, 4):
        number = bar // 4
        score.pattern("kick", bar, (0, 1, 2, 3), kick)
        score.pattern("open", bar, (0.5, 1.5, 2.5, 3.5), hat)
        if number >= 4:
            score.pattern("clap", bar, (1, 3), 0.5)
        if loud or number % 8 >= 4:
            score.pattern("shaker", bar, np.arange(0, 4, 0.25), 0.2)
        chord = score.harmony.chord(number // 2, 4)
        for step in (0.5, 1.5, 2.5, 3.5) if number % 4 < 3 else (0.5, 1.5, 2.25, 2.75, 3.5):
            score.note(low, 36 + chord[0] % 12, bar + step, 0.4, 0.6)
        for step in stabs:
            score.strum(stab, _voiced(chord, 57), bar + step, 0.3, 0.4)
    return score, 4


def reggae(rng: Generator, seconds: float, *, steppers: bool) -> tuple[Score, int]:
    score = played(rng, seconds, 66, 88)
    low, skank, organ = instruments.upright(rng), instruments.guitar(rng), instruments.organ(rng)
    lines = ((0.5, 1, 1.5, 2.5, 3), (0, 0.75, 1.5, 2, 3.5), (0, 1, 1.25, 1.5, 3))
    line = lines[rng.integers(len(lines))]
    for bar in range(0, score.count, 4):
        number = bar // 4
        chord = score.harmony.chord(number)
        score.pattern("kick", bar, (0, 1, 2, 3) if steppers else (1, 3), 0.7)
        score.pattern("rim", bar, (1, 3), 0.5)
        late = rng.uniform(0.5, 0.56)
        score.pattern("hat", bar, [beat + shift for beat in range(4) for shift in (0, late)], 0.25)
        if number % 4 == 3:
            score.pattern("tom", bar, (2.5, 2.75, 3.25, 3.5), 0.5)
        for step in (0.5, 1.5, 2.5, 3.5):
            score.strum(skank, _voiced(chord, 59), bar + step, 0.2, 0.7)
            if rng.random() < 0.5:
                score.strum(organ, _voiced(chord, 55), bar + step + 0.25, 0.15, 0.25)
        for step in line:
            score.note(low, 36 + chord[rng.integers(3)] % 12, bar + step, 0.45, 0.7)
    return score, 4


def bossa_nova(rng: Generator, seconds: float, *, alone: bool) -> tuple[Score, int]:
    score = played(rng, seconds, 112, 144)
    guitar, low, lead = instruments.guitar(rng), instruments.upright(rng), instruments.electric_piano(rng)
    place = 0
    for bars in range(0, score.count, 8):
        chord = score.harmony.chord(bars // 8, 4)
        fifth = 36 + chord[2] % 12
        for bar in (bars, bars + 4):
            for step, pitch in ((0, 36 + chord[0] % 12), (1.5, fifth), (2, fifth), (3.5, 36 + chord[0] % 12)):
                if step in {0, 2} or not alone:
                    score.note(guitar if alone else low, pitch, bar + step, 1.2 if step in {0, 2} else 0.4, 0.55)
            score.pattern("shaker", bar, np.arange(0, 4, 0.5), 0.2)
            if not alone:
                score.pattern("kick", bar, (0, 1.5, 2, 3.5), 0.3)
        if not alone:
            score.pattern("rim", bars, (0, 1.5, 3, 5, 6.5), 0.5)
        for step in (0, 1, 2.5, 3.5, 5, 6, 7.5) if rng.random() < 0.6 else (0, 1.5, 3, 4.5, 5.5, 7):
            score.strum(guitar, _voiced(chord, 55), bars + step, 0.7, 0.5)
        for step in np.arange(0, 8, 0.5):
            if rng.random() < 0.25:
                place = int(np.clip(place + rng.integers(-2, 3), -2, 7))
                score.note(lead, 62 + score.harmony.step(place), bars + step, 0.8, 0.3)
    return score, 4


def six_eight(rng: Generator, seconds: float, *, jig: bool) -> tuple[Score, int]:
    score = played(rng, seconds, 96, 124) if jig else played(rng, seconds, 56, 80)
    low, chords, lead = instruments.bass(rng), instruments.guitar(rng), instruments.piano(rng)
    eighths, place = (0, 1 / 3, 2 / 3, 1, 4 / 3, 5 / 3), 0
    for bar in range(0, score.count, 2):
        chord = score.harmony.chord(bar // 4)
        score.note(low, 36 + chord[0] % 12, bar, 0.9, 0.6)
        score.note(low, 36 + chord[2] % 12, bar + 1, 0.9, 0.5)
        if jig:
            score.pattern("kick", bar, (0, 1), 0.35)
            for step in (0, 2 / 3, 1, 5 / 3):
                score.strum(chords, _voiced(chord, 55), bar + step, 0.3, 0.5 if step in {0, 1} else 0.35)
        else:
            score.pattern("kick", bar, (0, 2 / 3) if rng.random() < 0.3 else (0,), 0.7)
            score.pattern("snare", bar, (1,), 0.6)
            score.pattern("hat", bar, eighths, 0.35)
            for step, note in zip(eighths, (0, 1, 2, 3, 2, 1), strict=True):
                score.note(chords, _voiced(score.harmony.chord(bar // 4, 4), 52)[note], bar + step, 0.5, 0.35)
        for step in eighths:
            if rng.random() < (0.8 if jig else 0.2):
                place = int(np.clip(place + rng.integers(-2, 3), -2, 7))
                score.note(lead, 62 + score.harmony.step(place), bar + step, 0.3, 0.35)
    return score, 2


def soft_piano(rng: Generator, seconds: float, *, broken: bool) -> tuple[Score, int]:
    score = played(rng, seconds, 56, 84)
    sound = instruments.piano(rng, attack=(0.01, 0.03))
    place = 2
    for bar in range(0, score.count, 4):
        chord = score.harmony.chord(bar // 4)
        score.note(sound, 36 + chord[0] % 12, bar, 3.5, 0.6)
        if broken:
            for number, step in enumerate(np.arange(0.5, 4, 0.5)):
                note = _voiced(chord, 50)[(1, 2, 0, 2, 1, 2, 1)[number]]
                score.note(sound, note, bar + step, 1, 0.35 if step % 1 == 0 else 0.28)
        else:
            score.strum(sound, _voiced(chord, 52), bar + int(rng.integers(2)), 2.5, 0.5)
            score.strum(sound, _voiced(chord, 52)[1:], bar + 2, 1.5, 0.45)
        for beat in range(4):
            if rng.random() < 0.5:
                place = int(np.clip(place + rng.integers(-2, 3), -1, 8))
                score.note(sound, 62 + score.harmony.step(place), bar + beat, 1.5, 0.45)
    return score, 4


def sparse_drums(rng: Generator, seconds: float, *, half: bool) -> tuple[Score, int]:
    score = played(rng, seconds, 108, 140) if half else played(rng, seconds, 74, 112)
    low, pad = instruments.bass(rng), instruments.pad(rng)
    for bar in range(0, score.count, 4):
        number = bar // 4
        hole = number % 8 == 7
        if half:
            score.pattern("kick", bar, (0, 1.5) if rng.random() < 0.4 else (0,), 0.8)
            score.pattern("snare", bar, () if hole else (2,), 0.7)
            score.pattern("rim", bar, (1, 3), 0.15)
            score.pattern("hat", bar, [step for step in range(4) if rng.random() < 0.6], 0.15)
        else:
            score.pattern("kick", bar, (0,) if hole else (0, 2), 0.8)
            score.pattern("snare", bar, () if hole else (1, 3), 0.7)
        chord = score.harmony.chord(number // 2)
        score.note(low, 36 + chord[0] % 12, bar, 1.5, 0.5)
        if rng.random() < 0.4:
            score.note(low, 36 + chord[2] % 12, bar + 2.5, 0.5, 0.4)
        if number % 2 == 0:
            score.strum(pad, _voiced(chord, 55), bar, 7.5, 0.3)
    return score, 4


GROOVES: Final[Mapping[str, tuple[Maker, Maker]]] = {
    "house": (partial(house, loud=False), partial(house, loud=True)),
    "reggae": (partial(reggae, steppers=False), partial(reggae, steppers=True)),
    "bossa nova": (partial(bossa_nova, alone=False), partial(bossa_nova, alone=True)),
    "six eight": (partial(six_eight, jig=False), partial(six_eight, jig=True)),
    "soft piano": (partial(soft_piano, broken=False), partial(soft_piano, broken=True)),
    "sparse drums": (partial(sparse_drums, half=False), partial(sparse_drums, half=True)),
}
"""Two arrangements of each."""

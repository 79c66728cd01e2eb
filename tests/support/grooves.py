"""Grooves in which the beat is not simply where it is loudest, beside `support.tracks`, with exact beats.

Loud off-beats (house, disco, reggae, polka), syncopation (bossa, funk), triplets (shuffle, ballad), threes (waltz),
few drums (sparse) or none (arpeggio, plucks), many strokes to a beat (trap) and few (punk), any pattern beside any
(mixed), one drum alone (plain). A snare stands on the second and fourth beat, as people tap it.
"""

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.random import Generator

from support import tracks_instruments as instruments
from support.tracks import Maker, start
from support.tracks_score import Score

EIGHTHS: Final = tuple(np.arange(0, 4, 0.5))
SIXTEENTHS: Final = tuple(np.arange(0, 4, 0.25))
OFF: Final = (0.5, 1.5, 2.5, 3.5)
ON: Final = (0, 1, 2, 3)
BACK: Final = (1, 3)
THIRDS: Final = tuple(np.arange(0, 4, 1 / 3))


def _score(rng: Generator, seconds: float, low: float, high: float, loose: float = 0.004) -> Score:
    """An empty score at a tempo between two, which sways by less than 2 % as players' does."""
    tempo, sway, period = rng.uniform(low, high), rng.uniform(0, 0.015), rng.uniform(8, 25)
    return start(rng, seconds, lambda time, beat: tempo * float(1 + sway * np.sin(time / period * 2 * np.pi)), loose)


def _chords(
    score: Score, bar: int, steps: tuple[float, ...], beats: float, gain: float, *, sound: instruments.Timbre
) -> None:
    root, *chord = score.harmony.chord(bar // 4)
    for step in steps:
        score.strum(sound, [55 + (note - 55) % 12 for note in (root, *chord)], bar + step, beats, gain)


def _low(
    score: Score, bar: int, steps: tuple[float, ...], beats: float, gain: float, *, sound: instruments.Timbre
) -> None:
    root = score.harmony.chord(bar // 4)[0]
    for step in steps:
        score.note(sound, 36 + root % 12, bar + step, beats, gain)


def _some[T](rng: Generator, steps: tuple[T, ...], share: float) -> tuple[T, ...]:
    return tuple(step for step in steps if rng.random() < share)


def _pick[T](rng: Generator, choices: tuple[T, ...]) -> T:
    return choices[int(rng.integers(len(choices)))]


def house(rng: Generator, seconds: float) -> tuple[Score, int]:
    """Kick on every beat, open hats as loud on every off-beat, bass on either."""
    score = _score(rng, seconds, 116, 132, 0.001)
    low, sound, levels = instruments.bass(rng), _pick(rng, instruments.CHORDAL)(rng), rng.uniform(0.7, 1, 5)
    steps = _pick(rng, (OFF, (0.5, 1.5, 2.25, 3.5), (0, 0.75, 1.5, 2.5, 3.25)))
    stabs = _pick(rng, ((0.0,), (0.5, 2.0), (0.75, 2.5), (1.5, 3.5)))
    for bar in range(0, score.count, 4):
        score.pattern("kick", bar, ON, 0.8 * levels[0])
        score.pattern("open", bar, OFF, 0.9 * levels[1])
        score.pattern("clap", bar, BACK, 0.5 * levels[2])
        _low(score, bar, steps, 0.4, 0.5 * levels[3], sound=low)
        _chords(score, bar, stabs, 0.8, 0.4 * levels[4], sound=sound)
    return score, 4


def disco(rng: Generator, seconds: float) -> tuple[Score, int]:
    """The same with a snare, a bass in octaves and hats in sixteenths between."""
    score = _score(rng, seconds, 105, 128)
    low, sound, levels = instruments.bass(rng), _pick(rng, instruments.CHORDAL)(rng), rng.uniform(0.7, 1, 5)
    for bar in range(0, score.count, 4):
        score.pattern("kick", bar, ON, 0.6 * levels[0])
        score.pattern("open", bar, OFF, levels[1])
        score.pattern("hat", bar, SIXTEENTHS, 0.3 * levels[1])
        score.pattern("snare", bar, BACK, 0.6 * levels[2])
        root = score.harmony.chord(bar // 4)[0] % 12
        for beat in ON:
            score.note(low, 36 + root, bar + beat, 0.4, 0.5 * levels[3])
            score.note(low, 48 + root, bar + beat + 0.5, 0.4, 0.5 * levels[3])
        _chords(score, bar, _some(rng, SIXTEENTHS, 0.3), 0.2, 0.3 * levels[4], sound=sound)
    return score, 4


def reggae(rng: Generator, seconds: float) -> tuple[Score, int]:
    """One-drop: kick and rim on two and four, chords on every off-beat, a syncopated bass."""
    score = _score(rng, seconds, 66, 88)
    low, sound = instruments.bass(rng), _pick(rng, (instruments.guitar, instruments.organ))(rng)
    levels = rng.uniform(0.7, 1, 5)
    steps = _pick(rng, ((0, 0.75, 1.5, 2, 3), (0, 1, 1.5, 2.5, 3), (0.5, 1, 2, 2.75, 3.5)))
    for bar in range(0, score.count, 4):
        score.pattern("kick", bar, BACK, 0.7 * levels[0])
        score.pattern("rim", bar, (*BACK, *_some(rng, SIXTEENTHS, 0.04)), 0.7 * levels[1])
        score.pattern("hat", bar, EIGHTHS, 0.4 * levels[2])
        _chords(score, bar, OFF, 0.25, 0.6 * levels[4], sound=sound)
        _low(score, bar, steps, 0.6, 0.7 * levels[3], sound=low)
    return score, 4


def bossa(rng: Generator, seconds: float) -> tuple[Score, int]:
    """Clave on the rim, bass on one and three with softer pick-ups, shaker, syncopated chords."""
    score = _score(rng, seconds, 112, 150)
    low, sound, levels = instruments.upright(rng), instruments.guitar(rng), rng.uniform(0.7, 1, 5)
    soft = rng.uniform(0.5, 0.8)
    for bar in range(0, score.count, 4):
        odd = bar // 4 % 2
        score.pattern("rim", bar, (1, 2.5) if odd else (0, 1.5, 3), 0.6 * levels[0])
        score.pattern("shaker", bar, EIGHTHS, 0.3 * levels[1])
        root, _, fifth = score.harmony.chord(bar // 4)
        score.pattern("kick", bar, (0, 2), 0.35 * levels[2])
        score.pattern("kick", bar, (1.5, 3.5), soft * 0.35 * levels[2])
        for step, note in ((0, root), (1.5, fifth), (2, fifth), (3.5, root)):
            long = step % 1 == 0
            score.note(low, 36 + note % 12, bar + step, 1.4 if long else 0.45, (1 if long else soft) * 0.6 * levels[3])
        _chords(score, bar, (1, 2.5, 3.5) if odd else (0, 1.5, 3), 0.7, 0.5 * levels[4], sound=sound)
    return score, 4


def ballad(rng: Generator, seconds: float) -> tuple[Score, int]:
    """Slow 6/8: three hats to a beat, the snare on the second, broken chords."""
    score = _score(rng, seconds, 54, 72)
    low, sound, levels = instruments.bass(rng), _pick(rng, instruments.CHORDAL)(rng), rng.uniform(0.7, 1, 5)
    for bar in range(0, score.count, 2):
        score.pattern("kick", bar, (0, 2 / 3) if rng.random() < 0.4 else (0,), 0.6 * levels[0])
        score.pattern("snare", bar, (1,), 0.6 * levels[1])
        score.pattern("hat", bar, THIRDS[:6], 0.4 * levels[2])
        root, *chord = score.harmony.chord(bar // 2)
        score.note(low, 36 + root % 12, bar, 1.6, 0.6 * levels[3])
        for number, step in enumerate(THIRDS[:6]):
            note = (root, *chord)[(0, 1, 2, 3, 2, 1)[number] % 3]
            score.note(sound, 55 + (note - 55) % 12, bar + step, 0.6, 0.35 * levels[4])
    return score, 2


def arpeggio(rng: Generator, seconds: float) -> tuple[Score, int]:
    """A piano alone, played softly: broken chords in eighths or sixteenths, a bass note each bar or half."""
    score = _score(rng, seconds, 58, 82, 0.008)
    sound = instruments.piano(rng, attack=(0.006, 0.02))
    each, lows = _pick(rng, (0.5, 0.5, 0.25)), _pick(rng, ((0,), (0, 2)))
    place = 0
    for bar in range(0, score.count, 4):
        root, *chord = score.harmony.chord(bar // 4)
        for step in lows:
            score.note(sound, 41 + (root - 41) % 12, bar + step, 2, 0.4)
        order = (root, chord[0], chord[1], chord[0])
        for number, after in enumerate(np.arange(0, 4, each)):
            accent = 1.0 if after % 1 == 0 else 0.7
            score.note(sound, 53 + (order[number % 4] - 53) % 12, bar + after, 1, 0.35 * accent)
        for beat in ON:
            if rng.random() < 0.6:
                place = int(np.clip(place + rng.integers(-2, 3), 0, 9))
                score.note(sound, 60 + score.harmony.step(place), bar + beat, 1, 0.45)
    return score, 4


def sparse(rng: Generator, seconds: float) -> tuple[Score, int]:
    """Kick and snare, hardly any hats, long chords, a bass that holds."""
    score = _score(rng, seconds, 68, 100)
    low, sound, levels = instruments.bass(rng), _pick(rng, instruments.CHORDAL)(rng), rng.uniform(0.7, 1, 5)
    kicks = _pick(rng, ((0, 2), (0, 2.5), (0, 1.5), (0, 0.5, 2.5), (0,)))
    for bar in range(0, score.count, 4):
        score.pattern("kick", bar, kicks, levels[0])
        score.pattern("snare", bar, BACK, 0.8 * levels[1])
        score.pattern("hat", bar, _some(rng, EIGHTHS, 0.25), 0.25 * levels[2])
        _low(score, bar, (0,), 3.5, 0.6 * levels[3], sound=low)
        _chords(score, bar, (0,), 3.9, 0.4 * levels[4], sound=sound)
    return score, 4


def shuffle(rng: Generator, seconds: float) -> tuple[Score, int]:
    """Blues: uneven eighths on hats and bass, the late ones softer, chords on these."""
    score = _score(rng, seconds, 84, 140)
    low, sound, levels = (
        instruments.bass(rng),
        _pick(rng, (instruments.guitar, instruments.organ))(rng),
        rng.uniform(0.7, 1, 5),
    )
    late, soft = rng.uniform(0.62, 0.7), rng.uniform(0.5, 0.8)
    for bar in range(0, score.count, 4):
        score.pattern("kick", bar, (0, 2), 0.7 * levels[0])
        score.pattern("snare", bar, BACK, 0.7 * levels[1])
        score.pattern("hat", bar, ON, 0.5 * levels[2])
        score.pattern("hat", bar, [beat + late for beat in ON], soft * 0.5 * levels[2])
        chord = score.harmony.chord(bar // 4, 4)
        for beat in ON:
            score.note(low, 36 + chord[beat] % 12, bar + beat, late, 0.5 * levels[3])
            score.note(low, 36 + chord[beat] % 12, bar + beat + late, 1 - late, soft * 0.5 * levels[3])
        _chords(score, bar, _some(rng, tuple(beat + late for beat in ON), 0.7), 0.3, 0.4 * levels[4], sound=sound)
    return score, 4


def funk(rng: Generator, seconds: float) -> tuple[Score, int]:
    """Sixteenths on the hats, ghost notes, a kick and a bass that avoid the beats after the first."""
    score = _score(rng, seconds, 88, 116)
    low, sound, levels = instruments.bass(rng), instruments.guitar(rng), rng.uniform(0.7, 1, 5)
    kicks = _pick(rng, ((0, 0.75, 2.5), (0, 1.5, 2.25), (0, 0.5, 1.75, 2.5), (0, 1.75, 2.75, 3.5)))
    steps = _pick(rng, ((0, 0.75, 1.5, 2.5, 3.25), (0, 0.5, 1.75, 2.25, 3.5), (0, 0.75, 1.75, 2.75, 3.5)))
    for bar in range(0, score.count, 4):
        score.pattern("kick", bar, kicks, 0.8 * levels[0])
        score.pattern("snare", bar, BACK, 0.8 * levels[1])
        score.pattern("snare", bar, _some(rng, (0.75, 1.75, 2.25, 2.75, 3.75), 0.5), 0.2 * levels[1])
        score.pattern("hat", bar, _some(rng, SIXTEENTHS, 0.95), 0.5 * levels[2])
        _low(score, bar, steps, 0.3, 0.6 * levels[3], sound=low)
        _chords(score, bar, _some(rng, SIXTEENTHS, 0.4), 0.15, 0.4 * levels[4], sound=sound)
    return score, 4


def waltz(rng: Generator, seconds: float) -> tuple[Score, int]:
    """Bass on one, chords on two and three, a tune."""
    score = _score(rng, seconds, 90, 180)
    low, sound, lead = instruments.upright(rng), instruments.piano(rng), _pick(rng, instruments.CHORDAL)(rng)
    brushes, place, levels = rng.random() < 0.5, 0, rng.uniform(0.7, 1, 4)
    for bar in range(0, score.count, 3):
        root, *chord = score.harmony.chord(bar // 3)
        score.note(low, 36 + root % 12, bar, 1.2, 0.6 * levels[0])
        for beat in (1, 2):
            score.strum(sound, [55 + (note - 55) % 12 for note in (root, *chord)], bar + beat, 0.6, 0.45 * levels[1])
            if brushes:
                score.hit("hat", bar + beat, 0.3 * levels[2])
        for step in _some(rng, (0, 0.5, 1, 2, 2.5), 0.5):
            place = int(np.clip(place + rng.integers(-2, 3), -2, 7))
            score.note(lead, 65 + score.harmony.step(place) - 5, bar + step, 0.8, 0.35 * levels[3])
    return score, 3


def plucks(rng: Generator, seconds: float) -> tuple[Score, int]:
    """No drums: a pad for every bar, plucked strings in eighths, some left out, some accented against the beat."""
    score = _score(rng, seconds, 80, 124, 0.006)
    sound, back = instruments.guitar(rng), instruments.pad(rng)
    accents = _pick(rng, ((0, 1.5, 3), (0, 1, 2, 3), (0, 1.5, 2.5), (0, 2)))
    for bar in range(0, score.count, 4):
        root, *chord = score.harmony.chord(bar // 4)
        _chords(score, bar, (0,), 4, 0.4, sound=back)
        for step in (*accents, *_some(rng, EIGHTHS, 0.6)):
            note = (root, *chord)[int(rng.integers(3))]
            score.note(sound, 57 + (note - 57) % 12, bar + step, 0.9, 0.35)
    return score, 4


def trap(rng: Generator, seconds: float) -> tuple[Score, int]:
    """Four hats to a beat with rolls in triplets and faster, few kicks, a long low bass."""
    score = _score(rng, seconds, 62, 80, 0.001)
    low, sound, levels = instruments.bass(rng), _pick(rng, instruments.CHORDAL)(rng), rng.uniform(0.7, 1, 5)
    kicks = _pick(rng, ((0, 1.75, 2.5), (0, 0.75, 2.25), (0, 1.25, 2.75), (0, 2.5, 3.75)))
    for bar in range(0, score.count, 4):
        score.pattern("kick", bar, kicks, levels[0])
        score.pattern(_pick(rng, ("clap", "clap")), bar, BACK, 0.8 * levels[1])
        for step in EIGHTHS:
            each = _pick(rng, (4, 4, 4, 6, 8))
            score.pattern("hat", bar + step, np.arange(0, 0.5, 1 / each), 0.45 * levels[2])
        _low(score, bar, kicks, 0.8, 0.7 * levels[3], sound=low)
        _chords(score, bar, (0,), 3.9, 0.35 * levels[4], sound=sound)
    return score, 4


def polka(rng: Generator, seconds: float) -> tuple[Score, int]:
    """Bass on the beats and chords on the off-beats, as loud, with a snare on these."""
    score = _score(rng, seconds, 96, 130)
    low, sound = instruments.bass(rng), _pick(rng, (instruments.organ, instruments.guitar))(rng)
    lead, place, levels = _pick(rng, instruments.CHORDAL)(rng), 0, rng.uniform(0.7, 1, 4)
    for bar in range(0, score.count, 2):
        root, fifth = score.harmony.chord(bar // 4)[::2]
        score.note(low, 36 + root % 12, bar, 0.6, 0.6 * levels[0])
        score.note(low, 36 + fifth % 12, bar + 1, 0.6, 0.6 * levels[0])
        score.pattern("snare", bar, OFF[:2], 0.4 * levels[1])
        chord = [55 + (note - 55) % 12 for note in score.harmony.chord(bar // 4)]
        for step in OFF[:2]:
            score.strum(sound, chord, bar + step, 0.3, 0.6 * levels[2])
        for step in _some(rng, (0, 0.5, 1, 1.5), 0.6):
            place = int(np.clip(place + rng.integers(-2, 3), -2, 7))
            score.note(lead, 65 + score.harmony.step(place) - 5, bar + step, 0.4, 0.35 * levels[3])
    return score, 2


def punk(rng: Generator, seconds: float) -> tuple[Score, int]:
    """Fast: kick on one and three, snare on two and four, guitar and bass in eighths."""
    score = _score(rng, seconds, 150, 192)
    low, sound, levels = instruments.bass(rng), instruments.guitar(rng), rng.uniform(0.7, 1, 5)
    top = _pick(rng, ("hat", "ride", "open"))
    kicks = _pick(rng, ((0, 2), (0, 2, 2.5), (0, 1.5, 2)))
    for bar in range(0, score.count, 4):
        score.pattern("kick", bar, kicks, 0.8 * levels[0])
        score.pattern("snare", bar, BACK, 0.8 * levels[1])
        score.pattern(top, bar, ON if top == "open" else EIGHTHS, 0.5 * levels[2])
        _low(score, bar, EIGHTHS, 0.4, 0.5 * levels[3], sound=low)
        _chords(score, bar, EIGHTHS, 0.4, 0.4 * levels[4], sound=sound)
    return score, 4


def plain(rng: Generator, seconds: float) -> tuple[Score, int]:
    """One drum on every beat, as a metronome; the first of a bar may be louder."""
    score = _score(rng, seconds, 56, 190, 0.001)
    drum, accent = str(rng.choice(list(instruments.KIT))), rng.uniform(0.4, 1)
    for bar in range(0, score.count, 4):
        score.hit(drum, bar, 1)
        score.pattern(drum, bar, (1, 2, 3), accent)
    return score, 4


KICKS: Final = (ON, (0, 2), (0, 2.5), (0, 1.5, 2), (0, 0.75, 2.5), BACK, (0,), (0, 1.75, 2.5), (0, 2, 3.5))
TOPS: Final = (EIGHTHS, SIXTEENTHS, OFF, ON, (), BACK)
LOWS: Final = (ON, EIGHTHS, (0, 2), (0,), OFF, (0, 1.5, 2, 3), (0, 0.75, 1.5, 2.5, 3.25), (0, 1.5, 2, 3.5))
STABS: Final = ((0,), (0, 2), OFF, BACK, (0, 1.5, 3), (1.5, 3.5), EIGHTHS, (0.75, 2.5), (0.5, 2))


def mixed(rng: Generator, seconds: float) -> tuple[Score, int]:
    """What no style has: each player takes a pattern of their own."""
    score = _score(rng, seconds, 64, 168)
    low, sound, levels = instruments.bass(rng), _pick(rng, instruments.CHORDAL)(rng), rng.uniform(0.5, 1, 5)
    kicks, hats, lows, stabs = (_pick(rng, choices) for choices in (KICKS, TOPS, LOWS, STABS))
    back, top = _pick(rng, ("snare", "snare", "clap", "rim")), _pick(rng, ("hat", "open", "ride", "shaker"))
    for bar in range(0, score.count, 4):
        score.pattern("kick", bar, kicks, levels[0])
        score.pattern(back, bar, BACK, 0.8 * levels[1])
        score.pattern(top, bar, hats, 0.6 * levels[2])
        _low(score, bar, lows, 0.5, 0.6 * levels[3], sound=low)
        _chords(score, bar, stabs, 0.5, 0.5 * levels[4], sound=sound)
    return score, 4


_BANDS: Final = (house, disco, reggae, bossa, ballad, sparse, shuffle, funk, waltz, trap, polka, punk, mixed)
_ALONE: Final = (arpeggio, plucks, plain)
GROOVES: Final[Mapping[str, Maker]] = {maker.__name__: maker for maker in (*_BANDS, *_ALONE)}

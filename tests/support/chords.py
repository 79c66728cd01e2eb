"""Synthesised harmony: notes, cadences and band parts with nothing left to chance but what the generator is given."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

type Mono = NDArray[np.float64]

RATE: Final = 11025
TIMBRES: Final = ("organ", "saw", "clarinet", "bell", "piano")
CHORDS: Final = {
    "major": {
        "I": (0, 4, 7),
        "ii": (2, 5, 9),
        "iii": (4, 7, 11),
        "IV": (5, 9, 0),
        "V": (7, 11, 2),
        "V7": (7, 11, 2, 5),
        "vi": (9, 0, 4),
    },
    "minor": {
        "i": (0, 3, 7),
        "ii°": (2, 5, 8),
        "III": (3, 7, 10),
        "iv": (5, 8, 0),
        "V": (7, 11, 2),
        "V7": (7, 11, 2, 5),
        "VI": (8, 0, 3),
        "VII": (10, 2, 5),
    },
}
CADENCES: Final = {
    "major": ("I IV V I", "I vi ii V I", "I V vi IV I", "ii V7 I", "I iii IV V7 I", "IV V I vi ii V I"),
    "minor": ("i iv V i", "i VI iv V i", "i VI III VII i", "ii° V7 i", "i VII VI V i", "iv V i VI ii° V7 i"),
}


def note(pitch: float, seconds: float, timbre: str, chance: np.random.Generator) -> Mono:
    """Twelve partials at most; `pitch` as in MIDI, with fractions."""
    frequency = 440 * 2 ** ((pitch - 69) / 12)
    times = np.arange(round(seconds * RATE)) / RATE
    sound = np.zeros(len(times))
    for partial in range(1, 13):
        if partial * frequency < 0.45 * RATE:
            stretched = partial * frequency * np.sqrt(1 + 3e-4 * partial**2 * (timbre == "piano"))
            phase = chance.uniform(0, 2 * np.pi)
            sound += _strength(partial, timbre) * np.sin(2 * np.pi * stretched * times + phase)
    if timbre in ("piano", "bell"):
        sound *= np.exp(-2.5 * times)
    return sound * np.minimum(1, times / 0.01) * np.minimum(1, (seconds - times) / 0.03)


def _strength(partial: int, timbre: str) -> float:
    match timbre:
        case "organ":
            return {1: 1.0, 2: 0.6, 3: 0.4, 4: 0.3, 6: 0.2, 8: 0.15}.get(partial, 0.0)
        case "saw":
            return 1 / partial
        case "clarinet":
            return 1 / partial if partial % 2 else 0.05
        case "bell":
            return float(np.exp(-0.9 * (partial - 1)))
        case _:
            return float(partial**-1.5)


def cadence(tonic: int, mode: str, cents: float, chance: np.random.Generator) -> Mono:
    """A random cadence in a random timbre: bass, a chord in a random position, sometimes a note on top."""
    timbre = TIMBRES[chance.integers(len(TIMBRES))]
    chords = []
    for name in str(chance.choice(CADENCES[mode])).split():
        classes = [(degree + tonic) % 12 for degree in CHORDS[mode][name]]
        base = chance.integers(52, 64)
        pitches = [36 + 12 * chance.integers(2) + classes[0]]
        pitches += [base + (each - base) % 12 + 12 * (chance.random() < 0.2) for each in classes]
        if chance.random() < 0.5:
            pitches.append(72 + chance.choice(classes))
        seconds = chance.uniform(0.7, 1.2)
        voices = [note(each + cents / 100, seconds, timbre, chance) * chance.uniform(0.6, 1) for each in pitches]
        chords.append(np.sum(voices, axis=0))
    sound = np.concatenate(chords)
    sound += chance.standard_normal(len(sound)) * 0.003 * np.abs(sound).max()
    return np.asarray(sound * (0.7 / np.abs(sound).max()))


def part(chords: list[tuple[int, ...]], timbre: str, level: float, seconds: float, chance: np.random.Generator) -> Mono:
    """Chords of two seconds over and over, with a drum on every half second."""
    sound = np.zeros(round(seconds * RATE))
    for bar in range(int(np.ceil(seconds / 2))):
        chord, start = chords[bar % len(chords)], bar * 2 * RATE
        voices = [note(52 + each, 2, timbre, chance) for each in chord] + [1.5 * note(36 + chord[0], 2, timbre, chance)]
        stretch = sound[start : start + 2 * RATE]
        stretch += 0.2 * np.sum(voices, axis=0)[: len(stretch)]
    hit = np.exp(-np.arange(2000) / 500)
    for beat in range(int(seconds * 2)):
        kick = (
            0.8 * np.sin(2 * np.pi * 60 * np.arange(2000) / RATE)
            if beat % 2 == 0
            else 0.3 * chance.standard_normal(2000)
        )
        stretch = sound[beat * RATE // 2 : beat * RATE // 2 + 2000]
        stretch += (hit * kick)[: len(stretch)]
    return level * sound

"""Four short tracks, written down note by note and played by instruments made of numpy: the same samples each time."""

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import soundfile
from numpy.random import Generator
from numpy.typing import NDArray

from support import tracks_instruments as instruments
from support.tracks_instruments import RATE, Timbre
from support.tracks_score import Grid, Harmony, Score

SEED: Final = 3
"""Of what is left to the instrument makers: their timbre."""
BAR: Final = 4
"""Beats."""
LEAD_IN: Final = 0.1
"""Seconds before the first beat."""
CLOSE: Final = 2.0
"""Seconds after the last bar, for a chord that comes home."""

LOUDEST: Final = 0.9

type Drums = Mapping[str, tuple[float, tuple[float, ...]]]
"""How loud each drum is, and where in a bar it is struck, in beats."""
type Tune = tuple[tuple[int, float], ...]
"""Degrees of the scale, 0 the tonic, and how many beats each lasts; four bars in all."""


@dataclass(frozen=True)
class Piece:
    """What is composed: its tempo and key are therefore known.

    Attributes:
        tempo: beats a minute.
        harmony: the key, and the chords of four bars.
        form: who plays in each four bars, of "chords", "bass", "drums" and "tune".
        drums: where in a bar, and how loud.
        tune: what `lead` plays.
        bass: beats of a bar on which it plays the chord's root.

    """

    title: str
    tempo: float
    harmony: Harmony
    form: tuple[str, ...]
    drums: Drums
    tune: Tune
    chords: Callable[[Generator], Timbre] = instruments.electric_piano
    lead: Callable[[Generator], Timbre] = instruments.guitar
    bass: tuple[float, ...] = (0, 1.5, 2, 3)

    @property
    def seconds(self) -> float:
        return self._at(len(self.form)) + CLOSE

    @property
    def beats(self) -> int:
        """With the one that the last chord is on."""
        return len(self.form) * 4 * BAR + 1

    @property
    def bars(self) -> int:
        return len(self.form) * 4 + 1

    @property
    def parts(self) -> tuple[float, ...]:
        """Where other players come in, in seconds."""
        return tuple(self._at(part) for part in range(len(self.form)))

    def _at(self, part: int) -> float:
        return LEAD_IN + part * 4 * BAR * 60 / self.tempo


def flac(piece: Piece) -> bytes:
    """The piece as a file, 16 bits, stereo."""
    file = io.BytesIO()
    soundfile.write(file, played(piece), RATE, format="FLAC", subtype="PCM_16")
    return file.getvalue()


def played(piece: Piece) -> NDArray[np.float32]:
    """Play a piece from its score; shape (frames, 2), at most `LOUDEST`."""
    rng = np.random.default_rng(SEED)
    grid = Grid.of(lambda time, beat: piece.tempo, LEAD_IN, piece.seconds - CLOSE)
    score = Score(rng, grid, piece.harmony, piece.seconds)
    chords, low, lead = piece.chords(rng), instruments.bass(rng), piece.lead(rng)
    for part, players in enumerate(piece.form):
        for bar in range(4):
            at = (part * 4 + bar) * BAR
            root, *others = piece.harmony.chord(bar)
            if "chords" in players:
                score.strum(chords, [55 + (note - 55) % 12 for note in (root, *others)], at, 3.8, 0.45)
            if "bass" in players:
                for step in piece.bass:
                    score.note(low, 36 + root % 12, at + step, 0.45, 0.5)
            if "drums" in players:
                for drum, (level, steps) in piece.drums.items():
                    score.pattern(drum, at, steps, level)
        if "tune" in players:
            _sing(score, lead, piece.tune, part * 4 * BAR)
    home = piece.harmony.chord(piece.harmony.degrees.index(0))
    score.strum(chords, [55 + (note - 55) % 12 for note in home], len(piece.form) * 4 * BAR, 3.8, 0.45)
    mix = score.finished()
    return mix * np.float32(LOUDEST / np.abs(mix).max())


def _sing(score: Score, lead: Timbre, tune: Tune, at: float) -> None:
    for degree, beats in tune:
        score.note(lead, 60 + score.harmony.step(degree), at, beats * 0.9, 0.4)
        at += beats


OWN: Final = Piece(
    "A track of its own",
    tempo=124,
    harmony=Harmony(tonic=2, mode="minor", degrees=(0, 5, 3, 4)),
    form=("chords tune", "chords drums bass", "chords drums bass tune", "chords tune", "chords drums bass tune"),
    drums={
        "kick": (0.9, (0, 1, 2, 3)),
        "clap": (0.55, (1, 3)),
        "hat": (0.4, (0.5, 1.5, 2.5, 3.5)),
        "shaker": (0.25, (0.25, 0.75, 2.25, 2.75)),
    },
    tune=(
        (4, 1), (2, 0.5), (3, 0.5), (4, 2),
        (5, 1), (4, 0.5), (3, 0.5), (2, 2),
        (3, 1), (2, 0.5), (1, 0.5), (0, 1), (3, 1),
        (2, 1), (1, 1), (4, 2),
    ),
)  # fmt: skip
"""About 40 seconds."""
OTHERS: Final = (
    Piece(
        "Harbour in the rain",
        tempo=84,
        harmony=Harmony(tonic=7, mode="minor", degrees=(0, 3, 4, 0)),
        form=("chords tune", "chords tune bass drums"),
        drums={
            "kick": (0.5, (0, 2.5)),
            "rim": (0.4, (1, 3)),
            "shaker": (0.2, (0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5)),
        },
        tune=((0, 2), (2, 2), (3, 3), (2, 1), (4, 2), (1, 2), (0, 4)),
        chords=instruments.piano,
        lead=instruments.piano,
        bass=(0, 2),
    ),
    Piece(
        "Tram to the sea",
        tempo=108,
        harmony=Harmony(tonic=5, mode="major", degrees=(0, 5, 3, 4)),
        form=("chords bass drums", "chords bass drums tune"),
        drums={
            "kick": (0.8, (0, 2, 2.5)),
            "snare": (0.6, (1, 3)),
            "hat": (0.35, (0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5)),
        },
        tune=((2, 1), (4, 1), (2, 2), (5, 1), (4, 1), (2, 2), (3, 1), (5, 1), (3, 2), (1, 2), (4, 2)),
        chords=instruments.guitar,
        lead=instruments.organ,
        bass=(0, 1, 2, 3),
    ),
    Piece(
        "Last lamp on the pier",
        tempo=140,
        harmony=Harmony(tonic=9, mode="minor", degrees=(0, 5, 3, 4)),
        form=("chords bass drums", "chords bass drums tune", "chords bass drums tune"),
        drums={
            "kick": (1.0, (0, 1, 2, 3)),
            "snare": (0.8, (1, 3)),
            "open": (0.6, (0.5, 1.5, 2.5, 3.5)),
            "ride": (0.4, (0, 1, 2, 3)),
        },
        tune=((4, 0.5), (4, 0.5), (2, 1), (4, 2)) * 2 + ((3, 0.5), (3, 0.5), (1, 1), (3, 2), (4, 2), (6, 2)),
        chords=instruments.organ,
        lead=instruments.organ,
        bass=(0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5),
    ),
)

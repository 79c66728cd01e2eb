"""What a song of the sample world is like: the truth that its preview is played from."""

from dataclasses import dataclass
from typing import Final, Literal

type Mode = Literal["major", "minor"]
type Quadrant = Literal["excited", "tense", "content", "sad"]

MIDDLE: Final = 0.1
"""How far from the middle a song must be, in energy and in valence, to be of a quadrant."""
SLOWEST: Final = 62.0
"""Beats a minute without energy and valence."""


@dataclass(frozen=True, slots=True)
class Character:
    """Beats a minute; energy and valence from 0 to 1; the tonic in semitones above C; played without drums or not."""

    tempo: float
    energy: float
    valence: float
    mode: Mode
    tonic: int
    acoustic: bool

    @property
    def quadrant(self) -> Quadrant | None:
        """The quadrant of energy and valence, by Russell's names (1980); None for what lies in between."""
        return quadrant(self.energy, self.valence)


def quadrant(energy: float, valence: float) -> Quadrant | None:
    """Of a point; None in the cross between the quadrants."""
    if min(abs(energy - 0.5), abs(valence - 0.5)) < MIDDLE:
        return None
    if energy > 0.5:
        return "excited" if valence > 0.5 else "tense"
    return "content" if valence > 0.5 else "sad"

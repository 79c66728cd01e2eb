"""What is asked of songs, and what a song is: the same figures, so that one can be held against the other. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Final, Literal, get_args

type Figure = Literal["energy", "valence", "danceability", "acousticness", "tempo", "instrumentalness"]

FIGURES: Final[tuple[Figure, ...]] = get_args(Figure.__value__)
SLOWEST: Final = 40.0
FASTEST: Final = 220.0
"""Beats per minute."""
_LOW: Final = 0.4
_HIGH: Final = 0.6
_NAMES: Final = (
    ("melancholic", "calm", "serene"),
    ("wistful", "easy-going", "cheerful"),
    ("intense", "driving", "euphoric"),
)
"""By energy, then by valence."""


@dataclass(frozen=True, slots=True)
class Mood:
    """What is asked for; None leaves a figure open. All but the tempo are from 0 to 1.

    Raises `ValueError`, naming the figure, for what is out of range.
    """

    energy: float | None = None
    valence: float | None = None
    """0 is sad or angry, 1 is happy."""
    danceability: float | None = None
    acousticness: float | None = None
    tempo: float | None = None
    """Beats per minute, 40 to 220."""
    instrumentalness: float | None = None
    """1 is without a voice."""

    def __post_init__(self) -> None:
        _check(self)

    def __bool__(self) -> bool:
        """Whether it asks for anything."""
        return any(getattr(self, name) is not None for name in FIGURES)

    @property
    def audible(self) -> bool:
        """Whether it asks for anything that is heard: nothing tells yet whether somebody sings."""
        return any(getattr(self, name) is not None for name in FIGURES if name != "instrumentalness")


@dataclass(frozen=True, slots=True)
class Features:
    """What a track is, as far as it is known, in the figures of `Mood`; raises as that does."""

    energy: float | None = None
    valence: float | None = None
    danceability: float | None = None
    acousticness: float | None = None
    tempo: float | None = None
    instrumentalness: float | None = None
    source: str = ""
    """Where they are from: "preview", "catalogue"; empty where nothing is known."""

    def __post_init__(self) -> None:
        _check(self)


def _check(figures: Mood | Features) -> None:
    for name in FIGURES:
        value = getattr(figures, name)
        low, high = (SLOWEST, FASTEST) if name == "tempo" else (0.0, 1.0)
        if value is not None and not low <= value <= high:
            raise ValueError(f"{name}: {value} is not from {low:g} to {high:g}")


def kept(figure: Figure, value: float) -> float:
    """Return the nearest value that the figure may have."""
    low, high = (SLOWEST, FASTEST) if figure == "tempo" else (0.0, 1.0)
    return min(high, max(low, value))


def rounded(mood: Mood) -> Mood:
    """To .1 and 10 beats per minute: moods that nobody tells apart share what is remembered of them."""
    values = {name: getattr(mood, name) for name in FIGURES}
    return Mood(
        **{
            name: None if value is None else round(value, -1 if name == "tempo" else 1) + 0.0
            for name, value in values.items()
        }
    )


def blended(parts: Iterable[tuple[float, Mood]]) -> Mood:
    """Return the weighted mean of moods, figure by figure, over those that ask for the figure; weights above 0."""
    sums: dict[str, tuple[float, float]] = {}
    for weight, mood in parts:
        for each in fields(mood):
            if (value := getattr(mood, each.name)) is not None:
                total, weights = sums.get(each.name, (0.0, 0.0))
                sums[each.name] = total + weight * value, weights + weight
    # The mean of equal figures may be a rounding error outside the range that they are in.
    return Mood(**{name: kept(name, total / weights) for name, (total, weights) in sums.items()})  # type: ignore[arg-type]


def word(mood: Mood) -> str:
    """Return one word for a mood by its energy and valence; what is open counts as neither high nor low."""
    return _NAMES[_third(mood.energy)][_third(mood.valence)]


def _third(value: float | None) -> int:
    return 1 if value is None or _LOW <= value <= _HIGH else 0 if value < _LOW else 2

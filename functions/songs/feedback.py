"""What a session's feedback does to the songs that follow. Pure.

Three things, each bounded, so that one dislike does not turn everything: the mood that is looked for moves towards what
was liked and away from what was not (Rocchio, 1971, in The SMART Retrieval System, pp. 313-323); songs of artists who
were liked gain, those of others lose; and what was disliked outright does not come again.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from songs import vibe
from songs.choosing import Scored, artist_key, same_as
from songs.mood import FIGURES, Features, Mood, kept

WEIGHTS: Final[Mapping[str, float]] = {
    "like": 1.0,
    "dislike": -1.0,
    "replay": 0.7,
    "complete": 0.5,
    "open": 0.3,
    "play": 0.1,
    "preview": 0.1,
    "skip": -0.4,
}
"""What an event says of a song, -1 to 1. What people say outright counts most; a skip may mean anything."""
TOWARDS: Final = 0.5
AWAY: Final = 0.25
"""How far the mood moves to the mean of what was liked, and from that of what was not, once there is much of it."""
DOUBT: Final = 2.0
"""Likes that count as none: one like moves the mood a third of the way that many would."""
FARTHEST: Final = 0.15
"""The most that a figure of the mood moves, as a share of its range of 1, or of 100 BPM for the tempo."""
TEMPO_RANGE: Final = 100.0
ARTIST: Final = 0.08
"""The most that an artist's songs gain or lose."""


@dataclass(frozen=True, slots=True)
class Event:
    """What was done with a song that had been offered."""

    scored: Scored
    """The song, with its features."""
    kind: str
    """One of `WEIGHTS`; others count for nothing unless they bring a weight of their own."""
    weight: float | None = None
    """What the client says it means, -1 to 1, in place of the table's."""

    @property
    def says(self) -> float:
        value = WEIGHTS.get(self.kind, 0.0) if self.weight is None else self.weight
        return max(-1.0, min(1.0, value))


@dataclass(frozen=True, slots=True)
class Taste:
    """What the events of a session come to; their order does not matter."""

    mood: Mood
    """What is looked for now."""
    artists: dict[str, float] = field(default_factory=dict)
    """By `artist_key`, what their songs gain or lose."""
    refused: frozenset[tuple[str, ...]] = frozenset()
    """Keys of songs that were disliked outright."""


def taste(mood: Mood, events: Iterable[Event]) -> Taste:
    """Sum a session up. However often a song was played or skipped, it counts for one like or one dislike at most."""
    songs: dict[str, Scored] = {}
    sums: dict[str, float] = {}
    outright: dict[str, float] = {}
    for event in events:
        songs[event.scored.song.id] = event.scored
        sums[event.scored.song.id] = sums.get(event.scored.song.id, 0.0) + event.says
        if event.kind in {"like", "dislike"}:
            outright[event.scored.song.id] = outright.get(event.scored.song.id, 0.0) + event.says
    says = {name: max(-1.0, min(1.0, total)) for name, total in sums.items()}
    artists: dict[str, float] = {}
    for name, value in says.items():
        artist = artist_key(songs[name].song)
        artists[artist] = artists.get(artist, 0.0) + value
    refused = (key for name, value in outright.items() if value < 0 for key in same_as(songs[name].song))
    return Taste(
        mood=_moved(mood, [(value, songs[name].features) for name, value in says.items()]),
        artists={artist: ARTIST * math.tanh(total) for artist, total in artists.items()},
        refused=frozenset(refused),
    )


def rerank(scored: Iterable[Scored], mood: Mood, events: Iterable[Event]) -> list[Scored]:
    """Return songs scored anew, best first, without those that were disliked; `mood` is what was asked for at first.

    `vibe` still says how well a song fits what was asked for; `feedback` is what the session's taste adds to it.
    """
    found = taste(mood, events)
    left = (each for each in scored if not same_as(each.song) & found.refused)
    changed = [replace(each, feedback=_gain(each, found)) for each in left]
    return sorted(changed, key=lambda each: (-(each.vibe.score + each.feedback), each.song.id))


def _gain(scored: Scored, found: Taste) -> float:
    fits = vibe.score(scored.features, found.mood).score - scored.vibe.score
    return fits + found.artists.get(artist_key(scored.song), 0.0)


def _moved(mood: Mood, said: list[tuple[float, Features]]) -> Mood:
    """Move each figure that was asked for; what was left open stays open."""
    figures: dict[str, float] = {}
    for name in FIGURES:
        if (wanted := getattr(mood, name)) is None:
            continue
        known = [(value, figure) for value, features in said if (figure := getattr(features, name)) is not None]
        shift = TOWARDS * _pull(wanted, [(value, figure) for value, figure in known if value > 0])
        shift -= AWAY * _pull(wanted, [(-value, figure) for value, figure in known if value < 0])
        most = FARTHEST * (TEMPO_RANGE if name == "tempo" else 1.0)
        figures[name] = kept(name, wanted + max(-most, min(most, shift)))
    return replace(mood, **figures)


def _pull(wanted: float, heard: list[tuple[float, float]]) -> float:
    """Return the way to the weighted mean of what was heard, shorter the less there is of it."""
    weights = sum(weight for weight, _ in heard)
    if not weights:
        return 0.0
    return (sum(weight * figure for weight, figure in heard) / weights - wanted) * weights / (weights + DOUBT)

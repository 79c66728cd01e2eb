"""Songs found so far for one request, and what is known of their sound."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import zip_longest
from typing import Final

from fanfare.aio import Failure
from fanfare.upstreams.catalogue import Song
from songs import vibe
from songs.choosing import FITTING, Scored
from songs.hearing import by_catalogue
from songs.mood import Features, Mood

ENOUGH_KNOWN: Final = 0.7
"""Share of songs that must be heard for a ranking to be remembered, else it would keep better ones away; and for other
songs to be looked for.
"""


class Pool:
    """Songs found so far, and what is known of their sound."""

    def __init__(self, mood: Mood) -> None:
        self.songs: list[Song] = []
        self.features: dict[str, Features] = {}
        self.failed: list[str] = []
        self.errors: list[Exception] = []
        self.warnings: list[str] = []
        self.mood = mood
        self._asked: dict[str, tuple[str, str]] = {}
        """By a song's id, the artist as it was asked for and the language."""

    def add(self, wanted: Sequence[tuple[str, str]], found: Sequence[list[Song] | Failure]) -> None:
        for asked, songs in zip(wanted, found, strict=True):
            if isinstance(songs, Failure):
                self.errors.append(songs.error)
                continue
            fresh = [song for song in songs if song.id not in self._asked]
            self.songs += fresh
            self._asked |= dict.fromkeys((song.id for song in fresh), asked)

    def heard(self, features: Mapping[str, Features]) -> None:
        self.features |= features

    def detailed(self, songs: Iterable[Song]) -> None:
        """Take in what a catalogue told of songs later."""
        by_id = {song.id: song for song in songs}
        self.songs = [by_id.get(song.id, song) for song in self.songs]

    @property
    def unknown(self) -> list[Song]:
        """Songs that were not heard yet, by turns of their artists, so that something is known of each soon."""
        waiting: dict[str, list[Song]] = {}
        for song in self.songs:
            if song.id not in self.features and song.preview_url:
                waiting.setdefault(self._asked[song.id][0], []).append(song)
        return [song for turn in zip_longest(*waiting.values()) for song in turn if song is not None]

    def scored(self) -> list[Scored]:
        """All songs, the best first."""
        made = [self._scored(song) for song in self.songs]
        return sorted(made, key=order)

    def _scored(self, song: Song) -> Scored:
        features = self.features.get(song.id) or by_catalogue(song)
        return Scored(song, self._asked[song.id][1], vibe.score(features, self.mood), features)

    @property
    def mostly_known(self) -> bool:
        """Whether most songs were heard."""
        return len(self.features) >= ENOUGH_KNOWN * len(self.songs) > 0

    @property
    def fitting(self) -> int:
        """How many songs are known to fit."""
        return sum(each.score >= FITTING for each in map(self._scored, self.songs))

    def by_artist(self) -> dict[str, list[Features]]:
        """What was heard of each artist."""
        heard: dict[str, list[Features]] = {}
        for song in self.songs:
            if song.id in self.features:
                heard.setdefault(self._asked[song.id][0], []).append(self.features[song.id])
        return heard

    def best_artists(self, count: int) -> list[tuple[str, str]]:
        """Artists whose songs fit best in the mean, with their languages."""
        scores: dict[tuple[str, str], list[float]] = {}
        for song in self.songs:
            scores.setdefault(self._asked[song.id], []).append(self._scored(song).score)
        means = {asked: sum(found) / len(found) for asked, found in scores.items()}
        return sorted(means, key=lambda asked: -means[asked])[:count]


def order(each: Scored) -> tuple[float, float, str]:
    """The best first."""
    return -each.score, -(each.song.popularity or 0.0), each.song.id

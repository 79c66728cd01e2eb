"""From scored songs to an answer: which, and in which order. Pure.

The order is such that every beginning of it honours the mix of languages as nearly as whole songs allow, so that a
long answer can be given page by page.
"""

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from fanfare.upstreams.catalogue import Song, name_key
from songs.mood import Features
from songs.vibe import PRIOR, Vibe

MAX_PER_ARTIST: Final = 2
AGAIN: Final = 0.05
"""What each song of an artist that is there already takes from the next one's score."""
SOON: Final = 0.10
SPACING: Final = 2
"""What it takes on top if one of the last two songs is the artist's."""
FITTING: Final = 0.8
"""A song that fits well enough to stop looking: its figures are 0.2 from those asked for on average, where one drawn at
random is 1/3 off. Of those every ninth is as good by chance, every fourth if only energy and valence are asked for."""
MARGIN: Final = 1.5
"""Fitting songs that there must be for each place: more than one, so that there is a choice."""


@dataclass(frozen=True, slots=True)
class Scored:
    """A song, and how well it fits."""

    song: Song
    language: str
    """In the words of the mix that is asked for."""
    vibe: Vibe = field(default_factory=lambda: Vibe(PRIOR, {}, 0.0))
    features: Features = field(default_factory=Features)
    feedback: float = 0.0
    """What a session's feedback adds to the score of its vibe."""

    @property
    def score(self) -> float:
        return min(1.0, max(0.0, self.vibe.score + self.feedback))


@dataclass(frozen=True, slots=True)
class Chosen:
    songs: list[Scored]
    short: dict[str, int]
    """By language, how many songs are missing from what was asked for; other languages' stand in for them as far as
    there are any."""


def quotas(mix: Mapping[str, float], limit: int) -> dict[str, int]:
    """Share `limit` places by the largest remainder; of equal ones, the first in the mix.

    Weights are in any unit; raises `ValueError` unless each is finite and above 0.
    """
    if any(not 0 < weight < math.inf for weight in mix.values()):
        raise ValueError("a share of a mix must be above 0")
    total = sum(mix.values())
    exact = {language: limit * weight / total for language, weight in mix.items()}
    places = {language: math.floor(share) for language, share in exact.items()}
    left = limit - sum(places.values()) if mix else 0
    for language in sorted(exact, key=lambda each: places[each] - exact[each])[:left]:
        places[language] += 1
    return places


def choose(
    scored: Iterable[Scored],
    *,
    limit: int,
    mix: Mapping[str, float],
    max_per_artist: int = MAX_PER_ARTIST,
    exclude: Collection[str] = (),
    explicit: bool = True,
) -> Chosen:
    """Choose at most `limit` songs, in the languages of the mix only; an empty mix takes all.

    No two are the same recording or versions of one song, and none is in `exclude`, by id. Raises as `quotas` does.
    """
    out = frozenset(exclude)
    songs = distinct(each for each in scored if each.song.id not in out and (explicit or not each.song.explicit))
    mix = mix or dict.fromkeys(sorted({each.language for each in songs}), 1.0)
    places = quotas(mix, limit)
    choice = _Choice(
        {language: [each for each in songs if each.language == language] for language in mix}, max_per_artist
    )
    while language := _turn(choice, mix, places):
        choice.take(language)
    short = {language: places[language] - choice.counts[language] for language in mix}
    while len(choice.songs) < limit and (language := choice.best(mix)):
        choice.take(language)
    return Chosen(choice.songs, {language: missing for language, missing in short.items() if missing})


def _turn(choice: "_Choice", mix: Mapping[str, float], places: Mapping[str, int]) -> str | None:
    """Return the language that is furthest behind its share, of those with places and songs left."""
    left = [language for language in mix if choice.counts[language] < places[language] and choice.next(language)]
    total, position = sum(mix.values()), len(choice.songs) + 1

    def behind(language: str) -> tuple[float, float]:
        return round(mix[language] / total * position - choice.counts[language], 9), choice.value(language)

    return max(left, key=behind, default=None)


class _Choice:
    """Songs taken so far, and what is left by language."""

    def __init__(self, pools: dict[str, list[Scored]], max_per_artist: int) -> None:
        self.songs: list[Scored] = []
        self.counts: Counter[str] = Counter()
        self._pools = {language: [(each, artist_key(each.song)) for each in pool] for language, pool in pools.items()}
        self._most = max_per_artist
        self._artists: Counter[str] = Counter()
        self._last: list[str] = []
        self._next: dict[str, tuple[Scored, str] | None] = {}

    def next(self, language: str) -> tuple[Scored, str] | None:
        """Return the best song left of a language, as diversity has it, and its artist."""
        if language not in self._next:
            pool = [each for each in self._pools[language] if self._artists[each[1]] < self._most]
            self._pools[language] = pool
            self._next[language] = max(pool, key=lambda each: (self._value(*each), _order(each[0])), default=None)
        return self._next[language]

    def value(self, language: str) -> float:
        best = self.next(language)
        return self._value(*best) if best else -math.inf

    def best(self, languages: Iterable[str]) -> str | None:
        """Return the language of the best song left of all."""
        return max((language for language in languages if self.next(language)), key=self.value, default=None)

    def take(self, language: str) -> None:
        """Take a language's next song, of which there must be one."""
        best = self.next(language)
        if best is None:
            raise LookupError(language)
        self._pools[language].remove(best)
        taken, artist = best
        self.songs.append(taken)
        self.counts[language] += 1
        self._artists[artist] += 1
        self._last = [*self._last, artist][-SPACING:]
        self._next.clear()

    def _value(self, scored: Scored, artist: str) -> float:
        return scored.score - AGAIN * self._artists[artist] - SOON * (artist in self._last)


def _order(scored: Scored) -> tuple[float, str]:
    """What decides between equal scores: how well known a song is, else its id, so that each run chooses the same."""
    return scored.song.popularity or 0.0, scored.song.id


def distinct(scored: Iterable[Scored]) -> list[Scored]:
    """Return songs best first, without those that share a recording's ISRC, or title and artist, with a better one."""
    seen: set[tuple[str, ...]] = set()
    kept = []
    for each in sorted(scored, key=lambda one: (one.score, _order(one)), reverse=True):
        keys = same_as(each.song)
        if not keys & seen:
            kept.append(each)
            seen |= keys
    return kept


def same_as(song: Song) -> set[tuple[str, ...]]:
    """Return keys of which two songs that count as one share at least one."""
    isrc = re.sub(r"[^A-Z0-9]", "", song.isrc.upper())
    return {("id", song.id), ("title", title_key(song.title), artist_key(song))} | ({("isrc", isrc)} if isrc else set())


LONGEST: Final = 300
"""Characters of a title that tell songs apart."""
_VERSION: Final = (
    r"(?:re-?)?master(?:ed|izado)?|live|en vivo|remix(?:ed)?|rmx|mix|edit|version|versión|acoustic|unplugged|mono"
    r"|stereo|demo|karaoke|instrumental|radio|extended|sped up|slowed|reprise|session|cover|lo-?fi|from"
    r"|feat|ft|featuring|with"
)
_BRACKETED: Final = re.compile(rf"[(\[][^()\[\]]*\b(?:{_VERSION})\b[^()\[\]]*[)\]]")
_TRAILING: Final = re.compile(rf"\s[-–—]\s[^-–—]*\b(?:{_VERSION})\b.*$")
_FEATURING: Final = re.compile(r"\s(?:feat|ft|featuring)\b.*$")


def title_key(title: str) -> str:
    """Fold a title so that its live, remixed and remastered versions are one.

    >>> title_key("Café del Mar (Live at Home) - 2011 Remaster") == title_key("cafe del mar")
    True
    """
    plain = unicodedata.normalize("NFKC", title[:LONGEST]).casefold()
    short = _FEATURING.sub("", _TRAILING.sub("", _BRACKETED.sub(" ", plain)))
    return name_key(short) or name_key(plain)


def artist_key(song: Song) -> str:
    """Fold an artist's name, which is the same at every catalogue as its id is not; without guests."""
    plain = unicodedata.normalize("NFKC", song.artist).casefold()
    return name_key(_FEATURING.sub("", plain)) or name_key(plain) or song.artist_id


def enough(
    scored: Sequence[Scored], limit: int, mix: Mapping[str, float], max_per_artist: int = MAX_PER_ARTIST
) -> bool:
    """Whether looking on can stop: for each language `MARGIN` songs a place that score `FITTING` or more.

    Duplicates, and songs beyond `max_per_artist`, do not count; nor does a song of which nothing is known, whose score
    is below that. An empty mix counts all songs together. Raises as `quotas` does.
    """
    counts: Counter[str] = Counter()
    artists: Counter[str] = Counter()
    for each in distinct(one for one in scored if one.score >= FITTING):
        artist = artist_key(each.song)
        artists[artist] += 1
        counts[each.language] += artists[artist] <= max_per_artist
    wanted = quotas(mix, limit)
    if not wanted:
        return counts.total() >= MARGIN * limit
    return all(counts[language] >= MARGIN * places for language, places in wanted.items())

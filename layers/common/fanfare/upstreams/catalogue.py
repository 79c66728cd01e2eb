"""What a music catalogue offers, whichever it is: artists' best known and latest songs, and what it says of one."""

import math
import re
import time
import unicodedata
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final, Protocol

from fanfare.aio import Failure
from fanfare.cache import Store
from fanfare.cache.cached import Cached, Entry
from fanfare.cache.policy import Policy
from fanfare.errors import NotFound, UpstreamRejected
from fanfare.settings import Settings
from fanfare.upstreams import window
from fanfare.upstreams.http import JsonApi, client

type Json = dict[str, Any]

PLAYED: Final = 60.0
"""Seconds that a preview's URL, which may be signed for a quarter of an hour, should still be good for."""
NOT_ACCENTS: Final = frozenset({0, 8, 9})
"""Canonical combining classes of marks that make another letter: vowel signs, kana's voicing marks, viramas."""


@dataclass(frozen=True, slots=True)
class Song:
    """A track as its catalogue has it; what that does not tell is empty, None or 0."""

    id: str
    """With the catalogue: ``deezer:3135556``."""
    title: str
    artist: str
    artist_id: str
    """With the catalogue: ``deezer:27``."""
    album: str
    isrc: str = ""
    year: int | None = None
    duration: float = 0.0
    """Seconds."""
    explicit: bool = False
    preview_url: str = ""
    """Thirty seconds of it; the URL may expire, see `ends`."""
    cover: str = ""
    link: str = ""
    """The track's page at the catalogue."""
    bpm: float | None = None
    popularity: float | None = None
    """From 0 to 1, within the catalogue."""


@dataclass(frozen=True, slots=True)
class Abilities:
    """What a catalogue can do."""

    artists_at_once: int
    """Artists whose top tracks one call brings; 1 where there is no batch."""
    recent: bool
    previews: bool
    bpm: bool
    """Whether `details` may tell the tempo."""


class Catalogue(Protocol):
    """Both lists are in the order of the artists: at most `limit` songs each, none where the artist is not known, a
    `Failure` where they could not be had. The others raise `UpstreamError`.
    """

    name: str
    abilities: Abilities

    async def top(self, artists: Sequence[str], limit: int) -> list[list[Song] | Failure]:
        """Return each artist's best known songs, the best known first."""
        ...

    async def recent(self, artists: Sequence[str], limit: int) -> list[list[Song] | Failure]:
        """Return songs of each artist's latest albums, the latest first."""
        ...

    async def details(self, song: Song) -> Song:
        """Return the song with ISRC, BPM and year as far as this catalogue knows them."""
        ...

    async def renewed(self, song: Song) -> Song:
        """Return the song with a preview that is good for `PLAYED` seconds, with none where there is none any more; and
        with what is remembered of its details.
        """
        ...


class ArtistSongs:
    """Artists' songs behind a cache, by name and number. `find` raises `NotFound` for an artist nobody knows."""

    def __init__(
        self, store: Store, policy: Policy, catalogue: str, find: Callable[[str, int], Awaitable[list[Song]]]
    ) -> None:
        self._find = find
        self._cached = store.bind(of(policy, catalogue), self._plain, key=lambda name, limit: (name_key(name), limit))

    async def get(self, artists: Sequence[str], limit: int) -> list[list[Song] | Failure]:
        """Return songs or a `Failure` for each artist, in order."""
        wanted = [(artist, limit) for artist in artists]
        # All at once: how many calls go out side by side is for the upstream's own limit to say.
        return [_found(each) for each in await self._cached.get_many(wanted, limit=max(1, len(wanted)))]

    async def _plain(self, artist: str, limit: int) -> list[Json]:
        songs = distinct(await self._find(artist, limit))[:limit]
        if not songs:
            raise NotFound("the catalogue has no songs of that artist")
        return [asdict(song) for song in songs]


class ArtistIds:
    """A catalogue's ids of artists, by name. `find` raises `NotFound` for an artist nobody knows."""

    def __init__(
        self, store: Store, policy: Policy, catalogue: str, find: Callable[[str], Awaitable[int | str]]
    ) -> None:
        self._cached: Cached[Any] = store.bind(of(policy, catalogue), find, key=lambda name: (name_key(name),))

    async def get(self, artist: str) -> Any:
        """Return the id, asking the catalogue if need be; raises what that raises."""
        return (await self._cached.get(artist)).value

    async def recall(self, artist: str) -> Any | None:
        """Return the id if it is remembered."""
        (entry,) = await self._cached.recall([(artist,)])
        return entry.value if entry is not None else None

    async def learn(self, artist: str, artist_id: int | str) -> None:
        """Remember an id that came with something else."""

        async def known(_: str) -> int | str:
            return artist_id

        await self._cached.get(artist, compute=known, recall=False)


def api(
    name: str,
    base_url: str,
    quota: tuple[int, float],
    chosen: Settings,
    store: Store,
    **special: Any,
) -> JsonApi:
    """Return a catalogue's API with this process's HTTP client; its `quota` is so many calls in so many seconds."""
    return JsonApi(
        name,
        base_url,
        http=client(),
        timeout=chosen.call_timeout,
        concurrency=chosen.catalogue_concurrency,
        hedging=False,  # it would be paid from the quota
        window=window.configured(name, *quota, chosen, store),
        **special,
    )


def whose(song: Song, catalogues: Iterable[Catalogue]) -> Catalogue:
    """Return the catalogue that a song is from; raises `LookupError` if it is none of these."""
    for catalogue in catalogues:
        if song.id.startswith(f"{catalogue.name}:"):
            return catalogue
    raise LookupError(song.id)


def of(policy: Policy, catalogue: str) -> Policy:
    """Return the policy for one catalogue: each has caches of its own."""
    return replace(policy, name=f"{policy.name}.{catalogue}")


def name_key(name: str) -> str:
    """Return what makes two spellings of a name the same: letters, digits and vowel signs, without case and accents.

    A name of nothing but signs stays as it is.
    """
    plain = unicodedata.normalize("NFKD", name.casefold().replace("&", " and ").replace("+", " and "))
    kept = "".join(sign for sign in plain if sign.isalnum() or _is_letter_mark(sign))
    return kept or plain.strip()


def _is_letter_mark(sign: str) -> bool:
    return unicodedata.category(sign).startswith("M") and unicodedata.combining(sign) in NOT_ACCENTS


def distinct(songs: Iterable[Song]) -> list[Song]:
    """Return the first of the songs that have the same title."""
    first: dict[str, Song] = {}
    for song in songs:
        first.setdefault(name_key(song.title), song)
    return list(first.values())


def rows(upstream: str, page: Any, *path: str) -> list[Json]:
    """Return the objects listed at `path` in an answer; raises `UpstreamRejected` where there is no list."""
    for name in path:
        page = page.get(name) if isinstance(page, Mapping) else None
    if not isinstance(page, list):
        raise UpstreamRejected(upstream, "the answer has another shape")
    return [each for each in page if isinstance(each, dict)]


def whole(upstream: str, page: Any) -> Json:
    """Return an answer that is one object; raises `UpstreamRejected` where it is none."""
    if not isinstance(page, dict):
        raise UpstreamRejected(upstream, "the answer has another shape")
    return page


def part(row: Json, name: str) -> Json:
    """Return an object within a row, empty where there is none."""
    value = row.get(name)
    return value if isinstance(value, dict) else {}


def text(row: Json, name: str) -> str:
    """Return a text within a row, empty where there is none."""
    value = row.get(name)
    return value if isinstance(value, str) else ""


def number(row: Json, name: str) -> float:
    """Return a number within a row, 0 where there is none."""
    value = row.get(name)
    return float(value) if isinstance(value, int | float) and 0 < value < math.inf else 0.0


def year(date: str) -> int | None:
    """Return the year of an ISO date or of its beginning; None for ``0000-00-00`` and what is none."""
    first = date[:4]
    return int(first) if first.isascii() and first.isdigit() and int(first) > 1000 else None


def ends(url: str) -> float:
    """Return the moment, in epoch seconds, at which a signed URL expires; infinity for one that does not tell."""
    told = re.search(r"[?&=~]exp=(\d+)", url)
    return float(told[1]) if told else math.inf


def expires(song: Song) -> bool:
    """Whether the URL of a song's preview is not good for `PLAYED` seconds any more."""
    return ends(song.preview_url) <= time.time() + PLAYED


def _found(entry: Entry[list[Json]] | Failure) -> list[Song] | Failure:
    if isinstance(entry, Failure):
        return [] if isinstance(entry.error, NotFound) else entry
    return [Song(**each) for each in entry.value]

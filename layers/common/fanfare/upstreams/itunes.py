"""Apple's iTunes Search API: no key, previews as M4A, and the songs of several artists in one call.

Apple allows the previews to promote the songs, next to a link to the store. Some twenty calls a minute, then 403.
Sources: https://performance-partners.apple.com/search-api;
https://developer.apple.com/library/archive/documentation/AudioVideo/Conceptual/iTuneSearchAPI/LookupExamples.html
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import batched
from typing import Final

import httpx2

from fanfare import aio
from fanfare.aio import Failure
from fanfare.cache import Store, registry
from fanfare.errors import NotFound
from fanfare.settings import Settings
from fanfare.upstreams.catalogue import (
    Abilities,
    ArtistIds,
    ArtistSongs,
    Json,
    Song,
    api,
    name_key,
    number,
    rows,
    text,
    year,
)
from fanfare.upstreams.http import JsonApi

NAME: Final = "itunes"
CALLS: Final = 20
SECONDS: Final = 60.0
AT_ONCE: Final = 20
"""Artists in one lookup."""
MOST: Final = 200
"""Rows that an answer may have: by the page for one search, by caution for all artists of a lookup."""

type Question = tuple[int, str]
"""How many songs of each artist, and in which order."""


@dataclass(slots=True)
class _Batch:
    """A lookup that is about to be made."""

    ids: list[int]
    answer: asyncio.Future[dict[int, list[Json] | Failure]]


class Itunes:
    """An artist met for the first time is searched for, which brings songs and id at once; from then on one call
    brings the songs of many. `country` is whose store is asked.
    """

    def __init__(self, api: JsonApi, store: Store, *, country: str) -> None:
        self.name = NAME
        self.abilities = Abilities(artists_at_once=AT_ONCE, recent=True, previews=True, bpm=False)
        self._api = api
        self._country = country
        self._ids = ArtistIds(store, registry.ARTIST_IDS, NAME, self._artist_id)
        self._top = ArtistSongs(store, registry.TOP_TRACKS, NAME, self._top_songs)
        self._recent = ArtistSongs(store, registry.RECENT_TRACKS, NAME, self._recent_songs)
        self._batches: dict[Question, _Batch] = {}

    async def top(self, artists: Sequence[str], limit: int) -> list[list[Song] | Failure]:
        return await self._top.get(artists, limit)

    async def recent(self, artists: Sequence[str], limit: int) -> list[list[Song] | Failure]:
        return await self._recent.get(artists, limit)

    async def details(self, song: Song) -> Song:
        return song  # the lists have all there is

    async def renewed(self, song: Song) -> Song:
        return song  # previews do not expire

    async def _top_songs(self, artist: str, limit: int) -> list[Song]:
        artist_id = await self._ids.recall(artist)
        if artist_id is not None and (found := await self._lookup(artist_id, (limit, "popular"))):
            return _songs(found)
        found = await self._search(artist, max(25, 2 * limit))
        artist_id = _meant(artist, found)
        await self._ids.learn(artist, artist_id)
        return _songs([row for row in found if row.get("artistId") == artist_id])

    async def _recent_songs(self, artist: str, limit: int) -> list[Song]:
        found = await self._lookup(await self._ids.get(artist), (limit, "recent"))
        return _songs(sorted(found, key=lambda row: text(row, "releaseDate"), reverse=True))

    async def _artist_id(self, artist: str) -> int:
        return _meant(artist, await self._search(artist, 10, entity="musicArtist"))

    async def _search(self, artist: str, limit: int, *, entity: str = "song") -> list[Json]:
        query = {"term": artist, "entity": entity, "attribute": "artistTerm", "country": self._country}
        page = await self._api.get("/search", query | {"limit": min(MOST, limit)}, kind="search")
        return rows(NAME, page, "results")

    async def _lookup(self, artist_id: int, question: Question) -> list[Json]:
        """Return an artist's songs; lookups that are asked for together share calls."""
        batch = self._batches.get(question)
        if batch is None or batch.answer.done():
            batch = self._batches[question] = _Batch([], asyncio.ensure_future(self._look_up(question)))
        batch.ids.append(artist_id)
        found = (await asyncio.shield(batch.answer)).get(artist_id, [])
        if isinstance(found, Failure):
            raise found.error
        return found

    async def _look_up(self, question: Question) -> dict[int, list[Json] | Failure]:
        # A task begins when all that is ready to run has run: by then, whoever asked together has joined.
        limit, order = question
        pages = list(batched(dict.fromkeys(self._batches.pop(question).ids), max(1, min(AT_ONCE, MOST // limit))))

        async def read(page: tuple[int, ...]) -> list[Json]:
            query: dict[str, str | int] = {"id": ",".join(map(str, page)), "entity": "song", "limit": min(MOST, limit)}
            query |= {"country": self._country} | ({"sort": "recent"} if order == "recent" else {})
            return rows(NAME, await self._api.get("/lookup", query, kind="lookup"), "results")

        answers = await aio.fan_out(pages, read, limit=len(pages), timeout=float("inf"))
        return {
            artist_id: answer if isinstance(answer, Failure) else _of(artist_id, answer)
            for page, answer in zip(pages, answers, strict=True)
            for artist_id in page
        }


def configured(chosen: Settings, store: Store) -> Itunes:
    """Return iTunes as the settings have it, with this process's HTTP client."""
    called = api(NAME, chosen.itunes_base_url, (CALLS, SECONDS), chosen, store, status=status)
    return Itunes(called, store, country=chosen.default_region)


def status(response: httpx2.Response) -> int:
    """Return the status that an answer amounts to: there is no key to be wrong, so that 403 means too many calls."""
    return 429 if response.status_code == 403 else response.status_code


def _of(artist_id: int, found: list[Json]) -> list[Json]:
    return [row for row in found if row.get("artistId") == artist_id and row.get("kind") == "song"]


def _meant(artist: str, found: list[Json]) -> int:
    """Return the id of the first artist of that name."""
    for row in found:
        if name_key(text(row, "artistName")) == name_key(artist) and isinstance(row.get("artistId"), int):
            return int(row["artistId"])
    raise NotFound("no such artist")


def _songs(found: list[Json]) -> list[Song]:
    return [song for row in found if (song := _song(row))]


def _song(row: Json) -> Song | None:
    if row.get("kind") != "song" or not (row.get("trackId") and text(row, "trackName") and text(row, "artistName")):
        return None
    return Song(
        id=f"{NAME}:{row['trackId']}",
        title=text(row, "trackName"),
        artist=text(row, "artistName"),
        artist_id=f"{NAME}:{row.get('artistId', '')}",
        album=text(row, "collectionName"),
        year=year(text(row, "releaseDate")),
        duration=number(row, "trackTimeMillis") / 1000,
        explicit=text(row, "trackExplicitness") == "explicit",
        preview_url=text(row, "previewUrl"),
        cover=text(row, "artworkUrl100"),
        link=text(row, "trackViewUrl"),
    )

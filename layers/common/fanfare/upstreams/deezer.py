"""Deezer's catalogue: no key, previews as MP3, ISRC, and the tempo of some tracks.

Sources: https://developers.deezer.com/api/search, /api/artist, /api/album, /api/track, /api/errors;
https://developers.deezer.com/guidelines (50 calls in 5 seconds, per address). An error is an object in an answer with
status 200.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import httpx2
import jiter

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
    distinct,
    expires,
    name_key,
    number,
    of,
    part,
    rows,
    text,
    whole,
    year,
)
from fanfare.upstreams.http import JsonApi

NAME: Final = "deezer"
CALLS: Final = 50
SECONDS: Final = 5.0
STATUSES: Final = {4: 429, 700: 503, 800: 404}
"""HTTP statuses that codes of an error amount to: quota, service busy, no data. The others are our fault."""
ERROR_BYTES: Final = 1000
"""An error is never as long as that."""
SEARCHED: Final = 50
"""Tracks that a search brings, many of which are somebody else's."""
MOST: Final = 100
"""Tracks that any answer may have."""
LATEST: Final = 3
"""Records that count as the latest."""
RECORDS: Final = ("album", "ep", "single")
"""Types of records, those with the most songs first. Compilations are no news."""
BEST_RANK: Final = 1e6


class Deezer:
    """One call brings the best known songs of most artists, three at most; two or three bring the latest."""

    def __init__(self, api: JsonApi, store: Store) -> None:
        self.name = NAME
        self.abilities = Abilities(artists_at_once=1, recent=True, previews=True, bpm=True)
        self._api = api
        self._ids = ArtistIds(store, registry.ARTIST_IDS, NAME, self._artist_id)
        self._top = ArtistSongs(store, registry.TOP_TRACKS, NAME, self._top_songs)
        self._recent = ArtistSongs(store, registry.RECENT_TRACKS, NAME, self._recent_songs)
        self._details = store.bind(of(registry.SONG_DETAILS, NAME), self._track)
        self._previews = store.bind(of(registry.SONG_PREVIEWS, NAME), self._preview)

    async def top(self, artists: Sequence[str], limit: int) -> list[list[Song] | Failure]:
        return await self._top.get(artists, limit)

    async def recent(self, artists: Sequence[str], limit: int) -> list[list[Song] | Failure]:
        return await self._recent.get(artists, limit)

    async def details(self, song: Song) -> Song:
        if not song.id.startswith(f"{NAME}:") or (song.isrc and song.year and song.bpm):
            return song
        try:
            return _with(song, (await self._details.get(_number(song))).value)
        except NotFound:
            return song

    async def renewed(self, song: Song) -> Song:
        if not song.id.startswith(f"{NAME}:"):
            return song
        if expires(song):
            try:
                song = replace(song, preview_url=(await self._previews.get(_number(song))).value)
            except NotFound:
                song = replace(song, preview_url="")
        (details,) = await self._details.recall([(_number(song),)])
        return _with(song, details.value) if details else song

    async def _top_songs(self, artist: str, limit: int) -> list[Song]:
        artist_id = await self._ids.recall(artist)
        if artist_id is None:
            songs = await self._searched(artist)
            if len(distinct(songs)) >= limit:
                return songs
            artist_id = await self._ids.get(artist)
        page = await self._api.get(f"/artist/{artist_id}/top", {"limit": min(MOST, 2 * limit)}, kind="top")
        return _songs(rows(NAME, page, "data"), artist_id)

    async def _searched(self, artist: str) -> list[Song]:
        """Search by plain words: a search by field (artist:"…") is loose, and has been seen to find nothing at all."""
        query: dict[str, str | int] = {"q": artist, "order": "RANKING", "limit": SEARCHED}
        tracks = rows(NAME, await self._api.get("/search", query, kind="search"), "data")
        try:
            artist_id = _meant(artist, [part(track, "artist") for track in tracks])
        except NotFound:
            return []
        await self._ids.learn(artist, artist_id)
        return sorted(_songs(tracks, artist_id), key=lambda song: song.popularity or 0, reverse=True)

    async def _artist_id(self, artist: str) -> int:
        query: dict[str, str | int] = {"q": artist, "limit": 10}
        return _meant(artist, rows(NAME, await self._api.get("/search/artist", query, kind="artist"), "data"))

    async def _recent_songs(self, artist: str, _: int) -> list[Song]:
        artist_id = await self._ids.get(artist)
        albums = rows(NAME, await self._api.get(f"/artist/{artist_id}/albums", {"limit": MOST}, kind="albums"), "data")
        record = _latest(albums)
        tracks = rows(NAME, await self._api.get(f"/album/{record['id']}/tracks", {"limit": MOST}, kind="album"), "data")
        return _songs([track | {"album": record} for track in tracks], artist_id)

    async def _track(self, track_id: str) -> Json:
        return _facts(await self._asked(track_id))

    async def _preview(self, track_id: str) -> str:
        track = await self._asked(track_id)
        self._details.put((track_id,), _facts(track))
        return text(track, "preview")

    async def _asked(self, track_id: str) -> Json:
        return whole(NAME, await self._api.get(f"/track/{track_id}", {}, kind="track"))


def configured(chosen: Settings, store: Store) -> Deezer:
    """Return Deezer as the settings have it, with this process's HTTP client."""
    called = api(NAME, chosen.deezer_base_url, (CALLS, SECONDS), chosen, store, status=status)
    return Deezer(called, store)


def status(response: httpx2.Response) -> int:
    """Return the status that an answer amounts to."""
    if response.status_code != 200 or len(response.content) > ERROR_BYTES:
        return response.status_code
    try:
        answer: Any = jiter.from_json(response.content)
    except ValueError:
        return 200
    if not isinstance(answer, dict) or "error" not in answer:
        return 200
    return STATUSES.get(int(number(part(answer, "error"), "code")), 400)


def _number(song: Song) -> str:
    return song.id.partition(":")[2]


def _facts(track: Json) -> Json:
    return {
        "isrc": text(track, "isrc"),
        "year": year(text(track, "release_date")),
        "bpm": number(track, "bpm") or None,
    }


def _with(song: Song, facts: Json) -> Song:
    return replace(song, isrc=song.isrc or facts["isrc"], year=song.year or facts["year"], bpm=song.bpm or facts["bpm"])


def _meant(artist: str, found: list[Json]) -> int:
    """Return the id of the first artist of that name: of two with the same one, the better known."""
    for each in found:
        if name_key(text(each, "name")) == name_key(artist) and isinstance(each.get("id"), int):
            return int(each["id"])
    raise NotFound("no such artist")


def _latest(albums: list[Json]) -> Json:
    """Return the record to look into: of the latest the one with the most songs, since each costs a call."""
    records = [album for album in albums if text(album, "record_type") in RECORDS and isinstance(album.get("id"), int)]
    records.sort(key=lambda album: text(album, "release_date"), reverse=True)
    if not records:
        raise NotFound("no records of that artist")
    return min(records[:LATEST], key=lambda album: RECORDS.index(text(album, "record_type")))


def _songs(tracks: list[Json], artist_id: int) -> list[Song]:
    """Return the tracks that the artist takes part in: albums and searches bring others', too."""
    return [song for track in tracks if (song := _song(track, artist_id))]


def _song(track: Json, artist_id: int) -> Song | None:
    taking_part = [part(track, "artist"), *rows(NAME, track.get("contributors") or [])]
    artist = next((each for each in taking_part if each.get("id") == artist_id), {})
    album = part(track, "album")
    if not (track.get("id") and text(track, "title") and text(artist, "name")):
        return None
    return Song(
        id=f"{NAME}:{track['id']}",
        title=text(track, "title"),
        artist=text(artist, "name"),
        artist_id=f"{NAME}:{artist.get('id', '')}",
        album=text(album, "title"),
        isrc=text(track, "isrc"),
        year=year(text(track, "release_date") or text(album, "release_date")),
        duration=number(track, "duration"),
        explicit=track.get("explicit_lyrics") is True,
        preview_url=text(track, "preview"),
        cover=text(album, "cover_big") or text(album, "cover"),
        link=text(track, "link"),
        bpm=number(track, "bpm") or None,
        popularity=min(1.0, number(track, "rank") / BEST_RANK) if "rank" in track else None,
    )

"""Spotify's catalogue, by what Development Mode still offers: search, ten at a time, and nothing of how songs sound.

No top tracks, no several artists in one call, hardly a preview, no popularity. ISRC came back in March 2026.
Sources: https://developer.spotify.com/documentation/web-api/tutorials/february-2026-migration-guide,
https://developer.spotify.com/documentation/web-api/references/changes/march-2026,
https://developer.spotify.com/documentation/web-api/tutorials/client-credentials-flow,
https://developer.spotify.com/documentation/web-api/concepts/rate-limits (a window of 30 seconds; its size is not told)
"""

import asyncio
import functools
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Final

import httpx2
import jiter

from fanfare import aio, aws, telemetry
from fanfare.aio import Failure
from fanfare.cache import Store, registry
from fanfare.errors import UpstreamError, UpstreamRejected, UpstreamTimeout
from fanfare.settings import Settings
from fanfare.upstreams.catalogue import (
    Abilities,
    ArtistSongs,
    Json,
    Song,
    api,
    name_key,
    number,
    part,
    rows,
    text,
    year,
)
from fanfare.upstreams.http import JsonApi, client

NAME: Final = "spotify"
CALLS: Final = 60
SECONDS: Final = 30.0
MOST: Final = 10
EARLY: Final = 60.0
"""Seconds before its end after which a token is not used any more."""


class Spotify:
    """One call for an artist's best known songs, one for the latest: those of this year and the last."""

    def __init__(self, api: JsonApi, store: Store) -> None:
        self.name = NAME
        self.abilities = Abilities(artists_at_once=1, recent=True, previews=False, bpm=False)
        self._api = api
        self._top = ArtistSongs(store, registry.TOP_TRACKS, NAME, self._top_songs)
        self._recent = ArtistSongs(store, registry.RECENT_TRACKS, NAME, self._recent_songs)

    async def top(self, artists: Sequence[str], limit: int) -> list[list[Song] | Failure]:
        return await self._top.get(artists, limit)

    async def recent(self, artists: Sequence[str], limit: int) -> list[list[Song] | Failure]:
        return await self._recent.get(artists, limit)

    async def details(self, song: Song) -> Song:
        return song  # the lists have all there is

    async def renewed(self, song: Song) -> Song:
        return song  # previews do not expire

    async def _top_songs(self, artist: str, _: int) -> list[Song]:
        return await self._search(artist)

    async def _recent_songs(self, artist: str, _: int) -> list[Song]:
        this = datetime.now(UTC).year
        songs = await self._search(artist, f" year:{this - 1}-{this}")
        return sorted(songs, key=lambda song: song.year or 0, reverse=True)

    async def _search(self, artist: str, further: str = "") -> list[Song]:
        quoted = artist.replace('"', " ").strip()
        query: dict[str, str | int] = {"q": f'artist:"{quoted}"{further}', "type": "track", "limit": MOST}
        tracks = rows(NAME, await self._api.get("/search", query, kind="search"), "tracks", "items")
        return [song for track in tracks if (song := _song(track, artist))]


class Token:
    """The token of an application, by its credentials: ``client id:client secret``. Kept until shortly before its end.

    Source: https://datatracker.ietf.org/doc/html/rfc6749#section-4.4
    """

    def __init__(
        self, url: str, *, credentials: Callable[[], Awaitable[str]], http: httpx2.AsyncClient, timeout: float
    ) -> None:
        self._url = url
        self._credentials = credentials
        self._http = http
        self._timeout = timeout
        self._lock = asyncio.Lock()
        self._kept = ("", float("-inf"))

    async def __call__(self) -> str:
        """Raises `UpstreamRejected` for wrong credentials, else `UpstreamTimeout` or `UpstreamError`."""
        async with self._lock:
            token, ends = self._kept
            if time.monotonic() >= ends:
                token, seconds = await self._ask()
                self._kept = (token, time.monotonic() + seconds - EARLY)
            return token

    async def _ask(self) -> tuple[str, float]:
        identity, _, secret = (await self._credentials()).partition(":")
        telemetry.count_call(NAME)
        limit = min(aio.deadline().at, aio.Deadline.after(self._timeout).at)
        try:
            async with asyncio.timeout_at(limit):
                response = await self._http.post(
                    self._url, data={"grant_type": "client_credentials"}, auth=httpx2.BasicAuth(identity, secret)
                )
        except (TimeoutError, httpx2.TimeoutException) as error:
            raise UpstreamTimeout(NAME, "no token in time") from error
        except httpx2.HTTPError as error:
            raise UpstreamError(NAME, type(error).__name__) from error
        if response.status_code != 200:
            failed = UpstreamRejected if response.status_code < 500 else UpstreamError
            raise failed(NAME, f"no token: status {response.status_code}")
        try:
            answer = jiter.from_json(response.content)
            return str(answer["access_token"]), float(answer["expires_in"])
        except (ValueError, LookupError, TypeError) as error:
            raise UpstreamRejected(NAME, "the token's answer has another shape") from error


def configured(chosen: Settings, store: Store) -> Spotify | None:
    """Return Spotify as the settings have it, with this process's HTTP client; None if there are no credentials."""
    if not chosen.spotify_credentials_parameter:
        return None
    token = Token(
        chosen.spotify_token_url,
        credentials=functools.partial(aws.secret, chosen.spotify_credentials_parameter),
        http=client(),
        timeout=chosen.call_timeout,
    )
    return Spotify(api(NAME, chosen.spotify_base_url, (CALLS, SECONDS), chosen, store, token=token), store)


def _song(track: Json, wanted: str) -> Song | None:
    """Return a track by the artist asked for, alone or with others."""
    by = [each for each in rows(NAME, track.get("artists") or []) if name_key(text(each, "name")) == name_key(wanted)]
    if not (by and track.get("id") and text(track, "name")):
        return None
    artist, album = by[0], part(track, "album")
    covers = rows(NAME, album.get("images") or [])
    return Song(
        id=f"{NAME}:{track['id']}",
        title=text(track, "name"),
        artist=text(artist, "name"),
        artist_id=f"{NAME}:{artist.get('id', '')}",
        album=text(album, "name"),
        isrc=text(part(track, "external_ids"), "isrc"),
        year=year(text(album, "release_date")),
        duration=number(track, "duration_ms") / 1000,
        explicit=track.get("explicit") is True,
        preview_url=text(track, "preview_url"),
        cover=text(covers[0], "url") if covers else "",
        link=text(part(track, "external_urls"), "spotify"),
        popularity=min(1.0, number(track, "popularity") / 100) if "popularity" in track else None,
    )

"""Playlists of the library's tracks."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from analysis import playlist_formats
from analysis.contract import MOST_TRACKS, Format, PlaylistRequest
from analysis.library import Entry, Library
from analysis.playlist import Playlist, arrange
from fanfare import aio
from fanfare.errors import InvalidInput
from fanfare.storage import SIGNED_SECONDS, Bucket

MEDIA_TYPES: Final[Mapping[Format, str]] = {
    "json": "application/json",
    "m3u8": "application/vnd.apple.mpegurl",
    "xspf": "application/xspf+xml",
}
LIBRARY: Final = 20_000
"""Tracks of the library that are looked at."""


@dataclass(frozen=True, slots=True)
class Made:
    """A playlist, the ids asked for that there is no track of, and how many tracks it was chosen from."""

    playlist: Playlist
    unknown: tuple[str, ...]
    considered: int


class Playlists:
    def __init__(self, library: Library, bucket: Bucket) -> None:
        self._library = library
        self._bucket = bucket

    async def make(self, request: PlaylistRequest) -> Made:
        """Choose and order tracks; raises `InvalidInput` if there are none to choose from."""
        entries, unknown = await self._entries(request)
        if not entries:
            field = "all" if request.all else "ids"
            raise InvalidInput({field: "the library has no such tracks; they are there once they are analysed"})
        made = await aio.compute(
            arrange,
            [entry.track for entry in entries],
            curve=request.curve,
            length=request.length,
            duration=request.duration,
            seed=request.seed,
        )
        if request.links:
            made = await self._linked(made, entries)
        return Made(made, unknown, len(entries))

    async def _entries(self, request: PlaylistRequest) -> tuple[list[Entry], tuple[str, ...]]:
        if request.ids is None:
            every = await self._library.tracks(limit=LIBRARY)
            if len(every) > MOST_TRACKS:  # the more there are, the longer is the search
                every = random.Random(request.seed).sample(every, MOST_TRACKS)
            return every, ()
        found = await self._library.named(request.ids)
        asked = list(dict.fromkeys(request.ids))
        return [found[each] for each in asked if each in found], tuple(each for each in asked if each not in found)

    async def _linked(self, playlist: Playlist, entries: list[Entry]) -> Playlist:
        keys = {entry.track.id: entry.key for entry in entries}
        urls = await self._bucket.signed_urls([keys[track.id] for track in playlist.tracks], seconds=SIGNED_SECONDS)
        located = zip(playlist.tracks, urls, strict=True)
        return replace(playlist, tracks=tuple(replace(track, location=url) for track, url in located))


def written(made: Made, title: str, media_type: str) -> str | dict[str, object]:
    """Return a playlist as one of `MEDIA_TYPES`; for JSON, what it is made of."""
    if media_type == MEDIA_TYPES["m3u8"]:
        return playlist_formats.m3u8(made.playlist, title)
    if media_type == MEDIA_TYPES["xspf"]:
        return playlist_formats.xspf(made.playlist, title)
    told = playlist_formats.as_dict(made.playlist)
    return {"title": title, **told, "considered": made.considered, "unknown": list(made.unknown)}

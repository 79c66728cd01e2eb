"""The iTunes Search API's answers about the sample music: pure functions from query parameters to bodies.

Shapes and parameters:
https://developer.apple.com/library/archive/documentation/AudioVideo/Conceptual/iTuneSearchAPI. Bodies are JSON that
calls itself JavaScript, with empty lines around. No answer tells an ISRC or a tempo; previews do not expire.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from local_cloud.world import music
from local_cloud.world.music import Album, Artist, Song

type Parameters = Mapping[str, str]
type Entry = dict[str, Any]

MEDIA_TYPE: Final = "text/javascript; charset=utf-8"
FIRST_ARTIST: Final = 1_640_000_000
FIRST_ALBUM: Final = 1_740_000_000
FIRST_SONG: Final = 1_840_000_000
FEW: Final = 50
MOST: Final = 200
"""Results without a `limit`, and at most."""
SONGS: Final = frozenset({"song", "musicTrack"})
GENRE_IDS: Final = {
    "Pop": 14, "Dance": 17, "Metal": 1153, "Rock": 21, "Folk": 1289, "Singer/Songwriter": 10, "Bollywood": 1263,
    "Indian Pop": 1268, "Indian Classical": 1190, "Latin": 12,
}  # fmt: skip


class WrongParameterError(ValueError):
    """Answered with status 400."""


class Itunes:
    """The API as seen at `base`, the sample world's address."""

    def __init__(self, base: str) -> None:
        self.base = base

    def search(self, parameters: Parameters) -> bytes:
        """`/search`: songs (entity song or musicTrack, the default), albums (album) or artists (musicArtist).

        With attribute artistTerm or songTerm only that is searched. Raises WrongParameterError for another entity.
        """
        term, entity = parameters.get("term", "").strip(), parameters.get("entity", "song")
        attribute, limit = parameters.get("attribute", ""), _limit(parameters)
        if entity == "musicArtist":
            return _body(self._artist(artist) for artist in music.found_artists(term)[:limit])
        by_artist, by_title = attribute == "artistTerm", attribute == "songTerm"
        found = music.found_songs(
            "" if by_artist or by_title else term, artist=term if by_artist else "", title=term if by_title else ""
        )
        if entity == "album":
            return _body(map(self._album, list(dict.fromkeys(song.album for song in found))[:limit]))
        if entity not in SONGS:
            raise WrongParameterError("entity")
        return _body(map(self._song, found[:limit]))

    def lookup(self, parameters: Parameters) -> bytes:
        """`/lookup`: what an `id`, or each of several with commas between, or an `isrc` names; with `entity` song or
        album, after each its own songs or albums, at most `limit` of each, the popular first or (sort recent) the new.

        Raises WrongParameterError for another entity, or an id that is no number.
        """
        entity, limit = parameters.get("entity", ""), _limit(parameters)
        if entity and entity not in SONGS | {"album"}:
            raise WrongParameterError("entity")
        if isrc := parameters.get("isrc", ""):
            return _body(self._song(song) for song in music.songs() if song.isrc == isrc.upper())
        identities = [part for part in parameters.get("id", "").split(",") if part]
        if not all(part.isdecimal() for part in identities):
            raise WrongParameterError("id")
        recent = parameters.get("sort") == "recent"
        return _body(each for part in identities for each in self._named(int(part), entity, limit, recent=recent))

    def _named(self, identity: int, entity: str, limit: int, *, recent: bool) -> Iterator[Entry]:
        if artist := music.by_number(music.artists(), identity, FIRST_ARTIST):
            yield self._artist(artist)
            if entity == "album":
                yield from map(self._album, artist.recent[:limit])
            elif entity:
                songs = artist.songs
                songs.sort(key=lambda song: song.album.date if recent else "", reverse=True)
                yield from map(self._song, songs[:limit])
        elif album := music.by_number(music.albums(), identity, FIRST_ALBUM):
            yield self._album(album)
            if entity in SONGS:
                yield from map(self._song, album.songs[:limit])
        elif song := music.by_number(music.songs(), identity, FIRST_SONG):
            yield self._song(song)

    def _artist(self, artist: Artist) -> Entry:
        return {
            "wrapperType": "artist",
            "artistType": "Artist",
            "artistName": artist.name,
            "artistLinkUrl": self._link("artist", FIRST_ARTIST + artist.number),
            "artistId": FIRST_ARTIST + artist.number,
            "primaryGenreName": artist.genre,
            "primaryGenreId": GENRE_IDS[artist.genre],
        }

    def _album(self, album: Album) -> Entry:
        explicit = any(song.explicit for song in album.songs)
        return {
            "wrapperType": "collection",
            "collectionType": "Album",
            **self._release(album),
            "collectionPrice": 9.99,
            "collectionExplicitness": _explicitness(explicit),
            "trackCount": len(album.songs),
            "copyright": f"℗ {album.date[:4]} Sample Records",
            "country": "USA",
            "currency": "USD",
            "releaseDate": f"{album.date}T07:00:00Z",
            "primaryGenreName": album.artist.genre,
        }

    def _song(self, song: Song) -> Entry:
        link = f"{self._link('album', FIRST_ALBUM + song.album.number)}&i={FIRST_SONG + song.number}"
        preview = {"previewUrl": f"{music.PREVIEWS}/previews/itunes/{song.isrc}.mp3"} if song.audible else {}
        return {
            "wrapperType": "track",
            "kind": "song",
            **self._release(song.album),
            "trackId": FIRST_SONG + song.number,
            "trackName": song.title,
            "trackCensoredName": song.title,
            "trackViewUrl": link,
            **preview,
            "collectionPrice": 9.99,
            "trackPrice": 1.29,
            "releaseDate": f"{song.album.date}T12:00:00Z",
            "collectionExplicitness": _explicitness(any(other.explicit for other in song.album.songs)),
            "trackExplicitness": _explicitness(song.explicit),
            "discCount": 1,
            "discNumber": 1,
            "trackCount": len(song.album.songs),
            "trackNumber": song.position,
            "trackTimeMillis": song.duration * 1000 + song.number % 1000,
            "country": "USA",
            "currency": "USD",
            "primaryGenreName": song.artist.genre,
            "isStreamable": True,
        }

    def _release(self, album: Album) -> Entry:
        """What an album's entry and those of its songs have in common."""
        identity = FIRST_ALBUM + album.number
        art = {
            f"artworkUrl{side}": f"{self.base}/images/music/{side}x{side}bb/album-{identity}.jpg"
            for side in (30, 60, 100)
        }
        return {
            "artistId": FIRST_ARTIST + album.artist.number,
            "collectionId": identity,
            "artistName": album.artist.name,
            "collectionName": album.title,
            "collectionCensoredName": album.title,
            "artistViewUrl": self._link("artist", FIRST_ARTIST + album.artist.number),
            "collectionViewUrl": self._link("album", identity),
            **art,
        }

    def _link(self, kind: str, identity: int) -> str:
        return f"{self.base}/itunes/us/{kind}/{identity}?uo=4"


def _explicitness(explicit: bool) -> str:
    return "explicit" if explicit else "notExplicit"


def _limit(parameters: Parameters) -> int:
    text = parameters.get("limit", "")
    return min(int(text), MOST) if text.isdecimal() and int(text) else FEW


def _body(entries: Iterable[Entry]) -> bytes:
    lines = [json.dumps(entry, ensure_ascii=False, separators=(",", ":")) for entry in entries]
    results = ", \n".join(lines)
    return f'\n\n\n{{\n "resultCount":{len(lines)},\n "results": [\n{results}]\n}}\n\n\n'.encode()

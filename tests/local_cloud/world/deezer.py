"""Deezer's answers about the sample music: pure functions from what is asked to what stands in the JSON body.

Shapes: https://developers.deezer.com/api (search, artist/top, artist/albums, album/tracks, track), and the members that
answers have beside. Whatever goes wrong is told in a body with status 200. A track's preview is signed and expires.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Literal
from zlib import crc32

from local_cloud.world import music
from local_cloud.world.music import Album, Artist, Song

type Parameters = Mapping[str, str]
type Body = dict[str, Any]
type Kind = Literal["minimal", "listed"]

FIRST_ARTIST: Final = 9_200_000
FIRST_ALBUM: Final = 710_000_000
FIRST_SONG: Final = 2_900_000_000
PAGE: Final = 25
MOST: Final = 100
PREVIEW_SECONDS: Final = 900
"""For how long a preview's URL is good."""
FIELD: Final = re.compile(r'(artist|album|track):"([^"]*)"')
SIZES: Final = {"small": 56, "medium": 250, "big": 500, "xl": 1000}
GENRE_IDS: Final = {
    "Pop": 132, "Dance": 113, "Metal": 464, "Rock": 152, "Folk": 466, "Singer/Songwriter": 169, "Bollywood": 81,
    "Indian Pop": 81, "Indian Classical": 98, "Latin": 197,
}  # fmt: skip

QUOTA: Final = ("Exception", "Quota limit exceeded", 4)
BUSY: Final = ("Exception", "Service busy", 700)
NO_DATA: Final = ("DataException", "no data", 800)
NO_QUERY: Final = ("MissingParameterException", "Missing parameters: q", 501)
UNKNOWN_PATH: Final = ("InvalidQueryException", "Unknown path components : /", 600)
"""Source: https://developers.deezer.com/api/errors"""


def error(kind: str, message: str, code: int) -> Body:
    """A body that tells what went wrong."""
    return {"error": {"type": kind, "message": message, "code": code}}


class Deezer:
    """The API as seen at `base`, the sample world's address, at a time (`now`, seconds of Unix time)."""

    def __init__(self, base: str, now: float) -> None:
        self.base, self.now = base, now

    def search(self, parameters: Parameters, *, fields: bool = True) -> Body:
        """`/search`: tracks, by plain words or by `artist:"…"`, `album:"…"` and `track:"…"`; those find nothing if not
        `fields`, as has been seen of the real one since September 2026.
        """
        query = parameters.get("q", "").strip()
        if not query:
            return error(*NO_QUERY)
        asked = dict(FIELD.findall(query))
        if asked and not fields:
            return self._page([], parameters, "search", self._listed)
        found = music.found_songs(
            FIELD.sub(" ", query).strip(),
            artist=asked.get("artist", ""),
            title=asked.get("track", ""),
            album=asked.get("album", ""),
        )
        return self._page(found, parameters, "search", self._listed)

    def search_artist(self, parameters: Parameters) -> Body:
        """`/search/artist`: artists by words of their name, in whichever script."""
        query = parameters.get("q", "").strip()
        if not query:
            return error(*NO_QUERY)
        return self._page(music.found_artists(query), parameters, "search/artist", self._found_artist)

    def top(self, identity: int, parameters: Parameters) -> Body:
        """`/artist/{id}/top`: five tracks, unless `limit` says otherwise, the most popular first."""
        artist = music.by_number(music.artists(), identity, FIRST_ARTIST)
        if artist is None:
            return error(*NO_DATA)
        return self._page(artist.songs, {"limit": "5", **parameters}, f"artist/{identity}/top", self._top)

    def albums(self, identity: int, parameters: Parameters) -> Body:
        """`/artist/{id}/albums`, the newest first."""
        artist = music.by_number(music.artists(), identity, FIRST_ARTIST)
        if artist is None:
            return error(*NO_DATA)
        return self._page(artist.recent, parameters, f"artist/{identity}/albums", self._released)

    def tracks(self, identity: int, parameters: Parameters) -> Body:
        """`/album/{id}/tracks`, in the album's order."""
        album = music.by_number(music.albums(), identity, FIRST_ALBUM)
        if album is None:
            return error(*NO_DATA)
        return self._page(album.songs, parameters, f"album/{identity}/tracks", self._on_album)

    def track(self, identity: str) -> Body:
        """`/track/{id}` and `/track/isrc:{isrc}`."""
        if identity.startswith("isrc:"):
            isrc = identity.removeprefix("isrc:").upper()
            song = next((song for song in music.songs() if song.isrc == isrc), None)
        else:
            song = music.by_number(music.songs(), int(identity) if identity.isdecimal() else 0, FIRST_SONG)
        return error(*NO_DATA) if song is None else self._whole(song)

    def _page[Item](self, found: Sequence[Item], asked: Parameters, path: str, entry: Callable[[Item], Body]) -> Body:
        limit, index = min(_number(asked, "limit", PAGE), MOST), _number(asked, "index", 0)
        page: Body = {"data": [entry(item) for item in found[index : index + limit]], "total": len(found)}
        if index + limit < len(found):
            query = f"q={asked['q']}&" if "q" in asked else ""
            page["next"] = f"{self.base}/deezer/{path}?{query}limit={limit}&index={index + limit}"
        return page

    def _basic(self, song: Song) -> Body:
        """What stands of a track everywhere."""
        identity = FIRST_SONG + song.number
        return {
            "id": identity,
            "readable": True,
            "title": song.title,
            "title_short": song.title,
            "title_version": "",
            "isrc": song.isrc,
            "link": f"{self.base}/deezer/track/{identity}",
            "duration": song.duration,
            "rank": round(song.popularity * 1_000_000),
            "explicit_lyrics": song.explicit,
            "explicit_content_lyrics": int(song.explicit),
            "explicit_content_cover": 0,
            "preview": self._preview(song),
            "md5_image": f"{crc32(song.album.title.encode()):032x}",
            "type": "track",
        }

    def _listed(self, song: Song) -> Body:
        return self._basic(song) | {"artist": self._artist(song.artist), "album": self._album(song.album)}

    def _top(self, song: Song) -> Body:
        contributor = self._artist(song.artist) | {"radio": True, "role": "Main"}
        return self._basic(song) | {
            "contributors": [contributor],
            "artist": self._artist(song.artist, "minimal"),
            "album": self._album(song.album),
        }

    def _on_album(self, song: Song) -> Body:
        place = {"track_position": song.position, "disk_number": 1}
        return self._basic(song) | place | {"artist": self._artist(song.artist, "minimal")}

    def _whole(self, song: Song) -> Body:
        link = f"{self.base}/deezer/track/{FIRST_SONG + song.number}"
        return self._top(song) | {
            "share": f"{link}?utm_source=deezer",
            "track_position": song.position,
            "disk_number": 1,
            "release_date": song.album.date,
            "bpm": told_tempo(song),
            "gain": round(-6.0 - 8 * song.character.energy, 1),
            "available_countries": ["DE", "ES", "GB", "IN", "US"],
            "artist": self._artist(song.artist),
            "album": self._album(song.album) | {"release_date": song.album.date},
        }

    def _found_artist(self, artist: Artist) -> Body:
        return self._artist(artist) | {"nb_album": len(artist.albums), "nb_fan": artist.fans, "radio": True}

    def _artist(self, artist: Artist, kind: Kind = "listed") -> Body:
        identity = FIRST_ARTIST + artist.number
        own = {
            "id": identity,
            "name": artist.name,
            "tracklist": f"{self.base}/deezer/artist/{identity}/top?limit=50",
            "type": "artist",
        }
        if kind == "minimal":
            return own
        link = f"{self.base}/deezer/artist/{identity}"
        return own | {"link": link} | self._pictures("picture", f"artist-{identity}")

    def _album(self, album: Album) -> Body:
        identity = FIRST_ALBUM + album.number
        return {
            "id": identity,
            "title": album.title,
            **self._pictures("cover", f"album-{identity}"),
            "md5_image": f"{crc32(album.title.encode()):032x}",
            "tracklist": f"{self.base}/deezer/album/{identity}/tracks",
            "type": "album",
        }

    def _released(self, album: Album) -> Body:
        return self._album(album) | {
            "link": f"{self.base}/deezer/album/{FIRST_ALBUM + album.number}",
            "genre_id": GENRE_IDS[album.artist.genre],
            "fans": album.artist.fans // 20,
            "release_date": album.date,
            "record_type": album.kind,
            "explicit_lyrics": any(song.explicit for song in album.songs),
        }

    def _pictures(self, member: str, name: str) -> Body:
        sizes = {f"{member}_{size}": f"{side}x{side}" for size, side in SIZES.items()} | {member: "image"}
        return {each: f"{self.base}/images/music/{size}/{name}.jpg" for each, size in sizes.items()}

    def _preview(self, song: Song) -> str:
        if not song.audible:
            return ""
        path, expires = f"/previews/deezer/{song.isrc}.mp3", int(self.now) + PREVIEW_SECONDS
        signature = f"{crc32(f'{path}{expires}'.encode()):064x}"
        return (
            f"{music.PREVIEWS}{path}?hdnea=exp={expires}~acl={path}*~data=user_id=0,application_id=42~hmac={signature}"
        )


def told_tempo(song: Song) -> float:
    """The tempo that the catalogue tells: of a third of the songs none, 0; of a tenth an octave off."""
    tempo = song.character.tempo
    if song.number % 3 == 0:
        return 0
    return round(tempo * 2 if tempo < 110 else tempo / 2, 1) if song.number % 10 == 1 else tempo


def expired(query: str, now: float) -> bool:
    """Whether a preview's query says that its time is over, or nothing of it."""
    found = re.search(r"hdnea=exp=(\d+)", query)
    return found is None or int(found[1]) <= now


def _number(parameters: Parameters, name: str, default: int) -> int:
    text = parameters.get(name, "")
    return int(text) if text.isdecimal() else default

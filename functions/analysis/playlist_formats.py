"""A playlist as M3U8, XSPF and JSON. Pure."""

import re
from typing import Final
from urllib.parse import quote
from xml.sax.saxutils import escape

from analysis.playlist import Playlist, Track

_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff]+")
_NOT_XML: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")

type Json = str | float | None


def m3u8(playlist: Playlist, title: str = "") -> str:
    """Extended M3U in UTF-8: a line with seconds and name before each location. Source: RFC 8216, 4.3, and Winamp's.

    No name or location can begin a line of its own or pass for a comment: breaks and control characters become spaces.
    """
    lines = ["#EXTM3U", *([f"#PLAYLIST:{_line(title)}"] if _line(title) else [])]
    for track in playlist.tracks:
        lines += [f"#EXTINF:{round(track.duration)},{_line(_name(track))}", _path(track)]
    return "\n".join(lines) + "\n"


def xspf(playlist: Playlist, title: str = "") -> str:
    """XML Shareable Playlist Format, version 1 (xspf.org/spec); durations in milliseconds."""
    tracks = "".join(
        "    <track>\n"
        + _element("location", _uri(_location(track)))
        + _element("title", track.title)
        + _element("creator", track.artist)
        + f"      <duration>{round(track.duration * 1000)}</duration>\n    </track>\n"
        for track in playlist.tracks
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<playlist version="1" xmlns="http://xspf.org/ns/0/">\n'
        + _element("title", title, indent=2)
        + f"  <trackList>\n{tracks}  </trackList>\n</playlist>\n"
    )


def as_dict(playlist: Playlist) -> dict[str, float | list[dict[str, Json]]]:
    """Return what JSON can hold: the tracks in order, their duration in seconds, the cost, and that of greed."""
    return {
        "tracks": [_track(track) for track in playlist.tracks],
        "duration": sum(track.duration for track in playlist.tracks),
        "cost": playlist.cost,
        "greedy_cost": playlist.greedy_cost,
    }


def _track(track: Track) -> dict[str, Json]:
    return {
        "id": track.id,
        "title": track.title,
        "artist": track.artist,
        "location": track.location,
        "duration": track.duration,
        "tempo": track.tempo,
        "key": track.key,
        "energy": track.energy,
    }


def _location(track: Track) -> str:
    return track.location or track.id


def _uri(location: str) -> str:
    """Return a URI as it is, and a path as a relative one (XSPF, 4.1.1.2.14.1.1.1.1)."""
    location = _NOT_XML.sub("", location)
    return quote(location, safe="/:?#[]@!$&'()*+,;=%~" if _SCHEME.match(location) else "/")


def _name(track: Track) -> str:
    return " - ".join(part for part in (track.artist, track.title) if part) or track.id


def _line(text: str) -> str:
    return _CONTROLS.sub(" ", text).strip()


def _path(track: Track) -> str:
    path = _line(_location(track))
    return f"./{path}" if path.startswith("#") else path


def _element(name: str, text: str, indent: int = 6) -> str:
    return f"{' ' * indent}<{name}>{escape(_NOT_XML.sub('', text))}</{name}>\n" if text else ""

import json
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.playlist import Playlist, Track
from analysis.playlist_formats import as_dict, m3u8, xspf

SONG = Track("1", 201.6, 120.0, "8A", 0.5, title="Ça ira", artist="Édith", location="music/ça ira.mp3")
NAMESPACE = "{http://xspf.org/ns/0/}"


def playlist(*tracks: Track) -> Playlist:
    return Playlist(tracks, 1.5, 2.5)


def test_m3u8() -> None:
    assert m3u8(playlist(SONG, Track("2", 59.4))) == (
        "#EXTM3U\n#EXTINF:202,Édith - Ça ira\nmusic/ça ira.mp3\n#EXTINF:59,2\n2\n"
    )


@given(st.text(), st.text(), st.text())
def test_no_name_breaks_the_lines_of_m3u8(title: str, artist: str, location: str) -> None:
    track = replace(SONG, title=title, artist=artist, location=location)
    lines = m3u8(playlist(track, SONG)).splitlines()
    assert len(lines) == 5
    assert lines[1].startswith("#EXTINF:202,")
    assert not lines[2].startswith("#")
    assert lines[3:] == m3u8(playlist(SONG)).splitlines()[1:]


def test_a_path_that_begins_like_a_comment_stays_a_path() -> None:
    assert m3u8(playlist(replace(SONG, location="#1 hits/a.mp3"))).splitlines()[2] == "./#1 hits/a.mp3"
    assert "\n#EXT-X" not in m3u8(playlist(replace(SONG, title="a\n#EXT-X-KEY:x", location="b\r\n#EXT-X")))


def test_xspf() -> None:
    root = ET.fromstring(xspf(playlist(replace(SONG, title="<b>&\x00\ufffe\n]]>"), SONG)))  # noqa: S314
    assert (root.tag, root.get("version")) == (f"{NAMESPACE}playlist", "1")
    first, second = root.findall(f"{NAMESPACE}trackList/{NAMESPACE}track")
    assert first.findtext(f"{NAMESPACE}title") == "<b>&\n]]>"
    assert {each.tag.removeprefix(NAMESPACE): each.text for each in second} == {
        "location": "music/%C3%A7a%20ira.mp3",
        "title": "Ça ira",
        "creator": "Édith",
        "duration": "201600",
    }


@given(st.text(st.characters()), st.text(st.characters()))
def test_any_text_makes_xml_that_can_be_read(title: str, location: str) -> None:
    text = xspf(playlist(replace(SONG, title=title, location=location)))
    assert len(ET.fromstring(text.encode())[0]) == 1  # noqa: S314


@pytest.mark.parametrize(
    ("location", "written"),
    [
        ("https://example.org/a%20b?x=1&y=2#z", "https://example.org/a%20b?x=1&y=2#z"),
        ("uploads/audio/50% off.mp3", "uploads/audio/50%25%20off.mp3"),
        ("a/é.mp3", "a/%C3%A9.mp3"),
        ("", "1"),
    ],
)
def test_locations_in_xspf_are_uris(location: str, written: str) -> None:
    root = ET.fromstring(xspf(playlist(replace(SONG, location=location))))  # noqa: S314
    assert root.findtext(f".//{NAMESPACE}location") == written


def test_json() -> None:
    made = as_dict(playlist(SONG, SONG))
    assert json.loads(json.dumps(made)) == made
    assert made["duration"] == pytest.approx(403.2)
    assert (made["cost"], made["greedy_cost"]) == (1.5, 2.5)
    assert made["tracks"][0] == {  # type: ignore[index]
        "id": "1",
        "title": "Ça ira",
        "artist": "Édith",
        "location": "music/ça ira.mp3",
        "duration": 201.6,
        "tempo": 120.0,
        "key": "8A",
        "energy": 0.5,
    }

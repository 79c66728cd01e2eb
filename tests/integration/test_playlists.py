"""Playlists over HTTP: tracks chosen and ordered, in each form, whatever the tracks are called."""

import random
import xml.etree.ElementTree as ET
from typing import Any, Final
from urllib.parse import urlsplit

import httpx2
import numpy as np
import pytest

from analysis import playlists
from analysis.contract import MOST_TRACKS, PlaylistAnswer
from analysis.library import ROUNDS, Entry, Library
from analysis.playlist import Track, arrange
from fanfare import aio
from integration.analysis_function import Answer, Function, clicks, strict
from integration.images_function import notification
from support.lambda_events import http_event

NAMESPACE: Final = "{http://xspf.org/ns/0/}"
M3U8: Final = "application/vnd.apple.mpegurl"
XSPF: Final = "application/xspf+xml"
CURVES: Final = ("rise", "fall", "wave", "steady")
UNKNOWN: Final = f"{0xFFFF:064x}"


def entries(count: int, seed: int = 3) -> list[Entry]:
    """Tracks of one to seven minutes; of some of them not everything is known."""
    chance = random.Random(seed)
    keys = [f"{hour}{letter}" for hour in range(1, 13) for letter in "AB"]
    return [
        Entry(
            Track(
                id=f"{number:064x}",
                duration=chance.uniform(60, 420),
                tempo=chance.choice((None, *[chance.uniform(60, 190)] * 9)),
                key=chance.choice((None, *[chance.choice(keys)] * 9)),
                energy=chance.random(),
                title=f"Track {number}",
                location=f"track {number}.mp3",
            ),
            f"uploads/audio/{number}.mp3",
        )
        for number in range(count)
    ]


def fill(analysis: Function, those: list[Entry]) -> list[Entry]:
    async def put() -> None:
        for entry in those:
            await analysis.library.add(entry)

    aio.run(put())
    return those


@pytest.fixture
def ten(analysis: Function) -> list[str]:
    """The ids of the ten tracks of the library."""
    return [entry.track.id for entry in fill(analysis, entries(10))]


def made(analysis: Function, **fields: Any) -> dict[str, Any]:
    got = analysis.playlist(**fields)
    assert got.status == 200, got
    assert got.headers["content-type"] == "application/json"
    PlaylistAnswer.model_validate(got.json)
    assert got.json.keys() == PlaylistAnswer.model_fields.keys()
    return got.json


def ids(playlist: dict[str, Any]) -> list[str]:
    return [track["id"] for track in playlist["tracks"]]


# ---- from uploads ----------------------------------------------------------------------------------------------------


def test_a_playlist_of_sounds_that_were_uploaded(analysis: Function) -> None:
    found = [
        analysis.analysed(clicks(bpm, 6, pitch=bpm * 3), f"uploads/audio/{bpm}.wav")["id"] for bpm in (90, 170, 96)
    ]
    playlist = made(analysis, ids=found)
    assert set(ids(playlist)) == set(found)
    middle = playlist["tracks"][1]
    assert middle["title"] != "170"
    assert middle["location"] == f"./{middle['title']}.wav"
    assert playlist["duration"] == 18.0
    assert analysis.playlist(all=True, format="m3u8").body.decode().startswith("#EXTM3U\n")


def test_links_can_be_played(analysis: Function) -> None:
    bodies = {
        analysis.analysed(clicks(bpm, 2), f"uploads/audio/{bpm} é#?.wav")["id"]: clicks(bpm, 2) for bpm in (90, 99)
    }
    for track in made(analysis, all=True, links=True)["tracks"]:
        assert httpx2.get(track["location"]).raise_for_status().content == bodies[track["id"]]
    lines = analysis.playlist(all=True, links=True, format="m3u8").body.decode().splitlines()
    linked = [line for line in lines if not line.startswith("#")]
    document = ET.fromstring(analysis.playlist(all=True, links=True, format="xspf").body)  # noqa: S314  (our own)
    linked += [each.text or "" for each in document.iter(f"{NAMESPACE}location")]
    assert sorted(map(len, map(str.split, linked))) == [1] * 4
    assert {httpx2.get(url).raise_for_status().content for url in linked} == set(bodies.values())


# ---- what is chosen --------------------------------------------------------------------------------------------------


def test_all_or_those_that_are_named(analysis: Function, ten: list[str]) -> None:
    assert sorted(ids(made(analysis, all=True))) == ten
    some = made(analysis, ids=[ten[7], ten[2], ten[7], ten[4]])
    assert sorted(ids(some)) == [ten[2], ten[4], ten[7]]
    assert (some["considered"], some["unknown"], some["title"]) == (3, [], "Playlist")
    assert some["duration"] == pytest.approx(sum(track["duration"] for track in some["tracks"]))


def test_a_length(analysis: Function, ten: list[str]) -> None:
    for length, found in ((1, 1), (4, 4), (10, 10), (500, 10)):
        playlist = made(analysis, all=True, length=length)
        assert len(set(ids(playlist))) == len(playlist["tracks"]) == found
        assert set(ids(playlist)) <= set(ten)
        assert playlist["considered"] == 10
    assert len(made(analysis, ids=ten[:5], length=2)["tracks"]) == 2


@pytest.mark.usefixtures("ten")
def test_a_duration(analysis: Function) -> None:
    whole = made(analysis, all=True)["duration"]
    for seconds in (300.0, 900.0, 1500.0):
        assert made(analysis, all=True, duration=seconds)["duration"] == pytest.approx(seconds, abs=120)
    assert made(analysis, all=True, duration=7 * 86400)["duration"] == pytest.approx(whole)
    assert len(made(analysis, all=True, duration=0.001)["tracks"]) == 1


def test_every_curve(analysis: Function) -> None:
    fill(analysis, [Entry(Track(f"{n:064x}", 60.0, 120.0, "8A", n / 12), "uploads/audio/a.mp3") for n in range(13)])
    energies = {
        curve: np.array([track["energy"] for track in made(analysis, all=True, curve=curve)["tracks"]])
        for curve in CURVES
    }
    assert (np.diff(energies["rise"]) > 0).all()
    assert (np.diff(energies["fall"]) < 0).all()
    assert max(energies["wave"][0], energies["wave"][-1]) < 0.4
    assert energies["wave"][2:5].max() > 0.6
    calm = made(analysis, all=True, curve="steady", length=3)["tracks"]
    assert np.array([track["energy"] for track in calm]) == pytest.approx(0.5, abs=0.15)
    assert np.array_equal([each["energy"] for each in made(analysis, all=True)["tracks"]], energies["steady"])


def test_the_seed_decides(analysis: Function) -> None:
    those = [entry.track for entry in fill(analysis, entries(40))]
    for seed in (0, 7, 2**32 - 1):
        asked = {"all": True, "length": 25, "curve": "wave", "seed": seed}
        first = made(analysis, **asked)
        analysis.restart()
        assert made(analysis, **asked) == first
        expected = arrange(those, length=25, curve="wave", seed=seed)
        assert ids(first) == [track.id for track in expected.tracks]
        assert first["cost"] == pytest.approx(expected.cost)


def test_ids_that_nobody_knows_are_named(analysis: Function, ten: list[str]) -> None:
    playlist = made(analysis, ids=[UNKNOWN, ten[0], "x", ten[1], "x"])
    assert sorted(ids(playlist)) == ten[:2]
    assert (playlist["unknown"], playlist["considered"]) == ([UNKNOWN, "x"], 2)
    assert analysis.playlist(ids=[UNKNOWN, "x"]).refused_fields == {"ids"}


def leaving_out(monkeypatch: pytest.MonkeyPatch, at_once: int) -> list[int]:
    """Let DynamoDB read no more than so many tracks at once; return how many it is asked for each time."""
    request, asked = Library._request, list[int]()

    async def some(self: Library, operation: str, **arguments: Any) -> Any:
        [(table, wanted)] = arguments["RequestItems"].items()
        keys, left = wanted["Keys"][:at_once], wanted["Keys"][at_once:]
        asked.append(len(wanted["Keys"]))
        answer: dict[str, Any] = {"Responses": {}}
        if keys:
            answer = await request(self, operation, RequestItems={table: {"Keys": keys}})
        return answer | ({"UnprocessedKeys": {table: {"Keys": left}}} if left else {})

    monkeypatch.setattr(Library, "_request", some)
    return asked


def test_what_dynamodb_leaves_out_is_asked_for_again(
    analysis: Function, ten: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = leaving_out(monkeypatch, 3)
    assert sorted(ids(made(analysis, ids=ten))) == ten
    assert asked == [10, 7, 4, 1]


def test_a_playlist_is_not_made_of_what_happens_to_be_read(
    analysis: Function, ten: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = leaving_out(monkeypatch, 0)
    analysis.playlist(ids=ten).problem(503)
    assert asked == [10] * ROUNDS


def test_an_empty_library(analysis: Function) -> None:
    assert analysis.playlist(all=True).refused_fields == {"all"}
    assert analysis.playlist(ids=["x"], format="m3u8").refused_fields == {"ids"}


def test_an_empty_id_is_unknown_or_refused(analysis: Function, ten: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    strict(monkeypatch)
    assert analysis.playlist(ids=[ten[0], ""]).status in {200, 422}


WRONG: Final[list[tuple[dict[str, Any], str]]] = [
    ({}, "body"),
    ({"all": False}, "body"),
    ({"ids": ["a"], "all": True}, "body"),
    ({"all": True, "length": 1, "duration": 1}, "body"),
    ({"ids": []}, "ids"),
    ({"ids": "a"}, "ids"),
    ({"ids": ["a" * 65]}, "ids.0"),
    ({"ids": ["a", 1]}, "ids.1"),
    ({"ids": ["a"] * (MOST_TRACKS + 1)}, "ids"),
    ({"all": True, "length": 0}, "length"),
    ({"all": True, "length": MOST_TRACKS + 1}, "length"),
    ({"all": True, "length": 1.5}, "length"),
    ({"all": True, "duration": 0}, "duration"),
    ({"all": True, "duration": -1}, "duration"),
    ({"all": True, "duration": 1e9}, "duration"),
    ({"all": True, "duration": float("nan")}, "duration"),
    ({"all": True, "duration": float("inf")}, "duration"),
    ({"all": True, "curve": "up"}, "curve"),
    ({"all": True, "seed": -1}, "seed"),
    ({"all": True, "seed": 2**32}, "seed"),
    ({"all": True, "title": "a" * 201}, "title"),
    ({"all": True, "format": "pls"}, "format"),
    ({"all": True, "links": "perhaps"}, "links"),
    ({"all": True, "more": 1}, "more"),
]


def test_what_cannot_be_asked_for(analysis: Function) -> None:
    for fields, refused in WRONG:
        assert analysis.playlist(**fields).refused_fields == {refused}, fields


def test_two_hundred_tracks(analysis: Function) -> None:
    known = {entry.track.id for entry in fill(analysis, entries(200))}
    whole = made(analysis, all=True, curve="rise")
    assert (set(ids(whole)), len(whole["tracks"]), whole["considered"]) == (known, 200, 200)
    assert whole["cost"] < whole["greedy_cost"]
    for curve in CURVES:
        some = made(analysis, ids=sorted(known), length=30, curve=curve, seed=1)
        assert (len(set(ids(some))), some["considered"], some["unknown"]) == (30, 200, [])
        assert some["cost"] <= some["greedy_cost"]


def test_of_a_large_library_a_sample_is_looked_at(analysis: Function, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(playlists, "MOST_TRACKS", 20)
    fill(analysis, entries(60))
    first, again, other = (made(analysis, all=True, seed=seed) for seed in (1, 1, 2))
    assert first["considered"] == len(first["tracks"]) == 20
    assert ids(first) == ids(again)
    assert set(ids(first)) != set(ids(other))


# ---- its forms -------------------------------------------------------------------------------------------------------


def kind(got: Answer) -> str:
    assert got.status == 200, got
    begins = {"application/json": b"{", M3U8: b"#EXTM3U\n", XSPF: b"<?xml"}
    found = got.headers["content-type"]
    assert got.body.startswith(begins[found])
    return found


@pytest.mark.usefixtures("ten")
def test_the_form_is_by_accept_or_by_format(analysis: Function) -> None:
    for accept in ("", "*/*", "application/json", "text/html", f"{XSPF};q=0.5, application/json", f"{M3U8};q=0"):
        assert kind(analysis.playlist(accept, all=True)) == "application/json"
    for accept in (M3U8, f"{M3U8}, {XSPF};q=0.9", f"application/json;q=0.2, {M3U8};q=0.3", M3U8.upper()):
        assert kind(analysis.playlist(accept, all=True)) == M3U8
    assert kind(analysis.playlist(f"text/html, {XSPF};q=0.4", all=True)) == XSPF
    for format_, media_type in (("json", "application/json"), ("m3u8", M3U8), ("xspf", XSPF)):
        for accept in ("", XSPF, M3U8, "application/json"):
            assert kind(analysis.playlist(accept, all=True, format=format_)) == media_type


@pytest.mark.usefixtures("ten")
def test_all_forms_tell_the_same(analysis: Function) -> None:
    asked = {"all": True, "length": 6, "title": "An evening\n & more"}
    playlist = made(analysis, **asked)
    assert playlist["title"].split() == ["An", "evening", "&", "more"]
    lines = analysis.playlist(M3U8, **asked).body.decode().splitlines()
    assert lines[:2] == ["#EXTM3U", f"#PLAYLIST:{playlist['title']}"]
    assert lines[2::2] == [f"#EXTINF:{round(each['duration'])},{each['title']}" for each in playlist["tracks"]]
    assert lines[3::2] == [each["location"] for each in playlist["tracks"]]
    document = ET.fromstring(analysis.playlist(XSPF, **asked).body)  # noqa: S314
    assert document.findtext(f"{NAMESPACE}title") == playlist["title"]
    assert [
        (each.findtext(f"{NAMESPACE}title"), int(each.findtext(f"{NAMESPACE}duration") or 0))
        for each in document.iter(f"{NAMESPACE}track")
    ] == [(each["title"], round(1000 * each["duration"])) for each in playlist["tracks"]]


# ---- what they are called --------------------------------------------------------------------------------------------

HOSTILE: Final = {
    "lines": "a\n#EXT-X-KEY:METHOD=NONE\r\nhttp://127.0.0.1/b\u2028c\u2029d\x85e\x0bf\x0cg.wav",
    "a comment": "#EXTM3U.wav",
    "markup": "</title><location>http://127.0.0.1/</location><!DOCTYPE x [<!ENTITY y SYSTEM 'file:///etc/passwd'>]>&y;.wav",
    "CDATA": "]]><![CDATA[&lt;.wav",
    "controls": "\x00\x01\x1b[31m\x7f\ufffe\ufeffa.wav",
    "directions": "\u202egnp.wav",
    "signs": "😀 é%20?#&+'\".wav",
    "nothing": "   ",
}
LOCATIONS: Final = {
    "a URL": "http://127.0.0.1/a.wav",
    "a script": "javascript:alert(1).wav",
    "a file": "file:///etc/passwd",
    "a path": "/etc/passwd",
    "a way up": "../../etc/passwd",
    "a share": "\\\\127.0.0.1\\share\\a.wav",
    "a scheme": "Mozart: Requiem.wav",
}


def named(analysis: Function, name: str) -> list[Answer]:
    """Upload two sounds, one by a form under this name, and ask for M3U8 and XSPF of both."""
    form = analysis.start(media_type="audio/wav", name=name).json["upload"]
    analysis.analysed(clicks(120, 2), form["key"])
    analysis.analysed(clicks(100, 2), "uploads/audio/b.wav")
    return [analysis.playlist(all=True, format=each, title=name) for each in ("m3u8", "xspf")]


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
def test_no_name_is_more_than_a_name(analysis: Function, name: str) -> None:
    m3u8, xspf = named(analysis, name)
    lines = m3u8.body.decode().splitlines()
    titled = lines[1].startswith("#PLAYLIST:")
    assert len(lines) == 5 + titled
    told = lines[1 + titled :]
    assert all(line.startswith("#EXTINF:2,") for line in told[::2])
    assert not any(line.startswith("#") or not line.strip() for line in told[1::2])
    document = ET.fromstring(xspf.body)  # noqa: S314
    assert b"<!" not in xspf.body.replace(b"&lt;!", b"")
    tracks = list(document.iter(f"{NAMESPACE}track"))
    assert len(tracks) == 2
    assert all([each.tag for each in track].count(f"{NAMESPACE}location") == 1 for track in tracks)
    allowed = {"playlist", "title", "trackList", "track", "location", "creator", "duration"}
    assert {each.tag.removeprefix(NAMESPACE) for each in document.iter()} <= allowed


@pytest.mark.parametrize("name", LOCATIONS.values(), ids=LOCATIONS)
def test_a_name_is_no_way_to_somewhere_else(analysis: Function, name: str) -> None:
    m3u8, xspf = named(analysis, name)
    locations = [line for line in m3u8.body.decode().splitlines() if not line.startswith("#")]
    document = ET.fromstring(xspf.body)  # noqa: S314
    locations += [each.text or "" for each in document.iter(f"{NAMESPACE}location")]
    assert len(locations) == 4
    for each in locations:
        location = urlsplit(each)
        assert (location.scheme, location.netloc) == ("", ""), each
        assert not each.startswith(("/", "\\")), each
        assert ".." not in location.path.replace("\\", "/").split("/"), each


@pytest.mark.parametrize("name", ["javascript:alert(1).wav", "Mozart: Requiem.wav"])
def test_the_name_of_an_object_is_no_uri(analysis: Function, name: str) -> None:
    key = analysis.put(f"uploads/audio/{name}", clicks(120, 2))
    assert analysis.deliver(notification(key)) == []
    document = ET.fromstring(analysis.playlist(all=True, format="xspf").body)  # noqa: S314
    [location] = [each.text or "" for each in document.iter(f"{NAMESPACE}location")]
    assert urlsplit(location).scheme == ""


def test_what_is_no_request(analysis: Function) -> None:
    for body in ("", "{", "[]", "null"):
        assert analysis.send(http_event("POST", "/api/v1/playlists", body)).status in {400, 422}

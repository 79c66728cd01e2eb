"""Deezer by its documented answers: what is asked, how often, and what comes of it."""

import time
from dataclasses import replace

import httpx2
import pytest

from fanfare.cache import Store
from fanfare.settings import Settings
from fanfare.upstreams.catalogue import Song, ends
from fanfare.upstreams.deezer import Deezer, configured
from support.deezer import SIXTEEN, deezer, found, identity, track
from support.routes import Answer, Routes, asked, only, run


def test_one_call_brings_an_artists_best_known_songs_and_nobody_elses() -> None:
    async def scenario() -> tuple[list[Song], Routes]:
        catalogue, routes = deezer(found)
        return only(await catalogue.top(["Daft Punk"], 5)), routes

    songs, routes = run(scenario())
    (request,) = routes.seen
    assert asked(request) == {"q": "Daft Punk", "order": "RANKING", "limit": "50"}
    assert "authorization" not in request.headers
    assert songs[1] == Song(
        id="deezer:2701",
        title="Song 1",
        artist="Daft Punk",
        artist_id="deezer:27",
        album="Discovery",
        duration=226.0,
        explicit=True,
        preview_url="https://cdnt-preview.dzcdn.net/1.mp3",
        cover="https://dzcdn.net/500x500.jpg",
        link="https://www.deezer.com/track/1",
        popularity=0.949999,
    )
    assert [song.title for song in songs] == [f"Song {number}" for number in range(5)]
    assert {song.artist for song in songs} == {"Daft Punk"}


@pytest.mark.parametrize("name", ["अरिजीत सिंह", "Beyoncé", '"Weird Al" Yankovic'])
def test_names_arrive_as_they_are(name: str) -> None:
    async def scenario() -> tuple[list[Song], Routes]:
        catalogue, routes = deezer(found)
        return only(await catalogue.top([name], 3)), routes

    songs, routes = run(scenario())
    assert asked(routes.seen[0])["q"] == name
    assert [song.artist for song in songs] == [name] * 3


def test_of_two_artists_of_one_name_the_better_known_is_meant() -> None:
    def twins(_: httpx2.Request) -> Answer:
        tracks = [track("Nirvana", 1, artist={"id": number % 2 + 1, "name": "Nirvana"}) for number in range(4)]
        for number, each in enumerate(tracks):
            each |= {"id": number + 1, "title": f"Song {number}"}
        return httpx2.Response(200, json={"data": tracks})

    async def scenario() -> list[Song]:
        return only(await deezer(twins)[0].top(["nirvana"], 5))

    assert {song.artist_id for song in run(scenario())} == {"deezer:1"}


def test_of_the_latest_records_the_one_with_the_most_songs_is_looked_into() -> None:
    async def scenario() -> tuple[list[Song], list[str]]:
        catalogue, routes = deezer(found)
        return only(await catalogue.recent(["Daft Punk"], 5)), routes.paths()

    songs, paths = run(scenario())
    assert [song.title for song in songs] == ["Song 40 of 4", "Song 41 of 4"]
    assert (songs[0].album, songs[0].year, songs[0].isrc, songs[0].cover) == ("New", 2025, "GB40", "n.jpg")
    assert paths == ["/search/artist", "/artist/27/albums", "/album/4/tracks"]


def test_top_songs_teach_the_artists_id() -> None:
    async def scenario() -> list[str]:
        catalogue, routes = deezer(found)
        await catalogue.top(["Daft Punk"], 5)
        await catalogue.recent(["Daft Punk"], 5)
        return routes.paths()

    assert "/search/artist" not in run(scenario())


def test_details_are_asked_for_once_and_only_where_something_is_missing() -> None:
    async def scenario() -> tuple[list[Song], list[str]]:
        catalogue, routes = deezer(found)
        bare = Song(id="deezer:1", title="t", artist="a", artist_id="deezer:2", album="", preview_url="p")
        known = await catalogue.details(bare)
        again = await catalogue.details(bare)
        whole = await catalogue.details(known)
        other = Song(id="itunes:1", title="t", artist="a", artist_id="itunes:2", album="")
        assert await catalogue.details(other) is other
        return [bare, known, again, whole], routes.paths()

    (bare, known, again, whole), paths = run(scenario())
    assert (known.isrc, known.bpm, known.year, known.preview_url) == ("GBDUW0000059", 123.4, 2001, "p")
    assert bare.bpm is None
    assert known == again == whole
    assert paths == ["/track/1"]


def signed(seconds: float) -> str:
    return f"https://cdnt-preview.dzcdn.net/1.mp3?hdnea=exp={int(time.time() + seconds)}~acl=/1.mp3*~hmac=0"


def test_a_preview_that_has_expired_is_asked_for_anew_and_remembered() -> None:
    def route(_: httpx2.Request) -> Answer:
        details = {"isrc": "GB1", "bpm": 123.4, "release_date": "2001-03-07"}
        return httpx2.Response(200, json=track("Daft Punk", 1, preview=signed(900)) | details)

    async def scenario() -> tuple[list[Song], int]:
        catalogue, routes = deezer(route)
        good = Song("deezer:1", "t", "a", "deezer:2", "", preview_url=signed(600))
        old = replace(good, preview_url=signed(-1))
        assert await catalogue.renewed(good) == good
        assert routes.seen == []
        return [await catalogue.renewed(old) for _ in range(3)], len(routes.seen)

    songs, calls = run(scenario())
    assert calls == 1
    assert songs[0] == songs[1] == songs[2]
    assert ends(songs[0].preview_url) > time.time() + 800
    assert (songs[0].isrc, songs[0].bpm, songs[0].year) == ("GB1", 123.4, 2001)


def test_what_is_known_of_a_song_alone_comes_with_a_preview_that_is_good_without_a_call() -> None:
    async def scenario() -> tuple[Song, int]:
        catalogue, routes = deezer(found)
        bare = Song("deezer:1", "t", "a", "deezer:2", "", preview_url=signed(600))
        await catalogue.details(bare)
        return await catalogue.renewed(bare), len(routes.seen)

    song, calls = run(scenario())
    assert (song.year, song.bpm, calls) == (2001, 123.4, 1)


def test_a_song_that_is_gone_has_no_preview_any_more() -> None:
    gone = httpx2.Response(200, json={"error": {"type": "DataException", "message": "no data", "code": 800}})

    async def scenario() -> tuple[Song, int]:
        catalogue, routes = deezer(lambda _: gone)
        old = Song("deezer:1", "t", "a", "deezer:2", "", preview_url=signed(-1))
        return [await catalogue.renewed(old) for _ in range(2)][-1], len(routes.seen)

    song, calls = run(scenario())
    assert (song.preview_url, calls) == ("", 1)


def test_sixteen_artists_take_sixteen_calls_and_then_none() -> None:
    async def scenario() -> list[int]:
        catalogue, routes = deezer(found)
        counts = []
        for _ in range(2):
            results = await catalogue.top(SIXTEEN, 5)
            assert all(isinstance(each, list) and len(each) == 5 for each in results)
            counts.append(len(routes.seen))
            routes.seen.clear()
        return counts

    assert run(scenario()) == [16, 0]


@pytest.mark.parametrize(
    ("own", "paths"),
    [(3, ["/search", "/artist/27/top"]), (0, ["/search", "/search/artist", "/artist/27/top"])],
)
def test_where_a_search_brings_too_little_the_artist_is_asked_for(own: int, paths: list[str]) -> None:
    """As with names that are words, and with all while the search is out of order."""

    def route(request: httpx2.Request) -> Answer:
        if request.url.path == "/search":
            others = [track("Somebody Else", 50 + number) for number in range(20)]
            tracks = [*others, *(track("Daft Punk", number) for number in range(own))]
            return httpx2.Response(200, json={"data": tracks})
        return found(request)

    async def scenario() -> tuple[list[Song], list[str]]:
        catalogue, routes = deezer(route)
        return only(await catalogue.top(["Daft Punk"], 5)), routes.paths()

    songs, seen = run(scenario())
    assert [song.title for song in songs] == [f"Song {number}" for number in range(5)]
    assert seen == paths


def test_who_is_known_is_asked_for_by_id_when_the_songs_are_too_old(clock: list[float]) -> None:
    async def scenario() -> list[str]:
        catalogue, routes = deezer(found)
        await catalogue.top(SIXTEEN, 5)
        routes.seen.clear()
        clock[0] += 7200
        assert all(isinstance(each, list) and len(each) == 5 for each in await catalogue.top(SIXTEEN, 5))
        return routes.paths()

    assert run(scenario()) == [f"/artist/{identity(name)}/top" for name in SIXTEEN]


def test_songs_that_an_artist_takes_part_in_are_the_artists() -> None:
    credited = [{"id": 7, "name": "A Composer"}, {"id": 4160, "name": "अरिजीत सिंह"}]

    def route(request: httpx2.Request) -> Answer:
        if request.url.path.endswith("/top"):
            tracks = [track("A Composer", 1, contributors=credited), track("A Composer", 2, contributors=credited[:1])]
            return httpx2.Response(200, json={"data": tracks})
        if request.url.path == "/search":
            return httpx2.Response(200, json={"data": []})
        return found(request)

    async def scenario() -> list[Song]:
        return only(await deezer(route)[0].top(["अरिजीत सिंह"], 5))

    (song,) = run(scenario())
    assert (song.title, song.artist, song.artist_id) == ("Song 1", "अरिजीत सिंह", "deezer:4160")


def test_the_settings_wire_it() -> None:
    async def scenario() -> Deezer:
        return configured(Settings.read({"DEEZER_BASE_URL": "https://deezer.test/"}), Store())

    catalogue = run(scenario())
    assert catalogue._api._base_url == "https://deezer.test"
    assert catalogue._api.limit.current == 6
    assert (catalogue.name, catalogue.abilities.artists_at_once) == ("deezer", 1)

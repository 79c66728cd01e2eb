"""iTunes by its documented answers: several artists in one lookup, and 403 for too many calls."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from fanfare.aio import Failure
from fanfare.cache import Store
from fanfare.errors import UpstreamError, UpstreamRateLimited, UpstreamRejected
from fanfare.settings import Settings
from fanfare.upstreams.catalogue import Song
from fanfare.upstreams.http import JsonApi
from fanfare.upstreams.itunes import Itunes, _Batch, configured, status
from fanfare.upstreams.window import Window
from support.fakes import FakeShared
from support.routes import Answer, Routes, asked, run

SIXTEEN = [f"Artist {number}" for number in range(16)]
NAMES = [*SIXTEEN, "Daft Punk", "अरिजीत सिंह", "Beyoncé", "Guns N' Roses"]


def row(name: str, number: int, **changes: Any) -> dict[str, Any]:
    artist_id = 1000 + NAMES.index(name)
    return {
        "wrapperType": "track",
        "kind": "song",
        "artistId": artist_id,
        "trackId": artist_id * 100 + number,
        "artistName": name,
        "collectionName": "Discovery",
        "trackName": f"Song {number}",
        "trackViewUrl": f"https://music.apple.com/us/album/{number}",
        "previewUrl": f"https://audio-ssl.itunes.apple.com/{number}.m4a",
        "artworkUrl100": "https://is1-ssl.mzstatic.com/100x100bb.jpg",
        "releaseDate": f"20{number:02}-03-12T12:00:00Z",
        "trackExplicitness": "explicit" if number == 1 else "notExplicit",
        "trackTimeMillis": 226000,
    } | changes


def javascript(rows: list[Any]) -> httpx2.Response:
    """An answer as it comes: JSON under another name."""
    body = json.dumps({"resultCount": len(rows), "results": rows}, ensure_ascii=False)
    return httpx2.Response(200, content=f"\n\n\n{body}", headers={"content-type": "text/javascript; charset=utf-8"})


def found(request: httpx2.Request) -> Answer:
    query = asked(request)
    if request.url.path == "/search" and query["entity"] == "musicArtist":
        return javascript(
            [{"wrapperType": "artist", "artistName": query["term"], "artistId": 1000 + NAMES.index(query["term"])}]
        )
    if request.url.path == "/search":
        others = {"artistName": "Karaoke Stars", "artistId": 7}
        return javascript([row(query["term"], 9, **others), *(row(query["term"], number) for number in range(8))])
    rows: list[Any] = []
    for artist_id in map(int, query["id"].split(",")):
        name = NAMES[artist_id - 1000]
        rows.append({"wrapperType": "artist", "artistName": name, "artistId": artist_id})
        rows += [row(name, number) for number in range(int(query["limit"]))]
        rows.append(row(name, 50, kind="music-video"))
    return javascript(rows)


def itunes(answer: Callable[[httpx2.Request], Answer] = found, store: Store | None = None) -> tuple[Itunes, Routes]:
    routes = Routes(answer)
    api = JsonApi(
        "itunes",
        "https://itunes.test",
        http=routes.client(),
        timeout=5,
        concurrency=6,
        hedging=False,
        window=Window("itunes", 20, 60.0),
        status=status,
    )
    return Itunes(api, store or Store(), country="DE"), routes


def titles(results: list[list[Song] | Failure]) -> list[list[str] | None]:
    return [[song.title for song in each] if isinstance(each, list) else None for each in results]


def test_one_search_brings_an_artists_songs_and_nobody_elses() -> None:
    async def scenario() -> tuple[list[Song] | Failure, Routes]:
        catalogue, routes = itunes()
        (songs,) = await catalogue.top(["Daft Punk"], 5)
        return songs, routes

    songs, routes = run(scenario())
    (request,) = routes.seen
    assert asked(request) == {
        "term": "Daft Punk",
        "entity": "song",
        "attribute": "artistTerm",
        "country": "DE",
        "limit": "25",
    }
    assert isinstance(songs, list)
    assert len(songs) == 5
    assert songs[1] == Song(
        id="itunes:101601",
        title="Song 1",
        artist="Daft Punk",
        artist_id="itunes:1016",
        album="Discovery",
        year=2001,
        duration=226.0,
        explicit=True,
        preview_url="https://audio-ssl.itunes.apple.com/1.m4a",
        cover="https://is1-ssl.mzstatic.com/100x100bb.jpg",
        link="https://music.apple.com/us/album/1",
    )


def test_sixteen_new_artists_take_a_search_each_and_from_then_on_one_lookup(clock: list[float]) -> None:
    async def scenario() -> list[list[str]]:
        catalogue, routes = itunes()
        calls = []
        for hours in (0, 0, 2):
            clock[0] += hours * 3600
            assert titles(await catalogue.top(SIXTEEN, 5)) == [[f"Song {number}" for number in range(5)]] * 16
            calls.append(routes.paths())
            routes.seen.clear()
        return calls

    assert run(scenario()) == [["/search"] * 16, [], ["/lookup"]]


def test_a_new_process_knows_the_ids_that_others_have_met(clock: list[float]) -> None:
    async def scenario() -> list[str]:
        shared = FakeShared()
        store = Store(shared=shared)
        await itunes(store=store)[0].top(SIXTEEN, 5)
        await store.flush()
        clock[0] += 2 * 86400
        catalogue, routes = itunes(store=Store(shared=shared))
        assert titles(await catalogue.top(SIXTEEN, 5)) == [[f"Song {number}" for number in range(5)]] * 16
        return [*routes.paths(), *(call for call in shared.calls if call == "get_many")]

    # Of the reads, one each is of songs and ids for the first process, and for the second.
    assert run(scenario()) == ["/lookup"] + ["get_many"] * 4


def test_the_latest_songs_of_artists_that_are_known_take_one_call() -> None:
    async def scenario() -> tuple[list[list[str] | None], Routes]:
        catalogue, routes = itunes()
        await catalogue.top(SIXTEEN, 5)
        routes.seen.clear()
        return titles(await catalogue.recent(SIXTEEN, 3)), routes

    results, routes = run(scenario())
    assert results == [["Song 2", "Song 1", "Song 0"]] * 16
    (request,) = routes.seen
    assert asked(request) == {
        "id": ",".join(str(1000 + number) for number in range(16)),
        "entity": "song",
        "limit": "3",
        "country": "DE",
        "sort": "recent",
    }


def test_a_lookup_that_was_given_up_is_not_waited_for() -> None:
    async def scenario() -> list[list[str] | None]:
        catalogue, _ = itunes()
        await catalogue.top(["Daft Punk"], 5)
        given_up: asyncio.Future[dict[int, list[dict[str, Any]] | Failure]] = asyncio.Future()
        given_up.cancel()
        catalogue._batches[3, "recent"] = _Batch([], given_up)
        return titles(await catalogue.recent(["Daft Punk"], 3))

    assert run(scenario()) == [["Song 2", "Song 1", "Song 0"]]


def test_a_lookup_asks_for_no_more_rows_than_an_answer_holds() -> None:
    async def scenario() -> list[int]:
        catalogue, routes = itunes()
        await catalogue.top(SIXTEEN, 5)
        routes.seen.clear()
        await catalogue.recent(SIXTEEN, 25)
        return [len(asked(request)["id"].split(",")) for request in routes.seen]

    assert run(scenario()) == [8, 8]


def test_an_artist_never_met_is_looked_for_by_name_first() -> None:
    async def scenario() -> list[str]:
        catalogue, routes = itunes()
        await catalogue.recent(["Daft Punk", "Beyoncé"], 3)
        return routes.paths()

    assert run(scenario()) == ["/search", "/search", "/lookup"]


@pytest.mark.parametrize("name", ["अरिजीत सिंह", "Beyoncé", "Guns N' Roses"])
def test_names_arrive_as_they_are(name: str) -> None:
    async def scenario() -> tuple[list[list[str] | None], str]:
        catalogue, routes = itunes()
        return titles(await catalogue.top([name], 2)), asked(routes.seen[0])["term"]

    assert run(scenario()) == ([["Song 0", "Song 1"]], name)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (httpx2.Response(403), UpstreamRateLimited),
        (httpx2.Response(429, headers={"retry-after": "30"}), UpstreamRateLimited),
        (httpx2.Response(503), UpstreamError),
        (httpx2.Response(200, text="{"), UpstreamRejected),
        (httpx2.Response(200, json={"resultCount": 1}), UpstreamRejected),
        (httpx2.Response(200, json="odd"), UpstreamRejected),
    ],
)
def test_one_artists_failure_stands_in_its_place(answer: httpx2.Response, error: type[Exception]) -> None:
    def route(request: httpx2.Request) -> Answer:
        return answer if asked(request)["term"] == "Artist 3" else found(request)

    async def scenario() -> list[list[Song] | Failure]:
        return await itunes(route)[0].top(SIXTEEN[:6], 5)

    results = run(scenario())
    failure = results.pop(3)
    assert isinstance(failure, Failure)
    assert type(failure.error) is error
    assert titles(results) == [[f"Song {number}" for number in range(5)]] * 5


def test_a_lookup_that_fails_fails_its_own_artists_only() -> None:
    def route(request: httpx2.Request) -> Answer:
        if request.url.path == "/lookup" and "1003" in asked(request)["id"]:
            return httpx2.Response(400)
        return found(request)

    async def scenario() -> list[list[Song] | Failure]:
        catalogue, _ = itunes(route)
        await catalogue.top(SIXTEEN, 5)
        return await catalogue.recent(SIXTEEN, 25)

    results = run(scenario())
    assert [isinstance(each, Failure) for each in results] == [True] * 8 + [False] * 8


def test_too_many_calls_are_known_before_they_are_made() -> None:
    async def scenario() -> tuple[list[bool], int]:
        catalogue, routes = itunes()
        await catalogue.top(SIXTEEN, 5)
        await catalogue.recent(SIXTEEN, 5)
        results = await catalogue.top(NAMES[16:], 5)
        errors = [each.error for each in results if isinstance(each, Failure)]
        assert all(isinstance(error, UpstreamRateLimited) and (error.retry_after or 0) > 50 for error in errors)
        return [isinstance(each, Failure) for each in results], len(routes.seen)

    assert run(scenario()) == ([False, False, False, True], 20)


def test_an_id_that_brings_nothing_any_more_is_searched_for_again(clock: list[float]) -> None:
    gone = [False]

    def route(request: httpx2.Request) -> Answer:
        return javascript([]) if gone[0] and request.url.path == "/lookup" else found(request)

    async def scenario() -> tuple[list[list[str] | None], list[str]]:
        catalogue, routes = itunes(route)
        await catalogue.top(["Daft Punk"], 1)
        gone[0] = True
        clock[0] += 7200
        return titles(await catalogue.top(["Daft Punk"], 1)), routes.paths()

    assert run(scenario()) == ([["Song 0"]], ["/search", "/lookup", "/search"])


def test_missing_fields_are_empty_and_what_is_no_song_is_none() -> None:
    odd = [
        row("Daft Punk", 1, trackName=None),
        row("Daft Punk", 2, previewUrl=None, trackTimeMillis=0, releaseDate=None, artworkUrl100=3),
        row("Daft Punk", 3, kind="music-video"),
        None,
        {"wrapperType": "artist", "artistName": "Daft Punk", "artistId": 1016},
    ]

    async def scenario() -> list[Song] | Failure:
        (songs,) = await itunes(lambda _: javascript(odd))[0].top(["Daft Punk"], 5)
        return songs

    songs = run(scenario())
    assert isinstance(songs, list)
    (song,) = songs
    assert (song.id, song.preview_url, song.duration, song.year, song.cover) == ("itunes:101602", "", 0.0, None, "")


def test_it_has_no_more_to_say_of_a_song() -> None:
    async def scenario() -> tuple[bool, int]:
        catalogue, routes = itunes()
        song = Song(id="itunes:1", title="t", artist="a", artist_id="itunes:2", album="")
        return await catalogue.details(song) is song, len(routes.seen)

    assert run(scenario()) == (True, 0)


def test_the_settings_wire_it() -> None:
    async def scenario() -> Itunes:
        return configured(Settings.read({"DEFAULT_REGION": "IN"}), Store())

    catalogue = run(scenario())
    assert catalogue._api._base_url == "https://itunes.apple.com"
    assert (catalogue.name, catalogue._country, catalogue.abilities.artists_at_once) == ("itunes", "IN", 20)

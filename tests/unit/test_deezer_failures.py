"""Deezer by all that it may do instead: quotas, errors with status 200, garbled and empty answers."""

from typing import Any

import httpx2
import pytest

from fanfare.aio import Failure
from fanfare.errors import UpstreamError, UpstreamRateLimited, UpstreamRejected
from fanfare.upstreams.catalogue import Song
from fanfare.upstreams.deezer import status
from support.deezer import QUOTA, SIXTEEN, deezer, found, track
from support.routes import Answer, asked, only, run


@pytest.mark.parametrize("albums", [[], [{"id": 3, "title": "Best of", "record_type": "compile"}], [None, {"id": "x"}]])
def test_who_has_no_records_has_no_latest_songs(albums: list[Any]) -> None:
    def route(request: httpx2.Request) -> Answer:
        if request.url.path.endswith("/albums"):
            return httpx2.Response(200, json={"data": albums})
        return found(request)

    async def scenario() -> list[Song]:
        return only(await deezer(route)[0].recent(["Daft Punk"], 5))

    assert run(scenario()) == []


def test_a_song_that_is_gone_stays_as_it_is() -> None:
    gone = httpx2.Response(200, json={"error": {"type": "DataException", "message": "no data", "code": 800}})

    async def scenario() -> tuple[bool, int]:
        catalogue, routes = deezer(lambda _: gone)
        bare = Song(id="deezer:1", title="t", artist="a", artist_id="deezer:2", album="")
        same = [await catalogue.details(bare) is bare for _ in range(2)]
        return all(same), len(routes.seen)

    assert run(scenario()) == (True, 1)


def test_missing_fields_are_empty_and_a_song_without_a_name_is_none() -> None:
    odd = [
        track("Daft Punk", 1, title=None),
        track("Daft Punk", 2, preview="", duration=0, rank=None, bpm=0, album=None),
        track("Daft Punk", 3, artist=None),
        {"id": 5, "title": "alone"},
        {"artist": {"id": 27, "name": "Daft Punk"}},
        None,
        7,
    ]

    async def scenario() -> list[Song]:
        catalogue, _ = deezer(lambda _: httpx2.Response(200, json={"data": odd}))
        return only(await catalogue.top(["Daft Punk"], 5))

    (song,) = run(scenario())
    assert (song.id, song.preview_url, song.duration, song.bpm, song.album) == ("deezer:2702", "", 0.0, None, "")


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (QUOTA, UpstreamRateLimited),
        (httpx2.Response(429), UpstreamRateLimited),
        (httpx2.Response(200, json={"error": {"code": 700}}), UpstreamError),
        (httpx2.Response(200, json={"error": {"code": 501, "message": "parameter"}}), UpstreamRejected),
        (httpx2.Response(200, json={"error": "odd"}), UpstreamRejected),
        (httpx2.Response(200, text="<html>busy</html>"), UpstreamRejected),
        (httpx2.Response(200, content=b'{"data": [{"id": 1, "tit'), UpstreamRejected),
        (httpx2.Response(200, content=b"\xff\xfe"), UpstreamRejected),
        (httpx2.Response(200, json=[]), UpstreamRejected),
        (httpx2.Response(200, json={"data": "none"}), UpstreamRejected),
        (httpx2.Response(502), UpstreamError),
        (httpx2.ConnectError("refused"), UpstreamError),
    ],
)
def test_one_artists_failure_stands_in_its_place(answer: Answer, error: type[Exception]) -> None:
    def route(request: httpx2.Request) -> Answer:
        return answer if asked(request)["q"] == "Artist 3" else found(request)

    async def scenario() -> list[list[Song] | Failure]:
        return await deezer(route)[0].top(SIXTEEN, 5)

    results = run(scenario())
    failure = results.pop(3)
    assert isinstance(failure, Failure)
    assert type(failure.error) is error
    assert all(isinstance(each, list) and len(each) == 5 for each in results)


def test_a_quota_error_slows_all_down_and_says_when_to_come_again() -> None:
    async def scenario() -> tuple[Failure, int, int]:
        catalogue, routes = deezer(lambda _: QUOTA)
        (failure,) = await catalogue.top(["Daft Punk"], 5)
        assert isinstance(failure, Failure)
        return failure, catalogue._api.limit.current, len(routes.seen)

    failure, limit, calls = run(scenario())
    assert isinstance(failure.error, UpstreamRateLimited)
    assert failure.error.retry_after == 5.0
    assert (limit, calls) == (3, 1)


@pytest.mark.parametrize(("answer", "calls"), [({"data": []}, 2), ({"error": {"code": 800}}, 1)])
def test_an_artist_nobody_knows_is_not_asked_for_again(answer: Any, calls: int) -> None:
    async def scenario() -> tuple[list[Any], int]:
        catalogue, routes = deezer(lambda _: httpx2.Response(200, json=answer))
        return [await catalogue.top(["Nobody"], 5), await catalogue.top(["nobody"], 5)], len(routes.seen)

    assert run(scenario()) == ([[[]], [[]]], calls)


def test_where_the_album_fails_the_artist_has_failed() -> None:
    def route(request: httpx2.Request) -> Answer:
        return httpx2.Response(400) if request.url.path.startswith("/album/") else found(request)

    async def scenario() -> list[list[Song] | Failure]:
        return await deezer(route)[0].recent(["Daft Punk"], 5)

    (failure,) = run(scenario())
    assert isinstance(failure, Failure)
    assert isinstance(failure.error, UpstreamRejected)


def test_a_long_answer_is_not_taken_for_an_error() -> None:
    long = httpx2.Response(200, json={"error": {"code": 4}, "data": ["x" * 2000]})
    assert status(long) == 200
    assert status(QUOTA) == 429

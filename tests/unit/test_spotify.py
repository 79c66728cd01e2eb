"""Spotify by what Development Mode answers, and the token that it wants."""

import base64
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest

from fanfare.aio import Failure
from fanfare.cache import Store
from fanfare.errors import FanfareError, UpstreamError, UpstreamRateLimited, UpstreamRejected, UpstreamTimeout
from fanfare.settings import Settings
from fanfare.upstreams.catalogue import Song
from fanfare.upstreams.http import JsonApi
from fanfare.upstreams.spotify import Spotify, Token, configured
from fanfare.upstreams.window import Window
from support.routes import Answer, Routes, asked, only, run

SIXTEEN = [f"Artist {number}" for number in range(16)]


def track(by: str, number: int, **changes: Any) -> dict[str, Any]:
    return {
        "id": f"id{number}",
        "name": f"Song {number}",
        "artists": [{"id": "c", "name": "A Composer"}, {"id": f"{by}-id", "name": by}],
        "album": {
            "name": "Discovery",
            "release_date": f"20{10 + number}-03-12",
            "images": [{"url": "https://i.scdn.co/640", "height": 640}, {"url": "https://i.scdn.co/64"}],
        },
        "external_ids": {"isrc": "GBDUW0000059"},
        "external_urls": {"spotify": f"https://open.spotify.com/track/id{number}"},
        "duration_ms": 226000,
        "explicit": number == 1,
        "preview_url": None,
    } | changes


def found(request: httpx2.Request) -> Answer:
    if request.method == "POST":
        return httpx2.Response(200, json={"access_token": "token", "token_type": "bearer", "expires_in": 3600})
    name = asked(request)["q"].split('"')[1]
    items = [track("Somebody Else", 9), *(track(name, number) for number in range(8)), None]
    return httpx2.Response(200, json={"tracks": {"items": items}})


def spotify(answer: Callable[[httpx2.Request], Answer] = found) -> tuple[Spotify, Routes]:
    async def credentials() -> str:
        return "client:se:cret"

    routes = Routes(answer)
    http = routes.client()
    token = Token("https://accounts.test/api/token", credentials=credentials, http=http, timeout=0.5)
    window = Window("spotify", 60, 30.0)
    api = JsonApi("spotify", "https://spotify.test/v1", token=token, http=http, timeout=5, concurrency=6, window=window)
    return Spotify(api, Store()), routes


def failed(answer: Callable[[httpx2.Request], Answer]) -> Exception:
    async def scenario() -> Exception:
        (failure,) = await spotify(answer)[0].top(["Daft Punk"], 5)
        assert isinstance(failure, Failure)
        return failure.error

    return run(scenario())


def test_one_search_brings_the_songs_that_the_artist_takes_part_in() -> None:
    async def scenario() -> tuple[list[Song], Routes]:
        catalogue, routes = spotify()
        return only(await catalogue.top(["daft punk"], 5)), routes

    songs, routes = run(scenario())
    token, search = routes.seen
    assert token.headers["authorization"] == f"Basic {base64.b64encode(b'client:se:cret').decode()}"
    assert token.content == b"grant_type=client_credentials"
    assert search.headers["authorization"] == "Bearer token"
    assert asked(search) == {"q": 'artist:"daft punk"', "type": "track", "limit": "10"}
    assert len(songs) == 5
    assert songs[1] == Song(
        id="spotify:id1",
        title="Song 1",
        artist="daft punk",
        artist_id="spotify:daft punk-id",
        album="Discovery",
        isrc="GBDUW0000059",
        year=2011,
        duration=226.0,
        explicit=True,
        cover="https://i.scdn.co/640",
        link="https://open.spotify.com/track/id1",
    )


def test_the_latest_songs_are_those_of_this_year_and_the_last() -> None:
    async def scenario() -> tuple[list[Song], str]:
        catalogue, routes = spotify()
        return only(await catalogue.recent(['"Weird Al" Yankovic'], 2)), asked(routes.seen[-1])["q"]

    songs, query = run(scenario())
    this = datetime.now(UTC).year
    assert query == f'artist:"Weird Al  Yankovic" year:{this - 1}-{this}'
    assert [song.year for song in songs] == [2017, 2016]


def test_sixteen_artists_take_sixteen_calls_and_a_token_and_then_none() -> None:
    async def scenario() -> list[tuple[int, int]]:
        catalogue, routes = spotify()
        counts = []
        for _ in range(2):
            assert all(isinstance(each, list) and len(each) == 5 for each in await catalogue.top(SIXTEEN, 5))
            posts = [request for request in routes.seen if request.method == "POST"]
            counts.append((len(posts), len(routes.seen) - len(posts)))
            routes.seen.clear()
        return counts

    assert run(scenario()) == [(1, 16), (0, 0)]


@pytest.mark.parametrize(("seconds", "tokens"), [(3600, 1), (60, 3)])
def test_a_token_is_kept_until_shortly_before_its_end(seconds: int, tokens: int) -> None:
    def route(request: httpx2.Request) -> Answer:
        if request.method == "POST":
            return httpx2.Response(200, json={"access_token": "token", "expires_in": seconds})
        return found(request)

    async def scenario() -> list[str]:
        catalogue, routes = spotify(route)
        for number in range(3):
            assert only(await catalogue.top([f"Artist {number}"], 5))
        return [request.method for request in routes.seen]

    assert run(scenario()).count("POST") == tokens


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (httpx2.Response(400, json={"error": "invalid_client"}), UpstreamRejected),
        (httpx2.Response(503), UpstreamError),
        (httpx2.Response(200, json={"access_token": "t"}), UpstreamRejected),
        (httpx2.Response(200, json=["t"]), UpstreamRejected),
        (httpx2.Response(200, text="{"), UpstreamRejected),
        (httpx2.ReadTimeout("slow"), UpstreamTimeout),
        (httpx2.ConnectError("refused"), UpstreamError),
    ],
)
def test_without_a_token_there_is_nothing(answer: Answer, error: type[FanfareError]) -> None:
    assert type(failed(lambda request: answer if request.method == "POST" else found(request))) is error


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (httpx2.Response(429, headers={"retry-after": "20"}), UpstreamRateLimited),
        (httpx2.Response(401), UpstreamRejected),
        (httpx2.Response(403), UpstreamRejected),
        (httpx2.Response(200, json={"tracks": None}), UpstreamRejected),
        (httpx2.Response(200, content=b"\x00"), UpstreamRejected),
    ],
)
def test_failures_have_their_errors(answer: Answer, error: type[FanfareError]) -> None:
    assert type(failed(lambda request: found(request) if request.method == "POST" else answer)) is error


def test_missing_fields_are_empty_and_a_song_without_a_name_is_none() -> None:
    odd = [
        track("Beyoncé", 1, name=None),
        track("Beyoncé", 2, artists=None),
        track("Beyoncé", 3, artists=[None, {"id": 1}]),
        track("Beyoncé", 4, album=None, external_ids=None, external_urls=None, duration_ms=0, popularity=55),
    ]

    def route(request: httpx2.Request) -> Answer:
        return found(request) if request.method == "POST" else httpx2.Response(200, json={"tracks": {"items": odd}})

    async def scenario() -> list[Song]:
        return only(await spotify(route)[0].top(["BEYONCE"], 5))

    (song,) = run(scenario())
    assert song == Song(
        id="spotify:id4", title="Song 4", artist="Beyoncé", artist_id="spotify:Beyoncé-id", album="", popularity=0.55
    )


def test_it_is_there_only_with_credentials() -> None:
    async def scenario() -> tuple[Spotify | None, Spotify | None]:
        wanted = {"SPOTIFY_CREDENTIALS_PARAMETER": "/fanfare/spotify", "MAX_CONCURRENT_CATALOGUE_REQUESTS": "3"}
        return configured(Settings.read({}), Store()), configured(Settings.read(wanted), Store())

    none, some = run(scenario())
    assert none is None
    assert some is not None
    assert some._api.limit.current == 3
    assert not some.abilities.previews

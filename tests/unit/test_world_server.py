"""The sample world over real HTTP: keys, latencies, faults, streams and control, as `python -m local_cloud.world`."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from io import BytesIO
from typing import Any

import httpx2
import pytest
from PIL import Image

KEY = {"authorization": "Bearer sample-key"}
DISCOVER = "/tmdb/3/discover/movie"
CHAT = "/model/v1/chat/completions"
WISH = {"model": "gpt-6-luna", "messages": [{"role": "user", "content": "a funny thriller"}]}


@contextmanager
def running(*arguments: str) -> Iterator[str]:
    """The server as a process; it must end well and silently when told to."""
    command = [sys.executable, "-m", "local_cloud.world", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as server:
        assert server.stdout
        assert server.stderr
        try:
            yield server.stdout.readline().strip().removeprefix("listening on ")
        finally:
            server.send_signal(signal.SIGTERM)
            errors = server.stderr.read()
    assert (server.returncode, errors) == (0, "")


@pytest.fixture(scope="module")
def base_url() -> Iterator[str]:
    with running("--port", "0") as url:
        yield url


@pytest.fixture
def world(base_url: str) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=base_url, headers=KEY, timeout=5) as client:
        client.delete("/_world/behaviour")
        client.delete("/_world/calls")
        yield client


def behave(world: httpx2.Client, endpoint: str, **members: Any) -> None:
    assert world.put("/_world/behaviour", json={endpoint: members}).status_code == 204


def streamed(world: httpx2.Client, wish: dict[str, Any] = WISH) -> list[tuple[float, dict[str, Any]]]:
    """The chunks and when they came, in seconds from the request."""
    begun = time.perf_counter()
    with world.stream("POST", CHAT, json=wish | {"stream": True}) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        lines = [(time.perf_counter() - begun, line) for line in response.iter_lines() if line]
    assert lines[-1][1] == "data: [DONE]"
    return [(moment, json.loads(line.removeprefix("data: "))) for moment, line in lines[:-1]]


def content(chunks: list[tuple[float, dict[str, Any]]]) -> str:
    return "".join(chunk["choices"][0]["delta"].get("content") or "" for _, chunk in chunks)


def seconds(world: httpx2.Client, path: str = DISCOVER) -> float:
    begun = time.perf_counter()
    world.get(path)
    return time.perf_counter() - begun


def test_every_route_answers(world: httpx2.Client) -> None:
    paths = {
        DISCOVER: "results",
        "/tmdb/3/search/movie?query=matrix": "results",
        "/tmdb/3/search/keyword?query=space": "results",
        "/tmdb/3/movie/603": "runtime",
        "/tmdb/3/movie/603/watch/providers": "results",
        "/tmdb/3/genre/movie/list": "genres",
        "/tmdb/3/watch/providers/movie?watch_region=DE": "results",
        "/model/v1/models": "data",
    }
    for path, member in paths.items():
        response = world.get(path)
        assert response.status_code == 200, path
        assert response.headers["content-type"].startswith("application/json"), path
        assert member in response.json(), path


@pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer real"}, {"authorization": "sample"}])
def test_a_wrong_key_is_refused_as_the_real_ones_do(base_url: str, headers: dict[str, str]) -> None:
    with httpx2.Client(base_url=base_url, headers=headers) as stranger:
        for path in (DISCOVER, "/tmdb/3/movie/603", "/tmdb/3/genre/movie/list"):
            refused = stranger.get(path)
            assert refused.status_code == 401
            assert refused.json() == {
                "status_code": 7,
                "status_message": "Invalid API key: You must be granted a valid key.",
                "success": False,
            }
        for refused in (stranger.post(CHAT, json=WISH), stranger.get("/model/v1/models")):
            assert refused.status_code == 401
            assert refused.json()["error"]["code"] == "invalid_api_key"


def test_posters_are_pictures_and_need_no_key(base_url: str, world: httpx2.Client) -> None:
    path = world.get("/tmdb/3/movie/603").json()["poster_path"]
    with httpx2.Client(base_url=base_url) as stranger:
        small, large, other = (
            stranger.get(f"/images/t/p/{name}") for name in (f"w92{path}", f"w500{path}", "w500/x.jpg")
        )
    assert {picture.headers["content-type"] for picture in (small, large, other)} == {"image/jpeg"}
    assert small.content == large.content != other.content
    with Image.open(BytesIO(small.content), formats=["JPEG"]) as poster:
        assert poster.width < poster.height
        poster.load()
    assert world.get("/_world/calls").json() == {"tmdb.details": 1, "images.get": 3}


def test_pictures_can_be_missing_and_go_wrong(world: httpx2.Client) -> None:
    assert world.get("/images/t/p/w500/missing.jpg").status_code == 404
    behave(world, "images.get", match="w500/a", status=503, retry_after=2)
    refused = world.get("/images/t/p/w500/a.jpg")
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "2")
    assert world.get("/images/t/p/w500/b.jpg").status_code == 200


def test_unknown_films_and_paths_are_tmdbs_404(world: httpx2.Client) -> None:
    for path in ("/tmdb/3/movie/1", "/tmdb/3/movie/1/watch/providers", "/tmdb/3/movie/x", "/tmdb/3/tv/1"):
        response = world.get(path)
        assert (response.status_code, response.json()["status_code"]) == (404, 34), path


def test_a_wrong_parameter_is_a_400(world: httpx2.Client) -> None:
    response = world.get(DISCOVER, params={"with_runtime.lte": "long"})
    assert response.status_code == 400
    assert response.json()["success"] is False


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"messages": 1}'])
def test_a_chat_without_messages_is_a_400(world: httpx2.Client, body: bytes) -> None:
    response = world.post(CHAT, content=body)
    assert response.status_code == 400
    assert response.json()["error"]["type"] == "invalid_request_error"


def test_a_stream_assembles_to_the_whole_answer(world: httpx2.Client) -> None:
    whole = world.post(CHAT, json=WISH).json()["choices"][0]["message"]["content"]
    assert content(streamed(world)) == whole
    assert len(json.loads(whole)["titles"]) == 6


def test_tokens_come_evenly_from_the_first_to_the_last(world: httpx2.Client) -> None:
    behave(world, "model.chat", first_token_ms=200, last_token_ms=800)
    chunks = [(moment, chunk) for moment, chunk in streamed(world) if chunk["choices"][0]["delta"].get("content")]
    first, middle, last = chunks[0][0], chunks[len(chunks) // 2][0], chunks[-1][0]
    assert first >= 0.2
    assert last >= 0.8
    assert first < last / 2
    assert 0.25 < (middle - first) / (last - first) < 0.75


def test_a_server_that_does_not_stream_answers_at_the_last_token(world: httpx2.Client) -> None:
    behave(world, "model.chat", stream=False, first_token_ms=10, last_token_ms=150)
    begun = time.perf_counter()
    response = world.post(CHAT, json=WISH | {"stream": True})
    assert time.perf_counter() - begun >= 0.15
    assert response.json()["object"] == "chat.completion"


def test_latencies_are_kept_and_taken_back(world: httpx2.Client) -> None:
    behave(world, "tmdb.discover", latency_ms=200)
    slow = seconds(world)
    world.delete("/_world/behaviour")
    assert slow >= 0.2
    assert min(seconds(world) for _ in range(3)) < slow / 2


def test_failures_come_in_the_upstreams_own_words(world: httpx2.Client) -> None:
    behave(world, "tmdb.details", status=429, retry_after=2)
    refused = world.get("/tmdb/3/movie/603")
    assert (refused.status_code, refused.headers["retry-after"], refused.json()["status_code"]) == (429, "2", 25)
    behave(world, "tmdb.search", fail_rate=1)
    assert world.get("/tmdb/3/search/movie?query=x").json()["status_code"] == 11
    behave(world, "model.chat", status=429, retry_after=0.5)
    refused = world.post(CHAT, json=WISH)
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "0.5")
    assert refused.json()["error"]["code"] == "rate_limit_exceeded"


def test_a_rule_hits_only_its_matches_and_only_so_often(world: httpx2.Client) -> None:
    behave(world, "tmdb.watch_providers", match="/movie/603/", status=500, times=1)
    paths = ["/tmdb/3/movie/604", "/tmdb/3/movie/605/watch/providers", "/tmdb/3/movie/603/watch/providers"]
    assert [world.get(path).status_code for path in [*paths, paths[-1]]] == [404, 200, 500, 200]


def test_a_hanging_endpoint_never_answers_and_the_others_do(world: httpx2.Client) -> None:
    behave(world, "tmdb.discover", hang=True)
    with pytest.raises(httpx2.ReadTimeout):
        world.get(DISCOVER, timeout=0.2)
    assert world.get("/tmdb/3/movie/603").status_code == 200


def test_a_slow_body_dribbles_but_is_whole(world: httpx2.Client) -> None:
    plain = world.get(DISCOVER).content
    behave(world, "tmdb.discover", slow_body_ms=200)
    begun = time.perf_counter()
    with world.stream("GET", DISCOVER) as response:
        pieces = [(time.perf_counter() - begun, piece) for piece in response.iter_raw()]
    assert b"".join(piece for _, piece in pieces) == plain
    assert len(pieces) > 3
    assert pieces[0][0] < pieces[-1][0] / 2


@pytest.mark.parametrize("stream", [True, False])
def test_a_cut_connection_ends_in_the_middle(world: httpx2.Client, stream: bool) -> None:
    wish = WISH | {"stream": stream}
    whole = world.post(CHAT, json=wish).content
    behave(world, "model.chat", cut_after=0.5)
    with world.stream("POST", CHAT, json=wish) as response:
        pieces = response.iter_raw()
        received = next(pieces)
        with pytest.raises(httpx2.RemoteProtocolError):
            received += b"".join(pieces)
    assert whole.startswith(received)
    assert len(whole) / 4 < len(received) < len(whole) * 3 / 4


def test_malformed_and_refused_answers_are_sent_as_asked(world: httpx2.Client) -> None:
    behave(world, "model.chat", malformed=True)
    text = content(streamed(world))
    assert '"include_genres": ["Comedy", "Thriller"]' in text
    with pytest.raises(json.JSONDecodeError):
        json.loads(text)
    behave(world, "model.chat", malformed=False, refusal=True)
    chunks = streamed(world)
    assert content(chunks) == ""
    assert "".join(chunk["choices"][0]["delta"].get("refusal") or "" for _, chunk in chunks)
    assert world.post(CHAT, json=WISH).json()["choices"][0]["message"]["content"] is None


def test_calls_are_counted_until_they_are_cleared(world: httpx2.Client) -> None:
    world.get(DISCOVER)
    world.get(DISCOVER)
    world.post(CHAT, json=WISH)
    assert world.get("/_world/calls").json() == {"tmdb.discover": 2, "model.chat": 1}
    world.delete("/_world/calls")
    assert world.get("/_world/calls").json() == {}


@pytest.mark.parametrize("body", [b"x", b"[]", b'{"tmdb.nothing": {}}', b'{"tmdb.search": {"status": "x"}}'])
def test_wrong_behaviours_are_refused(world: httpx2.Client, body: bytes) -> None:
    response = world.put("/_world/behaviour", content=body)
    assert response.status_code == 400
    assert response.json()["error"]


def test_calls_that_hang_do_not_hold_up_the_exit() -> None:
    with ThreadPoolExecutor() as pool, running("--profile", "published") as url:
        with httpx2.Client(base_url=url, headers=KEY) as world:
            behave(world, "tmdb.discover", hang=True)
        calls = [
            pool.submit(httpx2.get, url + DISCOVER, headers=KEY, timeout=30),
            pool.submit(httpx2.post, url + CHAT, headers=KEY, json=WISH, timeout=30),
        ]
        with httpx2.Client(base_url=url) as world:
            while world.get("/_world/calls").json() != {"tmdb.discover": 1, "model.chat": 1}:
                time.sleep(0.01)
    assert all(call.exception() or call.result().status_code == 500 for call in calls)

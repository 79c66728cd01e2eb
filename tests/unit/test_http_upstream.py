import asyncio
import time
from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from fanfare import aio, telemetry
from fanfare.errors import NotFound, UpstreamError, UpstreamRateLimited, UpstreamRejected, UpstreamTimeout
from fanfare.upstreams.http import JsonApi, retry_after

type Route = Callable[[httpx2.Request], httpx2.Response]


async def _secret() -> str:
    return "secret"


def api(*answers: httpx2.Response | Exception | float, **options: Any) -> tuple[JsonApi, list[httpx2.Request]]:
    """An upstream that gives these answers in turn (a number: waits so many seconds first), the last one for ever."""
    seen: list[httpx2.Request] = []

    async def route(request: httpx2.Request) -> httpx2.Response:
        seen.append(request)
        answer = answers[min(len(seen), len(answers)) - 1]
        if isinstance(answer, float):
            await asyncio.sleep(answer)
            return httpx2.Response(200, json="late")
        if isinstance(answer, Exception):
            raise answer
        return answer

    http = httpx2.AsyncClient(transport=httpx2.MockTransport(route))
    options = {"timeout": 5.0, "hedging": False} | options
    return JsonApi("fake", "https://fake.test/3", token=_secret, http=http, **options), seen


def get(upstream: JsonApi, *, budget: float = 10) -> tuple[Any, telemetry.Figures]:
    async def scenario() -> tuple[Any, telemetry.Figures]:
        with telemetry.request() as figures, aio.within(aio.Deadline.after(budget)):
            return await upstream.get("/film", {"page": 1}, kind="film"), figures

    return asyncio.run(scenario())


OK = httpx2.Response(200, json={"ok": True})


def test_a_call_carries_the_token_and_the_parameters() -> None:
    upstream, seen = api(OK)
    assert get(upstream)[0] == {"ok": True}
    assert str(seen[0].url) == "https://fake.test/3/film?page=1"
    assert seen[0].headers["authorization"] == "Bearer secret"


@pytest.mark.parametrize(
    ("answer", "error", "calls"),
    [
        (httpx2.Response(404), NotFound, 1),
        (httpx2.Response(401), UpstreamRejected, 1),
        (httpx2.Response(200, text="<html>"), UpstreamRejected, 1),
        (httpx2.Response(503), UpstreamError, 3),
        (httpx2.ConnectError("refused"), UpstreamError, 3),
        (httpx2.ReadTimeout("slow"), UpstreamTimeout, 1),
        (httpx2.Response(429, headers={"retry-after": "0"}), UpstreamRateLimited, 3),
    ],
)
def test_each_failure_has_its_error_and_only_some_are_tried_again(
    answer: httpx2.Response | Exception, error: type[Exception], calls: int
) -> None:
    upstream, seen = api(answer)
    with pytest.raises(error) as raised:
        get(upstream)
    assert type(raised.value) is error
    assert len(seen) == calls


def test_a_passing_failure_is_healed_and_counted() -> None:
    upstream, _ = api(httpx2.Response(503), OK)
    answer, figures = get(upstream)
    assert answer == {"ok": True}
    assert figures.calls["fake"] == 2
    assert figures.extra["retry"] == 1


def test_retry_after_is_honoured() -> None:
    upstream, _ = api(httpx2.Response(429, headers={"retry-after": "1"}), OK)
    began = time.monotonic()
    get(upstream)
    assert time.monotonic() - began >= 1


def test_a_retry_that_would_come_after_the_deadline_is_not_waited_for() -> None:
    upstream, seen = api(httpx2.Response(429, headers={"retry-after": "60"}))
    with pytest.raises(UpstreamRateLimited) as raised:
        get(upstream)
    assert raised.value.retry_after == 60
    assert len(seen) == 1


def test_a_body_that_dribbles_is_cut_off_at_the_call_timeout() -> None:
    upstream, _ = api(30.0, timeout=0.1)
    with pytest.raises(UpstreamTimeout):
        get(upstream)


def test_a_429_halves_the_limit() -> None:
    upstream, _ = api(httpx2.Response(429, headers={"retry-after": "0"}), OK, concurrency=8)
    get(upstream)
    assert upstream.limit.current == 4


def test_an_outage_does_not_multiply_the_load() -> None:
    async def scenario() -> int:
        upstream, seen = api(httpx2.Response(500))
        with telemetry.request():
            for _ in range(20):
                results = await aio.fan_out(range(10), lambda _: upstream.get("/x", {}, kind="x"), limit=10, timeout=5)
                assert all(isinstance(result, aio.Failure) for result in results)
        return len(seen)

    assert asyncio.run(scenario()) <= 200 + 0.2 * 200 + 10


def test_a_straggler_is_hedged() -> None:
    async def scenario() -> tuple[Any, telemetry.Figures]:
        upstream, _ = api(*[OK] * 20, 30.0, OK, hedging=True)
        with telemetry.request() as figures:
            for _ in range(20):
                await upstream.get("/x", {}, kind="x")
            return await asyncio.wait_for(upstream.get("/x", {}, kind="x"), 5), figures

    answer, figures = asyncio.run(scenario())
    assert answer == {"ok": True}
    assert figures.extra["hedge"] == 1


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("3", 3.0), ("-1", 0.0), ("inf", None), ("Wed, 21 Oct 2026 07:28:00 GMT", None), (None, None)],
)
def test_retry_after_is_read_in_seconds(value: str | None, seconds: float | None) -> None:
    assert retry_after(httpx2.Response(429, headers={"retry-after": value} if value else {})) == seconds

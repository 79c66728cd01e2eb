"""An HTTP client whose answers come from a function, and what tests of catalogues behind it share."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import httpx2

from fanfare import aio, telemetry
from fanfare.aio import Failure
from fanfare.upstreams.catalogue import Song

type Answer = httpx2.Response | Exception


@dataclass
class Routes:
    """Requests in their order, and the client that sends them here. `delay` is seconds before each answer."""

    answer: Callable[[httpx2.Request], Answer]
    delay: float = 0.0
    seen: list[httpx2.Request] = field(default_factory=list)

    def client(self) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(transport=httpx2.MockTransport(self._route))

    def paths(self) -> list[str]:
        return [request.url.path for request in self.seen]

    async def _route(self, request: httpx2.Request) -> httpx2.Response:
        self.seen.append(request)
        await asyncio.sleep(self.delay)
        answer = self.answer(request)
        if isinstance(answer, Exception):
            raise answer
        return answer


def asked(request: httpx2.Request) -> dict[str, str]:
    """The parameters of a request, as they are after decoding."""
    return {name: values[0] for name, values in parse_qs(request.url.query.decode()).items()}


def run[R](work: Coroutine[Any, Any, R], *, seconds: float = 2.0) -> R:
    """Run `work` as a request that has so many seconds."""

    async def within() -> R:
        with telemetry.request(), aio.within(aio.Deadline.after(seconds)):
            return await work

    return asyncio.run(within())


def only(results: list[list[Song] | Failure]) -> list[Song]:
    """The songs of the one artist that was asked for."""
    (songs,) = results
    assert isinstance(songs, list)
    return songs

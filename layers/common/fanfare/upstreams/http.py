"""A JSON API over HTTP, called politely: one kept client, adaptive limit, retries and hedges within a budget."""

import asyncio
import functools
import math
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any, Final

import httpx2
import jiter
from snapshot_restore_py import register_after_restore

from fanfare import aio, telemetry
from fanfare.errors import NotFound, UpstreamError, UpstreamRateLimited, UpstreamRejected, UpstreamTimeout
from fanfare.resilience import AdaptiveLimit, Hedge, RetryBudget, backoff
from fanfare.upstreams.transport import AiohttpTransport
from fanfare.upstreams.window import Window

USER_AGENT: Final = "fanfare/0.1"


@functools.cache
def client() -> httpx2.AsyncClient:
    """The one client of this process: connections and the TLS context are kept."""
    return httpx2.AsyncClient(transport=AiohttpTransport(), timeout=None, headers={"user-agent": USER_AGENT})


def _forget() -> None:
    client.cache_clear()


register_after_restore(_forget)


class JsonApi:
    """One upstream. Every call is an idempotent read.

    `concurrency` is where the adaptive limit starts. `timeout` is seconds per call, body included. `token` is asked for
    at each call, so that a rotated secret is picked up; there is none where the API wants none. Each call that leaves
    waits for its turn in the `window`. `status` tells the HTTP status that an answer amounts to, for those who say it
    in another way.
    """

    ATTEMPTS: Final = 3

    def __init__(
        self,
        name: str,
        base_url: str,
        *,
        http: httpx2.AsyncClient,
        timeout: float,
        token: Callable[[], Awaitable[str]] | None = None,
        concurrency: int = 20,
        hedging: bool = True,
        window: Window | None = None,
        status: Callable[[httpx2.Response], int] = lambda response: response.status_code,
    ) -> None:
        self.name = name
        self.limit = AdaptiveLimit(concurrency)
        self._base_url = base_url
        self._token = token
        self._http = http
        self._timeout = timeout
        self._window = window
        self._status = status
        self._budget = RetryBudget()
        self._hedges: dict[str, Hedge] | None = {} if hedging else None

    async def get(self, path: str, parameters: Mapping[str, str | int], *, kind: str) -> Any:
        """Return the parsed JSON body of ``GET path``. `kind` groups calls whose latencies are alike, for hedging.

        Raises `NotFound` (404), `UpstreamRejected` (another 4xx, or not JSON), `UpstreamRateLimited`,
        `UpstreamTimeout` or `UpstreamError`, after such retries as the budget and the current deadline allow.
        """
        if telemetry.is_speculative():
            return await self._call(path, parameters, "")  # neither retried nor hedged: nobody has asked for it yet
        self._budget.deposit()
        for attempt in range(1, self.ATTEMPTS + 1):
            try:
                return await self._attempt(path, parameters, kind, retry=attempt > 1)
            except UpstreamError as error:
                pause = error.retry_after if error.retry_after is not None else backoff(attempt)
                # A timeout has already cost more than a retry could win back; hedging is the answer to slowness.
                if not error.retryable or isinstance(error, UpstreamTimeout) or attempt == self.ATTEMPTS:
                    raise
                if pause + 0.1 > aio.deadline().remaining() or not self._budget.withdraw():
                    raise
                await asyncio.sleep(pause)
        raise AssertionError("unreachable")

    async def _attempt(self, path: str, parameters: Mapping[str, str | int], kind: str, *, retry: bool) -> Any:
        made = 0

        async def call() -> Any:
            nonlocal made
            made += 1
            return await self._call(path, parameters, "hedge" if made > 1 else "retry" if retry else "")

        if self._hedges is None:
            return await call()
        return await self._hedges.setdefault(kind, Hedge(self._budget)).call(call)

    async def _call(self, path: str, parameters: Mapping[str, str | int], count_as: str) -> Any:
        headers = {"accept": "application/json"}
        if self._token is not None:
            headers["authorization"] = f"Bearer {await self._token()}"
        async with self.limit.slot() as slot:
            if self._window is not None:
                await self._window.turn(lambda: self.limit.waiting)
            telemetry.count_call(self.name, count_as)
            limit = min(aio.deadline().at, aio.Deadline.after(self._timeout).at)
            try:
                async with asyncio.timeout_at(limit):
                    response = await self._http.get(self._base_url + path, params=parameters, headers=headers)
            except (TimeoutError, httpx2.TimeoutException) as error:
                slot.overloaded()
                raise UpstreamTimeout(self.name, "no answer in time") from error
            except httpx2.HTTPError as error:
                raise UpstreamError(self.name, type(error).__name__) from error
            status = self._status(response)
            if status == 429:
                slot.overloaded()
            else:
                slot.succeeded()
        return self._read(response, status)

    def _read(self, response: httpx2.Response, status: int) -> Any:
        if status == 404:
            raise NotFound(f"{self.name}: no such thing")
        if status == 429:
            told = retry_after(response)
            pause = self._window.seconds if told is None and self._window is not None else told
            raise UpstreamRateLimited(self.name, "too many requests", retry_after=pause)
        if status >= 500:
            raise UpstreamError(self.name, f"status {status}", retry_after=retry_after(response))
        if status >= 400:
            raise UpstreamRejected(self.name, f"status {status}")
        try:
            return jiter.from_json(response.content)
        except ValueError as error:
            raise UpstreamRejected(self.name, "the answer is not JSON") from error


async def bounded(pieces: AsyncIterator[bytes], most: int) -> bytes | None:
    """Return a body read piece by piece, or None as soon as it has more than `most` bytes."""
    body = bytearray()
    async for piece in pieces:
        body += piece
        if len(body) > most:
            return None
    return bytes(body)


def retry_after(response: httpx2.Response) -> float | None:
    """Seconds of a Retry-After header, RFC 9110, 10.2.3; None where it is absent or a date."""
    try:
        seconds = float(response.headers["retry-after"])
    except (KeyError, ValueError):
        return None
    return max(0.0, seconds) if math.isfinite(seconds) else None

"""httpx2 over aiohttp: the same client API with the HTTP/1.1 work done in C.

A first request of the movie route reads some 200 streamed pieces and 20 small answers; over aiohttp that takes half the
CPU. The price is aiohttp's import, which a snapshot holds.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Final

import aiohttp
import httpx2
from aiohttp.abc import AbstractResolver

CONNECTIONS: Final = 100
KEEPALIVE_SECONDS: Final = 60
CONNECT_SECONDS: Final = 2.0


class AiohttpTransport(httpx2.AsyncBaseTransport):
    """One kept session, made on the loop of the first request. Reads are bounded by the caller, connects here.

    A `resolver` is asked once for each connection, which goes to one of the addresses it returns.
    """

    def __init__(self, resolver: AbstractResolver | None = None) -> None:
        self._resolver = resolver
        self._session: aiohttp.ClientSession | None = None

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if self._session is None:
            self._session = _session(self._resolver)
        body = await request.aread()
        with _errors():
            response = await self._session.request(
                request.method,
                str(request.url),
                headers=request.headers.items(),
                data=body or None,
                allow_redirects=False,
            )
        return httpx2.Response(response.status, headers=list(response.raw_headers), stream=_Body(response))

    async def aclose(self) -> None:
        if self._session is not None:
            await self._session.close()


class _Body(httpx2.AsyncByteStream):
    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _errors():
            async for piece in self._response.content.iter_any():
                yield piece

    async def aclose(self) -> None:
        # Back to the pool if the body was read to its end, closed otherwise.
        self._response.release()


def _session(resolver: AbstractResolver | None) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(
            limit=CONNECTIONS,
            keepalive_timeout=KEEPALIVE_SECONDS,
            ssl=httpx2.create_ssl_context(),
            resolver=resolver,
            use_dns_cache=resolver is None,
        ),
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,  # httpx2 does that
    )


@contextmanager
def _errors() -> Iterator[None]:
    try:
        yield
    except TimeoutError as error:
        raise httpx2.ConnectTimeout(type(error).__name__) from error
    except aiohttp.ClientConnectorError as error:
        raise httpx2.ConnectError(type(error).__name__) from error
    except aiohttp.ClientError as error:
        raise httpx2.ReadError(type(error).__name__) from error

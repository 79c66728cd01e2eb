"""Other people's servers on loopback, which say what a test tells them to, and the name server that leads to them."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp.abc import AbstractResolver, ResolveResult

type Streams = Callable[[asyncio.StreamWriter], Awaitable[None]]
type Answer = bytes | Streams


def answer(status: int = 200, body: bytes = b"", **headers: str) -> bytes:
    """An HTTP/1.1 response; `headers`, with _ for -, replace or join the usual ones."""
    fields = {"content-type": "image/jpeg", "content-length": str(len(body))}
    fields |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"HTTP/1.1 {status} Said", *(f"{name}: {value}" for name, value in fields.items()), "", ""]
    return "\r\n".join(lines).encode() + body


@dataclass
class Site:
    """Gives its answers by path and keeps what it was asked. `gone` is set when a client has left."""

    answers: Mapping[str, Answer]
    port: int = 0
    requests: list[str] = field(default_factory=list)
    gone: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def paths(self) -> list[str]:
        return [request.split(" ", 2)[1] for request in self.requests]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                self.requests.append((await reader.readuntil(b"\r\n\r\n")).decode())
                found = self.answers.get(self.paths[-1], answer(404))
                if isinstance(found, bytes):
                    writer.write(found)
                else:
                    await found(writer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            self.gone.set()
        finally:
            writer.close()


@asynccontextmanager
async def running(site: Site, tls: ssl.SSLContext | None = None) -> AsyncIterator[Site]:
    server = await asyncio.start_server(site.serve, "127.0.0.1", 0, ssl=tls)
    site.port = server.sockets[0].getsockname()[1]
    try:
        yield site
    finally:
        server.close()
        server.close_clients()
        await server.wait_closed()


class Names(AbstractResolver):
    """A name server: successive answers for each name, the last one for ever; a name that is not here is unknown."""

    def __init__(self, answers: Mapping[str, list[list[str]]]) -> None:
        self._answers = answers
        self.asked: list[str] = []

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self.asked.append(host)
        if host not in self._answers:
            raise socket.gaierror(socket.EAI_NONAME, "unknown name")
        answers = self._answers[host]
        found = answers[min(self.asked.count(host), len(answers)) - 1]
        return [
            ResolveResult(hostname=host, host=address, port=port, family=family, proto=0, flags=0) for address in found
        ]

    async def close(self) -> None: ...

"""Pictures over real connections, from a server on loopback that mirrors a host."""

import asyncio
import gzip
from collections.abc import Mapping

import pytest

from fanfare import aio, telemetry
from fanfare.bodies import File
from fanfare.errors import (
    ContentTooLarge,
    FanfareError,
    InvalidInput,
    NotFound,
    UnsupportedMediaType,
    UpstreamError,
    UpstreamRateLimited,
    UpstreamRejected,
    UpstreamTimeout,
)
from fanfare.upstreams import remote
from fanfare.upstreams.remote import Connections, Hosts, Remote
from fanfare.upstreams.transport import AiohttpTransport
from support.servers import free_port
from support.sites import Answer, Site, Streams, answer, running

PICTURE = b"\xff\xd8\xff" + bytes(range(256)) * 40
LIMIT = 100_000


def moved(location: str, status: int = 302, **headers: str) -> bytes:
    return answer(status, b"", location=location, **headers)


OK = answer(body=PICTURE)


def fetched(
    answers: Mapping[str, Answer], path: str = "/a.jpg", *, timeout: float = 20, budget: float = 20
) -> tuple[File | FanfareError, Site, telemetry.Figures]:
    """Fetch one URL of a mirrored host: what came of it, and what the mirror and the telemetry saw."""

    async def scenario() -> tuple[File | FanfareError, Site, telemetry.Figures]:
        remote._forget()  # what a test before this one has left is of a loop that is closed
        connections = remote.connections()
        async with running(Site(answers)) as site:
            hosts = Hosts.parse(f"allowed.com=http://localhost:{site.port}")
            with telemetry.request() as figures, aio.within(aio.Deadline.after(budget)):
                result: File | FanfareError
                try:
                    result = await Remote(hosts, connections).fetch(
                        f"https://allowed.com{path}", limit=LIMIT, timeout=timeout
                    )
                except FanfareError as error:
                    result = error
                    if any(callable(each) for each in answers.values()):
                        await asyncio.wait_for(site.gone.wait(), 10)
            await connections.mirrors.aclose()
            remote._forget()
            return result, site, figures

    return asyncio.run(asyncio.wait_for(scenario(), 60))


def test_a_picture_is_fetched_with_a_plain_request() -> None:
    result, site, figures = fetched({"/t/p/a%20b.jpg?w=1": OK}, "/t/p/a%20b.jpg?w=1#top")
    assert result == File(PICTURE, "image/jpeg")
    assert figures.calls["images"] == 1
    head = site.requests[0].lower()
    assert "accept: image/*\r\n" in head
    assert "accept-encoding: identity\r\n" in head
    assert "user-agent: fanfare/" in head
    assert "authorization" not in head
    assert "cookie" not in head


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (answer(404), NotFound),
        (answer(410), NotFound),
        (answer(401), UpstreamRejected),
        (answer(403), UpstreamRejected),
        (answer(416), UpstreamRejected),
        (answer(206, PICTURE), UpstreamRejected),
        (answer(302), UpstreamRejected),
        (b"HTTP/1.1 204 Said\r\n\r\n", UpstreamRejected),
        (answer(429, retry_after="7"), UpstreamRateLimited),
        (answer(500), UpstreamError),
        (answer(503, retry_after="7"), UpstreamError),
        (b"what is this\r\n\r\n", UpstreamError),
        (answer(body=PICTURE, content_length="12x"), UpstreamError),
        (answer(body=PICTURE, content_length="9" * 5000), UpstreamError),
        (answer(body=PICTURE, content_length="10\r\ncontent-length: 11"), UpstreamError),
        (answer(body=PICTURE, content_type="text/html"), UnsupportedMediaType),
        (answer(body=PICTURE, content_type="application/octet-stream"), UnsupportedMediaType),
        (answer(body=PICTURE, content_type=""), UnsupportedMediaType),
        (answer(body=PICTURE, content_type="image/"), UnsupportedMediaType),
        (answer(body=PICTURE, content_type="image/png, text/html"), UnsupportedMediaType),
    ],
)
def test_each_answer_that_is_no_picture_has_its_error(reply: bytes, error: type[FanfareError]) -> None:
    result, site, _ = fetched({"/a.jpg": reply})
    assert type(result) is error
    assert result.retry_after == (7 if b"retry-after" in reply else None)
    assert len(site.requests) == 1


def test_the_media_type_is_told_without_parameters() -> None:
    result, _, _ = fetched({"/a.jpg": answer(body=PICTURE, content_type="Image/PNG; charset=x")})
    assert result == File(PICTURE, "image/png")


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_may_fill_the_limit(chunked: bool) -> None:
    body = bytes(LIMIT)
    reply = answer(body=body)
    if chunked:
        reply = b"HTTP/1.1 200 OK\r\ncontent-type: image/png\r\ntransfer-encoding: chunked\r\n\r\n"
        reply += b"%x\r\n%s\r\n0\r\n\r\n" % (LIMIT, body)
    result, _, _ = fetched({"/a.jpg": reply})
    assert isinstance(result, File)
    assert result.body == body


def test_a_body_that_says_it_is_over_the_limit_is_not_read() -> None:
    async def says_so(writer: asyncio.StreamWriter) -> None:
        writer.write(answer(content_length=str(LIMIT + 1)))

    result, _, _ = fetched({"/a.jpg": says_so})
    assert isinstance(result, ContentTooLarge)


@pytest.mark.parametrize("framing", ["transfer-encoding: chunked", "connection: close"])
def test_a_body_without_a_length_is_read_up_to_the_limit(framing: str) -> None:
    sent = 0

    async def endless(writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(f"HTTP/1.1 200 OK\r\ncontent-type: image/png\r\n{framing}\r\n\r\n".encode())
        piece = bytes(0x4000)
        while not writer.is_closing():
            writer.write(b"4000\r\n%s\r\n" % piece if "chunked" in framing else piece)
            await writer.drain()
            sent += len(piece)
        raise ConnectionResetError

    result, _, _ = fetched({"/a.jpg": endless})
    assert isinstance(result, ContentTooLarge)
    assert LIMIT < sent < 50_000_000  # what fits into the buffers of two sockets, and no more


async def dribble(writer: asyncio.StreamWriter) -> None:
    writer.write(answer(content_length="50000"))
    while not writer.is_closing():
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.01)
    raise ConnectionResetError


async def silence(writer: asyncio.StreamWriter) -> None:
    await writer.drain()


@pytest.mark.parametrize("slow", [dribble, silence])
@pytest.mark.parametrize(("timeout", "budget"), [(0.2, 100), (100, 0.2)])
def test_a_slow_server_is_left_at_the_timeout_or_the_deadline(slow: Streams, timeout: float, budget: float) -> None:
    result, _, _ = fetched({"/a.jpg": slow}, timeout=timeout, budget=budget)
    assert type(result) is UpstreamTimeout


def test_the_timeout_covers_all_redirects_together() -> None:
    async def late(writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.3)
        writer.write(moved("/a.jpg"))

    result, _, _ = fetched({"/a.jpg": late}, timeout=0.5)
    assert type(result) is UpstreamTimeout


def test_a_body_that_breaks_off_is_an_error() -> None:
    async def half(writer: asyncio.StreamWriter) -> None:
        writer.write(answer(content_length="50000") + b"x" * 100)
        raise ConnectionResetError

    result, _, _ = fetched({"/a.jpg": half})
    assert type(result) is UpstreamError


def test_a_bomb_is_not_unpacked() -> None:
    bomb = gzip.compress(bytes(50_000_000))
    assert len(bomb) < LIMIT
    result, _, _ = fetched({"/a.jpg": answer(body=bomb, content_encoding="gzip")})
    assert isinstance(result, UpstreamRejected)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_on_the_same_host_stays_with_its_mirror(status: int) -> None:
    set_cookie = moved("c.jpg", status, set_cookie="a=b; Path=/")
    answers = {"/x/a.jpg": moved("/x/b.jpg", status), "/x/b.jpg": set_cookie, "/x/c.jpg": OK}
    result, site, figures = fetched(answers, "/x/a.jpg")
    assert result == File(PICTURE, "image/jpeg")
    assert figures.calls["images"] == 3
    assert "cookie" not in "".join(site.requests).lower()


@pytest.mark.parametrize(
    ("location", "problem"),
    [
        ("http://allowed.com/b.jpg", "is not https"),
        ("http://127.0.0.1/b.jpg", "is not https"),
        ("https://evil.com/b.jpg", "is not of a host"),
        ("https://169.254.169.254/latest/meta-data/", "an address in its place"),
        ("//2130706433/b.jpg", "an address in its place"),
        ("https://allowed.com:8080/b.jpg", "names a user or a port"),
        ("https://allowed.com@evil.com/", "names a user or a port"),
        ("https://allowed.com:x/", "cannot be read"),
    ],
)
def test_a_redirect_to_what_may_not_be_fetched_is_refused(location: str, problem: str) -> None:
    result, site, _ = fetched({"/a.jpg": moved(location), "/b.jpg": OK})
    assert isinstance(result, InvalidInput)
    assert result.fields["url"].startswith("redirects to a URL that ")
    assert problem in result.fields["url"]
    assert site.paths == ["/a.jpg"]


def test_redirects_end_after_the_third() -> None:
    loop, site, _ = fetched({"/a.jpg": moved("/a.jpg")})
    assert type(loop) is UpstreamRejected
    assert len(site.requests) == 4
    three = {"/a.jpg": moved("/1"), "/1": moved("/2"), "/2": moved("/3"), "/3": OK}
    assert fetched(three)[0] == File(PICTURE, "image/jpeg")


def test_a_server_that_is_not_there_is_an_error() -> None:
    async def scenario() -> File:
        mirrors = AiohttpTransport()
        hosts = Hosts.parse(f"allowed.com=http://127.0.0.1:{free_port()}")
        try:
            return await Remote(hosts, Connections(mirrors, mirrors)).fetch("https://allowed.com/", limit=1, timeout=20)
        finally:
            await mirrors.aclose()

    with pytest.raises(UpstreamError) as raised:
        asyncio.run(scenario())
    assert type(raised.value) is UpstreamError

"""Pictures and sounds from other people's servers: from listed hosts only, never from inside this network.

A URL comes from a stranger, so three things are decided here and not by it: which host (a list), which address (the
name is resolved once, every answer is checked, and the connection goes to a checked one), and how much (bytes, time,
redirects). Each redirect is decided anew.
Source: https://cheatsheetseries.owasp.org/cheatsheets/Server_Side_Request_Forgery_Prevention_Cheat_Sheet.html
"""

import asyncio
import functools
import re
import socket
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final, Self

import httpx2
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver
from snapshot_restore_py import register_after_restore

from fanfare import aio, telemetry
from fanfare.bodies import File
from fanfare.errors import (
    ContentTooLarge,
    InvalidInput,
    NotFound,
    UnsupportedMediaType,
    UpstreamError,
    UpstreamRateLimited,
    UpstreamRejected,
    UpstreamTimeout,
)
from fanfare.upstreams.http import USER_AGENT, bounded, retry_after
from fanfare.upstreams.transport import AiohttpTransport

REDIRECTS: Final = 3

HOST: Final = re.compile(r"(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?")
"""Two labels or more, the last of which begins with a letter. So no spelling of an address is a host: 127.1, 0x7f.1."""

GLOBAL_UNICAST: Final = IPv6Network("2000::/3")
NAT64: Final = IPv6Network("64:ff9b::/96")
NOT_PUBLIC: Final = tuple(
    ip_network(network)
    for network in (
        "192.0.0.0/24",  # IETF protocol assignments; .9 is the nearest port control server
        "192.88.99.0/24",  # 6to4 relays
        "2001::/23",  # IETF protocol assignments; Teredo wraps an IPv4 address
        "2002::/16",  # 6to4 wraps an IPv4 address
        "3fff::/20",  # documentation, RFC 9637
    )
)
"""What `is_global` leaves out, or tells differently from one Python to the next. Nobody serves pictures from there."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What is fetched: the `name` its calls are counted by, a word for it, and the media types it may have."""

    name: str
    word: str
    accept: str
    media_types: re.Pattern[str]


PICTURES: Final = Kind("images", "picture", "image/*", re.compile(r"image/[a-z0-9.+-]+"))
PREVIEWS: Final = Kind(
    "previews", "sound", "audio/*", re.compile(r"audio/[a-z0-9.+-]+|video/mp4|(application|binary)/octet-stream")
)
"""Thirty seconds of songs; what is in them is looked at, whatever they are called."""


@dataclass(frozen=True, slots=True)
class Target:
    """A URL that may be fetched. `address` is where the request goes: to `url` itself, or to its host's mirror."""

    url: httpx2.URL
    address: httpx2.URL
    mirrored: bool


@dataclass(frozen=True, slots=True)
class Hosts:
    """The hosts that pictures may come from: names or ``*.`` patterns, each with its mirror's base URL or None."""

    places: Mapping[str, httpx2.URL | None]

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a comma-separated list of ``image.example.org``, ``*.example.org`` and ``host=base URL``.

        A star stands for one label or more. A base URL is where the host's pictures are fetched from in its place; it
        is trusted, as the deployment names it, and may be plain http and a private address.
        Raises ValueError quoting the first entry that is none of these.
        """
        places: dict[str, httpx2.URL | None] = {}
        for entry in filter(None, map(str.strip, text.split(","))):
            pattern, mirrored, base = entry.partition("=")
            star = "*." if pattern.startswith("*.") else ""
            try:
                name = star + _host(httpx2.URL(scheme="https", host=pattern.removeprefix("*.")))
                mirror = _base(base) if mirrored else None
            except (httpx2.InvalidURL, ValueError):
                raise ValueError(f"{entry!r} is not a host, *.host or host=URL") from None
            if name in places:
                raise ValueError(f"{entry!r} names a host that is listed already")
            places[name] = mirror
        return cls(places)

    def target(self, text: str, base: httpx2.URL | None = None) -> Target:
        """Return where to fetch the URL `text`, relative to `base` if given; raises ValueError telling what is wrong.

        The request is built from the parts that were checked, never from `text`.
        """
        if "\\" in text:  # where parsers disagree about what is the host
            raise ValueError("has a backslash in it")
        try:
            url = httpx2.URL(text) if base is None else base.join(text)
        except (httpx2.InvalidURL, ValueError):
            raise ValueError("cannot be read") from None
        if url.scheme != "https":
            raise ValueError("is not https")
        if url.userinfo or url.port is not None:
            raise ValueError("names a user or a port")
        if ".." in re.split(r"[/\\]", url.path):  # httpx2 resolved plain ones: these are encoded
            raise ValueError("has dot segments in its path")
        host = _host(url)
        mirror = self._mirror(host)
        url = httpx2.URL(scheme="https", host=host, raw_path=url.raw_path)
        if mirror is None:
            return Target(url, url, mirrored=False)
        return Target(url, mirror.copy_with(raw_path=mirror.raw_path.rstrip(b"/") + url.raw_path), mirrored=True)

    def _mirror(self, host: str) -> httpx2.URL | None:
        labels = host.split(".")
        for pattern in (host, *(f"*.{'.'.join(labels[start:])}" for start in range(1, len(labels)))):
            if pattern in self.places:
                return self.places[pattern]
        raise ValueError("is not of a host that files are taken from")


def _host(url: httpx2.URL) -> str:
    """The host of a URL in lower case, IDNA-encoded, without a trailing dot."""
    host = url.raw_host.decode().removesuffix(".")
    if not HOST.fullmatch(host):
        raise ValueError("names no host, or an address in its place")
    return host


def _base(text: str) -> httpx2.URL:
    url = httpx2.URL(text)
    if url.scheme not in {"http", "https"} or not url.host or url.userinfo or url.query or url.fragment:
        raise ValueError("is not the base of other URLs")
    return url


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether an address belongs to the public internet, also where it wraps another one.

    Sources: the IANA registries of special-purpose addresses (RFC 6890), RFC 6052 for NAT64.
    """
    if isinstance(address, IPv6Address):
        inner = IPv4Address(int(address) & 0xFFFFFFFF) if address in NAT64 else address.ipv4_mapped
        if inner is not None:
            return is_public(inner)
        if address not in GLOBAL_UNICAST:
            return False
    special = address.is_multicast or any(address in network for network in NOT_PUBLIC)
    return address.is_global and not special


class PublicResolver(AbstractResolver):
    """Resolves names of the public internet. aiohttp connects to the addresses returned here and resolves no further.

    It does not ask a resolver about a host that is an address already; `Hosts` admits none.
    """

    def __init__(self, lookup: AbstractResolver | None = None) -> None:
        self._lookup = lookup

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Raises `InvalidInput` if any address of `host` is not public, OSError if there is none."""
        answers = await (self._lookup or ThreadedResolver()).resolve(host, port, family)
        if not answers:
            raise OSError("no address")
        if not all(is_public(ip_address(answer["host"])) for answer in answers):
            # One bad address spoils the name. Which one it is would tell a stranger about the network.
            raise InvalidInput({"url": "is of a host that is not on the public internet"})
        return answers

    async def close(self) -> None:
        """Nothing is held open."""


@dataclass(frozen=True, slots=True)
class Connections:
    """`public` is for what strangers name, `mirrors` for what the deployment names."""

    public: httpx2.AsyncBaseTransport
    mirrors: httpx2.AsyncBaseTransport


@functools.cache
def connections() -> Connections:
    """The kept connections of this process. Transports, not a client: no cookies, proxies or redirects of its own."""
    return Connections(public=AiohttpTransport(PublicResolver()), mirrors=AiohttpTransport())


def _forget() -> None:
    connections.cache_clear()


register_after_restore(_forget)


class Remote:
    """Fetches files of one kind from `hosts`."""

    def __init__(self, hosts: Hosts, connections: Connections, kind: Kind = PICTURES) -> None:
        self._hosts = hosts
        self._connections = connections
        self._kind = kind

    async def fetch(self, url: str, *, limit: int, timeout: float) -> File:
        """Return the file at `url`: `limit` bytes at most, in `timeout` seconds and within the current deadline.

        Raises `InvalidInput` naming `url` if it, or what it redirects to, may not be fetched, `NotFound` (404, 410),
        `UnsupportedMediaType` if it is of no such kind, `ContentTooLarge`, `UpstreamRateLimited`, `UpstreamTimeout`,
        `UpstreamRejected` (another 4xx, too many redirects, an encoding that was not asked for) or `UpstreamError`.
        """
        limit_at = min(aio.deadline().at, aio.Deadline.after(timeout).at)
        try:
            async with asyncio.timeout_at(limit_at):
                return await self._follow(url, limit)
        except (TimeoutError, httpx2.TimeoutException) as error:
            raise UpstreamTimeout(self._kind.name, f"no {self._kind.word} in time") from error
        except httpx2.HTTPError as error:
            raise UpstreamError(self._kind.name, type(error).__name__) from error

    async def _follow(self, url: str, limit: int) -> File:
        target = self._target(url)
        for _ in range(1 + REDIRECTS):
            async with aclosing(await self._send(target)) as response:
                if not response.has_redirect_location:
                    return await _file(response, limit, self._kind)
                # Relative to the host's own URL even if a mirror says so: a mirror stands for the host.
                target = self._target(response.headers["location"], target.url)
        raise UpstreamRejected(self._kind.name, "too many redirects")

    def _target(self, url: str, base: httpx2.URL | None = None) -> Target:
        try:
            return self._hosts.target(url, base)
        except ValueError as problem:
            where = "" if base is None else "redirects to a URL that "
            raise InvalidInput({"url": f"{where}{problem}"}) from None

    async def _send(self, target: Target) -> httpx2.Response:
        telemetry.count_call(self._kind.name)
        transport = self._connections.mirrors if target.mirrored else self._connections.public
        headers = {"accept": self._kind.accept, "accept-encoding": "identity", "user-agent": USER_AGENT}
        return await transport.handle_async_request(httpx2.Request("GET", target.address, headers=headers))


async def _file(response: httpx2.Response, limit: int, kind: Kind) -> File:
    _check_status(response, kind)
    media_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not kind.media_types.fullmatch(media_type):
        raise UnsupportedMediaType(f"the URL does not lead to a {kind.word}")
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        raise UpstreamRejected(kind.name, "compressed without being asked to")  # and so never unpacked here
    return File(await _body(response, limit, kind), media_type)


def _check_status(response: httpx2.Response, kind: Kind) -> None:
    status = response.status_code
    if status in {404, 410}:
        raise NotFound(f"{kind.name}: no such {kind.word}")
    if status == 429:
        raise UpstreamRateLimited(kind.name, "too many requests", retry_after=retry_after(response))
    if status >= 500:
        raise UpstreamError(kind.name, f"status {status}", retry_after=retry_after(response))
    if status != 200:
        raise UpstreamRejected(kind.name, f"status {status}")


async def _body(response: httpx2.Response, limit: int, kind: Kind) -> bytes:
    too_large = ContentTooLarge(f"the {kind.word} at the URL has more than {limit} bytes")
    if int(response.headers.get("content-length", 0)) > limit:
        raise too_large
    body = await bounded(response.aiter_raw(), limit)
    if body is None:
        raise too_large
    return body

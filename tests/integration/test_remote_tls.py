"""Pictures from hosts on the internet, as far as loopback can show it: names, checked addresses, TLS and redirects."""

import asyncio
import socket
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from fanfare import telemetry
from fanfare.bodies import File
from fanfare.errors import FanfareError, InvalidInput, UpstreamError
from fanfare.upstreams.remote import Connections, Hosts, PublicResolver, Remote
from fanfare.upstreams.transport import AiohttpTransport
from support.sites import Answer, Names, Site, answer, running

PUBLIC = [["93.184.215.14"]]
METADATA = [["169.254.169.254"]]
PICTURE = File(b"\xff\xd8\xff" * 1000, "image/jpeg")
OK = answer(body=PICTURE.body)
LAST = answer(body=PICTURE.body, connection="close")
NOT_PUBLIC = {"url": "is of a host that is not on the public internet"}


class Internet(AbstractResolver):
    """The way to public addresses: each that the resolver under test lets through leads to the site."""

    def __init__(self, names: Names, site: Site) -> None:
        self._checked = PublicResolver(names)
        self._site = site

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._checked.resolve(host, port, family)
        assert port == 443
        return [ResolveResult(**{**each, "host": "127.0.0.1", "port": self._site.port}) for each in found]

    async def close(self) -> None: ...


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of its own making for allowed.com and its subdomains, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    names = x509.SubjectAlternativeName([x509.DNSName("allowed.com"), x509.DNSName("*.allowed.com")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    file = tmp_path_factory.mktemp("tls") / "server.pem"
    file.write_bytes(key.private_bytes(pem, form, serialization.NoEncryption()) + signed.public_bytes(pem))
    return file


@dataclass
class Visit:
    """What came of each fetch, what the site saw of it, and which names were looked up."""

    results: list[File | FanfareError] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    server_names: list[str | None] = field(default_factory=list)
    calls: int = 0


type Visits = Callable[..., Visit]


@pytest.fixture
def visit(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Visits:
    """Fetch URLs one after the other from a site that stands for allowed.com, its subdomains and wrong.com."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)

    async def scenario(names: Names, answers: Mapping[str, Answer], urls: tuple[str, ...]) -> Visit:
        seen = Visit(asked=names.asked)
        tls.sni_callback = lambda _socket, name, _context: seen.server_names.append(name)
        async with running(Site(answers), tls) as site:
            public = AiohttpTransport(Internet(names, site))
            remote = Remote(Hosts.parse("allowed.com, *.allowed.com, wrong.com"), Connections(public, public))
            with telemetry.request() as figures:
                for url in urls:
                    try:
                        seen.results.append(await remote.fetch(url, limit=100_000, timeout=20))
                    except FanfareError as error:
                        seen.results.append(error)
            await public.aclose()
        seen.paths, seen.calls = site.paths, figures.calls["images"]
        return seen

    def run(names: Mapping[str, list[list[str]]], answers: Mapping[str, Answer], *urls: str) -> Visit:
        return asyncio.run(asyncio.wait_for(scenario(Names(names), answers, urls), 60))

    return run


def test_a_host_is_reached_under_its_normal_name(visit: Visits) -> None:
    seen = visit({"allowed.com": PUBLIC}, {"/a.jpg": OK}, "https://ALLOWED.com.:443/a.jpg")
    assert seen.results == [PICTURE]
    assert seen.asked == seen.server_names == ["allowed.com"]


def test_a_kept_connection_is_used_again_without_another_lookup(visit: Visits) -> None:
    seen = visit({"allowed.com": [*PUBLIC, *METADATA]}, {"/a.jpg": OK}, *["https://allowed.com/a.jpg"] * 3)
    assert seen.results == [PICTURE] * 3
    assert (seen.asked, seen.server_names, seen.calls) == (["allowed.com"], ["allowed.com"], 3)


def test_a_name_that_turns_inward_is_caught_at_the_next_connection(visit: Visits) -> None:
    """DNS rebinding: the one lookup of a connection is both what is checked and what is connected to."""
    seen = visit({"allowed.com": [*PUBLIC, *METADATA]}, {"/a.jpg": LAST}, *["https://allowed.com/a.jpg"] * 2)
    assert seen.results[0] == PICTURE
    assert isinstance(seen.results[1], InvalidInput)
    assert seen.results[1].fields == NOT_PUBLIC
    assert seen.asked == ["allowed.com"] * 2
    assert seen.server_names == ["allowed.com"]


def test_a_redirect_to_an_allowed_host_is_followed(visit: Visits) -> None:
    seen = visit(
        {"allowed.com": PUBLIC, "cdn.allowed.com": PUBLIC},
        {"/a.jpg": answer(302, location="https://cdn.allowed.com/b.jpg"), "/b.jpg": OK},
        "https://allowed.com/a.jpg",
    )
    assert seen.results == [PICTURE]
    assert seen.server_names == ["allowed.com", "cdn.allowed.com"]


def test_a_redirect_to_an_allowed_host_with_an_inner_address_is_refused(visit: Visits) -> None:
    seen = visit(
        {"allowed.com": PUBLIC, "cdn.allowed.com": METADATA},
        {"/a.jpg": answer(302, location="https://cdn.allowed.com/b.jpg"), "/b.jpg": OK},
        "https://allowed.com/a.jpg",
    )
    assert isinstance(seen.results[0], InvalidInput)
    assert seen.results[0].fields == NOT_PUBLIC
    assert seen.paths == ["/a.jpg"]


@pytest.mark.parametrize("answers", [[["127.0.0.1"]], [["93.184.215.14", "10.0.0.7"]], [["64:ff9b::a9fe:a9fe"]]])
def test_a_host_with_an_inner_address_is_never_connected_to(visit: Visits, answers: list[list[str]]) -> None:
    seen = visit({"allowed.com": answers}, {"/a.jpg": OK}, "https://allowed.com/a.jpg")
    assert isinstance(seen.results[0], InvalidInput)
    assert "10.0" not in str(seen.results[0])
    assert (seen.paths, seen.server_names) == ([], [])


@pytest.mark.parametrize("names", [{}, {"allowed.com": [[]]}])
def test_a_host_without_an_address_is_an_upstream_error(visit: Visits, names: dict[str, list[list[str]]]) -> None:
    seen = visit(names, {"/a.jpg": OK}, "https://allowed.com/a.jpg")
    assert type(seen.results[0]) is UpstreamError


def test_the_certificate_must_be_of_the_host_that_was_named(visit: Visits) -> None:
    seen = visit({"wrong.com": PUBLIC}, {"/a.jpg": OK}, "https://wrong.com/a.jpg")
    assert type(seen.results[0]) is UpstreamError
    assert (seen.paths, seen.server_names) == ([], ["wrong.com"])

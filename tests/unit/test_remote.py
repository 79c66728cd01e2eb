"""Which URLs may be fetched, and which addresses count as public."""

import asyncio
import socket
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import urlsplit

import httpx2
import pytest
import yarl
from hypothesis import example, given
from hypothesis import strategies as st

from fanfare.errors import InvalidInput
from fanfare.upstreams import remote
from fanfare.upstreams.remote import Hosts, PublicResolver, Remote, is_public
from support.sites import Names

MIRROR = "http://127.0.0.1:4567/tmdb-images"
HOSTS = Hosts.parse(f"allowed.com, *.pictures.net, müller.de, mirrored.org={MIRROR}, *.mirrored.org=https://cdn.test")


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("https://allowed.com/a.jpg", "https://allowed.com/a.jpg"),
        ("HTTPS://ALLOWED.com/A.jpg", "https://allowed.com/A.jpg"),
        ("https://allowed.com./a.jpg", "https://allowed.com/a.jpg"),
        ("https://allowed.com:443/a.jpg", "https://allowed.com/a.jpg"),
        ("https://allowed.com", "https://allowed.com/"),
        ("https://allowed.com?w=1&h=2", "https://allowed.com/?w=1&h=2"),
        ("https://allowed.com/a%20b%2Fc.jpg?x=%26", "https://allowed.com/a%20b%2Fc.jpg?x=%26"),
        ("https://allowed.com/a.jpg#@evil.com/", "https://allowed.com/a.jpg"),
        ("https://allowed.com/a/../../b.jpg", "https://allowed.com/b.jpg"),
        ("https://allowed.com//evil.com/a.jpg", "https://allowed.com//evil.com/a.jpg"),
        ("https://allowed。com/a.jpg", "https://allowed.com/a.jpg"),
        ("https://a.pictures.net/a.jpg", "https://a.pictures.net/a.jpg"),
        ("https://a.b.pictures.net/a.jpg", "https://a.b.pictures.net/a.jpg"),
        ("https://MÜLLER.de/a.jpg", "https://xn--mller-kva.de/a.jpg"),
        ("https://xn--mller-kva.de/a.jpg", "https://xn--mller-kva.de/a.jpg"),
        ("https://mirrored.org/t/p/a.jpg?x=1", f"{MIRROR}/t/p/a.jpg?x=1"),
        ("https://mirrored.org/../a.jpg", f"{MIRROR}/a.jpg"),
        ("https://is1.mirrored.org/a.jpg", "https://cdn.test/a.jpg"),
    ],
)
def test_a_url_of_a_listed_host_is_fetched_from_there_or_from_its_mirror(text: str, address: str) -> None:
    target = HOSTS.target(text)
    assert str(target.address) == address
    assert target.mirrored == ("mirrored.org" in text)


def words(text: str) -> list[str]:
    return text.split()


ADDRESSES = words("""
    127.0.0.1 127.1 127.0.0.1. 0 0.0.0.0 2130706433 0x7f000001 0x7f.1 0x7f.0x0.0x0.0x1 017700000001 0177.0.0.01
    ①②⑦.0.0.1 １２７.0.0.1 [::1] [::ffff:127.0.0.1] [fe80::1%25eth0] [::1 ::1 169.254.169.254 8.8.8.8
""")


@pytest.mark.parametrize("host", ADDRESSES)
def test_an_address_is_no_host_however_it_is_written(host: str) -> None:
    with pytest.raises(ValueError, match=r"an address in its place|cannot be read"):
        HOSTS.target(f"https://{host}/a.jpg")
    with pytest.raises(ValueError, match=r"is not a host"):
        Hosts.parse(host)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("http://allowed.com/", "is not https"),
        ("ftp://allowed.com/", "is not https"),
        ("file:///etc/passwd", "is not https"),
        ("data:image/png;base64,AAAA", "is not https"),
        ("allowed.com/a.jpg", "is not https"),
        ("//allowed.com/a.jpg", "is not https"),
        ("", "is not https"),
        (" https://allowed.com/", "is not https"),
        ("https:allowed.com", "names no host"),
        ("https:///allowed.com/", "names no host"),
        ("https://allowed.com@127.0.0.1/", "names a user"),
        ("https://user:secret@allowed.com/", "names a user"),
        ("https://allowed.com:8443/", "a port"),
        ("https://allowed.com:80/", "a port"),
        ("https://allowed.com:-443/", "a port"),
        ("https://allowed.com:443@evil.com/", "names a user"),
        ("https://allowed.com\\@evil.com/", "backslash"),
        ("https:\\\\allowed.com/", "backslash"),
        ("https://allowed.com%00.evil.com/", "names no host"),
        ("https://allowed.com%2f.evil.com/", "names no host"),
        ("https://allowed.com%2eevil.com/", "names no host"),
        ("https://allowed.com../", "names no host"),
        ("https://.allowed.com/", "names no host"),
        ("https://.pictures.net/", "names no host"),
        ("https://allowed.com\t.evil.com/", "cannot be read"),
        ("https://allowed.com/a\r\nHost: evil.com", "cannot be read"),
        ("https://allowed.com:x/", "cannot be read"),
        ("https://localhost/", "names no host"),
        (f"https://{'a.' * 126}pictures.net/", "names no host"),
        ("https://evil.com/allowed.com", "is not of a host"),
        ("https://evil.com#.allowed.com", "is not of a host"),
        ("https://evil.com?.allowed.com", "is not of a host"),
        ("https://allowed.com.evil.com/", "is not of a host"),
        ("https://evilallowed.com/", "is not of a host"),
        ("https://sub.allowed.com/", "is not of a host"),
        ("https://pictures.net/", "is not of a host"),
        ("https://evilpictures.net/", "is not of a host"),
        ("https://cdn.test/", "is not of a host"),
        ("https://mirrored.org/%2e%2e/secret", "dot segments"),
        ("https://mirrored.org/a/%2E./secret", "dot segments"),
        ("https://mirrored.org/..%2fsecret", "dot segments"),
        ("https://mirrored.org/..%5csecret", "dot segments"),
    ],
)
def test_every_other_url_is_refused_with_the_reason(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        HOSTS.target(text)


@pytest.mark.parametrize(
    ("location", "address"),
    [
        ("b.jpg", "https://allowed.com/x/b.jpg"),
        ("/b.jpg", "https://allowed.com/b.jpg"),
        ("//a.pictures.net/b.jpg", "https://a.pictures.net/b.jpg"),
        ("///evil.com/b.jpg", "https://allowed.com/evil.com/b.jpg"),
        ("?w=2", "https://allowed.com/x/a.jpg?w=2"),
    ],
)
def test_a_redirect_may_be_relative(location: str, address: str) -> None:
    assert str(HOSTS.target(location, httpx2.URL("https://allowed.com/x/a.jpg")).address) == address


@pytest.mark.parametrize(
    ("location", "problem"),
    [
        ("//evil.com/", "is not of a host"),
        ("/\\evil.com/", "has a backslash"),
        ("http:b.jpg", "is not https"),
        ("//[::1", "cannot be read"),
        ("//@[::1]/", "an address"),
        ("%2e%2e/b.jpg", "dot segments"),
    ],
)
def test_a_redirect_is_checked_as_strictly(location: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        HOSTS.target(location, httpx2.URL("https://allowed.com/x/a.jpg"))


PIECES = st.sampled_from(
    words(r"""
        https: http: // / \ @ : :443 # ? ; & = % %2e %00 . .. [ ] 。 ① a ß
        allowed.com pictures.net mirrored.org evil.com 127.0.0.1 ::1
    """)
)
BEGINNINGS = ["", "https://", "https://allowed.com", "https://a.pictures.net", "https://mirrored.org"]


@given(st.lists(PIECES | st.sampled_from(" \t\0"), max_size=8).map("".join), st.sampled_from(BEGINNINGS))
@example("/%2e%2e/secret", "https://mirrored.org")
def test_what_is_let_through_means_the_same_to_every_parser(text: str, beginning: str) -> None:
    """The client library that sends the request parses the URL once more."""
    try:
        target = HOSTS.target(beginning + text)
    except ValueError:
        return
    sent = yarl.URL(str(target.address))
    if target.mirrored:
        assert str(sent).startswith((f"{MIRROR}/", "https://cdn.test/"))
    else:
        assert {sent.raw_host, urlsplit(str(target.address)).hostname} == {target.address.host}
        assert target.address.host == "allowed.com" or target.address.host.endswith(".pictures.net")
        assert (sent.scheme, sent.port, sent.user) == ("https", 443, None)


@pytest.mark.parametrize(
    "entry",
    words("""
        * *.com com *allowed.com a.*.com https://a.com a.com/x a.com:443 u@a.com a_b.com -a.com a..com a.com=
        a.com=cdn.test a.com=ftp://cdn.test a.com=http:// a.com=http://u:p@cdn.test a.com=http://cdn.test?x=1
        a.com=http://cdn.test/#x =http://cdn.test
    """),
)
def test_a_wrong_entry_of_the_list_is_named(entry: str) -> None:
    with pytest.raises(ValueError, match=r"is not a host, \*\.host or host=URL") as raised:
        Hosts.parse(f"allowed.com,{entry}")
    assert repr(entry) in str(raised.value)


def test_a_host_is_listed_once() -> None:
    with pytest.raises(ValueError, match="listed already"):
        Hosts.parse("a.com, A.com.=http://127.0.0.1")
    assert Hosts.parse("a.com, *.a.com").places.keys() == {"a.com", "*.a.com"}


@pytest.mark.parametrize("text", ["", " ", ","])
def test_an_empty_list_admits_nothing(text: str) -> None:
    with pytest.raises(ValueError, match="is not of a host"):
        Hosts.parse(text).target("https://allowed.com/")


def test_the_most_exact_entry_counts() -> None:
    hosts = Hosts.parse("*.b.com=http://far.test, a.b.com=http://near.test, *.x.b.com=http://between.test")
    found = [str(hosts.target(f"https://{host}/").address.host) for host in ("a.b.com", "c.b.com", "y.x.b.com")]
    assert found == ["near.test", "far.test", "between.test"]


@pytest.mark.parametrize(
    "address",
    words("8.8.8.8 93.184.215.14 172.32.0.1 2606:4700::1111 2a00:1450:4001::200e 64:ff9b::808:808 ::ffff:8.8.8.8"),
)
def test_a_public_address_is_public(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize(
    "address",
    words("""
        0.0.0.0 0.1.2.3 10.0.0.1 100.64.0.1 127.0.0.1 169.254.169.254 169.254.170.2 172.16.0.1 192.0.0.9 192.0.0.170
        192.0.2.1 192.88.99.1 192.168.1.1 198.18.0.1 198.51.100.1 203.0.113.1 224.0.0.1 239.255.255.250 240.0.0.1
        255.255.255.255
        :: ::1 ::8.8.8.8 100::1 fc00::1 fd00:ec2::254 fe80::1 fe80::1%eth0 fec0::1 ff02::1 2001:db8::1 2001::1 2001:1::1
        2001:2::1 2001:10::1 2001:20::1 3fff::1 4000::1 5f00::1
        ::ffff:127.0.0.1 ::ffff:a9fe:a9fe ::ffff:0:7f00:1 64:ff9b::a9fe:a9fe 64:ff9b::7f00:1 64:ff9b:1::a9fe:a9fe
        2002:a9fe:a9fe:: 2002:808:808:: 2001:0:4136:e378:8000:63bf:5601:5601
    """),
)
def test_any_other_address_is_not(address: str) -> None:
    assert not is_public(ip_address(address))


INTERNAL = words("""
    0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.168.0.0/16 198.18.0.0/15 224.0.0.0/4
    240.0.0.0/4
""")
INTERNAL_6 = words("::/96 fc00::/7 fe80::/10 fec0::/10 ff00::/8")
WRAPPINGS: dict[str, Callable[[int], int]] = {
    "mapped": lambda inner: (0xFFFF << 32) | inner,
    "compatible": lambda inner: inner,
    "translated": lambda inner: (0xFFFF << 48) | inner,
    "NAT64": lambda inner: (0x64FF9B << 96) | inner,
    "local NAT64": lambda inner: (0x64FF9B0001 << 80) | inner,
    "6to4": lambda inner: (0x2002 << 112) | (inner << 80),
    "Teredo server": lambda inner: (0x20010000 << 96) | (inner << 64),
    "Teredo client": lambda inner: (0x20010000 << 96) | (inner ^ 0xFFFFFFFF),
}


@given(st.sampled_from(INTERNAL).flatmap(lambda network: st.ip_addresses(network=network)))
def test_no_internal_address_is_public_in_any_wrapping(address: IPv4Address) -> None:
    assert not is_public(address)
    for name, wrap in WRAPPINGS.items():
        assert not is_public(IPv6Address(wrap(int(address)))), name


@given(st.sampled_from(INTERNAL_6).flatmap(lambda network: st.ip_addresses(network=network)))
def test_no_internal_ipv6_address_is_public(address: IPv6Address) -> None:
    assert not is_public(address)


def resolve(answer: list[str]) -> list[str]:
    found = asyncio.run(PublicResolver(Names({"allowed.com": [answer]})).resolve("allowed.com", 443))
    return [each["host"] for each in found]


def test_public_addresses_are_passed_on() -> None:
    assert resolve(["8.8.8.8", "2606:4700::1111"]) == ["8.8.8.8", "2606:4700::1111"]


@pytest.mark.parametrize("answer", [["169.254.169.254"], ["8.8.8.8", "10.0.0.7"], ["64:ff9b::a00:7"], ["fe80::1%eth0"]])
def test_one_address_that_is_not_public_spoils_the_name_and_stays_unsaid(answer: list[str]) -> None:
    with pytest.raises(InvalidInput) as raised:
        resolve(answer)
    assert raised.value.fields == {"url": "is of a host that is not on the public internet"}


def test_a_name_without_an_address_is_an_error_of_the_network() -> None:
    with pytest.raises(OSError, match="no address"):
        resolve([])


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1"])
def test_the_resolver_of_the_system_is_checked_too(name: str) -> None:
    with pytest.raises(InvalidInput):
        asyncio.run(PublicResolver().resolve(name, 443, socket.AF_UNSPEC))


def test_the_connections_of_a_process_are_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    def metadata_service(*_arguments: object, **_options: object) -> object:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("169.254.169.254", 443))]

    async def scenario() -> None:
        connections = remote.connections()
        try:
            await Remote(HOSTS, connections).fetch("https://allowed.com/", limit=1, timeout=20)
        finally:
            await connections.public.aclose()
            remote._forget()

    monkeypatch.setattr(socket, "getaddrinfo", metadata_service)
    with pytest.raises(InvalidInput):
        asyncio.run(scenario())


def test_connections_are_kept_until_the_process_is_restored() -> None:
    kept = remote.connections()
    assert remote.connections() is kept
    remote._forget()
    assert remote.connections() is not kept

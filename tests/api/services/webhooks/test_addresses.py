"""Which URLs and addresses a webhook may have."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address

import anyio
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.services.webhooks import addresses
from api.services.webhooks.addresses import AddressError, Addresses, is_public, read_url

pytestmark = pytest.mark.anyio

PUBLIC = [
    "8.8.8.8",
    "1.1.1.1",
    "192.0.1.1",
    "172.32.0.1",
    "100.128.0.1",
    "2606:4700:4700::1111",
    "2a00:1450::1",
]
PRIVATE = [
    *("0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.100.100.200", "127.0.0.1", "127.255.255.255"),
    *("169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.2.1", "192.168.1.1"),
    *("198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255"),
    *("168.63.129.16", "::", "::1", "fe80::1", "fe80::1%1", "fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1"),
    *("::ffff:127.0.0.1", "::ffff:8.8.8.8", "::127.0.0.1", "64:ff9b::a00:1", "64:ff9b:1::1", "100::1"),
    *("2001::1", "2001:db8::1", "2002:7f00:1::1", "3fff::1", "", "localhost", "08.8.8.8", "1.1"),
]


@pytest.mark.parametrize("text", PUBLIC)
def test_public_addresses_are_allowed(text: str) -> None:
    assert is_public(text)


@pytest.mark.parametrize("text", PRIVATE)
def test_non_public_addresses_are_refused(text: str) -> None:
    assert not is_public(text)


@given(st.ip_addresses(v=4))
def test_addresses_private_to_python_are_refused(address: IPv4Address) -> None:
    if not address.is_global or address.is_multicast or address.is_reserved:
        assert not is_public(str(address))


@given(st.ip_addresses(v=4))
def test_an_ipv6_address_that_contains_an_ipv4_address_is_refused(address: IPv4Address) -> None:
    number = int(address)
    mapped, compatible, nat64 = 0xFFFF << 32 | number, number, (0x64FF9B << 96) | number
    six_to_four = (0x2002 << 112) | (number << 80) | 1
    for one in (mapped, compatible, nat64, six_to_four):
        assert not is_public(str(IPv6Address(one)))


@given(st.ip_addresses(v=6))
def test_ipv6_addresses_private_to_python_are_refused(address: IPv6Address) -> None:
    if not address.is_global or address.is_multicast or address.is_link_local:
        assert not is_public(str(address))


GOOD = [
    "https://example.org",
    "http://example.org:8080/a?b=c",
    "https://[2606:4700::1]/x",
    "HTTPS://Example.org/",
]
BAD = [
    *(
        "",
        "example.org",
        "ftp://example.org/",
        "file:///etc/passwd",
        "//example.org/",
        "https://",
        "https:///x",
    ),
    *("https://user@example.org/", "https://user:pass@example.org/", "https://@example.org/"),
    *("https://example.org\\@127.0.0.1/", "https://example.org/#x", "https://example.org/#"),
    *("https://example.org:0/", "https://example.org:65536/", "https://example.org:x/"),
    *(
        "https://example.org/ x",
        "https://exa mple.org/",
        "https://exâmple.org/",
        "https://example.org/\r\nX: y",
    ),
    *("javascript:alert(1)", "gopher://example.org/", "https://[::1", "https://example.org/" + "a" * 2000),
]


@pytest.mark.parametrize("text", GOOD)
def test_valid_webhook_urls_are_accepted(text: str) -> None:
    assert read_url(text).host


@pytest.mark.parametrize("text", BAD)
def test_invalid_webhook_urls_are_refused(text: str) -> None:
    with pytest.raises(AddressError, match=r"^url "):
        read_url(text)


def resolving(*found: str) -> Addresses:
    async def resolve(host: str, port: int) -> Sequence[str]:
        return found

    return Addresses(allow_private=False, resolve=resolve)


async def test_a_name_with_one_private_address_is_refused_as_a_whole() -> None:
    url = httpx.URL("https://example.org/")
    assert await resolving("8.8.8.8", "1.1.1.1", "8.8.8.8").of(url) == ["8.8.8.8", "1.1.1.1"]
    with pytest.raises(AddressError, match=r"resolves to 10\.0\.0\.1"):
        await resolving("8.8.8.8", "10.0.0.1").of(url)
    with pytest.raises(AddressError, match="no address"):
        await resolving().of(url)


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "2130706433", "0x7f.1", "0177.0.0.1", "127.1", "[::1]", "[::ffff:127.0.0.1]", "localhost"],
)
async def test_every_spelling_of_localhost_is_refused(host: str) -> None:
    with pytest.raises(AddressError):
        await Addresses(allow_private=False).of(read_url(f"http://{host}/"))


async def test_a_failed_name_lookup_is_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(addresses, "RESOLVE_SECONDS", 0.01)

    async def never(host: str, port: int) -> Sequence[str]:
        await anyio.sleep_forever()

    async def unknown(host: str, port: int) -> Sequence[str]:
        raise OSError

    url = httpx.URL("https://example.org/")
    with pytest.raises(AddressError, match="could not be resolved within"):
        await Addresses(allow_private=True, resolve=never).of(url)
    with pytest.raises(AddressError, match="not known"):
        await Addresses(allow_private=True, resolve=unknown).of(url)
    with pytest.raises(AddressError):
        await Addresses(allow_private=True).of(read_url("http://.example..org/"))

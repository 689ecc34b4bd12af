"""Checks receivers: http(s) URLs whose host has only public addresses.

The server stands in a network where others are trusted: a URL from outside must not make it call
them (server-side request forgery). A name is resolved once a delivery, its addresses are checked, and
the connection goes to one that was checked, so that a second look-up cannot lead elsewhere.
Source: IANA's registries of special-purpose addresses, IPv4 and IPv6.
"""

import re
import socket
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import anyio
import httpx
from anyio import CapacityLimiter, to_thread

from domain.problems import ProblemParam, problem

LONGEST_URL = 2000
RESOLVE_SECONDS = 5.0
LOOK_UPS_AT_ONCE = 16

_SPECIAL_IPV4 = [
    ip_network(text)
    for text in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
        *("192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15"),
        *("198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
        "168.63.129.16/32",  # Public in form, but the host of a virtual machine at Azure.
    )
]
_GLOBAL_IPV6 = ip_network("2000::/3")
_SPECIAL_IPV6 = [
    # Teredo and its like, documentation, 6to4 (which holds an IPv4 address), documentation.
    ip_network(text)
    for text in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
]

_AUTHORITY_ENDS = re.compile(r"[/?#]")

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""Returns the addresses of a name. Raises OSError when there are none."""


class AddressError(Exception):
    """A receiver cannot or must not be called; `problem` says why."""

    def __init__(self, sentence: str, **params: ProblemParam) -> None:
        self.problem = problem(sentence, "url", params=params)
        super().__init__(self.problem.message)


def is_public(text: str) -> bool:
    """Return whether an IP address is public; an IPv6 address that contains an IPv4 one never is."""
    try:
        address = ip_address(text)
    except ValueError:
        return False
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _SPECIAL_IPV4)
    return _is_public_ipv6(address)


def _is_public_ipv6(address: IPv6Address) -> bool:
    # Those with an IPv4 address inside (mapped, NAT64) are outside of 2000::/3.
    return address in _GLOBAL_IPV6 and not any(address in network for network in _SPECIAL_IPV6)


def read_url(text: str) -> httpx.URL:
    """Return a receiver's URL, as the client that will call it reads it.

    Raises:
        AddressError: it is no http(s) URL, or holds what a log would show.
    """
    if len(text) > LONGEST_URL or not text.isascii() or not text.isprintable() or " " in text:
        raise AddressError("invalid_url.characters", limit=LONGEST_URL)
    try:
        url = httpx.URL(text)
    except (httpx.InvalidURL, ValueError):
        raise AddressError("invalid_url") from None
    if url.scheme not in ("http", "https") or not url.raw_host:
        raise AddressError("invalid_url.scheme")
    if url.userinfo or "@" in _AUTHORITY_ENDS.split(text.partition("//")[2])[0]:
        raise AddressError("invalid_url.password")
    if url.fragment or text.endswith("#"):
        raise AddressError("invalid_url.fragment")
    if url.port is not None and not 0 < url.port < 65536:
        raise AddressError("invalid_url.port", low="1", high="65535")
    return url


class Addresses:
    """Resolves the hosts of receivers.

    Args:
        allow_private: addresses of this machine and its networks, too.
        resolve: how names become addresses.
    """

    def __init__(self, *, allow_private: bool, resolve: Resolve | None = None) -> None:
        self._allow_private = allow_private
        self._resolve = resolve or _by_the_system()

    async def of(self, url: httpx.URL) -> list[str]:
        """Return the addresses of a URL's host, all of them allowed.

        Raises:
            AddressError: it has none, or one of them is not public.
        """
        host = url.raw_host.decode("ascii").strip("[]")
        found = await self._found(host, url.port or (443 if url.scheme == "https" else 80))
        for address in found:
            if not self._allow_private and not is_public(address):
                # A name with one such address is refused as a whole: which one is called is chance.
                raise AddressError("invalid_url.private", address=address)
        return found

    async def _found(self, host: str, port: int) -> list[str]:
        try:
            with anyio.fail_after(RESOLVE_SECONDS):
                found = await self._resolve(host, port)
        except TimeoutError:
            raise AddressError("invalid_url.slow", seconds=round(RESOLVE_SECONDS)) from None
        except (OSError, UnicodeError):
            raise AddressError("invalid_url.unknown") from None
        if not found:
            raise AddressError("invalid_url.no_address")
        return [*dict.fromkeys(found)]


def _by_the_system() -> Resolve:
    """Return a look-up by the system, in threads of its own: slow name servers hold up nothing else."""
    limiter = CapacityLimiter(LOOK_UPS_AT_ONCE)

    async def resolve(host: str, port: int) -> list[str]:
        look_up = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
        found = await to_thread.run_sync(look_up, limiter=limiter, abandon_on_cancel=True)
        return [str(address[0]) for *_, address in found]

    return resolve

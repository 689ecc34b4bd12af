"""What a trusted proxy says about the client counts; what anyone else says does not."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address

_FORWARDED = (
    b"x-forwarded-for",
    b"x-forwarded-proto",
    b"x-forwarded-host",
    b"x-forwarded-port",
    b"forwarded",
)


def parse_networks(texts: Sequence[str]) -> tuple[Network, ...]:
    """Return the networks in CIDR notation; a bare address is a network of one.

    Raises:
        ValueError: one of them is neither.
    """
    return tuple(ip_network(text.strip(), strict=False) for text in texts if text.strip())


class TrustedProxies:
    """Rewrites a scope to what a trusted proxy saw, and drops what others claim."""

    def __init__(self, networks: Sequence[Network]) -> None:
        self._networks = tuple(networks)

    def apply(self, scope: dict[str, Any]) -> None:
        """Set `client`, `scheme` and the `Host` header from `X-Forwarded-*`, in place.

        The headers are removed either way, so that nothing later can believe them.
        """
        sent = {name: value for name, value in scope["headers"] if name in _FORWARDED}
        if not sent:
            return
        scope["headers"] = [pair for pair in scope["headers"] if pair[0] not in _FORWARDED]
        if self._trusts(_peer(scope)):
            self._believe(scope, {name: value.decode("latin-1") for name, value in sent.items()})

    def _believe(self, scope: dict[str, Any], said: dict[bytes, str]) -> None:
        if (client := self._first_untrusted(said.get(b"x-forwarded-for", ""))) is not None:
            scope["client"] = (client, 0)
        if (proto := said.get(b"x-forwarded-proto", "").strip().lower()) in ("http", "https"):
            scope["scheme"] = _scheme(scope["type"], secure=proto == "https")
        if host := said.get(b"x-forwarded-host", "").strip():
            others = [pair for pair in scope["headers"] if pair[0] != b"host"]
            scope["headers"] = [(b"host", host.encode("latin-1")), *others]

    def _first_untrusted(self, hops: str) -> str | None:
        """Walk from the nearest hop: a client can only forge what stands left of its own address."""
        nearest: str | None = None
        for hop in reversed(hops.split(",")):
            address = _address(hop.strip())
            if address is None:
                return nearest
            nearest = str(address)
            if not self._trusts(address):
                return nearest
        return nearest

    def _trusts(self, address: Address | None) -> bool:
        return address is not None and any(address in network for network in self._networks)


def _peer(scope: dict[str, Any]) -> Address | None:
    client = scope.get("client")
    return _address(client[0]) if client else None


def _address(text: str) -> Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    # A dual-stack socket shows IPv4 peers as ::ffff:a.b.c.d; operators write a.b.c.d.
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _scheme(kind: str, *, secure: bool) -> str:
    if kind == "websocket":
        return "wss" if secure else "ws"
    return "https" if secure else "http"

"""Applies forwarded headers of trusted proxies, and removes all others."""

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any, NamedTuple

from api.authority import is_authority
from api.own_paths import UNIX
from api.security.forwarded import (
    Address,
    is_secure_scheme,
    parse_address,
    parse_forwarded,
    parse_node,
    parse_prefix,
    split_list,
)
from api.security.origins import hostname

Network = IPv4Network | IPv6Network

FORWARDED_PORT = "forwarded_port"
PREFIX = "prefix"
"""Names in a request's state."""

_OLD_FORM = frozenset(
    {"x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-forwarded-scheme", "x-forwarded-ssl"}
)
"""Who writes one of these says by them what `Forwarded` would say."""


def parse_networks(texts: Sequence[str]) -> tuple[Network, ...]:
    """Return the networks in CIDR notation; a bare address is a network of one.

    Raises:
        ValueError: one of them is neither.
    """
    named = (text.strip() for text in texts)
    return tuple(ip_network(text, strict=False) for text in named if text and text != UNIX)


class _Hop(NamedTuple):
    """What the outermost trusted proxy sent."""

    client: tuple[Address, int] | None
    proto: str
    host: str


class TrustedProxies:
    """Rewrites a scope from the headers of a trusted proxy, and drops those of others."""

    def __init__(self, networks: Sequence[Network], *, trusts_unix: bool = False) -> None:
        self._networks = tuple(networks)
        self._trusts_unix = trusts_unix

    def apply(self, scope: dict[str, Any]) -> None:
        """Set `client`, `scheme` and the `Host` header to those of the client, in place.

        The headers are removed either way, so that nothing later can believe them. `Forwarded`
        counts only where none of `_OLD_FORM` stands: most proxies write those, and pass on a
        `Forwarded` that the client made up.
        """
        sent = _forwarded_headers(scope)
        if not sent:
            return
        scope["headers"] = [pair for pair in scope["headers"] if not _is_forwarded(pair[0])]
        if not self._trusts_peer(scope):
            return
        hop = self._old_form(sent) if sent.keys() & _OLD_FORM else self._rfc_7239(sent.get("forwarded", ""))
        _rewrite(scope, hop)
        state = scope.setdefault("state", {})
        if port := next(reversed(split_list(sent.get("x-forwarded-port", ""))), ""):
            state[FORWARDED_PORT] = port
        if (prefix := parse_prefix(sent.get("x-forwarded-prefix", ""))) is not None:
            state[PREFIX] = prefix

    def _old_form(self, sent: dict[str, str]) -> _Hop:
        hops = split_list(sent.get("x-forwarded-for", ""))
        client, passed = self._client(hops)
        is_tls = sent.get("x-forwarded-ssl", "").strip().lower() == "on"
        protos = sent.get("x-forwarded-proto") or sent.get("x-forwarded-scheme", "https" if is_tls else "")
        proto = _said_at(protos, passed, len(hops))
        return _Hop(client, proto, _said_at(sent.get("x-forwarded-host", ""), passed, len(hops)))

    def _rfc_7239(self, text: str) -> _Hop:
        hops = parse_forwarded(text) or []
        client, passed = self._client([hop.get("for", "") for hop in hops])
        # Each hop was written by a trusted proxy from here on; the nearest one with a value counts.
        told = hops[max(0, len(hops) - 1 - passed) :]
        proto = next((hop["proto"] for hop in told if "proto" in hop), "")
        host = next((hop["host"] for hop in told if "host" in hop), "")
        return _Hop(client, proto, host)

    def _client(self, hops: Sequence[str]) -> tuple[tuple[Address, int] | None, int]:
        """Return the client, and how many trusted proxies stand between it and the nearest one.

        The walk begins at the nearest hop: a client can forge only what stands left of its own address.
        """
        nearest, passed = None, 0
        for number, hop in enumerate(reversed(hops)):
            node = parse_node(hop)
            if node is None:
                break
            nearest, passed = node, number
            if not self._trusts(node[0]):
                break
        return nearest, passed

    def _trusts_peer(self, scope: dict[str, Any]) -> bool:
        client = scope.get("client")
        return self._trusts_unix if client is None else self._trusts(parse_address(client[0]))

    def _trusts(self, address: Address | None) -> bool:
        return address is not None and any(address in network for network in self._networks)


def _forwarded_headers(scope: dict[str, Any]) -> dict[str, str]:
    """Return the headers by name, several lines of one joined. Source: RFC 9110 §5.3."""
    sent: dict[str, str] = {}
    for name, value in scope["headers"]:
        if _is_forwarded(name):
            key = name.decode("latin-1")
            sent[key] = f"{sent[key]},{value.decode('latin-1')}" if key in sent else value.decode("latin-1")
    return sent


def _is_forwarded(name: bytes) -> bool:
    return name == b"forwarded" or name.startswith(b"x-forwarded-")


def _said_at(listed: str, passed: int, hops: int) -> str:
    """Return the item that the outermost trusted proxy wrote, the first where lists differ in length.

    A client that forges the first one deceives itself: it decides on its own cookie and origin only.
    """
    items = split_list(listed)
    if not items:
        return ""
    return items[-1 - passed] if len(items) == hops else items[0]


def _rewrite(scope: dict[str, Any], hop: _Hop) -> None:
    if hop.client is not None:
        scope["client"] = (str(hop.client[0]), hop.client[1])
    if (is_secure := is_secure_scheme(hop.proto)) is not None:
        plain, secure = ("ws", "wss") if scope["type"] == "websocket" else ("http", "https")
        scope["scheme"] = secure if is_secure else plain
    host = hop.host.encode("latin-1")
    if is_authority(host) and hostname(hop.host):
        others = [pair for pair in scope["headers"] if pair[0] != b"host"]
        scope["headers"] = [(b"host", host), *others]

"""Checks `Host` and `Origin`."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from api.loopback import LONGEST_NAME, is_loopback

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_DEFAULT_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}
_LONGEST_HOST = LONGEST_NAME + len("[]:65535")
_LONGEST_ORIGIN = 64 + len("://") + _LONGEST_HOST
"""Standard schemes, and those of apps, are far shorter. `urlsplit` keeps what it has read."""
_WEB_SCHEME = {"ws": "http", "wss": "https"}


class AllowedHosts:
    """Decides whether a `Host` header names this server.

    A page that rebinds its own name to 127.0.0.1 reaches the port, but its `Host` gives it away.
    """

    def __init__(self, configured: Iterable[str], *, listening_on: str) -> None:
        self._names = {hostname(listening_on)} | {hostname(name) for name in configured}

    def allow(self, scope: dict[str, Any]) -> bool:
        """Return whether the scope's `Host` is one of ours, whatever its port.

        The address that the connection came in on is ours too: a server on 0.0.0.0 is reached
        by its numbers, and a page's name cannot be rebound to be one.
        """
        host = header(scope, b"host")
        name = hostname(host) if host else ""
        if name == "":
            return False
        return is_loopback(name) or name in self._names or name == _local_address(scope)


class OriginPolicy:
    """Decides which origins may use a cookie, or an open server."""

    def __init__(self, allowed: Iterable[str], *, ambient: bool) -> None:
        """`ambient`: everyone is let in without proof, so every page's unsafe call is suspect."""
        self._allowed = frozenset(normalised for text in allowed if (normalised := origin_of(text)))
        self._ambient = ambient

    def refuses(self, scope: dict[str, Any]) -> str | None:
        """Return the foreign origin for which this request must be refused, or None."""
        origin = header(scope, b"origin")
        if origin is None or not self._matters(scope):
            return None
        return None if self.admits(origin, scope) else origin

    def _matters(self, scope: dict[str, Any]) -> bool:
        if scope["type"] == "websocket":
            return True
        with_cookie = header(scope, b"cookie") is not None
        if scope["method"] in SAFE_METHODS:
            return with_cookie and _is_feed(scope["path"]) and scope["method"] != "OPTIONS"
        return with_cookie or self._ambient or scope["path"] == "/api/v1/session"

    def admits(self, origin: str, scope: dict[str, Any]) -> bool:
        """Return whether an origin is the server's own, or allowed."""
        named = origin_of(origin)
        return named is not None and (named in self._allowed or named in own_origins(scope))


def origin_of(text: str) -> str | None:
    """Return an origin as ``scheme://host:port``, or None when the text is not one.

    Any scheme will do: pages of apps and of extensions have their own (``tauri://localhost``,
    ``chrome-extension://…``). ``null`` is an origin without an owner. Source: RFC 6454 §6.2.
    """
    if len(text) > _LONGEST_ORIGIN:
        return None
    try:
        parts = urlsplit(text.strip().lower())
        port = parts.port or _DEFAULT_PORTS.get(parts.scheme)
    except ValueError:
        return None
    is_bare = not (parts.path or parts.query or parts.fragment or "@" in parts.netloc)
    if not (parts.scheme and parts.hostname and is_bare):
        return None
    return f"{parts.scheme}://{parts.hostname}" + (f":{port}" if port else "")


def own_origins(scope: dict[str, Any]) -> set[str]:
    """Return the server's own origins, from scheme, `Host` and forwarded headers.

    Proxies that leave the port out of `Host` send it apart (`X-Forwarded-Port`); where ports are
    mapped in front of them it is the wrong one. So both count.
    """
    scheme = _WEB_SCHEME.get(scope["scheme"], scope["scheme"])
    host = header(scope, b"host")
    if not host:
        return set()
    port = scope.get("state", {}).get("forwarded_port", "")
    name = hostname(host)
    beside = f"[{name}]:{port}" if ":" in name else f"{name}:{port}"
    candidates = [host, beside] if port else [host]
    return {origin for one in candidates if (origin := origin_of(f"{scheme}://{one}"))}


def origins_of(scope: dict[str, Any]) -> set[str]:
    """Return the origins that the page of a request may have: without `Origin`, the server's own.

    A page of the server itself sends none when it reads.
    """
    given = header(scope, b"origin")
    if given is None:
        return own_origins(scope)
    named = origin_of(given)
    return set() if named is None else {named}


def hostname(host: str) -> str:
    """Return the name in a `Host` value, lower case, without port, brackets and final dot.

    What is longer than any name has none.
    """
    return _hostname(host) if len(host) <= _LONGEST_HOST else ""


@lru_cache(1024)  # Each request asks for its Host's, and most have the same.
def _hostname(host: str) -> str:
    try:
        name = urlsplit(f"//{host.strip()}").hostname or ""
    except ValueError:
        return ""
    if not name and host.count(":") > 1:
        return host.strip().lower()
    return _unbracketed(host, name).rstrip(".")


def _unbracketed(host: str, name: str) -> str:
    # A bare IPv6 address, as in FASTTRACK_HOST=::1, reads as host and port to urlsplit.
    return host.strip().lower() if host.count(":") > 1 and "[" not in host else name


def header(scope: Mapping[str, Any], name: bytes) -> str | None:
    """Return the first value of a header, decoded."""
    for key, value in scope["headers"]:
        if key == name:
            decoded: str = value.decode("latin-1")
            return decoded
    return None


def header_list(scope: Mapping[str, Any], name: bytes) -> str | None:
    """Return the value of a header that is a list, its lines joined. Source: RFC 9110 §5.3."""
    lines = [value.decode("latin-1") for key, value in scope["headers"] if key == name]
    return ", ".join(lines) if lines else None


def _local_address(scope: dict[str, Any]) -> str | None:
    server = scope.get("server")
    return server[0].lower().removeprefix("::ffff:") if server and server[1] is not None else None


def _is_feed(path: str) -> bool:
    return path.startswith(("/sse", "/poll"))

"""Which hosts the server answers to, and which pages may speak to it."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_DEFAULT_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}
_WEB_SCHEME = {"ws": "http", "wss": "https"}


class AllowedHosts:
    """Tells whether a `Host` header names this server.

    A page that rebinds its own name to 127.0.0.1 reaches the port, but its `Host` gives it away.
    """

    def __init__(self, configured: Iterable[str], *, listening_on: str) -> None:
        self._names = LOOPBACK_NAMES | {hostname(listening_on)} | {hostname(name) for name in configured}

    def allow(self, scope: dict[str, Any]) -> bool:
        """Tell whether the scope's `Host` is one of ours, whatever its port.

        The address that the connection came in on is ours too: a server on 0.0.0.0 is reached
        by its numbers, and a page's name cannot be rebound to be one.
        """
        host = header(scope, b"host")
        name = hostname(host) if host else ""
        return name != "" and (name in self._names or name == _local_address(scope))


class OriginPolicy:
    """Tells which pages may act with a person's cookie, or on an open server."""

    def __init__(self, allowed: Iterable[str], *, ambient: bool) -> None:
        """`ambient`: everyone is let in without proof, so every page's unsafe call is suspect."""
        self._allowed = frozenset(normalised for text in allowed if (normalised := origin_of(text)))
        self._ambient = ambient

    def refuses(self, scope: dict[str, Any]) -> str | None:
        """Return the foreign origin for which this request must be refused, or None."""
        origin = header(scope, b"origin")
        if origin is None or not self._matters(scope):
            return None
        return None if self._welcome(origin, scope) else origin

    def _matters(self, scope: dict[str, Any]) -> bool:
        if scope["type"] == "websocket":
            return True
        with_cookie = header(scope, b"cookie") is not None
        if scope["method"] in SAFE_METHODS:
            return with_cookie and _is_feed(scope["path"]) and scope["method"] != "OPTIONS"
        return with_cookie or self._ambient or scope["path"] == "/api/v1/session"

    def _welcome(self, origin: str, scope: dict[str, Any]) -> bool:
        named = origin_of(origin)
        return named is not None and (named in self._allowed or named == own_origin(scope))


def origin_of(text: str) -> str | None:
    """Return an origin as ``scheme://host:port``, or None when the text is not one.

    Source: RFC 6454 §6.2. ``null`` is an origin that nobody owns.
    """
    try:
        parts = urlsplit(text.strip().lower())
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path or parts.query:
        return None
    return f"{parts.scheme}://{parts.hostname}:{port or _DEFAULT_PORTS[parts.scheme]}"


def own_origin(scope: dict[str, Any]) -> str | None:
    """Return the origin that a page of this server has, by the request's own scheme and `Host`."""
    scheme = _WEB_SCHEME.get(scope["scheme"], scope["scheme"])
    host = header(scope, b"host")
    return origin_of(f"{scheme}://{host}") if host else None


def hostname(host: str) -> str:
    """Return the name in a `Host` value, lower case, without port, brackets and final dot."""
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


def header(scope: dict[str, Any], name: bytes) -> str | None:
    """Return the first value of a header, decoded."""
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), None)


def _local_address(scope: dict[str, Any]) -> str | None:
    server = scope.get("server")
    return server[0].lower().removeprefix("::ffff:") if server and server[1] is not None else None


def _is_feed(path: str) -> bool:
    return path.startswith(("/sse", "/poll"))

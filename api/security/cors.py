"""Lets pages of the allowed origins read answers. Source: WHATWG Fetch §3.2."""

import re
from collections.abc import Iterable
from typing import Any

from api.security.origins import header, origin_of

Headers = list[tuple[bytes, bytes]]

EXPOSED = (
    "Allow",
    "Content-Disposition",
    "ETag",
    "Link",
    "Location",
    "Retry-After",
    "Tus-Extension",
    "Tus-Max-Size",
    "Tus-Resumable",
    "Tus-Version",
    "Upload-Expires",
    "Upload-Length",
    "Upload-Metadata",
    "Upload-Offset",
    "WWW-Authenticate",
    "X-Request-ID",
)
"""Headers that scripts may read besides the safelisted ones; only callers get them."""

_METHODS = b"GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
_NAMES = re.compile(r"[A-Za-z0-9_,\s-]{1,1000}")
_PREFLIGHT_SECONDS = b"600"


class Cors:
    """The headers by which a browser decides which pages may read an answer.

    Credentials are allowed: the origins are exact, and the session cookie is SameSite=Strict, so
    only pages of the same site can send it at all.
    """

    def __init__(self, origins: Iterable[str]) -> None:
        self._allowed = frozenset(named for text in origins if (named := origin_of(text)))

    def headers(self, scope: dict[str, Any]) -> Headers:
        """Return what is added to an answer."""
        if not self._allowed or scope["type"] != "http":
            return []
        vary = (b"vary", b"Origin")
        origin = self._welcome(scope)
        return [vary] if origin is None else [vary, *origin, (b"access-control-expose-headers", _EXPOSED)]

    def preflight(self, scope: dict[str, Any]) -> Headers | None:
        """Return the answer to a preflight; None for any other request.

        A page that is not allowed is answered as anyone else: without these headers its browser stops.
        """
        if scope["type"] != "http" or scope["method"] != "OPTIONS":
            return None
        if header(scope, b"access-control-request-method") is None or not (origin := self._welcome(scope)):
            return None
        answer = [*origin, (b"access-control-allow-methods", _METHODS)]
        wanted = header(scope, b"access-control-request-headers") or ""
        if _NAMES.fullmatch(wanted):
            answer.append((b"access-control-allow-headers", wanted.encode()))
        if header(scope, b"access-control-request-private-network") == "true":
            answer.append((b"access-control-allow-private-network", b"true"))
        return [*answer, (b"access-control-max-age", _PREFLIGHT_SECONDS), (b"vary", b"Origin")]

    def _welcome(self, scope: dict[str, Any]) -> Headers | None:
        origin = header(scope, b"origin")
        if origin is None or origin_of(origin) not in self._allowed:
            return None
        return [
            (b"access-control-allow-origin", origin.encode("latin-1")),
            (b"access-control-allow-credentials", b"true"),
        ]


_EXPOSED = ", ".join(EXPOSED).encode()

"""The two cookies: the session, and the id of the browser."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from api.services.credentials import digest, new_secret
from api.services.links import link

SESSION = "ft_session"
BROWSER = "ft_client"
BROWSER_SECONDS = 365 * 24 * 3600
_LONGEST = 256
_MOST_VALUES = 4
"""Of one cookie."""


def read_cookie(scope: dict[str, Any], name: str) -> str | None:
    """Return a cookie's value, None when absent or oddly long. Source: RFC 6265 §5.4."""
    return next(_values(scope, name), None)


def read_cookies(scope: dict[str, Any], name: str) -> list[str]:
    """Return the first few values of a cookie, each once.

    Browsers send those of every path and of the whole domain, and nothing tells them apart
    (RFC 6265 §4.2.2): the first may be a neighbour's.
    """
    return [*islice(dict.fromkeys(_values(scope, name)), _MOST_VALUES)]


def _values(scope: dict[str, Any], name: str) -> Iterator[str]:
    headers: list[tuple[bytes, bytes]] = scope["headers"]
    for key, line in headers:
        if key == b"cookie":
            for pair in line.decode("latin-1").split(";"):
                found, _, value = pair.strip().partition("=")
                if found == name and 0 < len(value) <= _LONGEST:
                    yield value


def session_cookie(secret: str, *, seconds: int, secure: bool) -> str:
    """Return the Set-Cookie value of a session; an empty secret deletes the cookie."""
    attributes = f"Path={_path()}; Max-Age={seconds}; HttpOnly; SameSite=Strict"
    return f"{SESSION}={secret}; {attributes}" + _secure(secure)


def browser_cookie(*, secure: bool) -> str:
    """Return the Set-Cookie value with the id of a browser. It is not a credential."""
    attributes = f"Path={_path()}; Max-Age={BROWSER_SECONDS}; HttpOnly; SameSite=Lax"
    return f"{BROWSER}={new_secret()}; {attributes}" + _secure(secure)


def anonymous_person(scope: dict[str, Any]) -> str:
    """Return the key of an anonymous caller: the browser, else the connection."""
    if (browser := read_cookie(scope, BROWSER)) is not None:
        return f"browser:{digest(browser)[:16]}"
    host, port = scope.get("client") or ("unknown", 0)
    return f"connection:{host}:{port}"


def is_secure(scope: dict[str, Any]) -> bool:
    """Return whether the client uses TLS, also as reported by trusted proxies."""
    return scope["scheme"] in ("https", "wss")


def _path() -> str:
    """Return where the cookie is sent: not to the server's neighbours on the same host."""
    return link("") or "/"


def _secure(secure: bool) -> str:
    return "; Secure" if secure else ""

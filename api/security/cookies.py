"""The two cookies: the session, and the id of the browser."""

from typing import Any

from api.services.credentials import digest, new_secret
from api.services.links import link

SESSION = "ft_session"
BROWSER = "ft_client"
BROWSER_SECONDS = 365 * 24 * 3600
_LONGEST = 256


def read_cookie(scope: dict[str, Any], name: str) -> str | None:
    """Return a cookie's value, None when absent or oddly long. Source: RFC 6265 §5.4."""
    headers: list[tuple[bytes, bytes]] = scope["headers"]
    pairs = [
        pair for key, value in headers if key == b"cookie" for pair in value.decode("latin-1").split(";")
    ]
    for pair in pairs:
        found, _, value = pair.strip().partition("=")
        if found == name and 0 < len(value) <= _LONGEST:
            return value
    return None


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

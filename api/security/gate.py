"""What every request passes first, routed or not, and what every answer wears."""

import re
from collections.abc import Iterable
from typing import Any, cast
from urllib.parse import parse_qsl

import msgspec
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import MEDIA_TYPE, HttpProblem, describe_problem
from api.security.cookies import BROWSER, browser_cookie, is_secure, read_cookie
from api.security.origins import AllowedHosts, OriginPolicy
from api.security.proxies import TrustedProxies

CONTENT_SECURITY_POLICY = (
    "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
)
HEADERS = (
    (b"content-security-policy", CONTENT_SECURITY_POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
)
_TRANSPORT_SECURITY = (b"strict-transport-security", b"max-age=31536000")
_SECRET_NAMES = frozenset({"token", "access_token", "session", "ft_session", "api_key", "password"})
_TOKEN = re.compile(r"ft_[A-Za-z0-9_-]{40,}")


class Gate:
    """An ASGI application around the router.

    Litestar's AllowedHosts answers 400, leaves unknown paths alone and has no Origin check.
    """

    def __init__(
        self, inner: ASGIApp, *, proxies: TrustedProxies, hosts: AllowedHosts, origins: OriginPolicy
    ) -> None:
        self._inner = inner
        self._proxies = proxies
        self._hosts = hosts
        self._origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, or serve with protective headers."""
        plain = cast("dict[str, Any]", scope)
        self._proxies.apply(plain)
        dressed = _dressed(plain, send)
        if (refusal := self._refusal(plain)) is None:
            await self._inner(scope, receive, dressed)
        elif plain["type"] == "websocket":
            await _refuse_handshake(plain, dressed, refusal)
        else:
            await _answer(dressed, "http.response", refusal, plain["path"])

    def _refusal(self, scope: dict[str, Any]) -> HttpProblem | None:
        if not self._hosts.allow(scope):
            detail = "This server does not answer to that Host; FASTTRACK_ALLOWED_HOSTS adds names."
            return HttpProblem("misdirected", detail)
        if has_secret(scope):
            detail = "A URL must hold no token; send it as Authorization: Bearer, or take a ticket."
            return HttpProblem("bad-request", detail)
        if self._origins.refuses(scope) is not None:
            detail = "Pages of that Origin may not do this; FASTTRACK_ALLOWED_ORIGINS adds some."
            return HttpProblem("forbidden", detail)
        return None


def has_secret(scope: dict[str, Any]) -> bool:
    """Tell whether a URL carries what must not stand in one: it would be kept by histories and logs."""
    if _TOKEN.search(scope["path"]):
        return True
    pairs = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    return any(name.lower() in _SECRET_NAMES or _TOKEN.search(value) for name, value in pairs)


def _dressed(scope: dict[str, Any], send: Send) -> Send:
    """Return a `send` that adds the protective headers to the head of an answer."""

    async def dressed(message: Message) -> None:
        if message["type"] in ("http.response.start", "websocket.http.response.start"):
            head = cast("dict[str, Any]", message)
            head["headers"] = [*head.get("headers", ()), *_additions(scope, head.get("headers", ()))]
        await send(message)

    return dressed


def _additions(scope: dict[str, Any], given: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Return the headers to add. A route that says its own policy keeps it."""
    names = {name.lower(): value for name, value in given}
    added = [pair for pair in HEADERS if pair[0] not in names]
    if is_secure(scope):
        added.append(_TRANSPORT_SECURITY)
    if names.get(b"content-type", b"").startswith(b"text/html") and read_cookie(scope, BROWSER) is None:
        added.append((b"set-cookie", browser_cookie(secure=is_secure(scope)).encode()))
    return added


async def _refuse_handshake(scope: dict[str, Any], send: Send, refusal: HttpProblem) -> None:
    """Refuse a WebSocket before it is one. Source: ASGI, "Websocket Denial Response"."""
    if "websocket.http.response" in scope.get("extensions", {}):
        await _answer(send, "websocket.http.response", refusal, scope["path"])
    else:
        await send({"type": "websocket.close", "code": 4000 + refusal.status_code, "reason": refusal.detail})


async def _answer(send: Send, kind: str, refusal: HttpProblem, path: str) -> None:
    body = msgspec.json.encode(describe_problem(refusal, _TOKEN.sub("[hidden]", path)))
    head = [
        (b"content-type", MEDIA_TYPE.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
    ]
    start = {"type": f"{kind}.start", "status": refusal.status_code, "headers": head}
    await send(cast("Message", start))
    await send(cast("Message", {"type": f"{kind}.body", "body": body}))

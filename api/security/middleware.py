"""Security checks for every request, routed or not, and security headers for every answer."""

import re
from collections.abc import Iterable
from typing import Any, cast
from urllib.parse import parse_qsl

import msgspec
from litestar.exceptions import InternalServerException, NotFoundException
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from api.http.not_found import not_found_page, wants_page
from api.http.problems import MEDIA_TYPE, HttpProblem, as_reference, describe_problem, instance_of, problem_of
from api.http.request_log import METHODS, PATH_FAULT
from api.security.arrival import prefix_of
from api.security.cookies import BROWSER, browser_cookie, is_secure, read_cookie
from api.security.cors import Cors, Headers
from api.security.origins import AllowedHosts, OriginPolicy, header
from api.services.links import link

# Images may be data: the page brings its icon along. They cannot run anything.
CONTENT_SECURITY_POLICY = (
    "default-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none';"
    " object-src 'none'"
)
HEADERS = (
    (b"content-security-policy", CONTENT_SECURITY_POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
)
_NAMES = frozenset(name for name, _ in HEADERS)
_TRANSPORT_SECURITY = (b"strict-transport-security", b"max-age=31536000")
_KEPT_BY_CALLER = (b"cache-control", b"private, no-cache")
"""What the API answers is for its caller: no cache in between keeps it, and browsers ask again."""
_SECRET_NAMES = frozenset({"token", "access_token", "session", "ft_session", "api_key", "password"})
_HEALTH_PATHS = frozenset({"/healthz", "/readyz"})
"""Load balancers ask by address, or by no name at all, and learn nothing that a stranger may not know."""
_RECOGNISED = METHODS | {"TRACE"}
"""Methods of RFC 9110 §9.1 and RFC 5789: where one is not allowed, 405 says which are. Any other is 501."""
_TOKEN = re.compile(r"ft_[A-Za-z0-9_-]{40,}")
_MAY_BE_SECRET = re.compile(rb"%|ft_|" + "|".join(sorted(_SECRET_NAMES)).encode(), re.IGNORECASE)
"""Without one of these a query has no secret, and need not be parsed. What is escaped may be anything."""


class SecurityMiddleware:
    """An ASGI application around the router.

    Litestar's AllowedHosts answers 400, leaves unknown paths alone and has no Origin check.
    """

    def __init__(
        self,
        inner: ASGIApp,
        *,
        hosts: AllowedHosts,
        origins: OriginPolicy,
        cors: Cors,
    ) -> None:
        self._inner = inner
        self._hosts = hosts
        self._origins = origins
        self._cors = cors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, or serve with protective headers."""
        plain = cast("dict[str, Any]", scope)
        dressed = _dressed(plain, send, self._cors.headers(plain))
        if (refusal := self._refusal(plain)) is not None:
            if plain["type"] == "websocket":
                await _refuse_handshake(plain, dressed, refusal)
            else:
                await _answer(dressed, "http.response", refusal, plain)
        elif (allowed := self._cors.preflight(plain)) is not None:
            await _no_content(_dressed(plain, send, []), allowed)
        else:
            is_socket = plain["type"] == "websocket"
            await self._inner(scope, receive, _denying(plain, dressed) if is_socket else dressed)

    def _refusal(self, scope: dict[str, Any]) -> HttpProblem | None:
        if scope["path"] not in _HEALTH_PATHS and not self._hosts.allow(scope):
            detail = "This server does not accept that Host; add it with FASTTRACK_ALLOWED_HOSTS."
            return HttpProblem("misdirected", detail)
        if scope["type"] == "http" and scope["method"] not in _RECOGNISED:
            return HttpProblem("not-implemented", "This server does not know that method.")
        if has_secret(scope):
            detail = "A URL must not contain a token; send it as Authorization: Bearer, or use a ticket."
            return HttpProblem("bad-request", detail)
        if self._origins.refuses(scope) is not None:
            detail = "Pages of that Origin may not do this; allow it with FASTTRACK_ALLOWED_ORIGINS."
            return HttpProblem("forbidden", detail)
        if (fault := scope["state"].get(PATH_FAULT)) is not None:
            return HttpProblem("not-found", fault)
        return None


def has_secret(scope: dict[str, Any]) -> bool:
    """Return whether a URL contains a token, which histories and logs would keep."""
    if _TOKEN.search(scope["path"]):
        return True
    if not _MAY_BE_SECRET.search(scope["query_string"]):
        return False
    pairs = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    return any(
        name.lower() in _SECRET_NAMES or _TOKEN.search(value) or _TOKEN.search(name) for name, value in pairs
    )


def _dressed(scope: dict[str, Any], send: Send, further: Headers) -> Send:
    """Return a `send` that completes the heads of answers, and puts their addresses under the prefix."""

    async def dressed(message: Message) -> None:
        if message["type"] in ("http.response.start", "websocket.http.response.start"):
            head = cast("dict[str, Any]", message)
            given = list(head.get("headers", ()))
            head["headers"] = [*_under_prefix(given, prefix_of(scope)), *_additions(scope, given), *further]
        await send(message)

    return dressed


def _under_prefix(headers: Headers, prefix: str) -> Headers:
    """Return headers whose addresses are as a client reaches them.

    Here and not in every route: the next one that answers a Location shall need to know nothing of it.
    """
    if not prefix:
        return headers
    start = prefix.encode()
    return [
        (name, rewrite(value, start) if (rewrite := _REWRITTEN.get(name.lower())) else value)
        for name, value in headers
    ]


def _address_under(value: bytes, prefix: bytes) -> bytes:
    is_ours = value.startswith(b"/") and not value.startswith((b"//", prefix + b"/"))
    return prefix + value if is_ours else value


def _links_under(value: bytes, prefix: bytes) -> bytes:
    return re.sub(rb"<(/[^>]*)>", lambda found: b"<" + _address_under(found[1], prefix) + b">", value)


_REWRITTEN = {b"location": _address_under, b"content-location": _address_under, b"link": _links_under}


def _additions(scope: dict[str, Any], given: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Return the headers to add. A route with a policy of its own keeps it."""
    names = {name.lower(): value for name, value in given}
    worn = HEADERS if names.keys().isdisjoint(_NAMES) else [pair for pair in HEADERS if pair[0] not in names]
    added = [*worn]
    if b"cache-control" not in names and scope["path"].startswith("/api/"):
        added.append(_KEPT_BY_CALLER)
    if is_secure(scope):
        added.append(_TRANSPORT_SECURITY)
    if names.get(b"content-type", b"").startswith(b"text/html") and read_cookie(scope, BROWSER) is None:
        added.append((b"set-cookie", browser_cookie(secure=is_secure(scope)).encode()))
    return added


async def _refuse_handshake(scope: dict[str, Any], send: Send, refusal: HttpProblem) -> None:
    """Refuse a WebSocket before it is one. Source: ASGI, "Websocket Denial Response"."""
    if "websocket.http.response" in scope.get("extensions", {}):
        await _answer(send, "websocket.http.response", refusal, scope)
    else:
        await send({"type": "websocket.close", "code": 4000 + refusal.status_code, "reason": refusal.detail})


async def _no_content(send: Send, headers: Headers) -> None:
    await send({"type": "http.response.start", "status": 204, "headers": headers})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


def _denying(scope: dict[str, Any], send: Send) -> Send:
    """Return a `send` that refuses a handshake by a problem document, where it is closed before it is one."""
    is_open = False

    async def denying(message: Message) -> None:
        nonlocal is_open
        if message["type"] == "websocket.close" and not is_open:
            # The framework closes alike where there is no such path, and where a handler has failed.
            is_routed = "path_template" in scope
            refusal = problem_of(InternalServerException() if is_routed else NotFoundException())
            await _refuse_handshake(scope, send, refusal)
            return
        is_open = is_open or message["type"] == "websocket.accept"
        await send(message)

    return denying


async def _answer(send: Send, kind: str, refusal: HttpProblem, scope: dict[str, Any]) -> None:
    body, media_type = _told(refusal, scope)
    head = [
        (b"content-type", media_type.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
    ]
    start = {"type": f"{kind}.start", "status": refusal.status_code, "headers": head}
    await send(cast("Message", start))
    await send(cast("Message", {"type": f"{kind}.body", "body": body}))


def _told(refusal: HttpProblem, scope: dict[str, Any]) -> tuple[bytes, str]:
    """Return the body of a refusal and its type: of a 404 a page, for who asks for one."""
    if refusal.status_code == 404 and wants_page(header(scope, b"accept") or "", scope["path"]):
        return not_found_page(link("")), "text/html; charset=utf-8"
    return msgspec.json.encode(describe_problem(refusal, _instance(scope))), MEDIA_TYPE


def _instance(scope: dict[str, Any]) -> str:
    """Return the address of a request; of one with a token, without that."""
    if _TOKEN.search(scope["path"]):
        return as_reference(link(_TOKEN.sub("[hidden]", scope["path"])).encode())
    return instance_of(scope)

"""Wraps every request, routed or not: request id, HEAD, log line, count."""

import re
import time
from collections.abc import Callable, Iterable
from random import getrandbits
from typing import Any, cast

from litestar import Litestar
from litestar.enums import ScopeType
from litestar.exceptions import LitestarException
from litestar.types import ASGIApp, HTTPScope, Message, Method, Receive, Scope, Send

from api.http.access_log import is_logging, log_access
from api.http.metrics import UNROUTED, Metrics
from api.redaction import is_secret, redact

_SANE_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
METHODS: frozenset[Method] = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
OTHER_METHOD = "other"
"""Logged and counted for any other method: people invent them, and each would be a series for ever."""
CLIENT_CLOSED = 499
"""Logged and counted for a request whose client left before its answer; nginx gives it this number."""
REFUSED_WITH = "refused_with"
"""In the state of a scope: the status that the server answered with instead of the application."""
PATH_FAULT = "path_fault"
"""In the state of a scope: why there is nothing at its path, which then is not routed."""
_LOGGED_PATH_LIMIT = 500
_UNPRINTABLE = re.compile(r"[^ -~]")
_Header = tuple[bytes, bytes]
HEAD_STARTS = frozenset({"http.response.start", "websocket.accept", "websocket.http.response.start"})


class RequestLog:
    """An ASGI application around Litestar's own.

    Litestar's middleware runs after its router, so it never sees a 404 or a 405; this does.
    """

    def __init__(self, app: Litestar, inner: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._inner = inner
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or WebSocket."""
        request_id = _request_id(scope)
        scope["state"]["request_id"] = request_id
        routed = self._routed(scope)
        answer = _Answer(scope, routed, send, request_id, metrics=self._metrics, allow=self._allow)
        try:
            await self._inner(routed, _noting_the_end(scope, receive), answer.send)
        finally:
            answer.returned()

    def _routed(self, scope: Scope) -> Scope:
        """Let GET answer a HEAD that has no handler of its own; the server drops the body.

        Source: RFC 9110 §9.3.2.
        """
        is_head = scope.get("method") == "HEAD"
        if not is_head or (PATH_FAULT not in scope["state"] and self._takes(scope["path"], "HEAD")):
            return scope
        scope["state"]["is_head"] = True
        # A copy: the server looks at the method of its own scope to leave the body out.
        return cast("Scope", {**scope, "method": "GET"})

    def _takes(self, path: str, method: Method) -> bool:
        try:
            self._app.asgi_router.handle_routing(path=path, method=method)
        except LitestarException:
            return False
        return True

    def _allow(self, path: str) -> bytes:
        """Return the value of Allow; the router's own forgets handlers of a path, and HEAD."""
        methods: set[Method] = {method for method in METHODS if self._takes(path, method)}
        if "GET" in methods:
            methods.add("HEAD")
        return ", ".join(sorted(methods)).encode()


class _Answer:
    """One answer on its way out."""

    def __init__(
        self,
        scope: Scope,
        routed: Scope,
        send: Send,
        request_id: bytes,
        *,
        metrics: Metrics,
        allow: Callable[[str], bytes],
    ) -> None:
        self._scope = scope
        self._routed = routed
        self._send = send
        self._request_id = request_id
        self._metrics = metrics
        self._allow = allow
        self._status = 0
        self._bytes = 0
        self._is_handed_over = False
        self._is_logged = False
        self._began = time.perf_counter()

    async def send(self, message: Message) -> None:
        """Pass a message on; add the id to the head, and note the end."""
        if message["type"] in HEAD_STARTS:
            outgoing = cast("dict[str, Any]", message)
            headers = self._with_true_allow(outgoing.get("headers", ()))
            outgoing["headers"] = [*headers, (b"x-request-id", self._request_id)]
            self._status = CLIENT_CLOSED if is_abandoned(self._scope) else outgoing.get("status", 101)
        await self._send(message)
        if message["type"] == "http.response.body":
            # Of the answer to a HEAD nothing is sent.
            if self._routed is self._scope:
                self._bytes += len(message.get("body", b""))
            if not message.get("more_body"):
                self._ended()

    def _with_true_allow(self, headers: Iterable[_Header]) -> Iterable[_Header]:
        for name, _ in headers:
            if name == b"allow":
                allow = self._allow(self._scope["path"])
                return [(name, allow if name == b"allow" else value) for name, value in headers]
        return headers

    def returned(self) -> None:
        """Log an answer whose end was not seen: a WebSocket, a stream that has the connection now."""
        if self._is_logged:
            return
        refused = self._scope["state"].get(REFUSED_WITH)
        if refused and self._scope["type"] == ScopeType.HTTP:
            self._ended()
        elif refused or self._status:
            self._status = refused or self._status
            self._is_handed_over = True
            self._log(str(self._scope.get("method", "WS")), time.perf_counter() - self._began)

    def _ended(self) -> None:
        seconds = time.perf_counter() - self._began
        scope = cast("HTTPScope", self._scope)
        self._status = scope["state"].get(REFUSED_WITH, self._status)
        method = scope["method"] if scope["method"] in METHODS else OTHER_METHOD
        self._metrics.observe(method, self._route, self._status, seconds)
        self._log(method, seconds)

    @property
    def _route(self) -> str:
        return self._routed.get("path_template", UNROUTED)

    def _log(self, method: str, seconds: float) -> None:
        self._is_logged = True
        if not is_logging():
            return
        client = self._scope["client"]
        log_access(
            {
                "method": method,
                "path": logged_path(self._scope["raw_path"]),
                "route": self._route,
                "status": self._status,
                "bytes": None if self._is_handed_over else self._bytes,
                "client": client[0] if client else "unix",
                "request_id": self._request_id.decode(),
                "ms": round(seconds * 1000, 1),
                "user": getattr(self._routed.get("user"), "name", None),
            }
        )


def is_abandoned(scope: Scope) -> bool:
    """Return whether the application has learned that its client is gone, so that its answer is dropped."""
    return bool(scope["state"].get("is_abandoned"))


def _noting_the_end(scope: Scope, receive: Receive) -> Receive:
    """Return a `receive` that notes in the scope that the client is gone."""

    async def noting() -> Any:
        message = await receive()
        if message["type"] == "http.disconnect":
            scope["state"]["is_abandoned"] = True
        return message

    return noting


def logged_path(target: bytes) -> str:
    """Return the path of a request target as it came, so that it stays on its line: the rest is escaped.

    Without its query: that may hold a ticket.
    """
    text = target.partition(b"?")[0].decode("ascii", "backslashreplace")
    if not text.isprintable():
        text = _UNPRINTABLE.sub(lambda found: f"\\x{ord(found[0]):02x}", text)
    if len(text) > _LOGGED_PATH_LIMIT:
        # Before it is cut: half a secret may not look like one.
        return redact(text[: 2 * _LOGGED_PATH_LIMIT])[:_LOGGED_PATH_LIMIT]
    return text


def _request_id(scope: Scope) -> bytes:
    """Return the caller's own id when it is sane and no secret, which the log would keep; else a new one."""
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _SANE_ID.fullmatch(value) and not is_secret(value.decode()):
            return value
    # To tell requests apart; nothing is granted to who knows it.
    return b"%016x" % getrandbits(64)

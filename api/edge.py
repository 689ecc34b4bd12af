"""What surrounds every request, also those that no route takes: its id, HEAD, its log line, its count."""

import logging
import re
import secrets
import time
from collections.abc import Callable, Iterable
from typing import Any, cast

from litestar import Litestar
from litestar.exceptions import LitestarException
from litestar.types import ASGIApp, HTTPScope, Message, Method, Receive, Scope, Send

from api.metrics import Metrics

_SANE_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_METHODS: frozenset[Method] = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_LOGGED_PATH_LIMIT = 500
_Header = tuple[bytes, bytes]
_HEAD_STARTS = frozenset({"http.response.start", "websocket.accept", "websocket.http.response.start"})

logger = logging.getLogger("fasttrack.access")


class Edge:
    """An ASGI application around Litestar's own.

    Litestar's middleware runs behind its router, so it never sees a 404 or a 405; this does.
    """

    def __init__(self, app: Litestar, inner: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._inner = inner
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or WebSocket."""
        request_id = _request_id(scope)
        scope["state"]["request_id"] = request_id
        answer = _Answer(scope, send, request_id, self._metrics, self._allow)
        await self._inner(self._routed(scope), receive, answer.send)
        answer.returned()

    def _routed(self, scope: Scope) -> Scope:
        """Let GET answer a HEAD that has no handler of its own; the server drops the body.

        Source: RFC 9110 §9.3.2.
        """
        if scope.get("method") != "HEAD" or self._takes(scope["path"], "HEAD"):
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
        """Return what Allow tells; the router's own forgets handlers of a path, and HEAD."""
        methods: set[Method] = {method for method in _METHODS if self._takes(path, method)}
        if "GET" in methods:
            methods.add("HEAD")
        return ", ".join(sorted(methods)).encode()


class _Answer:
    """One answer on its way out."""

    def __init__(
        self, scope: Scope, send: Send, request_id: bytes, metrics: Metrics, allow: Callable[[str], bytes]
    ) -> None:
        self._scope = scope
        self._send = send
        self._request_id = request_id
        self._metrics = metrics
        self._allow = allow
        self._status = 0
        self._is_logged = False
        self._began = time.perf_counter()

    async def send(self, message: Message) -> None:
        """Pass a message on; add the id to the head, and note the end."""
        if message["type"] in _HEAD_STARTS:
            outgoing = cast("dict[str, Any]", message)
            headers = self._with_true_allow(outgoing.get("headers", ()))
            outgoing["headers"] = [*headers, (b"x-request-id", self._request_id)]
            self._status = outgoing.get("status", 101)
        await self._send(message)
        if message["type"] == "http.response.body" and not message.get("more_body"):
            self._ended()

    def _with_true_allow(self, headers: Iterable[_Header]) -> Iterable[_Header]:
        if not any(name == b"allow" for name, _ in headers):
            return headers
        allow = self._allow(self._scope["path"])
        return [(name, allow if name == b"allow" else value) for name, value in headers]

    def returned(self) -> None:
        """Log an answer whose end was not seen: a WebSocket, a stream that has the connection now."""
        if self._status and not self._is_logged:
            self._log(str(self._scope.get("method", "WS")), time.perf_counter() - self._began)

    def _ended(self) -> None:
        seconds = time.perf_counter() - self._began
        scope = cast("HTTPScope", self._scope)
        # WebDAV has many more; each would be a line of the metrics for ever.
        method = scope["method"] if scope["method"] in _METHODS else "other"
        self._metrics.observe(method, self._status, seconds)
        self._log(method, seconds)

    def _log(self, method: str, seconds: float) -> None:
        self._is_logged = True
        logger.info(
            "%s %s %d",
            method,
            _logged_path(self._scope),
            self._status,
            extra={"ms": round(seconds * 1000, 1), "request_id": self._request_id.decode()},
        )


def _logged_path(scope: Scope) -> str:
    """Return the path as it came, percent-encoded, so that it stays on its line.

    Without its query: that may hold a ticket.
    """
    return scope["raw_path"].partition(b"?")[0].decode("ascii", "backslashreplace")[:_LOGGED_PATH_LIMIT]


def _request_id(scope: Scope) -> bytes:
    """Return the caller's own id when it is sane, else a new one."""
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _SANE_ID.fullmatch(value):
            return value
    return secrets.token_hex(8).encode()

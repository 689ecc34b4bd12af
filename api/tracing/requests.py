"""A span for each request; it continues the trace that the client's `traceparent` names.

Its attributes are the template of the route and never the path: the path of a calendar is a secret,
and a query may hold a ticket.
"""

from typing import Any, cast

from litestar.types import ASGIApp, Message, Receive, Scope, Send
from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer

from api.http.request_log import CLIENT_CLOSED, HEAD_STARTS, METHODS, OTHER_METHOD, REFUSED_WITH, is_abandoned
from api.tracing.spans import parent_from, span_of

_PROBES = frozenset({"/healthz", "/readyz", "/metrics"})
"""Asked every few seconds by machines: spans of these are of use to nobody."""


class RequestSpans:
    """An ASGI application around another, inside of the request log, whose id its spans have."""

    def __init__(self, tracer: Tracer, inner: ASGIApp) -> None:
        self._tracer = tracer
        self._inner = inner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or WebSocket; its span ends when the application returns."""
        if scope["path"] in _PROBES:
            await self._inner(scope, receive, send)
            return
        status = 0

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] in HEAD_STARTS:
                status = cast("dict[str, Any]", message).get("status", 101)
            await send(message)

        method = _method(scope)
        known = {
            "http.request.method": method,
            "url.scheme": scope["scheme"],
            "fasttrack.request_id": scope["state"]["request_id"].decode(),
        }
        parent = _parent(scope)
        with span_of(self._tracer, method, SpanKind.SERVER, parent=parent, attributes=known) as span:
            try:
                await self._inner(scope, receive, noting)
            finally:
                _describe(span, method, scope, status)


def _method(scope: Scope) -> str:
    """Return the method as the client sent it; a WebSocket begins with a GET."""
    if scope["state"].get("is_head"):
        return "HEAD"
    method = str(scope.get("method", "GET"))
    return method if method in METHODS else OTHER_METHOD


def _describe(span: Span, method: str, scope: Scope, sent: int) -> None:
    """Add what is known only at the end."""
    status = CLIENT_CLOSED if is_abandoned(scope) else scope["state"].get(REFUSED_WITH, sent)
    route = scope.get("path_template")
    if route is not None:
        span.update_name(f"{method} {route}")
        span.set_attribute("http.route", route)
    if status:
        span.set_attribute("http.response.status_code", status)
    if status >= 500:
        span.set_status(Status(StatusCode.ERROR))


def _parent(scope: Scope) -> Context:
    """Return the client's span. Two of them are none: W3C Trace Context §3.2.2."""
    parents = [value for name, value in scope["headers"] if name == b"traceparent"]
    if len(parents) != 1:
        return Context()
    states = [value.decode("latin-1") for name, value in scope["headers"] if name == b"tracestate"]
    return parent_from(parents[0].decode("latin-1"), ",".join(states))

"""The routes of the feed: three transports, thin."""

from contextlib import nullcontext
from typing import Any

import msgspec
from litestar import Request, Response, WebSocket, get, route, websocket
from litestar.handlers import BaseRouteHandler
from litestar.response.base import ASGIResponse
from litestar.types import ASGIApp

from api.feeds.asked import read_asked, read_wait
from api.feeds.entrance import Admission, admit, hub_of
from api.feeds.plain import disconnected, until_gone
from api.feeds.protocols import offer_in
from api.feeds.sse import HEADERS, Headers, SseStream, answer_head, farewell
from api.feeds.ws import serve_ws
from api.openapi import Answer as Described
from api.openapi import Query, describe
from api.problems import HttpProblem
from api.services.identity import Identity
from domain.ports import StorageError
from streams.hub import FeedHub
from streams.messages import ByeReason
from streams.poll import Answer, Poll

TAG = "feed"
JSON = "application/json"
_FEED = Query("feed", "A feed to read; at most 32, repeated. Also in the path.")
_CURSOR = Query("last_event_id", "The id of the last message that was seen.")
_CURSOR_HEADER = Query("Last-Event-ID", "The same; counts before the parameter.", place="header")
_REPLAY = Query(
    "replay", "How far back a fresh connection starts.", {"type": "string", "enum": ["all", "none"]}
)
_WAIT = Query("wait", "Seconds to wait for a message.", {"type": "number", "minimum": 0, "maximum": 55})
_PARAMETERS = (_FEED, _CURSOR, _CURSOR_HEADER, _REPLAY)
_PROBLEMS = ("bad-request", "invalid-query", "unauthorized", "forbidden", "not-found")
_STREAM: dict[str, Any] = {"type": "string", "description": "See docs/feed-protocol.md and /asyncapi.json."}
_POLLED: dict[str, Any] = {
    "type": "object",
    "properties": {
        "cursor": {"type": "string"},
        "messages": {"type": "array", "items": {"type": "object"}},
    },
    "required": ["cursor", "messages"],
}
_OVER = Described("Every feed has been read to its end: do not come back")


def _store_is_away(request: Request[Any, Any, Any], _: Exception) -> Response[bytes]:
    """Answer in words that an EventSource understands: at any status but 200 it gives up for good."""
    headers = {name.decode(): value.decode() for name, value in HEADERS}
    return Response(farewell(hub_of(request), "unavailable"), status_code=200, headers=headers)


@get(
    ["/sse", "/sse/{feed:path}"],
    exception_handlers={StorageError: _store_is_away},
    opt=describe(
        "Read feeds as Server-Sent Events",
        TAG,
        {200: Described("The stream", _STREAM, ["text/event-stream"]), 204: _OVER},
        parameters=_PARAMETERS,
        problems=_PROBLEMS,
    ),
)
async def sse(request: Request[Any, Any, Any]) -> ASGIApp:
    """Open a stream, or turn the client away in words that an EventSource understands."""
    hub, asked = hub_of(request), read_asked(request)
    admission = await admit(hub, asked)
    if not isinstance(admission, Admission):
        return _answer(200, farewell(hub, admission), HEADERS)
    if admission.opening.over:
        admission.lease.release()
        return _answer(204, b"", [])
    return SseStream(hub, asked, admission)


@route(
    ["/sse", "/sse/{feed:path}"],
    http_method=["HEAD"],
    opt=describe(
        "What a stream would answer",
        TAG,
        {200: Described("The head of a stream")},
        parameters=_PARAMETERS,
        problems=(*_PROBLEMS, "unavailable"),
    ),
)
async def sse_head(request: Request[Any, Any, Any]) -> ASGIApp:
    """Answer what a stream would be, without opening it."""
    read_asked(request)
    return answer_head


@websocket(["/ws", "/ws/{feed:path}"], opt={"access": "viewer"})
async def ws(socket: WebSocket[Any, Any, Any]) -> None:
    """Open a stream."""
    await serve_ws(socket, hub_of(socket))


@get(
    ["/poll", "/poll/{feed:path}"],
    opt=describe(
        "Read what comes next on feeds",
        TAG,
        {200: Described("Messages and the cursor of the next call", _POLLED), 204: _OVER},
        parameters=(*_PARAMETERS, _WAIT),
        problems=(*_PROBLEMS, "too-many-requests", "unavailable"),
    ),
)
async def poll(request: Request[Any, Any, Any]) -> ASGIApp:
    """Answer at once when there is something, else when there is, else empty."""
    hub, asked, wait_seconds = hub_of(request), read_asked(request), read_wait(request)
    headers = [(b"cache-control", b"no-store")]
    admission = await admit(hub, asked)
    if not isinstance(admission, Admission):
        raise _not_now(hub, admission)
    try:
        if admission.opening.over:
            return _answer(204, b"", headers)
        offer = offer_in(request.scope)
        waiting = Poll(hub, asked.feeds, admission.opening, admission.lease).answer(wait_seconds)
        with nullcontext() if offer is None else offer.waiting():
            answer = await until_gone(waiting, disconnected(request.receive))
    finally:
        admission.lease.release()
    if answer is None:
        return _answer(204, b"", headers)  # To nobody.
    if answer.ended == "unavailable":
        raise _not_now(hub, "unavailable")
    if answer.ended == "expired":
        raise HttpProblem("unauthorized", "The session has ended.", headers={"WWW-Authenticate": "Bearer"})
    return _answer(200, _body(answer), headers)


HANDLERS: tuple[BaseRouteHandler, ...] = (sse, sse_head, ws, poll)


def _body(answer: Answer) -> bytes:
    cursor = msgspec.json.encode(answer.cursor)
    return b'{"cursor":%b,"messages":[%b]}' % (cursor, b",".join(answer.messages))


def _answer(status: int, body: bytes, headers: Headers) -> ASGIApp:
    named = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers]
    return ASGIResponse(status_code=status, body=body, headers=named, media_type=JSON)


def _not_now(hub: FeedHub[Identity], reason: ByeReason) -> HttpProblem:
    headers = {"Retry-After": str(-(-hub.retry_ms(reason) // 1000))}
    match reason:
        case "limit":
            return HttpProblem("too-many-requests", "Too many streams are open.", headers=headers)
        case "drain":
            return HttpProblem("unavailable", "The server is stopping.", headers=headers)
    return HttpProblem("unavailable", "The store does not answer now.", headers=headers)

"""The routes of the feed: three transports, thin."""

from typing import Any

import msgspec
from litestar import Request, WebSocket, get, route, websocket
from litestar.handlers import BaseRouteHandler
from litestar.response import Stream
from litestar.response.base import ASGIResponse
from litestar.types import ASGIApp

from api.feeds.admission import Admission, admit, look
from api.feeds.asgi_outlet import disconnected, until_gone
from api.feeds.request import read_feed_request, read_wait
from api.feeds.sse import HEADERS, HeadAnswer, Headers, SseStream, farewell
from api.feeds.transport_offer import offer_in
from api.feeds.ws import serve_ws
from api.http.app_services import hub_of
from api.http.openapi import Answer as Described
from api.http.openapi import Query, describe
from api.http.problems import HttpProblem
from api.services.identity import Identity
from domain.ports.errors import StorageError
from streams.hub import FeedHub
from streams.messages import ByeReason
from streams.poll import Answer, Poll
from streams.start_position import Opening

TAG = "feed"
JSON = "application/json"
_FEED = Query("feed", "A feed to read; repeatable, at most 32. It may also be in the path.")
_CURSOR = Query("last_event_id", "The id of the last message that the client received.")
_CURSOR_HEADER = Query("Last-Event-ID", "The same; it overrides the parameter.", place="header")
_REPLAY = Query(
    "replay",
    "How far back a connection without a cursor starts.",
    {"type": "string", "enum": ["all", "none"]},
)
_WAIT = Query(
    "wait",
    "Seconds to wait for a message, if there is none yet.",
    {"type": "number", "minimum": 0, "maximum": 55},
)
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
_OVER = Described("Every feed has been read to its end: do not reconnect")


def _store_is_away(request: Request[Any, Any, Any], _: Exception) -> Stream:
    """Answer in words that an EventSource understands."""
    return farewell(hub_of(request.app), "unavailable")


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
    """Open a stream, or send a `bye` that lets an EventSource reconnect later."""
    hub, asked = hub_of(request.app), read_feed_request(request)
    admission = await admit(hub, asked, "sse")
    if not isinstance(admission, Admission):
        return farewell(hub, admission).to_asgi_response(None, request)
    if admission.opening.over:
        admission.slot.release()
        return _answer(204, b"", [])
    return SseStream(hub, asked, admission)


@route(
    ["/sse", "/sse/{feed:path}"],
    http_method=["HEAD"],
    opt=describe(
        "The status and headers of a stream",
        TAG,
        {200: Described("Headers of a stream"), 204: _OVER},
        parameters=_PARAMETERS,
        problems=(*_PROBLEMS, "unavailable"),
    ),
)
async def sse_head(request: Request[Any, Any, Any]) -> ASGIApp:
    """Return the status and headers of a stream without opening it."""
    hub, asked = hub_of(request.app), read_feed_request(request)
    found = await look(hub, asked)
    is_over = isinstance(found, Opening) and found.over
    return _answer(204, b"", []) if is_over else HeadAnswer(HEADERS)


@websocket(["/ws", "/ws/{feed:path}"], opt={"access": "viewer"})
async def ws(socket: WebSocket[Any, Any, Any]) -> None:
    """Open a stream."""
    await serve_ws(socket, hub_of(socket.app))


@get(
    ["/ws", "/ws/{feed:path}"],
    opt=describe(
        "Open a WebSocket",
        TAG,
        {101: Described("The stream; see docs/feed-protocol.md and /asyncapi.json")},
        parameters=_PARAMETERS,
        role=None,
        problems=("bad-request", "upgrade-required"),
    ),
)
async def ws_without_upgrade(request: Request[Any, Any, Any]) -> None:
    """Answer a request that is not a handshake (RFC 6455 §4.2.1, §4.4; RFC 9110 §15.5.22)."""
    headers = request.headers
    offers = "websocket" in headers.get("upgrade", "").lower()
    if offers and headers.getall("sec-websocket-version", []) == ["13"] and not _is_http_1_0(request):
        raise HttpProblem("bad-request", "This is not a WebSocket handshake as in RFC 6455 §4.1.")
    asked_for = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}
    detail = "Open a WebSocket here (version 13, by GET with HTTP/1.1) to read feeds."
    raise HttpProblem("upgrade-required", detail, headers=asked_for)


def _is_http_1_0(request: Request[Any, Any, Any]) -> bool:
    return request.scope["http_version"] == "1.0"


@get(
    ["/poll", "/poll/{feed:path}"],
    opt=describe(
        "Read the next messages of feeds (long poll)",
        TAG,
        {200: Described("Messages and the cursor of the next call", _POLLED), 204: _OVER},
        parameters=(*_PARAMETERS, _WAIT),
        problems=(*_PROBLEMS, "too-many-requests", "unavailable"),
    ),
)
async def poll(request: Request[Any, Any, Any]) -> ASGIApp:
    """Return messages at once, or when they come, or an empty answer after the wait."""
    hub, asked, wait_seconds = hub_of(request.app), read_feed_request(request), read_wait(request)
    headers = [(b"cache-control", b"no-store")]
    admission = await admit(hub, asked, "poll")
    if not isinstance(admission, Admission):
        raise _not_now(hub, admission)
    try:
        if admission.opening.over:
            return _answer(204, b"", headers)
        waiting = Poll(hub, asked.feeds, admission.opening, admission.slot)
        answer = await _answer_of(waiting, wait_seconds, request)
    finally:
        admission.slot.release()
    if answer is None:
        return _answer(204, b"", headers)  # The client has left.
    if answer.ended in ("unavailable", "limit"):
        raise _not_now(hub, answer.ended)
    if answer.ended == "expired":
        raise HttpProblem("unauthorized", "The session has ended.", headers={"WWW-Authenticate": "Bearer"})
    return _answer(200, _body(answer), headers)


@route(
    ["/poll", "/poll/{feed:path}"],
    http_method=["HEAD"],
    opt=describe(
        "The status and headers of a poll",
        TAG,
        {200: Described("Headers of an answer"), 204: _OVER},
        parameters=(*_PARAMETERS, _WAIT),
        problems=(*_PROBLEMS, "too-many-requests", "unavailable"),
    ),
)
async def poll_head(request: Request[Any, Any, Any]) -> ASGIApp:
    """Return the status and headers of a poll at once."""
    hub, asked, _ = hub_of(request.app), read_feed_request(request), read_wait(request)
    found = await look(hub, asked)
    if not isinstance(found, Opening):
        raise _not_now(hub, found)
    headers = [(b"cache-control", b"no-store")]
    return (
        _answer(204, b"", headers) if found.over else HeadAnswer([(b"content-type", JSON.encode()), *headers])
    )


async def _answer_of(poll: Poll, wait_seconds: float, request: Request[Any, Any, Any]) -> Answer | None:
    """Return the answer; None when the client is gone. One that ended its side is answered at once."""
    offer = offer_in(request.scope)
    waiting, gone = poll.answer(wait_seconds), disconnected(request.receive)
    if offer is None:
        return await until_gone(waiting, gone)
    with offer.waiting(), offer.on_half_close(poll.hurry):
        return await until_gone(waiting, gone)


HANDLERS: tuple[BaseRouteHandler, ...] = (sse, sse_head, ws, ws_without_upgrade, poll, poll_head)


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
    return HttpProblem("unavailable", "The store does not answer at the moment.", headers=headers)

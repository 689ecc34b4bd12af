"""Three ways to read the same feed; each yields messages and ends or raises when the stream does."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from typing import Any, Literal, NamedTuple

import httpx
import msgspec
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from api.client.event_stream import EventStreamParser

Transport = Literal["sse", "ws", "poll"]
Messages = AsyncGenerator[dict[str, Any], None]

POLL_WAIT_SECONDS = 25
_OWN_FAULTS = (httpx.LocalProtocolError, httpx.UnsupportedProtocol)
"""What is wrong on this side, and would be at each attempt."""


class Broken(Exception):  # noqa: N818 - a condition, not a fault
    """The stream broke or could not be opened; another attempt may succeed."""

    def __init__(self, message: str, *, finished: bool = False, silent: bool = False) -> None:
        super().__init__(message)
        self.finished = finished
        self.silent = silent


class Refused(Exception):  # noqa: N818
    """The server refused permanently."""

    def __init__(self, status: int, detail: str, errors: Sequence[dict[str, Any]] = ()) -> None:
        super().__init__(detail)
        self.status = status
        self.errors = errors
        """What the problem document listed, with `field`, `code` and `message` each."""


class Target(NamedTuple):
    """The feeds to read, and the cursor to resume from."""

    http: httpx.AsyncClient
    feeds: list[str]
    cursor: str | None
    replay: str | None

    def params(self, **more: str) -> httpx.QueryParams:
        """Return the query of this request on any transport."""
        if self.cursor is not None:
            more["last_event_id"] = self.cursor
        elif self.replay:
            more["replay"] = self.replay
        return httpx.QueryParams([("feed", feed) for feed in self.feeds]).merge(more)


async def read_sse(target: Target) -> Messages:
    """Yield what `/sse` sends."""
    try:
        timeout = httpx.Timeout(10, read=None)
        async with target.http.stream("GET", "/sse", params=target.params(), timeout=timeout) as response:
            await _check(response)
            parser = EventStreamParser()
            async for chunk in response.aiter_bytes():
                for event in parser.feed(chunk):
                    yield msgspec.json.decode(event.data)
    except _OWN_FAULTS as error:
        raise Refused(0, f"the request cannot be made: {error}") from error
    except httpx.HTTPError as error:
        raise Broken(f"sse: {str(error) or type(error).__name__}") from error


async def read_ws(target: Target) -> Messages:
    """Yield what `/ws` sends."""
    base = target.http.base_url
    url = base.copy_with(
        scheme="wss" if base.scheme == "https" else "ws",
        raw_path=str(httpx.URL(f"{base.path.rstrip('/')}/ws", params=target.params())).encode(),
    )
    authorization = target.http.headers.get("Authorization")
    headers = {"Authorization": authorization} if authorization else {}
    try:
        async with connect(str(url), additional_headers=headers, compression=None) as socket:
            try:
                async for frame in socket:
                    yield msgspec.json.decode(frame)
            except asyncio.CancelledError:
                # The closing handshake would be cancelled, too, and leave the connection open.
                socket.transport.abort()
                raise
    except InvalidStatus as error:
        _refuse(error.response.status_code, bytes(error.response.body or b""))
    except ConnectionClosed as error:
        code = error.rcvd.code if error.rcvd else 1006
        if code in (4400, 4401, 4403, 4404):
            raise Refused(code - 4000, error.rcvd.reason if error.rcvd else "") from error
        raise Broken(f"ws: closed with {code}") from error
    except (OSError, InvalidHandshake, TimeoutError) as error:
        raise Broken(f"ws: {error}") from error


async def read_poll(target: Target) -> Messages:
    """Yield what `/poll` answers, call after call."""
    cursor = target.cursor
    while True:
        params = target._replace(cursor=cursor).params(wait=str(POLL_WAIT_SECONDS))
        try:
            response = await target.http.get("/poll", params=params, timeout=POLL_WAIT_SECONDS + 10)
        except _OWN_FAULTS as error:
            raise Refused(0, f"the request cannot be made: {error}") from error
        except httpx.HTTPError as error:
            raise Broken(f"poll: {str(error) or type(error).__name__}") from error
        await _check(response)
        answer = response.json()
        for message in answer["messages"]:
            yield message
        cursor = answer["cursor"]


OPENERS: dict[Transport, Callable[[Target], Messages]] = {"sse": read_sse, "ws": read_ws, "poll": read_poll}


async def _check(response: httpx.Response) -> None:
    if response.status_code == 204:
        raise Broken("the feed is at its end", finished=True)
    if response.status_code != 200:
        _refuse(response.status_code, await response.aread())


def _refuse(status: int, body: bytes) -> None:
    """Raise Refused for an answer that will not change, Broken for one that may."""
    if status in (400, 401, 403, 404, 421):
        raise Refused(status, problem_text(body) or f"HTTP {status}")
    raise Broken(f"HTTP {status}")


def problem_text(body: bytes) -> str:
    """Return the message of a problem+json body; empty for any other body. RFC 9457 §3."""
    problem = _problem(body)
    lines = [str(problem.get("detail") or problem.get("title") or "")]
    lines += [
        "  " + ": ".join(str(told) for told in (e.get("field"), e.get("message")) if told)
        for e in problem_errors(body)
        if e.get("message") != problem.get("detail")
    ]
    return "\n".join(lines)


def problem_title(body: bytes) -> str:
    """Return the title of a problem+json body; empty for any other body."""
    return str(_problem(body).get("title") or "")


def problem_errors(body: bytes) -> list[dict[str, Any]]:
    """Return the `errors` of a problem+json body; empty for any other body."""
    return [error for error in _problem(body).get("errors") or () if isinstance(error, dict)]


def _problem(body: bytes) -> dict[str, Any]:
    try:
        problem = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return {}
    return problem if isinstance(problem, dict) else {}

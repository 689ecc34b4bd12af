"""Reads what a client requests of the feed from its URL and headers.

Source: docs/feed-protocol.md, "Connecting and resuming".
"""

import re
from typing import Any
from urllib.parse import parse_qsl

from litestar.connection import ASGIConnection
from msgspec import Struct

from api.http.problems import HttpProblem
from api.services.feeds import FEEDS
from api.services.identity import Identity
from domain.people import at_least
from domain.problems import excerpt
from streams.feeds import MAX_FEEDS, FeedSet
from streams.start_position import Replay

Connection = ASGIConnection[Any, Any, Any, Any]

DEFAULT_WAIT_SECONDS = 25.0
MAX_WAIT_SECONDS = 55.0


class FeedRequest(Struct, frozen=True):
    """A request for some feeds, by someone who may read them."""

    who: Identity
    feeds: FeedSet
    cursor: str | None
    replay: Replay | None


def read_feed_request(connection: Connection) -> FeedRequest:
    """Return the request.

    Raises:
        HttpProblem: 401 without identity, 404 for an unknown feed, 403 for one that the role
            may not read, 400 for none, too many, a wrong `replay`, or an unknown parameter.
    """
    who: Identity | None = connection.scope.get("user")
    if who is None:
        raise HttpProblem("unauthorized", "Sign in to read a feed.", headers={"WWW-Authenticate": "Bearer"})
    check_parameters(connection)
    feeds = _feeds(connection)
    for name in feeds.names:
        needed = FEEDS.least_role(name)
        if not at_least(who.role, needed):
            raise HttpProblem("forbidden", f"The feed {name} needs the role {needed}.")
        if who.feeds and name not in who.feeds:
            raise HttpProblem("forbidden", f"The ticket is not for the feed {name}.")
    return FeedRequest(who, feeds, _cursor(connection), _replay(connection))


_CURSORS = ("last_event_id", "lastEventId", "lastEventID", "Last-Event-ID")
"""reconnecting-eventsource, event-source-polyfill and Mercure write it their own way."""

_ONCE = ("replay", "wait", "ticket")
_KNOWN = frozenset({"feed", *_ONCE, *_CURSORS})
_SECONDS = re.compile(r"[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?", re.ASCII)


def check_parameters(connection: Connection) -> None:
    """Raise HttpProblem for a parameter that no feed has, or that says two things.

    A misspelt cursor would lose messages.
    """
    unknown = [name for name in connection.query_params if name not in _KNOWN]
    if unknown:
        known = ", ".join(sorted(_KNOWN))
        raise HttpProblem("invalid-query", f"There is no parameter {excerpt(unknown[0])}; known are {known}.")
    for name in _ONCE:
        if len(connection.query_params.getall(name, [])) > 1:
            raise HttpProblem("invalid-query", f"{name} must be given once.")


def read_wait(connection: Connection) -> float:
    """Return how many seconds a poll waits. Raises HttpProblem for what is not 0 to 55."""
    text = connection.query_params.get("wait")
    if text is None:
        return DEFAULT_WAIT_SECONDS
    seconds = float(text) if _SECONDS.fullmatch(text) else -1.0
    if not 0 <= seconds <= MAX_WAIT_SECONDS:
        raise HttpProblem(
            "invalid-query", f"wait must be 0 to {MAX_WAIT_SECONDS:g} seconds, not {text[:80]!r}."
        )
    return seconds


def _feeds(connection: Connection) -> FeedSet:
    path = connection.path_params.get("feed")
    # Litestar's path parameter keeps the slash before it.
    names = [str(path).removeprefix("/")] if path else []
    names += connection.query_params.getall("feed", [])
    if not names:
        raise HttpProblem("bad-request", "Name a feed in the path, or as ?feed=.")
    for name in names:
        if FEEDS.find(name) is None:
            raise HttpProblem("not-found", f"There is no feed {name[:80]!r}.")
    feeds = FEEDS.set_of(names)
    if len(feeds.names) > MAX_FEEDS:
        raise HttpProblem(
            "bad-request", f"At most {MAX_FEEDS} feeds on one connection, not {len(feeds.names)}."
        )
    return feeds


def _cursor(connection: Connection) -> str | None:
    """Return the cursor: the header's, else the last one in the URL.

    Clients that cannot set the header append their cursor at each reconnect to a URL that may have one
    already: that of the first connection.
    """
    if told := connection.headers.get("last-event-id"):
        return told
    # The framework's parameters do not keep the order of different names.
    pairs = parse_qsl(connection.scope["query_string"].decode("latin-1"))
    return next((value for name, value in reversed(pairs) if name in _CURSORS), None)


def _replay(connection: Connection) -> Replay | None:
    match connection.query_params.get("replay"):
        case None:
            return None
        case "all":
            return "all"
        case "none":
            return "none"
    raise HttpProblem("invalid-query", "replay must be all or none.")

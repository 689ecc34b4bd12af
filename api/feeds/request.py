"""Reads what a client requests of the feed from its URL and headers.

Source: docs/feed-protocol.md, "Connecting and resuming".
"""

import re
from typing import Any

from litestar.connection import ASGIConnection
from msgspec import Struct

from api.http.problems import HttpProblem, invalid_query
from api.http.query_strings import pairs_of
from api.http.wrong_parameters import MOST_LOOKED_FOR, repeated_parameter, unknown_parameter, wrong_parameter
from api.security.origins import header
from api.services.feeds import FEEDS
from api.services.identity import Identity
from domain.people import at_least
from domain.problems import Problem
from streams.feeds import MAX_FEEDS, FeedSet
from streams.start_position import Replay

Connection = ASGIConnection[Any, Any, Any, Any]
_Pairs = list[tuple[str, str]]

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
            may not read, 400 for none, too many, a wrong `replay`, an unknown parameter, or no text.
    """
    who: Identity | None = connection.scope.get("user")
    if who is None:
        raise HttpProblem("unauthorized", "Sign in to read a feed.", headers={"WWW-Authenticate": "Bearer"})
    pairs = _pairs(connection)
    replay = _check(pairs)
    feeds = _feeds(connection, [value for name, value in pairs if name == "feed"])
    for name in feeds.names:
        needed = FEEDS.least_role(name)
        if not at_least(who.role, needed):
            raise HttpProblem("forbidden", f"The feed {name} needs the role {needed}.")
        if who.feeds and name not in who.feeds:
            raise HttpProblem("forbidden", f"The ticket is not for the feed {name}.")
    return FeedRequest(who, feeds, _cursor(connection, pairs), replay)


_CURSORS = ("last_event_id", "lastEventId", "lastEventID", "Last-Event-ID")
"""reconnecting-eventsource, event-source-polyfill and Mercure write it their own way."""

_NAME_AND_VALUE = re.compile(rb"[A-Za-z_-]+=[A-Za-z0-9_./-]*")
"""All that most queries are: one parameter, nothing escaped."""

_ONCE = ("replay", "wait", "ticket")
_DOCUMENTED = frozenset({"feed", *_ONCE, _CURSORS[0]})
_KNOWN = _DOCUMENTED | frozenset(_CURSORS)
_REPLAYS: dict[str, Replay] = {"all": "all", "none": "none"}
_SECONDS = re.compile(r"[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?", re.ASCII)


def _pairs(connection: Connection) -> _Pairs:
    """Return the parameters in their order, which the framework's do not keep, and it reads them slowly."""
    query_string = connection.scope["query_string"]
    if _NAME_AND_VALUE.fullmatch(query_string):
        name, _, value = query_string.decode().partition("=")
        return [(name, value)]
    return pairs_of(query_string)


def _check(pairs: _Pairs) -> Replay | None:
    """Return where a reader without a cursor starts. Raises HttpProblem with everything that is wrong."""
    names = [name for name, _ in pairs]
    problems: list[Problem] = []
    replay: Replay | None = None
    for place, (name, value) in enumerate(pairs):
        if name not in _KNOWN:
            is_early = len(problems) < MOST_LOOKED_FOR
            problems.append(unknown_parameter(name, value, _DOCUMENTED, is_looked_for=is_early))
        elif name in _ONCE and name in names[:place]:
            problems.append(repeated_parameter(name, value))
        elif name == "replay":
            if value in _REPLAYS:
                replay = _REPLAYS[value]
            else:
                problems.append(wrong_parameter(name, "unknown_value", "replay must be all or none", value))
    if problems:
        raise invalid_query(problems)
    return replay


def read_wait(connection: Connection) -> float:
    """Return how many seconds a poll waits. Raises HttpProblem for what is not 0 to 55."""
    # Not the framework's parameters: it keeps the last thousand queries, however long.
    text = next((value for name, value in _pairs(connection) if name == "wait"), None)
    if text is None:
        return DEFAULT_WAIT_SECONDS
    seconds = float(text) if _SECONDS.fullmatch(text) else -1.0
    if not 0 <= seconds <= MAX_WAIT_SECONDS:
        rule = f"wait must be 0 to {MAX_WAIT_SECONDS:g} seconds"
        raise invalid_query([wrong_parameter("wait", "out_of_range", rule, text)])
    return seconds


def _feeds(connection: Connection, named: list[str]) -> FeedSet:
    path = connection.path_params.get("feed")
    # Litestar's path parameter keeps the slash before it.
    names = [str(path).removeprefix("/"), *named] if path else named
    if not names:
        raise HttpProblem("bad-request", "Name a feed in the path, or as ?feed=.")
    for name in names:
        if FEEDS.find(name) is None:
            several = " Several are named one by one: ?feed=eventos&feed=dashboard." if "," in name else ""
            raise HttpProblem("not-found", f"There is no feed {name[:80]!r}.{several}")
    feeds = FEEDS.set_of(names)
    if len(feeds.names) > MAX_FEEDS:
        raise HttpProblem(
            "bad-request", f"At most {MAX_FEEDS} feeds on one connection, not {len(feeds.names)}."
        )
    return feeds


def _cursor(connection: Connection, pairs: _Pairs) -> str | None:
    """Return the cursor: the header's, else the last one in the URL.

    Clients that cannot set the header append their cursor at each reconnect to a URL that may have one
    already: that of the first connection.
    """
    if told := header(connection.scope, b"last-event-id"):
        return told
    return next((value for name, value in reversed(pairs) if value and name in _CURSORS), None)

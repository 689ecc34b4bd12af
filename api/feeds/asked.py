"""What a client asked of the feed, read from its URL and headers.

Source: docs/feed-protocol.md, "Connecting and resuming".
"""

from typing import Any

from litestar.connection import ASGIConnection
from msgspec import Struct

from api.problems import HttpProblem
from api.services.identity import Identity
from domain.people import at_least
from streams.feeds import MAX_FEEDS, FeedSet, feed_set, is_feed, least_role
from streams.opening import Replay

Connection = ASGIConnection[Any, Any, Any, Any]

DEFAULT_WAIT_SECONDS = 25.0
MAX_WAIT_SECONDS = 55.0


class Asked(Struct, frozen=True):
    """A request for some feeds, by someone who may read them."""

    who: Identity
    feeds: FeedSet
    cursor: str | None
    replay: Replay | None


def read_asked(connection: Connection) -> Asked:
    """Return what was asked.

    Raises:
        HttpProblem: 401 without identity, 404 for an unknown feed, 403 for one that the role
            may not read, 400 for none, too many, or a wrong `replay`.
    """
    who: Identity | None = connection.scope.get("user")
    if who is None:
        raise HttpProblem("unauthorized", "Sign in to read a feed.", headers={"WWW-Authenticate": "Bearer"})
    feeds = _feeds(connection)
    for name in feeds.names:
        if not at_least(who.role, least_role(name)):
            raise HttpProblem("forbidden", f"The feed {name} needs the role {least_role(name)}.")
    return Asked(who, feeds, _cursor(connection), _replay(connection))


def read_wait(connection: Connection) -> float:
    """Return how many seconds a poll waits. Raises HttpProblem for what is not 0 to 55."""
    text = connection.query_params.get("wait")
    if text is None:
        return DEFAULT_WAIT_SECONDS
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
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
        raise HttpProblem("bad-request", "Name a feed: in the path, or as ?feed=.")
    for name in names:
        if not is_feed(name):
            raise HttpProblem("not-found", f"There is no feed {name[:80]!r}.")
    feeds = feed_set(names)
    if len(feeds.names) > MAX_FEEDS:
        raise HttpProblem(
            "bad-request", f"At most {MAX_FEEDS} feeds on one connection, not {len(feeds.names)}."
        )
    return feeds


def _cursor(connection: Connection) -> str | None:
    header = connection.headers.get("last-event-id")
    return header or connection.query_params.get("last_event_id") or None


def _replay(connection: Connection) -> Replay | None:
    match connection.query_params.get("replay"):
        case None:
            return None
        case "all":
            return "all"
        case "none":
            return "none"
    raise HttpProblem("invalid-query", "replay must be all or none.")

"""The names of feeds: which exist, who may read them, what a set of them means.

Source: docs/feed-protocol.md, "Feeds".
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Literal

from msgspec import Struct

PROGRESS = "eventos/progresso"
"""Merges every `upload/*` feed: same messages, same ids."""

MAX_FEEDS = 32
"""Feeds on one connection."""

_ENDING = re.compile(r"(?:upload|tarefas)/[A-Za-z0-9_-]{1,64}")
_ENDLESS = frozenset({"eventos", PROGRESS, "admin"})
_STATES = frozenset({"dashboard", "presenca"})


def ends(name: str) -> bool:
    """Tell whether this is a feed that comes to an end: one import, one task."""
    return _ENDING.fullmatch(name) is not None


def is_feed(name: str) -> bool:
    """Tell whether there is a feed of this name."""
    return name in _ENDLESS or name in _STATES or ends(name)


def least_role(name: str) -> Literal["viewer", "admin"]:
    """Return the role that reading the feed needs."""
    return "admin" if name == "admin" else "viewer"


def topics_of(feed: str) -> tuple[str, ...]:
    """Return the topics under which a message of a feed is found."""
    return (feed, PROGRESS) if feed.startswith("upload/") else (feed,)


class FeedSet(Struct, frozen=True):
    """What one connection reads.

    Attributes:
        names: as asked for, without repeats.
        topics: the message feeds, sorted; none that another one of them includes. The key
            under which readers share a view.
        replayed: those that a fresh connection reads from their first message.
        states: the state feeds, sorted.
        finite: every feed comes to an end, and so does the connection.
    """

    names: tuple[str, ...]
    topics: tuple[str, ...]
    replayed: tuple[str, ...]
    states: tuple[str, ...]
    finite: bool


def feed_set(names: Iterable[str]) -> FeedSet:
    """Return the set of these feeds, all of which exist."""
    return _feed_set(tuple(dict.fromkeys(names)))


@lru_cache(512)  # Thousands come back at once, and most of them read the same.
def _feed_set(asked: tuple[str, ...]) -> FeedSet:
    messages = sorted(name for name in asked if name not in _STATES)
    merged = PROGRESS in messages
    return FeedSet(
        names=asked,
        topics=tuple(name for name in messages if not (merged and name.startswith("upload/"))),
        replayed=tuple(name for name in messages if ends(name)),
        states=tuple(sorted(name for name in asked if name in _STATES)),
        finite=all(ends(name) for name in asked),
    )


def stored_under(topics: Iterable[str]) -> tuple[list[str], list[str]]:
    """Return the (feeds, feed-name prefixes) that the store knows topics by."""
    names = list(topics)
    return [name for name in names if name != PROGRESS], ["upload/"] if PROGRESS in names else []

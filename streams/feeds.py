"""The catalogue of feeds: which exist, who may read them, and how sets of feeds behave.

What the feeds are called is the application's business: it makes the catalogue.
Source: docs/feed-protocol.md, "Feeds".
"""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Literal

from msgspec import Struct

MAX_FEEDS = 32
"""Feeds on one connection."""

Role = Literal["viewer", "editor", "admin"]

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_KEPT_SETS = 512


class FeedKind(Struct, frozen=True):
    """A kind of feeds, which share a role and behaviour.

    Attributes:
        name: of the one feed; of many that differ by an id, as `tarefas/*`.
        least_role: who may read it.
        is_state: it has only a latest value, without ids and without history.
        is_finite: each of its feeds has a last message.
        merged_into: the feed that also carries the messages of these many, with the same ids.
    """

    name: str
    least_role: Role = "viewer"
    is_state: bool = False
    is_finite: bool = False
    merged_into: str | None = None

    @property
    def prefix(self) -> str:
        """The prefix of the feed names of this kind."""
        return self.name.removesuffix("*")


class FeedSet(Struct, frozen=True):
    """The feeds that one connection reads.

    Attributes:
        names: as the client gave them, without repeats.
        topics: the message feeds, sorted; none that another one of them includes. The key
            under which readers share a view.
        replayed: those that a fresh connection reads from their first message.
        states: the state feeds, sorted.
        finite: every feed ends, and so does the connection.
    """

    names: tuple[str, ...]
    topics: tuple[str, ...]
    replayed: tuple[str, ...]
    states: tuple[str, ...]
    finite: bool


class FeedCatalogue:
    """All feeds of an application."""

    def __init__(self, kinds: Sequence[FeedKind]) -> None:
        """Take the kinds; no two have the same name."""
        self.kinds = tuple(kinds)
        self._single = {kind.name: kind for kind in kinds if not kind.name.endswith("/*")}
        self._many = {kind.prefix: kind for kind in kinds if kind.name.endswith("/*")}
        self._merged = [(prefix, kind.merged_into) for prefix, kind in self._many.items() if kind.merged_into]
        # Thousands reconnect at once, and most read the same feeds.
        self._kept_set = lru_cache(_KEPT_SETS)(self._set)

    def find(self, name: str) -> FeedKind | None:
        """Return the kind of a feed; None if there is no feed of this name."""
        kind = self._kind(name)
        if kind is None or name in self._single:
            return kind
        return kind if _ID.fullmatch(name, len(kind.prefix)) else None

    def least_role(self, name: str) -> Role:
        """Return the role that reading a feed needs, which exists."""
        kind = self.find(name)
        assert kind is not None, "callers check that the feed exists"
        return kind.least_role

    def topics_of(self, feed: str) -> tuple[str, ...]:
        """Return the topics under which a message of a feed is found."""
        for prefix, merged_into in self._merged:
            if feed.startswith(prefix):
                return feed, merged_into
        return (feed,)

    def set_of(self, names: Iterable[str]) -> FeedSet:
        """Return the set of these feeds, all of which exist."""
        return self._kept_set(tuple(dict.fromkeys(names)))

    def stored_under(self, topics: Iterable[str]) -> tuple[list[str], list[str]]:
        """Return the (feeds, feed-name prefixes) that the store knows topics by."""
        feeds: list[str] = []
        prefixes: list[str] = []
        for topic in topics:
            merged = [kind.prefix for kind in self.kinds if kind.merged_into == topic]
            prefixes += merged
            feeds += [] if merged else [topic]
        return feeds, prefixes

    def _kind(self, name: str) -> FeedKind | None:
        return self._single.get(name) or self._many.get(name[: name.find("/") + 1])

    def _set(self, names: tuple[str, ...]) -> FeedSet:
        kinds = {name: self._kind(name) for name in names}
        states = sorted(name for name, kind in kinds.items() if kind and kind.is_state)
        messages = sorted(kinds.keys() - set(states))
        ending = {name for name, kind in kinds.items() if kind and kind.is_finite}
        return FeedSet(
            names=names,
            topics=tuple(name for name in messages if kinds.keys().isdisjoint(self.topics_of(name)[1:])),
            replayed=tuple(name for name in messages if name in ending),
            states=tuple(states),
            finite=len(ending) == len(names),
        )

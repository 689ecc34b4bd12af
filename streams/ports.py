"""What the feed asks of its surroundings: a durable store of messages."""

from collections.abc import Sequence
from typing import NewType, Protocol

from msgspec import Struct

Feed = NewType("Feed", str)
"""Name of a feed as on the wire: ``upload/arquivo1``, ``eventos``."""

Seq = NewType("Seq", int)
"""Position in the one log of a store. Rises across all feeds, is never used twice."""


class StoredMessage(Struct, frozen=True, gc=False):
    """A durable message.

    Attributes:
        feed: the feed it was published to.
        body: the JSON object as it goes over every wire, `id` included; UTF-8, no line breaks.
        final: it is the `finished` of its feed: nothing follows.
    """

    seq: int
    feed: str
    body: bytes
    final: bool = False


class FeedReader(Protocol):
    """Reads durable messages, from any connection, at any time."""

    async def bounds(self) -> tuple[int, int]:
        """Return (oldest, head).

        head: seq of the last committed message, 0 when there was none.
        oldest: a cursor at or above it can be resumed; one below is expired.
        """
        ...

    async def read(
        self, feeds: Sequence[str], prefixes: Sequence[str], *, after: int, upto: int, limit: int
    ) -> list[StoredMessage]:
        """Return messages with after < seq <= upto of these feeds or feed-name prefixes, by seq."""
        ...

    async def ends(self, feeds: Sequence[str]) -> dict[str, int]:
        """Return the seq of the final message of those feeds that have one."""
        ...


class FeedWriter(Protocol):
    """Appends messages within a transaction. They are told after its commit, in order of seq."""

    async def append(self, messages: Sequence[tuple[str, bytes, bool]]) -> None:
        """Add drafts of (feed, body, final), in order, to what the transaction tells.

        A draft's body is a JSON object that starts with `{"type":"…"`; the adapter puts
        `,"id":"epoch.seq"` right behind the type (see streams.messages.with_id). It draws seq as
        the last act before the commit, for the whole transaction at once: the order of seq is
        that of commits, and writers meet for that moment only.
        """
        ...

    async def prune(self, *, before_ms: int) -> int:
        """Delete messages older than that, but for final ones; return how many, at most 50,000 a call."""
        ...

"""What the feed asks of its surroundings: a durable store of messages, and where bytes go."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NewType, Protocol

from msgspec import Struct

if TYPE_CHECKING:
    from streams.frames import Encoding, Payload

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


class PersonLease(Struct, frozen=True):
    """A person that one process holds streams open for.

    Attributes:
        person: the key under which presence counts.
        since_ms: since when, milliseconds since 1970, UTC.
    """

    person: str
    name: str
    role: str
    since_ms: int
    connections: int


class LiveStore(Protocol):
    """Who is online, over all processes. A process that no longer renews takes its people along.

    Outside of transactions, and not durable: it tells of the present only.
    """

    async def renew(self, owner: str, *, now_ms: int, lease_ms: int) -> None:
        """Say that a process lives, and forget the people of those whose lease has ended."""
        ...

    async def put(self, owner: str, leases: Sequence[PersonLease]) -> None:
        """Set what a process holds for these people."""
        ...

    async def remove(self, owner: str, persons: Sequence[str]) -> None:
        """Forget these people of a process; absent is fine."""
        ...

    async def leave(self, owner: str) -> None:
        """Forget a process and its people."""
        ...

    async def everyone(self, *, now_ms: int) -> list[PersonLease]:
        """Return each person once: connections added up, since the first of them, longest first."""
        ...


class Outlet(Protocol):
    """Where the bytes of one reader go. It calls the reader's `pause`, `resume` and `lost`."""

    @property
    def encoding(self) -> Encoding:
        """How messages are framed here."""
        ...

    def write(self, payload: Payload) -> None:
        """Send, without waiting. Calls `pause` when the client does not take it as fast."""
        ...

    def buffered(self) -> int:
        """Return the bytes that the client has not taken yet, as far as known."""
        ...

    def close(self, payload: Payload, code: int) -> None:
        """Send a last payload and end; `code` is a WebSocket's. A client has seconds to take it."""
        ...

    def abort(self) -> None:
        """End at once."""
        ...

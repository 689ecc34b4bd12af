"""The ports of the feed: a durable store of messages, and outlets for bytes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct

from streams.frames import Encoding, Payload
from streams.stored import StoredMessage


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

    async def backlog(
        self, feeds: Sequence[str], prefixes: Sequence[str], *, after: int, limit: int
    ) -> tuple[int, int]:
        """Return how many messages of these feeds come after a seq, at most `limit`, and when the first came.

        Milliseconds since 1970, UTC; 0 where there are none.
        """
        ...

    async def latest(self, feed: str, *, limit: int) -> list[StoredMessage]:
        """Return the newest messages of a feed, the newest first."""
        ...

    async def ends(self, feeds: Sequence[str]) -> dict[str, int]:
        """Return the seq of the final message of those feeds that have one."""
        ...


class FeedWriter(Protocol):
    """Appends messages within a transaction. They are published after its commit, in order of seq."""

    async def append(self, messages: Sequence[tuple[str, bytes, bool]]) -> None:
        """Add drafts of (feed, body, final), in order, to the messages of the transaction.

        A draft's body is a JSON object that starts with `{"type":"…"`; the adapter puts
        `,"id":"epoch.seq"` right after the type (see streams.messages.with_id). It draws seq as
        the last act before the commit, for the whole transaction at once: the order of seq is
        that of commits, and writers meet for that moment only.
        """
        ...

    async def expired(self, *, before_ms: int, now_ms: int) -> int:
        """Return the seq up to which messages are older than that; 0 when none is.

        A message counts by the stamps of most of its neighbours, and stamps later than now do not count: a
        clock that ran ahead for a while keeps nothing alive, one that ran behind deletes nothing early.
        """
        ...

    async def prune(self, *, upto: int, limit: int) -> int | None:
        """Delete the oldest `limit` messages up to a seq, but for final ones; return how many are gone.

        None when there are none left up to there.
        """
        ...


class PersonLease(Struct, frozen=True):
    """A person with open streams in one process.

    Attributes:
        person: the key under which presence counts.
        since_ms: since when, milliseconds since 1970, UTC.
    """

    person: str
    name: str
    role: str
    since_ms: int
    connections: int


class Crowd(Struct, frozen=True):
    """The people of all processes: everyone counted, and some of them by name.

    Attributes:
        named: each person once, connections added up; those who came first at the front.
    """

    online: int
    connections: int
    named: Sequence[PersonLease]


class LiveStore(Protocol):
    """Who is online, in all processes. When a process stops renewing its lease, its people are removed.

    Outside of transactions, and not durable: it describes the present only.
    """

    async def renew(self, owner: str, *, now_ms: int, lease_ms: int) -> None:
        """Renew the lease of a process, and forget the people of those whose lease has ended."""
        ...

    async def put(self, owner: str, leases: Sequence[PersonLease]) -> None:
        """Store the streams of these people in a process."""
        ...

    async def remove(self, owner: str, persons: Sequence[str]) -> None:
        """Forget these people of a process; absent is fine."""
        ...

    async def leave(self, owner: str) -> None:
        """Forget a process and its people."""
        ...

    async def crowd(self, *, now_ms: int, most_named: int) -> Crowd:
        """Return the people of all processes, at a cost here that does not grow beyond `most_named`."""
        ...


class Outlet(Protocol):
    """The output of one reader. It calls the reader's `pause`, `resume` and `lost`."""

    @property
    def encoding(self) -> Encoding:
        """How messages are framed here."""
        ...

    def begin(self, payloads: Sequence[Payload]) -> None:
        """Send the first payloads, in one piece where that is possible."""
        ...

    def write(self, payload: Payload) -> None:
        """Send without waiting. Calls `pause` if the client reads too slowly."""
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

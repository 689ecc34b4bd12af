"""The durable log of the feed: one sequence over all feeds of the store."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

import sqlalchemy as sa

from api.storage.schema import feed_head, feed_messages
from api.storage.statements import kept
from api.storage.unit_of_work import Unit
from streams.messages import Draft
from streams.stored import StoredMessage

_BOUNDS = kept(sa.select(feed_head.c.oldest, feed_head.c.seq))
_NEIGHBOURS = 31
"""So many messages decide together how old they are."""

_COLUMNS = (
    feed_messages.c.seq,
    feed_messages.c.feed,
    feed_messages.c.body,
    feed_messages.c.final,
    feed_messages.c.trace,
)


class SqlMessages:
    """Buffers the messages of one transaction until it closes. Source: `streams.ports.FeedWriter`.

    Attributes:
        trace: the trace that they are stored in.
    """

    trace: str | None = None

    def __init__(self, unit: Unit) -> None:
        self._unit = unit
        self._drafts: list[Draft] = []

    async def append(self, messages: Sequence[Draft]) -> None:
        """Add drafts of (feed, body, final), which are published after the commit."""
        self._drafts.extend(messages)

    async def expired(self, *, before_ms: int, now_ms: int) -> int:
        """Return the seq up to which messages are older than that; 0 when none is.

        A message counts by the stamps of most of its neighbours, and stamps later than now do not count: a
        clock that ran ahead for a while keeps nothing alive, one that ran behind deletes nothing early.
        """
        oldest, newest = await self._bounds()
        low, high = oldest, newest
        while low < high:
            middle = (low + high + 1) // 2
            if await self._is_expired(middle, oldest, before_ms, now_ms):
                low = middle
            else:
                high = middle - 1
        # Of the neighbours of the last one some may be kept.
        last = _stamps(oldest, low).where(feed_messages.c.at_ms < before_ms).limit(1)
        row = await self._unit.first(last)
        return int(row.seq) if row else 0

    async def prune(self, *, upto: int, limit: int) -> int | None:
        """Delete the oldest `limit` messages up to a seq, but for final ones; return how many are gone.

        None when there are none left up to there.
        """
        oldest, _ = await self._bounds()
        if oldest >= upto:
            return None
        last = min(oldest + limit, upto)
        some = (feed_messages.c.seq > oldest, feed_messages.c.seq <= last, ~feed_messages.c.final)
        gone = await self._unit.run(sa.delete(feed_messages).where(*some))
        await self._unit.run(sa.update(feed_head).where(feed_head.c.oldest < last).values(oldest=last))
        return gone

    def take_drafts(self) -> list[Draft]:
        """Return the drafts so far, to be stored by the caller as the last act before the commit."""
        drafts, self._drafts = self._drafts, []
        return drafts

    async def _bounds(self) -> tuple[int, int]:
        row = await self._unit.first(_BOUNDS)
        assert row is not None, "the head of the log is made with the store"
        return row.oldest, row.seq

    async def _is_expired(self, seq: int, oldest: int, before_ms: int, now_ms: int) -> bool:
        told = _stamps(oldest, seq).where(feed_messages.c.at_ms <= now_ms).limit(_NEIGHBOURS)
        stamps: list[int] = [row.at_ms for row in await self._unit.rows(told)]
        return 2 * sum(at_ms < before_ms for at_ms in stamps) >= max(1, len(stamps))


def _stamps(oldest: int, upto: int) -> sa.Select[tuple[int, int]]:
    """Select when messages were stored, the newest first."""
    span = (feed_messages.c.seq > oldest, feed_messages.c.seq <= upto)
    columns = sa.select(feed_messages.c.seq, feed_messages.c.at_ms)
    return columns.where(*span).order_by(feed_messages.c.seq.desc())


class SqlFeedReader:
    """Reads the log, each call in a snapshot of its own. Source: `streams.ports.FeedReader`."""

    def __init__(self, units: Callable[[], AbstractAsyncContextManager[Unit]]) -> None:
        self._units = units

    async def bounds(self) -> tuple[int, int]:
        """Return (oldest, head)."""
        async with self._units() as unit:
            row = await unit.first(_BOUNDS)
        assert row is not None, "the head of the log is made with the store"
        return row.oldest, row.seq

    async def read(
        self, feeds: Sequence[str], prefixes: Sequence[str], *, after: int, upto: int, limit: int
    ) -> list[StoredMessage]:
        """Return messages with after < seq <= upto of these feeds or feed-name prefixes, by seq."""
        if not feeds and not prefixes:
            return []
        span = (feed_messages.c.seq > after, feed_messages.c.seq <= upto)
        parts = [
            sa.select(*_COLUMNS).where(feed_messages.c.feed == feed, *span) for feed in dict.fromkeys(feeds)
        ]
        if prefixes:
            parts = [sa.select(*_COLUMNS).where(_of(feeds, prefixes), *span)]
        async with self._units() as unit:
            rows = await unit.rows(_merged(parts, limit))
        return [_stored(row) for row in rows]

    async def latest(self, feed: str, *, limit: int) -> list[StoredMessage]:
        """Return the newest messages of a feed, the newest first."""
        statement = sa.select(*_COLUMNS).where(feed_messages.c.feed == feed)
        async with self._units() as unit:
            rows = await unit.rows(statement.order_by(feed_messages.c.seq.desc()).limit(limit))
        return [_stored(row) for row in rows]

    async def backlog(
        self, feeds: Sequence[str], prefixes: Sequence[str], *, after: int, limit: int
    ) -> tuple[int, int]:
        """Return how many messages of these feeds follow a seq, at most `limit`, and when the first came."""
        some = (
            sa.select(feed_messages.c.at_ms)
            .where(feed_messages.c.seq > after, _of(feeds, prefixes))
            .order_by(feed_messages.c.seq)
            .limit(limit)
            .subquery()
        )
        both = sa.select(sa.func.count().label("n"), sa.func.min(some.c.at_ms).label("oldest_ms"))
        async with self._units() as unit:
            row = await unit.first(both.select_from(some))
        return (int(row.n), int(row.oldest_ms or 0)) if row else (0, 0)

    async def ends(self, feeds: Sequence[str]) -> dict[str, int]:
        """Return the seq of the final message of those feeds that have one."""
        statement = (
            sa.select(feed_messages.c.feed, sa.func.max(feed_messages.c.seq).label("seq"))
            .where(feed_messages.c.final, feed_messages.c.feed.in_(feeds))
            .group_by(feed_messages.c.feed)
        )
        async with self._units() as unit:
            return {row.feed: row.seq for row in await unit.rows(statement)}


def _stored(row: Any) -> StoredMessage:
    return StoredMessage(row.seq, row.feed, bytes(row.body), bool(row.final), row.trace)


def _merged(parts: list[sa.Select[Any]], limit: int) -> sa.Select[Any]:
    """Merge reads of several feeds: each by its own index, none longer than what is asked for."""
    limited = [part.order_by(feed_messages.c.seq).limit(limit) for part in parts]
    if len(limited) == 1:
        return limited[0]
    merged = sa.union_all(*[sa.select(part.subquery()) for part in limited]).subquery()
    return sa.select(merged).order_by(merged.c.seq).limit(limit)


def _of(feeds: Sequence[str], prefixes: Sequence[str]) -> sa.ColumnElement[bool]:
    """Of these feeds, or in the range of names that a prefix begins."""
    ranges = [
        sa.and_(feed_messages.c.feed >= prefix, feed_messages.c.feed < prefix + "\U0010ffff")
        for prefix in prefixes
    ]
    return sa.or_(feed_messages.c.feed.in_(feeds), *ranges)

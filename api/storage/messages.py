"""The durable log of the feed: one sequence over all feeds of the store."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

import sqlalchemy as sa

from api.storage.schema import feed_head, feed_messages
from api.storage.unit import Unit
from streams.messages import with_id
from streams.ports import StoredMessage

_PRUNE_AT_MOST = 50_000
_COLUMNS = (feed_messages.c.seq, feed_messages.c.feed, feed_messages.c.body, feed_messages.c.final)


class SqlMessages:
    """Appends of one transaction, kept back until it closes. Source: `streams.ports.FeedWriter`."""

    def __init__(self, unit: Unit, *, epoch: str, clock_ms: Callable[[], int]) -> None:
        self._unit = unit
        self._epoch = epoch
        self._clock_ms = clock_ms
        self._drafts: list[tuple[str, bytes, bool]] = []

    async def append(self, messages: Sequence[tuple[str, bytes, bool]]) -> None:
        """Add drafts of (feed, body, final) to what the transaction tells when it commits."""
        self._drafts.extend(messages)

    async def prune(self, *, before_ms: int) -> int:
        """Delete messages older than that, but for final ones; at most 50,000 a call."""
        first_kept = await self._first_kept(before_ms)
        gone = await self._unit.run(
            sa.delete(feed_messages).where(feed_messages.c.seq < first_kept, ~feed_messages.c.final)
        )
        if gone:
            await self._unit.run(
                sa.update(feed_head).where(feed_head.c.oldest < first_kept - 1).values(oldest=first_kept - 1)
            )
        return gone

    @property
    def drafted(self) -> bool:
        """There are drafts to flush."""
        return bool(self._drafts)

    async def flush(self) -> list[StoredMessage]:
        """Store the drafts and return them with their seq. The last act before the commit.

        Taking the seqs locks the head of the log until the commit, so it comes as late as can be.
        """
        drafts, self._drafts = self._drafts, []
        if not drafts:
            return []
        seq = await self._take_seqs(len(drafts))
        stored = [
            StoredMessage(seq, feed, with_id(body, self._epoch, seq), final)
            for seq, (feed, body, final) in enumerate(drafts, seq)
        ]
        at_ms = self._clock_ms()
        rows = [(message.seq, message.feed, message.body, message.final, at_ms) for message in stored]
        await self._unit.insert_rows(feed_messages, rows)
        return stored

    async def _take_seqs(self, count: int) -> int:
        row = await self._unit.first(
            sa.update(feed_head).values(seq=feed_head.c.seq + count).returning(feed_head.c.seq)
        )
        assert row is not None, "the head of the log is made with the store"
        return int(row.seq) - count + 1

    async def _first_kept(self, before_ms: int) -> int:
        expired = (
            sa.select(feed_messages.c.seq, feed_messages.c.at_ms)
            .where(~feed_messages.c.final)
            .order_by(feed_messages.c.seq)
            .limit(_PRUNE_AT_MOST)
            .subquery()
        )
        kept = sa.select(sa.func.min(expired.c.seq)).where(expired.c.at_ms >= before_ms)
        row = await self._unit.first(sa.select(kept.scalar_subquery(), sa.func.max(expired.c.seq)))
        assert row is not None, "an aggregate has a row"
        return int(row[0] or (row[1] or 0) + 1)


class SqlFeedReader:
    """Reads the log, each call in a snapshot of its own. Source: `streams.ports.FeedReader`."""

    def __init__(self, units: Callable[[], AbstractAsyncContextManager[Unit]]) -> None:
        self._units = units

    async def bounds(self) -> tuple[int, int]:
        """Return (oldest, head)."""
        async with self._units() as unit:
            row = await unit.first(sa.select(feed_head.c.oldest, feed_head.c.seq))
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
        return [StoredMessage(row.seq, row.feed, bytes(row.body), bool(row.final)) for row in rows]

    async def ends(self, feeds: Sequence[str]) -> dict[str, int]:
        """Return the seq of the final message of those feeds that have one."""
        statement = (
            sa.select(feed_messages.c.feed, sa.func.max(feed_messages.c.seq).label("seq"))
            .where(feed_messages.c.final, feed_messages.c.feed.in_(feeds))
            .group_by(feed_messages.c.feed)
        )
        async with self._units() as unit:
            return {row.feed: row.seq for row in await unit.rows(statement)}


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

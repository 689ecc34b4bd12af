"""Finds the start position of a new connection: fresh, recovered or reset.

Source: docs/feed-protocol.md, "Connecting and resuming".
"""

import asyncio
from typing import Literal

from msgspec import Struct

from streams.cursor import Cursor, parse_cursor
from streams.feeds import FeedSet
from streams.history import History
from streams.log import Log
from streams.messages import ResetReason, Resume

Replay = Literal["all", "none"]

_CATCH_UP_SECONDS = 3.0


class Opening(Struct, frozen=True):
    """The start position of a new reader.

    Attributes:
        after: it reads the messages after this seq.
        replayed: topics that it reads up to `joint`; from there on, all of its feeds.
        ends: seq of the last message of its feeds that have come to their end.
        over: it has seen the end of all its feeds: there is nothing to open.
        seen: digests of the states that the client knows.
    """

    resume: Resume
    after: int
    replayed: tuple[str, ...]
    joint: int
    ends: dict[str, int]
    reason: ResetReason | None = None
    over: bool = False
    seen: str = ""


class Opener:
    """Finds the start position for a cursor."""

    def __init__(self, log: Log, history: History) -> None:
        self._log = log
        self._history = history

    def open_at_once(self, feeds: FeedSet, cursor_text: str | None) -> Opening | None:
        """Return where a client goes on whose messages the ring has; None where the store has to be asked."""
        cursor = parse_cursor(cursor_text) if cursor_text is not None else None
        if cursor is None or cursor.epoch != self._log.epoch or feeds.finite:
            return None
        is_held = cursor.seq >= self._log.start or not feeds.topics
        if not is_held or cursor.seq > self._log.head:
            return None
        return Opening("recovered", cursor.seq, (), 0, {}, seen=cursor.seen)

    async def open(self, feeds: FeedSet, cursor_text: str | None, replay: Replay | None) -> Opening:
        """Return where to start. `cursor_text` and `replay` are what the client sent, if anything."""
        if cursor_text is None:
            return await self._from_now(feeds, _wanted(feeds, replay))
        cursor = parse_cursor(cursor_text)
        reason = await self._fault(feeds, cursor)
        if reason is not None or cursor is None:
            return await self._from_now(feeds, feeds.replayed, reason)
        ends = await self._ends(feeds)
        over = feeds.finite and len(ends) == len(feeds.topics) and max(ends.values()) <= cursor.seq
        return Opening("recovered", cursor.seq, (), 0, ends, over=over, seen=cursor.seen)

    async def _fault(self, feeds: FeedSet, cursor: Cursor | None) -> ResetReason | None:
        if cursor is None:
            return "malformed"
        if cursor.epoch != self._log.epoch:
            return "epoch"
        if cursor.seq > self._log.head and not await self._will_reach(cursor.seq):
            return "ahead"
        if feeds.topics and cursor.seq < self._log.start and cursor.seq < await self._history.oldest():
            return "expired"
        return None

    async def _will_reach(self, seq: int) -> bool:
        """Wait for a message that another process committed and this one is about to receive."""
        if seq > await self._history.newest():
            return False
        try:
            async with asyncio.timeout(_CATCH_UP_SECONDS):
                while self._log.head < seq:  # noqa: ASYNC110 - too rare for an event on every append.
                    await asyncio.sleep(0.01)
        except TimeoutError:
            return False
        return True

    async def _from_now(
        self,
        feeds: FeedSet,
        replayed: tuple[str, ...],
        reason: ResetReason | None = None,
    ) -> Opening:
        ends = await self._ends(feeds)
        head = self._log.head
        after = await self._before_first(replayed, head) if replayed else head
        whole = replayed == feeds.topics
        resume: Resume = "fresh" if reason is None else "reset"
        return Opening(resume, after, replayed, 0 if whole else head, ends, reason)

    async def _ends(self, feeds: FeedSet) -> dict[str, int]:
        return await self._history.ends(feeds.replayed) if feeds.finite else {}

    async def _before_first(self, topics: tuple[str, ...], head: int) -> int:
        """Return the highest seq at or below `head` that has no message of these topics before it."""
        after = 0
        while after < head:
            page = await self._history.load_page(topics, after, head)
            if page.frames:
                return page.frames[0].seq - 1
            after = page.covered
        return head


def _wanted(feeds: FeedSet, replay: Replay | None) -> tuple[str, ...]:
    if replay is None:
        return feeds.replayed
    return feeds.topics if replay == "all" else ()

"""A view: the live end of one set of feeds, shared by all its readers."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from streams.feeds import FeedSet
    from streams.frames import Encoding, Frame, Payload
    from streams.log import Log
    from streams.messages import ByeReason

SLICE = 32
"""Writes between two looks at the clock."""

FLUSH_BYTES = 256 * 1024

Write = Callable[["Payload"], None]

logger = logging.getLogger(__name__)


class Member(Protocol):
    """A reader that is up to date, or a poll that waits."""

    @property
    def encoding(self) -> Encoding:
        """How messages are framed for it."""
        ...

    @property
    def write(self) -> Write:
        """Writes what all members get."""
        ...

    def broken(self) -> None:
        """Leave the view: `write` has failed."""
        ...

    def end(self, reason: ByeReason) -> None:
        """Close, with a reason."""
        ...


class Pausing(Member, Protocol):
    """A member whose client may not take what is written."""

    def fall_behind(self, after: int) -> None:
        """Leave the view; nothing after seq `after` has been written to it."""
        ...


class Cohort:
    """Members at the same position with the same encoding: all are written the same bytes."""

    __slots__ = ("encoding", "members")

    def __init__(self, encoding: Encoding) -> None:
        self.encoding = encoding
        self.members: dict[Member, Write] = {}


class View:
    """The pending messages for the up-to-date readers of a set of feeds.

    Attributes:
        flushed_at: when something was last written to all, in seconds of the loop's clock.
        readers: how many hold this view, up to date or not.
        ends: seq of the last message of the feeds that have come to their end.
    """

    def __init__(self, feeds: FeedSet, log: Log, clock: Callable[[], float]) -> None:
        self.feeds = feeds
        self.flushed_at = clock()
        self._clock = clock
        self.ends: dict[str, int] = {}
        self.readers = 0
        self.dirty = False
        self._log = log
        self._pending: list[Frame] = []
        self._states: dict[str, Frame] = {}
        self._cohorts: dict[str, Cohort] = {}
        self._paused: set[Pausing] = set()
        self._gone: set[Write] | None = None  # Members that left during the flush that is running.

    @property
    def position(self) -> int:
        """The seq up to which everything was written to the up-to-date readers."""
        return self._pending[0].seq - 1 if self._pending else self._log.head

    @property
    def end(self) -> int | None:
        """The seq at which all feeds have ended; None while one has not."""
        if not self.feeds.finite or len(self.ends) < len(self.feeds.topics):
            return None
        return max(self.ends.values())

    def publish(self, frame: Frame) -> None:
        """Keep a message for the next flush."""
        self._pending.append(frame)
        if frame.final and frame.feed in self.feeds.topics:
            self.ends[frame.feed] = frame.seq

    def publish_state(self, feed: str, frame: Frame) -> None:
        """Keep a state for the next flush; it replaces one that was not flushed yet."""
        self._states[feed] = frame

    def join(self, member: Member) -> None:
        """Add a member that has everything up to `position`."""
        encoding = member.encoding
        self._cohorts.setdefault(encoding.name, Cohort(encoding)).members[member] = member.write

    def leave(self, member: Member) -> None:
        """Remove a member, if it is one."""
        cohort = self._cohorts.get(member.encoding.name)
        if cohort is None or (write := cohort.members.pop(member, None)) is None:
            return
        if self._gone is not None:
            self._gone.add(write)
        if not cohort.members:
            del self._cohorts[member.encoding.name]

    def pause(self, member: Pausing) -> None:
        """Let a member fall behind at the next flush, unless it resumes before."""
        self._paused.add(member)

    def resume(self, member: Pausing) -> None:
        """Take back `pause`, if there was one."""
        self._paused.discard(member)

    def flush(self) -> Iterator[None]:
        """Write what is pending to all members; yields between slices of the work."""
        before = self.position
        frames = self._take()
        states, self._states = list(self._states.values()), {}
        finished = self.end is not None and self.position >= self.end
        if not (frames or states):
            return
        while self._paused:
            self._paused.pop().fall_behind(before)
        self.flushed_at = self._clock()
        self._gone = set()
        try:
            # A copy: a member that joins during the flush has these messages already.
            for cohort, writes in [(one, list(one.members.values())) for one in self._cohorts.values()]:
                payload = cohort.encoding.join([*frames, *states])
                for start in range(0, len(writes), SLICE):
                    self._hand(payload, writes[start : start + SLICE], cohort)
                    yield
                if finished:
                    yield from self._finish(cohort)
        finally:
            self._gone = None

    def _hand(self, payload: Payload, writes: Sequence[Write], cohort: Cohort) -> None:
        # Members are not touched: with thousands of clients, each touch misses the CPU cache.
        if self._gone:
            writes = [write for write in writes if write not in self._gone]
        for write in writes:
            try:
                write(payload)
            except Exception:
                # A broken stream must not stop the flush for the others.
                logger.exception("a stream could not be written")
                for member in [one for one, its_write in cohort.members.items() if its_write == write]:
                    member.broken()

    def _finish(self, cohort: Cohort) -> Iterator[None]:
        for count, member in enumerate(list(cohort.members), 1):
            member.end("finished")
            if count % SLICE == 0:
                yield

    def _take(self) -> list[Frame]:
        size = 0
        for count, frame in enumerate(self._pending, 1):
            size += len(frame.body)
            if size >= FLUSH_BYTES:
                taken, self._pending = self._pending[:count], self._pending[count:]
                return taken
        taken, self._pending = self._pending, []
        return taken

    @property
    def waiting(self) -> bool:
        """Whether another flush is needed."""
        return bool(self._pending or self._states)

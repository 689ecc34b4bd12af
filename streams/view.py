"""The live end of one set of feeds, shared by everybody who reads that set."""

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
    """One who is up to date: a reader, or a poll that waits."""

    @property
    def encoding(self) -> Encoding:
        """How messages are framed for it."""
        ...

    @property
    def write(self) -> Write:
        """Takes what everybody gets."""
        ...

    def broken(self) -> None:
        """Leave: `write` has failed."""
        ...

    def end(self, reason: ByeReason) -> None:
        """Close, and say why."""
        ...


class Pausing(Member, Protocol):
    """A member whose client may not take what is written."""

    def fall_behind(self, after: int) -> None:
        """Leave; what comes behind `after` has not been written."""
        ...


class Cohort:
    """Members of one encoding at the same position, with their `write`: all are handed the same bytes."""

    __slots__ = ("encoding", "members")

    def __init__(self, encoding: Encoding) -> None:
        self.encoding = encoding
        self.members: dict[Member, Write] = {}


class View:
    """What waits to be written to the readers of a set of feeds that are up to date.

    Attributes:
        flushed_at: when something was last written to all, in seconds of the loop's clock.
        readers: how many hold on to this view, up to date or not.
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
        self._gone: set[Write] | None = None  # Those who left since the flush under way began.

    @property
    def position(self) -> int:
        """Everything up to this seq has been handed to the readers that are up to date."""
        return self._pending[0].seq - 1 if self._pending else self._log.head

    @property
    def end(self) -> int | None:
        """Seq at which all feeds are at their end, None while one is not."""
        if not self.feeds.finite or len(self.ends) < len(self.feeds.topics):
            return None
        return max(self.ends.values())

    def publish(self, frame: Frame) -> None:
        """Take a message for the next flush."""
        self._pending.append(frame)
        if frame.final and frame.feed in self.feeds.topics:
            self.ends[frame.feed] = frame.seq

    def publish_state(self, feed: str, frame: Frame) -> None:
        """Take a state for the next flush; it replaces one that has not gone out."""
        self._states[feed] = frame

    def join(self, member: Member) -> None:
        """Take in one who has been handed everything up to `position`."""
        encoding = member.encoding
        self._cohorts.setdefault(encoding.name, Cohort(encoding)).members[member] = member.write

    def leave(self, member: Member) -> None:
        """Let go of a member; one that is not in is fine."""
        cohort = self._cohorts.get(member.encoding.name)
        if cohort is None or (write := cohort.members.pop(member, None)) is None:
            return
        if self._gone is not None:
            self._gone.add(write)
        if not cohort.members:
            del self._cohorts[member.encoding.name]

    def pause(self, member: Pausing) -> None:
        """Have a member that is in fall behind at the next flush, unless it resumes before."""
        self._paused.add(member)

    def resume(self, member: Pausing) -> None:
        """Take back `pause`; one that has not paused is fine."""
        self._paused.discard(member)

    def flush(self) -> Iterator[None]:
        """Hand what is pending to everybody in; yields between slices of the work."""
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
            # All of them now: who joins amid the flush has these messages already.
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
        # The members are not touched: with thousands of clients, each touch is a miss of the cache.
        if self._gone:
            writes = [write for write in writes if write not in self._gone]
        for write in writes:
            try:
                write(payload)
            except Exception:
                # One that is broken must not stop the flush for all others.
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
        """Tell whether another flush is needed."""
        return bool(self._pending or self._states)

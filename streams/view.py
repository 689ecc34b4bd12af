"""The live end of one set of feeds, shared by everybody who reads that set."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from streams.feeds import FeedSet
    from streams.frames import Encoding, Frame, Payload
    from streams.log import Log
    from streams.messages import ByeReason

SLICE = 32
"""Writes between two looks at the clock."""

FLUSH_BYTES = 256 * 1024


class Member(Protocol):
    """One who is up to date: a reader, or a poll that waits."""

    @property
    def encoding(self) -> Encoding:
        """How messages are framed for it."""
        ...

    def deliver(self, payload: Payload, *, before: int) -> bool:
        """Take what everybody gets, which is what comes behind `before`; tell whether it was taken."""
        ...

    def end(self, reason: ByeReason) -> None:
        """Close, and say why."""
        ...


class Cohort:
    """Readers of one encoding at the same position: all are handed the same bytes."""

    __slots__ = ("encoding", "readers")

    def __init__(self, encoding: Encoding) -> None:
        self.encoding = encoding
        self.readers: dict[Member, None] = {}


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

    def join(self, reader: Member) -> None:
        """Take in a reader that has been handed everything up to `position`."""
        encoding = reader.encoding
        self._cohorts.setdefault(encoding.name, Cohort(encoding)).readers[reader] = None

    def leave(self, reader: Member) -> None:
        """Let go of a reader; one that is not in is fine."""
        cohort = self._cohorts.get(reader.encoding.name)
        if cohort is not None:
            cohort.readers.pop(reader, None)
            if not cohort.readers:
                del self._cohorts[reader.encoding.name]

    def flush(self) -> Iterator[None]:
        """Hand what is pending to everybody in; yields between slices of the work."""
        before = self.position
        frames = self._take()
        states, self._states = list(self._states.values()), {}
        finished = self.end is not None and self.position >= self.end
        if frames or states:
            self.flushed_at = self._clock()
            # All of them now: who joins amid the flush has these messages already.
            for encoding, readers in [(one.encoding, list(one.readers)) for one in self._cohorts.values()]:
                payload = encoding.join([*frames, *states])
                for count, reader in enumerate(readers):
                    if reader.deliver(payload, before=before) and finished:
                        reader.end("finished")
                    if count % SLICE == SLICE - 1:
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

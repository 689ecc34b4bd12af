"""Decides when bytes are written: at once when idle, otherwise coalesced.

The cost of fan-out is the write, not the message. So there is one flush at a time, and a gap
after it, measured from its end: what is published meanwhile joins the next one. Where flushes would
take more than `SHARE` of the time, the gaps grow.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from streams.view import View

HOLD_SECONDS = 0.008
"""How long a flush keeps the loop before others get their turn."""

SHARE = 0.6
"""The part of the time that flushes may take; the rest is for the requests that publish."""
LONGEST_GAP_SECONDS = 0.01
SPARE_SECONDS = 0.02
"""How much time for flushes a quiet feed saves up: a few messages do not wait for each other."""

logger = logging.getLogger(__name__)


class Lagging(Protocol):
    """A lagging reader, which is scheduled for its next page."""

    def advance(self) -> None:
        """Read and write the next part."""
        ...


class Flusher:
    """Flushes views with new messages, then schedules lagging readers."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        gap_seconds: float,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._loop = loop
        self._clock = clock
        self._gap_seconds = gap_seconds
        self._dirty: deque[View] = deque()
        self._behind: deque[Lagging] = deque()
        self._idle = True
        self._work: Iterator[None] = iter(())
        self._budget = SPARE_SECONDS
        self._budgeted_at = clock()

    @property
    def idle(self) -> bool:
        """Whether nothing is left to write."""
        return self._idle

    def flush(self, view: View) -> None:
        """Schedule the flush of a view."""
        if not view.dirty:
            view.dirty = True
            self._dirty.append(view)
            self._wake()

    def advance(self, reader: Lagging) -> None:
        """Schedule a lagging reader."""
        self._behind.append(reader)
        self._wake()

    def _wake(self) -> None:
        if self._idle:
            self._idle = False
            self._loop.call_soon(self._begin)

    def _begin(self) -> None:
        self._work = self._cycle()
        self._step()

    def _step(self) -> None:
        begun = self._clock()
        try:
            for _ in self._work:
                if self._clock() - begun > HOLD_SECONDS:
                    self._loop.call_soon(self._step)
                    return
        except Exception:
            # What is left in the queues comes with the next flush: the feed must not stop for all.
            logger.exception("a flush was cut short")
        finally:
            self._budget -= self._clock() - begun
        # An outlet without a transport of its own may write one turn of the loop later, and some
        # transports at the end of that turn: only then is the flush over.
        self._loop.call_soon(self._loop.call_soon, self._rest)

    def _rest(self) -> None:
        self._loop.call_later(self._gap(), self._gap_over)

    def _gap(self) -> float:
        now = self._clock()
        earned = (now - self._budgeted_at) * SHARE
        self._budgeted_at = now
        # One gap makes up for any flush: with many thousands of readers nobody waits longer than that.
        self._budget = max(-LONGEST_GAP_SECONDS * SHARE, min(self._budget + earned, SPARE_SECONDS))
        # A lagging reader wants all that it missed: nothing would join what it is given next.
        return self._gap_seconds if self._behind else max(self._gap_seconds, -self._budget / SHARE)

    def _gap_over(self) -> None:
        if self._dirty or self._behind:
            self._begin()
        else:
            self._idle = True

    def _cycle(self) -> Iterator[None]:
        for _ in range(len(self._dirty)):
            view = self._dirty.popleft()
            view.dirty = False
            yield from view.flush()
            if view.waiting:
                self.flush(view)
            yield
        for _ in range(len(self._behind)):
            self._behind.popleft().advance()
            yield

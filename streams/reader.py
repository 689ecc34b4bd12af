"""One reader of some feeds: first history, then live, without a gap; the same for all transports.

A reader is a position. While it is up to date it stands in a cohort of its view and has no
position of its own; it falls behind when its client does not take what was written.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from streams.frames import opening_frame, passing_frame
from streams.messages import Bye, ByeReason, Hello, encode
from streams.ports import Outlet

if TYPE_CHECKING:
    from streams.context import ReaderContext
    from streams.frames import Encoding, Frame, Payload
    from streams.history import Page
    from streams.registry import Slot
    from streams.start_position import Opening
    from streams.view import View, Write

CLOSE_CODES: dict[ByeReason, int] = {
    "finished": 1000,
    "drain": 1012,
    "expired": 4401,
    "renew": 1001,
    "slow": 4408,
    "limit": 4429,
    "unavailable": 1013,
}
_PAGES_AT_ONCE = 4
_STALL_CHECK_SECONDS = 1.0

logger = logging.getLogger(__name__)


class Reader:
    """Moves one outlet along the log until either side ends it."""

    __slots__ = (
        "_after",
        "_buffered",
        "_closed",
        "_hub",
        "_is_watched",
        "_joined",
        "_opening",
        "_outlet",
        "_paused",
        "_queued",
        "_renew_at",
        "_sent_at",
        "_slot",
        "_stalled_since",
        "_states",
        "_view",
        "encoding",
    )

    def __init__(
        self, hub: ReaderContext, view: View, outlet: Outlet, opening: Opening, slot: Slot[Any]
    ) -> None:
        self.encoding: Encoding = outlet.encoding
        self._hub = hub
        self._view = view
        self._outlet = outlet
        self._opening = opening
        self._slot = slot
        self._after = opening.after
        self._closed = False
        self._joined = False
        self._paused = False
        self._is_watched = False
        self._queued = False
        # What it was told of the states when it began to read history; they may change until it joins.
        self._states: Sequence[Frame] = ()
        self._buffered = 0
        self._stalled_since = 0.0
        self._sent_at = hub.clock()
        self._renew_at = self._sent_at + hub.stream_seconds(self.encoding.transport)

    @property
    def paused(self) -> bool:
        """Return whether the client does not take what is written."""
        return self._paused

    @property
    def write(self) -> Write:
        """Writes the shared bytes of the cohort."""
        return self._outlet.write

    @property
    def closed(self) -> bool:
        """Return whether nothing will be written any more."""
        return self._closed

    def start(self, hello: Hello) -> None:
        """Write hello, the states and the first page in one piece, then read on."""
        frame = opening_frame(encode(hello), cursor=hello.cursor, retry_ms=self._hub.retry_ms())
        self._states = self._hub.states.frames(self._view.feeds.states)
        first = [self.encoding.join([frame, *self._states])]
        if not self._is_there() and (page := self._page()) is not None and page.frames:
            first.append(page.joined(self.encoding))
        self._guarded(self._outlet.begin, first)
        self._slot.attach(self.end)
        self.advance()

    def advance(self) -> None:
        """Write the next page of history, if the outlet accepts it and the ring has it."""
        self._queued = False
        for _ in range(_PAGES_AT_ONCE):
            if self._closed or self._paused or self._joined or self._arrive():
                return
            page = self._page()
            if page is None:
                self._hub.history.load(*self._stretch(), self.advance)
                return
            if page.frames:
                self._write(page.joined(self.encoding))
        self._queue()

    def pause(self) -> None:
        """The outlet is full: write no more."""
        self._paused = True
        self._buffered = self._outlet.buffered()
        self._stalled_since = now = self._hub.clock()
        if not self._is_watched:
            self._is_watched = True
            self._hub.watch(self._check_stall, now + _STALL_CHECK_SECONDS)
        if self._joined:
            self._view.pause(self)

    def resume(self) -> None:
        """The outlet is empty again."""
        self._paused = False
        if self._joined:
            self._view.resume(self)
        else:
            self._queue()

    def fall_behind(self, after: int) -> None:
        """Leave the cohort, because the client reads too slowly."""
        self._sent_at = max(self._sent_at, self._view.flushed_at)
        self._leave()
        self._after = after

    def broken(self) -> None:
        """Leave an outlet that cannot be written."""
        self.lost()
        self._outlet.abort()

    def lost(self) -> None:
        """The client is gone."""
        if not self._closed:
            self._close()

    def end(self, reason: ByeReason) -> None:
        """Write the reason as the last message, and close."""
        if self._closed:
            return
        retry_ms = self._hub.retry_ms(reason)
        bye = passing_frame(encode(Bye(reason, retry_ms)), retry_ms=retry_ms)
        payload = self.encoding.join([bye])
        self._close()
        self._guarded(self._outlet.close, payload, CLOSE_CODES[reason])

    @property
    def first_check(self) -> float:
        """When to call `check` first."""
        return min(self._sent_at + self._hub.options.heartbeat_seconds, self._renew_at)

    def check(self, now: float) -> float | None:
        """Send heartbeats, end old streams; return when to check again, None when closed."""
        if self._closed:
            return None
        if self._paused:
            # Before long it takes something again, or is ended as slow.
            return now + self._hub.options.heartbeat_seconds
        if now >= self._renew_at:
            self.end("renew")
            return None
        quiet_since = max(self._sent_at, self._view.flushed_at) if self._joined else self._sent_at
        silence = self._hub.options.heartbeat_seconds
        if now - quiet_since >= silence:
            self._write(self._hub.heartbeat(self.encoding))
            quiet_since = now
        return min(quiet_since + silence, self._renew_at)

    def _check_stall(self, now: float) -> float | None:
        """End a stream whose client takes nothing; return when to look again, None once it does."""
        if self._closed or not self._paused:
            self._is_watched = False
            return None
        buffered = self._outlet.buffered()
        if buffered < self._buffered:
            self._stalled_since = now
        self._buffered = buffered
        if now - self._stalled_since >= self._hub.options.slow_seconds:
            self.end("slow")
            return None
        return now + _STALL_CHECK_SECONDS

    def _arrive(self) -> bool:
        """Join the cohort, or end, if there is nothing more to read; return whether it did."""
        end = self._view.end
        if end is not None and self._after >= end:
            self.end("finished")
            return True
        if not self._is_there():
            return False
        if self._after > self._view.position:
            # The flush of these messages is on its way; it must not bring them a second time.
            self._queue()
            return True
        self._join()
        return True

    def _join(self) -> None:
        self._joined = True
        self._view.join(self)
        known, self._states = self._states, ()
        states = [one for one in self._hub.states.frames(self._view.feeds.states) if one not in known]
        if states:
            self._write(self.encoding.join(states))

    def _is_there(self) -> bool:
        return self._after >= max(self._view.position, self._opening.joint)

    def _page(self) -> Page | None:
        """Move over the next page of history, and return it; None when it is in the store."""
        page = self._hub.history.page(*self._stretch())
        if page is not None:
            self._after = page.covered
        return page

    def _stretch(self) -> tuple[tuple[str, ...], int, int]:
        """Return topics, and the seqs after which and up to which they are to be read next."""
        if self._after < self._opening.joint:
            return self._opening.replayed, self._after, self._opening.joint
        return self._view.feeds.topics, self._after, self._view.position

    def _queue(self) -> None:
        if not (self._queued or self._closed):
            self._queued = True
            self._hub.flusher.advance(self)

    def _write(self, payload: Payload) -> None:
        self._sent_at = self._hub.clock()
        self._guarded(self._outlet.write, payload)

    def _guarded(self, act: Callable[..., None], *how: Any) -> None:
        """Call the outlet; its failure must not stop the caller."""
        try:
            act(*how)
        except Exception:
            logger.exception("a stream could not be written")
            self.broken()

    def _close(self) -> None:
        self._closed = True
        self._leave()
        self._hub.release(self._view)
        self._slot.release()

    def _leave(self) -> None:
        if self._joined:
            self._joined = False
            self._view.resume(self)
            self._view.leave(self)

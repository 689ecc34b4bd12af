"""One long poll: collects messages into one answer.

Source: docs/feed-protocol.md, "Long poll".
"""

import asyncio
from contextlib import suppress

from msgspec import Struct

from streams.cursor import Cursor
from streams.feeds import FeedSet
from streams.frames import POLL, Frame, Payload, passing_frame
from streams.hub import FeedHub
from streams.messages import Bye, ByeReason, encode
from streams.registry import P, Slot
from streams.start_position import Opening
from streams.view import View

READ_SECONDS = 5.0
"""How long the store has for what is no longer in memory."""


class Answer(Struct, frozen=True):
    """The answer of a poll: the cursor for the next poll, and message bodies.

    `ended` is set when the server ended the wait: the reason.
    """

    cursor: str
    messages: list[bytes]
    ended: ByeReason | None = None


class Poll:
    """Waits in a view until there is something to answer."""

    encoding = POLL

    def __init__(self, hub: FeedHub[P], feeds: FeedSet, opening: Opening, slot: Slot[P]) -> None:
        self._hub = hub
        self._feeds = feeds
        self._opening = opening
        self._after = opening.after
        self._seen = opening.seen
        self._woken = asyncio.Event()
        self._ended: ByeReason | None = None
        self._is_hurried = False
        self._who = slot.who
        slot.attach(self.end)

    def write(self, payload: Payload) -> None:  # noqa: ARG002 - it reads by itself.
        """Wake up: the answer is read from the log."""
        self._woken.set()

    def broken(self) -> None:
        """Answer now; the client asks again."""
        self.end("unavailable")

    def end(self, reason: ByeReason) -> None:
        """Answer now."""
        if reason != "finished":
            self._ended = reason
        self._woken.set()

    def hurry(self) -> None:
        """Answer now, with what there is."""
        self._is_hurried = True
        self._woken.set()

    async def answer(self, wait_seconds: float) -> Answer:
        """Return available messages, or the first ones within the wait, or none."""
        view = self._hub.hold(self._feeds, self._opening)
        frames: list[Frame] = []
        try:
            frames = await self._first(view, wait_seconds)
            end = view.end
            if self._ended is None and end is not None and self._after >= end:
                frames.append(self._bye("finished"))
        except TimeoutError:
            self._ended = "unavailable"
        finally:
            self._hub.release(view)
        if self._ended is not None:
            frames.append(self._bye(self._ended))
        cursor = Cursor(self._hub.log.epoch, self._after, self._hub.states.digest(self._feeds.states))
        return Answer(str(cursor), [frame.body for frame in frames], self._ended)

    async def _first(self, view: View, wait_seconds: float) -> list[Frame]:
        states = self._hub.states
        if self._opening.resume != "recovered":
            messages = await self._read()
            hello = self._hub.hello(self._feeds, self._opening, "poll", self._who)
            # After the read: the cursor says that the states of its end are known.
            return [passing_frame(encode(hello)), *states.frames(self._feeds.states), *messages]
        loop = asyncio.get_running_loop()
        give_up_at = loop.time() + wait_seconds
        while True:
            self._woken.clear()
            messages = await self._read()
            # After the read: a state that changed during it did not wake this poll.
            found = states.changed(self._feeds.states, self._seen) + messages
            if found or self._ended or self._is_hurried or loop.time() >= give_up_at:
                return found
            await self._wait(view, give_up_at - loop.time())

    async def _read(self) -> list[Frame]:
        """Return the next messages, at most a page, and advance past them.

        Raises:
            TimeoutError: the store did not give them in time.
        """
        while self._after < (head := self._hub.log.head):
            replaying = self._after < self._opening.joint
            topics = self._opening.replayed if replaying else self._feeds.topics
            upto = self._opening.joint if replaying else head
            async with asyncio.timeout(READ_SECONDS):
                page = await self._hub.history.load_page(topics, self._after, upto)
            self._after = page.covered
            if page.frames:
                return list(page.frames)
        return []

    async def _wait(self, view: View, seconds: float) -> None:
        view.join(self)
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._woken.wait()
        finally:
            view.leave(self)

    def _bye(self, reason: ByeReason) -> Frame:
        return passing_frame(encode(Bye(reason, self._hub.retry_ms(reason))))

"""The feed of one process: its log, the views of it, and their readers."""

import asyncio
import math
import random
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Generic, Literal

from msgspec import UNSET

from streams.context import FeedOptions
from streams.feeds import FeedCatalogue, FeedSet
from streams.flusher import Flusher
from streams.frames import Encoding, Frame, Payload, passing_frame
from streams.history import History
from streams.log import Log
from streams.messages import ByeReason, Heartbeat, Hello, State, encode, timestamp
from streams.ports import FeedReader, Outlet
from streams.reader import Reader
from streams.refill import filled_log
from streams.registry import P, Registry, Slot
from streams.start_position import Opener, Opening, Replay
from streams.state import States
from streams.stored import StoredMessage
from streams.timer_wheel import TimerWheel
from streams.view import View

_TICKS_A_HEARTBEAT = 20
_LONGEST_TICK_SECONDS = 1.0
_RETRY_MS: dict[ByeReason, tuple[int, int]] = {
    "drain": (1000, 5000),
    "limit": (5000, 15000),
    "renew": (0, 1000),
    "unavailable": (1000, 5000),
}
_ALL_AT_ONCE = (None, "drain")
"""Ends that many streams have in common; None is a connection that breaks, as when the server is killed."""
RETURNS_A_SECOND = 1000
"""Clients that may come back in a second: above some thousand streams, their pauses are longer."""
RETRY_MS = (1000, 3000)
"""Bounds of the pause before a client comes back, unless the reason has its own."""


class FeedHub(Generic[P]):
    """Delivers published messages to the readers.

    It is created closed; `async with hub.running(...)` opens it for the block.
    """

    log: Log
    history: History
    states: States
    flusher: Flusher

    def __init__(
        self,
        catalogue: FeedCatalogue,
        options: FeedOptions,
        *,
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.catalogue = catalogue
        self.options = options
        self.clock = clock
        self.registry: Registry[P] = Registry(
            per_person=options.streams_per_person, in_all=options.streams_in_all
        )
        self._now_ms = now_ms
        self._tick_seconds = min(options.heartbeat_seconds / _TICKS_A_HEARTBEAT, _LONGEST_TICK_SECONDS)
        self._wheel = TimerWheel(self._tick_seconds, clock())
        self._views: dict[tuple[tuple[str, ...], tuple[str, ...]], View] = {}
        self._wanted: dict[str, dict[View, None]] = {}
        self._beats: dict[str, tuple[float, Payload]] = {}
        self._opener: Opener

    @asynccontextmanager
    async def running(self, epoch: str, store: FeedReader) -> AsyncIterator[None]:
        """Open the hub: messages may be published and streams served until the block ends."""
        self.log = await filled_log(self.catalogue, epoch, store, self.options)
        async with asyncio.TaskGroup() as tasks:
            loop = asyncio.get_running_loop()
            self.history = History(self.catalogue, self.log, store, tasks)
            self.flusher = Flusher(loop, self.options.coalesce_seconds)
            self.states = States(loop, self._publish_state)
            self._opener = Opener(self.log, self.history)
            ticking = tasks.create_task(self._tick())
            try:
                yield
            finally:
                self.registry.drain()
                self.states.close()
                self.history.close()
                ticking.cancel()

    def publish(self, messages: Sequence[StoredMessage]) -> None:
        """Publish committed messages, in the order of seq; those published before are ignored."""
        for frame in self.log.append(messages):
            if frame.final:
                self.history.ended(frame.feed, frame.seq)
            for topic in self.catalogue.topics_of(frame.feed):
                for view in self._wanted.get(topic, ()):
                    view.publish(frame)
                    self.flusher.flush(view)

    def set_state(self, state: State) -> None:
        """Publish the new value of a state feed."""
        self.states.set(state)

    def now(self) -> str:
        """Return the time as messages give it."""
        return timestamp(self._now_ms())

    def retry_ms(self, reason: ByeReason | None = None) -> int:
        """Return a random reconnect delay, so that many clients do not reconnect at once."""
        low, high = RETRY_MS if reason is None else _RETRY_MS.get(reason, RETRY_MS)
        if reason in _ALL_AT_ONCE:
            high = max(high, low + self.registry.returning * 1000 // RETURNS_A_SECOND)
        return low + int(random.random() * (high - low + 1))  # noqa: S311 - spreads load, guards nothing.

    def stream_seconds(self, transport: str) -> float:
        """Return the random lifetime of a stream, so that many clients do not reconnect at once.

        A proxy may keep a stream of SSE open after its reader has left; a WebSocket is asked by pings,
        and a poll ends by itself.
        """
        if transport != "sse":
            return math.inf
        return self.options.stream_seconds * random.uniform(0.9, 1.1)  # noqa: S311 - spreads load.

    def open_at_once(self, feeds: FeedSet, cursor: str | None) -> Opening | None:
        """Return the start position of a connection where that is known without the store, else None."""
        return self._opener.open_at_once(feeds, cursor)

    async def open(self, feeds: FeedSet, cursor: str | None, replay: Replay | None) -> Opening:
        """Return the start position of a connection."""
        return await self._opener.open(feeds, cursor, replay)

    def hello(
        self, feeds: FeedSet, opening: Opening, transport: Literal["sse", "ws", "poll"], who: P
    ) -> Hello:
        """Return the first message of a connection."""
        return Hello(
            at=self.now(),
            transport=transport,
            feeds=feeds.names,
            resume=opening.resume,
            cursor=f"{self.log.epoch}.{opening.after}",
            heartbeat_s=self.options.heartbeat_seconds,
            user=who.name,
            role=who.role,
            reason=opening.reason or UNSET,
        )

    def read(self, feeds: FeedSet, opening: Opening, outlet: Outlet, slot: Slot[P]) -> Reader:
        """Return a reader that writes to an outlet; its end releases the slot."""
        reader = Reader(self, self.hold(feeds, opening), outlet, opening, slot)
        self.watch(reader.check, reader.first_check)
        return reader

    def watch(self, check: Callable[[float], float | None], at: float) -> None:
        """Call a check from the shared tick; it returns the time of its next call."""
        self._wheel.add(check, at)

    def heartbeat(self, encoding: Encoding) -> Payload:
        """Return a heartbeat message with the current time."""
        now = self.clock()
        made_at, payload = self._beats.get(encoding.name, (-1.0, b""))
        if made_at != now:
            payload = encoding.join([passing_frame(encode(Heartbeat(self.now())))])
            self._beats[encoding.name] = (now, payload)
        return payload

    def hold(self, feeds: FeedSet, opening: Opening) -> View:
        """Return the view of a set of feeds; call `release` once for each hold."""
        key = (feeds.topics, feeds.states)
        view = self._views.get(key)
        if view is None:
            view = self._views[key] = View(feeds, self.log, self.clock)
            for topic in (*feeds.topics, *feeds.states):
                self._wanted.setdefault(topic, {})[view] = None
        # An end that came after this connection asked was not published to a view that did not exist yet.
        view.ends.update(opening.ends | self.history.known_ends(feeds.replayed))
        view.readers += 1
        return view

    def release(self, view: View) -> None:
        """Give a view back; the last release removes it."""
        view.readers -= 1
        if view.readers:
            return
        del self._views[view.feeds.topics, view.feeds.states]
        for topic in (*view.feeds.topics, *view.feeds.states):
            wanted = self._wanted[topic]
            del wanted[view]
            if not wanted:
                del self._wanted[topic]

    def _publish_state(self, feed: str, frame: Frame) -> None:
        for view in self._wanted.get(feed, ()):
            view.publish_state(feed, frame)
            self.flusher.flush(view)

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(self._tick_seconds)
            self._wheel.turn(self.clock())

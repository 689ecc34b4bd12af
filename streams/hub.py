"""The feed of one process: the log, its views, and everyone who reads them."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Generic, Literal

from msgspec import UNSET, Struct

from streams.feeds import FeedSet, topics_of
from streams.frames import Encoding, Frame, Payload, passing_frame
from streams.history import History
from streams.log import Log
from streams.messages import ByeReason, Heartbeat, Hello, State, encode, timestamp
from streams.opening import Opener, Opening, Replay
from streams.ports import FeedReader, Outlet, StoredMessage
from streams.pump import Pump
from streams.reader import Reader
from streams.registry import Lease, P, Registry
from streams.state import States
from streams.view import View
from streams.wheel import Wheel

_TICKS_A_HEARTBEAT = 20
_RETRY_MS: dict[ByeReason, tuple[int, int]] = {
    "drain": (1000, 5000),
    "limit": (5000, 15000),
    "unavailable": (1000, 5000),
}
RETRY_MS = (1000, 3000)
"""Bounds of the pause before a client comes back, where nothing says otherwise."""


class FeedOptions(Struct, frozen=True):
    """Limits and times of the feed."""

    heartbeat_seconds: float = 15.0
    coalesce_seconds: float = 0.002
    slow_seconds: float = 30.0
    ring_messages: int = 50_000
    ring_bytes: int = 32 * 1024 * 1024
    streams_per_person: int = 64
    streams_in_all: int = 20_000


class FeedHub(Generic[P]):
    """Takes what is published and brings it to the readers.

    Made closed; `async with hub.running(...)` opens it for as long as the block lasts.
    """

    log: Log
    history: History
    states: States
    pump: Pump

    def __init__(
        self,
        options: FeedOptions,
        *,
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.options = options
        self.clock = clock
        self.registry: Registry[P] = Registry(
            per_person=options.streams_per_person, in_all=options.streams_in_all
        )
        self._now_ms = now_ms
        self._wheel = Wheel(options.heartbeat_seconds / _TICKS_A_HEARTBEAT, clock())
        self._views: dict[tuple[tuple[str, ...], tuple[str, ...]], View] = {}
        self._wanted: dict[str, dict[View, None]] = {}
        self._beats: dict[str, tuple[float, Payload]] = {}
        self._opener: Opener

    @asynccontextmanager
    async def running(self, epoch: str, store: FeedReader) -> AsyncIterator[None]:
        """Be open: messages may be published, streams served."""
        _, head = await store.bounds()
        async with asyncio.TaskGroup() as tasks:
            loop = asyncio.get_running_loop()
            self.log = Log(
                epoch, head, max_messages=self.options.ring_messages, max_bytes=self.options.ring_bytes
            )
            self.history = History(self.log, store, tasks)
            self.pump = Pump(loop, self.options.coalesce_seconds)
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
        """Tell committed messages, which come in the order of seq. Those that were told are passed over."""
        for frame in self.log.append(messages):
            if frame.final:
                self.history.ended(frame.feed, frame.seq)
            for topic in topics_of(frame.feed):
                for view in self._wanted.get(topic, ()):
                    view.publish(frame)
                    self.pump.flush(view)

    def set_state(self, state: State) -> None:
        """Tell the new value of a state feed."""
        self.states.set(state)

    def now(self) -> str:
        """Return the time as messages give it."""
        return timestamp(self._now_ms())

    def retry_ms(self, reason: ByeReason | None = None) -> int:
        """Return a pause for a client, drawn so that many do not come back at once."""
        low, high = RETRY_MS if reason is None else _RETRY_MS.get(reason, RETRY_MS)
        return random.randint(low, high)  # noqa: S311 - spreads load, guards nothing.

    async def open(self, feeds: FeedSet, cursor: str | None, replay: Replay | None) -> Opening:
        """Return where a connection starts to read."""
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

    def read(self, feeds: FeedSet, opening: Opening, outlet: Outlet, lease: Lease[P]) -> Reader:
        """Return a reader that will write to an outlet; the lease is released when it ends."""
        reader = Reader(self, self.hold(feeds, opening), outlet, opening, lease)
        self.watch(reader.check, self.clock() + self.options.heartbeat_seconds)
        return reader

    def watch(self, check: Callable[[float], float | None], at: float) -> None:
        """Have a check called by the shared tick; it returns when it wants to be called again."""
        self._wheel.add(check, at)

    def heartbeat(self, encoding: Encoding) -> Payload:
        """Return a heartbeat of this moment."""
        now = self.clock()
        made_at, payload = self._beats.get(encoding.name, (-1.0, b""))
        if made_at != now:
            payload = encoding.join([passing_frame(encode(Heartbeat(self.now())))])
            self._beats[encoding.name] = (now, payload)
        return payload

    def hold(self, feeds: FeedSet, opening: Opening) -> View:
        """Return the view of a set of feeds; every hold needs a release."""
        key = (feeds.topics, feeds.states)
        view = self._views.get(key)
        if view is None:
            view = self._views[key] = View(feeds, self.log, self.clock)
            for topic in (*feeds.topics, *feeds.states):
                self._wanted.setdefault(topic, {})[view] = None
        # One that came since this connection asked has not been told to a view that was not there.
        view.ends.update(opening.ends | self.history.known_ends(feeds.replayed))
        view.readers += 1
        return view

    def release(self, view: View) -> None:
        """Let go of a view; the last one out drops it."""
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
            self.pump.flush(view)

    async def _tick(self) -> None:
        tick_seconds = self.options.heartbeat_seconds / _TICKS_A_HEARTBEAT
        while True:
            await asyncio.sleep(tick_seconds)
            self._wheel.turn(self.clock())

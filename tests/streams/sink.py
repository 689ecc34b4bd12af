"""Readers of a hub over a store in memory, and outlets that remember what was written."""

import asyncio
from collections.abc import Sequence
from typing import Any

from api.services.feeds import FEEDS as CATALOGUE
from api.services.identity import Identity
from domain.messages import Log as LogLine
from streams.context import FeedOptions
from streams.frames import SSE, Encoding, Payload
from streams.hub import FeedHub
from streams.reader import Reader
from tests.streams.memory import MemoryFeed

AT = "2026-11-24T12:00:00.000Z"
FEEDS = ["eventos", "upload/a", "upload/b", "tarefas/t"]
ANA = Identity("ana", "editor", person="ana")


def line(text: str, feed: str = "eventos") -> LogLine:
    """Return a message of a feed."""
    return LogLine(feed, AT, "info", text)


class Sink:
    """An outlet that remembers, and that can be full."""

    encoding: Encoding = SSE

    def __init__(self) -> None:
        self.reader: Reader | None = None
        self.taken = bytearray()
        self.full_after: int | None = None
        self.untaken = 100
        self.closed_with: int | None = None
        self.aborted = False
        self.fault: Exception | None = None

    def begin(self, payloads: Sequence[Payload]) -> None:
        self.write(b"".join([payload for payload in payloads if isinstance(payload, bytes)]))

    def write(self, payload: Payload) -> None:
        if self.fault is not None:
            raise self.fault
        assert isinstance(payload, bytes)
        self.taken += payload
        if self.full_after is not None:
            self.full_after -= 1
            if self.full_after <= 0:
                assert self.reader is not None
                self.reader.pause()

    def buffered(self) -> int:
        return self.untaken

    def close(self, payload: Payload, code: int) -> None:
        assert isinstance(payload, bytes)
        self.taken += payload
        self.closed_with = code

    def abort(self) -> None:
        self.aborted = True

    def unblock(self) -> None:
        self.full_after = None
        assert self.reader is not None
        self.reader.resume()

    @property
    def seqs(self) -> list[int]:
        ids = [line for line in self.taken.decode().split("\n") if line.startswith("id: ")]
        return [int(line.rpartition(".")[2]) for line in ids[1:]]


async def attach(
    hub: FeedHub[Identity], names: list[str], cursor: str | None = None, encoding: Encoding = SSE
) -> Sink:
    feeds, sink = CATALOGUE.set_of(names), Sink()
    sink.encoding = encoding
    slot: Any = hub.registry.admit(ANA)
    try:
        opening = await hub.open(feeds, cursor, None)
    except BaseException:
        slot.release()
        raise
    sink.reader = hub.read(feeds, opening, sink, slot)
    sink.reader.start(hub.hello(feeds, opening, "sse", ANA))
    return sink


async def settle(hub: FeedHub[Identity]) -> None:
    """Wait until nothing is left to flush, to move or to load."""
    while not (hub.flusher.idle and not hub.history._loads):  # noqa: ASYNC110 - there is no event for nothing
        await asyncio.sleep(0.001)


async def flushed(hub: FeedHub[Identity]) -> None:
    """Wait until nothing is left to flush, also while a page is being loaded."""
    while not hub.flusher.idle:  # noqa: ASYNC110 - there is no event for nothing
        await asyncio.sleep(0.001)


async def hub_over(feed: MemoryFeed, **options: Any) -> FeedHub[Identity]:
    hub: FeedHub[Identity] = FeedHub(CATALOGUE, FeedOptions(**options))
    feed.listener = hub.publish
    return hub


async def amid_a_flush(hub: FeedHub[Identity], feed: MemoryFeed, first: Sink) -> None:
    """Publish, and return when some readers have been written to and others have not."""
    feed.publish(line("1"))
    while first.seqs != [1]:  # noqa: ASYNC110 - turn by turn, so as to stop amid the flush
        await asyncio.sleep(0)
    assert not hub.flusher.idle

"""A store of messages in memory, for tests of the feed alone."""

import asyncio
from collections.abc import Callable, Iterator, Sequence

from domain.ports.errors import StorageUnavailableError
from streams.messages import Durable, draft, with_id
from streams.stored import StoredMessage


class MemoryFeed:
    """Keeps messages in a list; whoever listens is told of them after they are kept."""

    def __init__(self, epoch: str = "k3f9") -> None:
        self.epoch = epoch
        self.oldest = 0
        self.kept: list[StoredMessage] = []
        self.head = 0
        self.reads = 0
        self.listener: Callable[[Sequence[StoredMessage]], None] = lambda _: None

    def publish(self, *messages: Durable) -> list[StoredMessage]:
        stored = []
        for message in messages:
            feed, body, final = draft(message)
            self.head += 1
            stored.append(StoredMessage(self.head, feed, with_id(body, self.epoch, self.head), final))
        self.kept += stored
        self.listener(stored)
        return stored

    def prune(self, upto: int) -> None:
        self.kept = [message for message in self.kept if message.seq > upto or message.final]
        self.oldest = upto

    async def bounds(self) -> tuple[int, int]:
        return self.oldest, self.head

    async def read(
        self, feeds: Sequence[str], prefixes: Sequence[str], *, after: int, upto: int, limit: int
    ) -> list[StoredMessage]:
        self.reads += 1
        return [
            message
            for message in self.kept
            if after < message.seq <= upto
            and (message.feed in feeds or message.feed.startswith(tuple(prefixes)))
        ][:limit]

    async def latest(self, feed: str, *, limit: int) -> list[StoredMessage]:
        return [message for message in reversed(self.kept) if message.feed == feed][:limit]

    async def ends(self, feeds: Sequence[str]) -> dict[str, int]:
        return {message.feed: message.seq for message in self.kept if message.final and message.feed in feeds}


class FlakyFeed(MemoryFeed):
    """One whose next reads take some turns of the loop, and fail at their end, as they are told."""

    def __init__(self) -> None:
        super().__init__()
        self.next_are: Iterator[tuple[int, bool]] = iter(())

    async def bounds(self) -> tuple[int, int]:
        found = await super().bounds()
        await self._answer()
        return found

    async def read(
        self, feeds: Sequence[str], prefixes: Sequence[str], *, after: int, upto: int, limit: int
    ) -> list[StoredMessage]:
        found = await super().read(feeds, prefixes, after=after, upto=upto, limit=limit)
        await self._answer()
        return found

    async def ends(self, feeds: Sequence[str]) -> dict[str, int]:
        found = await super().ends(feeds)
        await self._answer()
        return found

    async def _answer(self) -> None:
        turns, fails = next(self.next_are, (0, False))
        for _ in range(turns):
            await asyncio.sleep(0)
        if fails:
            raise StorageUnavailableError("there is no store")

"""A store of messages in memory, for tests of the feed alone."""

from collections.abc import Callable, Sequence

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

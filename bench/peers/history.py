"""What every Python peer keeps beside its stream: the last messages and a queue per client."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterable


class Broadcast:
    """The usual fan-out of a Python service: history in a ring, one asyncio.Queue a client."""

    def __init__(self, kept: int = 4000) -> None:
        self.head = 0
        self._history: deque[tuple[int, str]] = deque(maxlen=kept)
        self._queues: set[asyncio.Queue[tuple[int, str]]] = set()

    def publish(self, text: str) -> None:
        self.head += 1
        self._history.append((self.head, text))
        for queue in self._queues:
            queue.put_nowait((self.head, text))

    def missed(self, last_event_id: str | None) -> Iterable[tuple[int, str]]:
        if last_event_id is None:
            return []
        return [message for message in self._history if message[0] > int(last_event_id)]

    async def messages(self, last_event_id: str | None) -> AsyncIterator[tuple[int, str]]:
        queue: asyncio.Queue[tuple[int, str]] = asyncio.Queue()
        self._queues.add(queue)
        try:
            for message in self.missed(last_event_id):
                yield message
            while True:
                yield await queue.get()
        finally:
            self._queues.discard(queue)

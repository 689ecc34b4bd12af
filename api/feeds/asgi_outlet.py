"""Outlets that use ASGI's `send`, for any ASGI server.

`send` may wait, and a write must not. So a write is queued for the request's own task; a client that does not
take it makes the queue grow to its bound, and then its reader falls behind.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from contextlib import suppress
from typing import Any, TypeVar

from litestar.types import Receive

from streams.frames import Encoding, Payload
from streams.reader import Reader

MAX_BUFFERED_BYTES = 64 * 1024
PIECE_BYTES, PIECE_TEXTS = 32 * 1024, 64
"""What is sent before one looks whether it was taken: a slow client takes something, all the same."""

CLOSING_SECONDS = 10.0
"""How long a client has to take the last message."""

LAST_SECONDS = 1.0

T = TypeVar("T")
Deliver = Callable[[Payload], Coroutine[Any, Any, None]]


class AsgiOutlet:
    """Queues payloads, and sends them from the task that calls `run`."""

    def __init__(self, encoding: Encoding, deliver: Deliver) -> None:
        self.encoding = encoding
        self.reader: Reader | None = None
        self.code = 1000
        self._deliver = deliver
        self._queue: deque[Payload] = deque()
        self._size = 0
        self._paused = False
        self._owed: Payload | None = None
        self._ending = False
        self._written = asyncio.Event()
        self.interrupt: Callable[[], Any] = lambda: None

    def begin(self, payloads: Sequence[Payload]) -> None:
        """Queue the first payloads."""
        for payload in payloads:
            self.write(payload)

    def write(self, payload: Payload) -> None:
        """Queue a payload, and wake the task that sends it."""
        self._queue.append(payload)
        self._size += _size(payload)
        self._written.set()
        if self._size > MAX_BUFFERED_BYTES and not self._paused and self.reader is not None:
            self._paused = True
            self.reader.pause()

    def answer(self, payload: Payload) -> None:
        """Queue what a client asked for; of what it asks while it takes nothing, the last only."""
        if self._paused:
            self._owed = payload
        else:
            self.write(payload)

    def buffered(self) -> int:
        """Return the bytes that `send` has not been called with."""
        return self._size

    def close(self, payload: Payload, code: int) -> None:
        """Send the last payload."""
        self.write(payload)
        self.code = code
        self._ending = True
        self._written.set()
        # From now on only the seconds of grace count, whatever is queued.
        asyncio.get_running_loop().call_later(CLOSING_SECONDS, self.abort)

    def abort(self) -> None:
        """Send nothing more, not even a payload that `send` is waiting to send."""
        self._queue.clear()
        self._ending = True
        self.interrupt()

    async def run(self) -> None:
        """Send until the reader ends."""
        if (task := asyncio.current_task()) is not None:
            self.interrupt = task.cancel
        while True:
            await self._written.wait()
            self._written.clear()
            await self._send_all()
            if self._ending:
                return
            if self._paused and self.reader is not None:
                self._paused = False
                owed, self._owed = self._owed, None
                if owed is not None:
                    self.write(owed)
                self.reader.resume()

    async def _send_all(self) -> None:
        while self._queue:
            payload = self._queue.popleft()
            for piece in _pieces(payload):
                await self._deliver(piece)
                self._size -= _size(piece)


async def until_gone(work: Coroutine[Any, Any, T], gone: Coroutine[Any, Any, Any]) -> T | None:
    """Return the result of the work; None if the client disconnects first, or the work was interrupted."""
    async with asyncio.TaskGroup() as tasks:
        working, watching = tasks.create_task(work), tasks.create_task(gone)
        await asyncio.wait((working, watching), return_when=asyncio.FIRST_COMPLETED)
        working.cancel()
        watching.cancel()
    return None if working.cancelled() else working.result()


async def disconnected(receive: Receive) -> None:
    """Wait until the client of a request disconnects; ignore what it sends."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def send_last(sending: Awaitable[Any]) -> None:
    """Send the end of an answer with a short timeout, because the client may not read it."""
    with suppress(TimeoutError):
        async with asyncio.timeout(LAST_SECONDS):
            await sending


def _pieces(payload: Payload) -> Iterator[Payload]:
    step = PIECE_BYTES if isinstance(payload, bytes) else PIECE_TEXTS
    return (payload[start : start + step] for start in range(0, len(payload), step))


def _size(payload: Payload) -> int:
    return len(payload) if isinstance(payload, bytes) else sum(map(len, payload))

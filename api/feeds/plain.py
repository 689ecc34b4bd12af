"""Outlets over ASGI's own `send`: they serve under every server.

`send` may wait, and a write must not. So a write begins to send, and what has to wait is left to the
request's own task, as is all that is written meanwhile; a client that does not take it makes the queue
grow to its bound, and then its reader falls behind.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import suppress
from typing import Any, TypeVar

from litestar.types import Receive

from api.feeds.stepping import begun
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


class PlainOutlet:
    """Sends payloads, what waits from the task that calls `run`."""

    def __init__(self, encoding: Encoding, deliver: Deliver) -> None:
        self.encoding = encoding
        self.reader: Reader | None = None
        self.code = 1000
        self._deliver = deliver
        self._queue: deque[Payload] = deque()
        self._size = 0
        self._paused = False
        self._ending = False
        self._written = asyncio.Event()
        self._task: asyncio.Task[Any] | None = None
        self._is_idle = False
        self._rest: Coroutine[Any, Any, None] | None = None
        self._begun_bytes = 0
        self._fault: Exception | None = None
        self.interrupt: Callable[[], Any] = lambda: None

    def write(self, payload: Payload) -> None:
        """Send a payload, or queue it where that has to wait."""
        if self._is_idle and not self._queue and _is_short(payload) and asyncio.current_task() is None:
            self._begin(payload)
            return
        self._queue.append(payload)
        self._size += _size(payload)
        self._written.set()
        if self._size > MAX_BUFFERED_BYTES and not self._paused and self.reader is not None:
            self._paused = True
            self.reader.pause()

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
        """Send nothing more, not even what `send` waits with."""
        self._queue.clear()
        self._ending = True
        self.interrupt()

    async def run(self) -> None:
        """Send until the reader ends."""
        if (task := asyncio.current_task()) is not None:
            self._task, self.interrupt = task, task.cancel
        try:
            while True:
                self._is_idle = self._task is not None and not self._written.is_set()
                await self._written.wait()
                self._is_idle = False
                self._written.clear()
                await self._send_all()
                if self._ending:
                    return
                if self._paused and self.reader is not None:
                    self._paused = False
                    self.reader.resume()
        finally:
            self._is_idle = False
            if self._rest is not None:
                self._rest.close()

    async def _send_all(self) -> None:
        if self._fault is not None:
            raise self._fault
        if (rest := self._rest) is not None:
            await rest
            self._rest = None
            self._size -= self._begun_bytes
        while self._queue:
            payload = self._queue.popleft()
            for piece in _pieces(payload):
                await self._deliver(piece)
                self._size -= _size(piece)

    def _begin(self, payload: Payload) -> None:
        """Send without the task, unless it has to wait. The task raises what goes wrong."""
        assert self._task is not None
        try:
            self._rest = begun(self._deliver(payload), self._task)
        except Exception as fault:  # noqa: BLE001 - as said.
            self._fault = fault
        if self._rest is not None or self._fault is not None:
            self._begun_bytes = _size(payload)
            self._size += self._begun_bytes
            self._is_idle = False
            self._written.set()


async def until_gone(work: Coroutine[Any, Any, T], gone: Coroutine[Any, Any, Any]) -> T | None:
    """Return what the work returns; None when the client is gone first, or the work was interrupted."""
    async with asyncio.TaskGroup() as tasks:
        working, watching = tasks.create_task(work), tasks.create_task(gone)
        await asyncio.wait((working, watching), return_when=asyncio.FIRST_COMPLETED)
        working.cancel()
        watching.cancel()
    return None if working.cancelled() else working.result()


async def disconnected(receive: Receive) -> None:
    """Wait until the client of a request is gone, and pass over what it sends until then."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def send_last(sending: Awaitable[Any]) -> None:
    """Await what ends an answer, for a moment: a client that takes nothing would hold it for ever."""
    with suppress(TimeoutError):
        async with asyncio.timeout(LAST_SECONDS):
            await sending


def _pieces(payload: Payload) -> Iterator[Payload]:
    step = PIECE_BYTES if isinstance(payload, bytes) else PIECE_TEXTS
    return (payload[start : start + step] for start in range(0, len(payload), step))


def _is_short(payload: Payload) -> bool:
    return len(payload) <= (PIECE_BYTES if isinstance(payload, bytes) else PIECE_TEXTS)


def _size(payload: Payload) -> int:
    return len(payload) if isinstance(payload, bytes) else sum(map(len, payload))

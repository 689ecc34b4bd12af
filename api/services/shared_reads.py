"""Reads that several callers ask for at once are made once for all of them."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")
Read = Callable[[], Awaitable[T]]


class SharedReads(Generic[T]):
    """Shares reads by key. What a caller gets was always read after it had asked, never before."""

    def __init__(self) -> None:
        self._waiting: dict[str, list[asyncio.Future[T]]] = {}
        """By key: those who asked while a read was under way, which may have seen what was before."""
        self._tasks: set[asyncio.Task[None]] = set()

    async def read(self, key: str, read: Read[T]) -> T:
        """Return what is read; raise what the read raises."""
        if (waiting := self._waiting.get(key)) is not None:
            told: asyncio.Future[T] = asyncio.get_running_loop().create_future()
            waiting.append(told)
            return await told
        self._waiting[key] = []
        try:
            return await read()
        finally:
            self._go_on(key, read)

    def _go_on(self, key: str, read: Read[T]) -> None:
        if waiting := self._waiting.pop(key):
            self._waiting[key] = []
            task = asyncio.create_task(self._read_for(waiting, key, read), name="shared read")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _read_for(self, waiting: list[asyncio.Future[T]], key: str, read: Read[T]) -> None:
        try:
            found = await read()
        except Exception as error:  # noqa: BLE001 - it is raised to everyone who waits.
            for told in waiting:
                if not told.done():
                    told.set_exception(error)
        else:
            for told in waiting:
                if not told.done():
                    told.set_result(found)
        finally:
            self._go_on(key, read)

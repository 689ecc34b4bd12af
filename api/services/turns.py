"""Lets those who ask for the same thing do it one after the other, within a process."""

import asyncio
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary

from domain.ports.errors import WorkElsewhereError

WAIT_SECONDS = 15.0


class Turns:
    """One turn at a time for each name; who waits for it holds nothing of the store."""

    def __init__(self) -> None:
        # A lock is kept by those who hold it or wait for it.
        self._locks: WeakValueDictionary[Hashable, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def of(self, name: Hashable) -> AsyncIterator[None]:
        """Wait for the turn under a name, and have it for the block.

        Raises:
            WorkElsewhereError: it did not come within `WAIT_SECONDS`.
        """
        lock = self._locks.setdefault(name, asyncio.Lock())
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                await lock.acquire()
        except TimeoutError:
            raise WorkElsewhereError("an earlier request of the same kind is still under way") from None
        try:
            yield
        finally:
            lock.release()

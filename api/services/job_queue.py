"""A queue of jobs for a limited number of places."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import anyio

TellPlace = Callable[[int], Awaitable[None]]


class JobQueue:
    """First come, first served; each waiter learns its place, and each change of it."""

    def __init__(self, places: int) -> None:
        """Open a line before this many places at work."""
        self._free = places
        self._waiting: list[_Waiter] = []

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._waiting)

    @asynccontextmanager
    async def turn(self, tell_place: TellPlace) -> AsyncIterator[None]:
        """Wait for a place and hold it for the block.

        Args:
            tell_place: awaited with 1 for the first in the line; never called where there is no wait.
        """
        await self._enter(tell_place)
        try:
            yield
        finally:
            self._leave()

    async def _enter(self, tell_place: TellPlace) -> None:
        if self._free and not self._waiting:
            self._free -= 1
            return
        waiter = _Waiter()
        self._waiting.append(waiter)
        try:
            await self._wait(waiter, tell_place)
        except BaseException:
            # A place may have been given in the very moment of the cancellation: pass it on.
            if waiter.admitted:
                self._leave()
            else:
                self._waiting.remove(waiter)
                self._stir()
            raise

    async def _wait(self, waiter: "_Waiter", tell_place: TellPlace) -> None:
        told = 0
        while not waiter.admitted:
            moved = waiter.moved  # Taken before telling: a move meanwhile must not be slept through.
            place = self._waiting.index(waiter) + 1
            if place != told:
                await tell_place(place)
                told = place
            await moved.wait()

    def _leave(self) -> None:
        if self._waiting:
            first = self._waiting.pop(0)
            first.admitted = True
            first.stir()
        else:
            self._free += 1
        self._stir()

    def _stir(self) -> None:
        for waiter in self._waiting:
            waiter.stir()


class _Waiter:
    def __init__(self) -> None:
        self.admitted = False
        self.moved = anyio.Event()

    def stir(self) -> None:
        moved, self.moved = self.moved, anyio.Event()
        moved.set()

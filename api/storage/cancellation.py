"""Lets what changes the store come to its end before a cancellation is raised."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

import anyio

T = TypeVar("T")


class Outcome:
    """How something ended that many may wait for. Who is cancelled meanwhile waits for its end all the same.

    Attributes:
        error: why it failed.
    """

    def __init__(self) -> None:
        self.error: BaseException | None = None
        self._is_known = False
        self._waiting: list[asyncio.Future[None]] = []

    def settle(self, error: BaseException | None) -> None:
        """Tell it to all who wait."""
        self._is_known, self.error = True, error
        for waiter in self._waiting:
            if not waiter.done():
                waiter.set_result(None)

    async def known(self) -> None:
        """Wait for the end; raise its error if it failed. A cancellation is raised after that."""
        cancellation: asyncio.CancelledError | None = None
        while not self._is_known:
            # Each waiter has a future of its own: cancelling a task cancels the future that it awaits.
            waiter = asyncio.get_running_loop().create_future()
            self._waiting.append(waiter)
            try:
                if cancellation is None:
                    await waiter
                else:
                    # A scope that is cancelled would cancel again at each turn of the loop.
                    with anyio.CancelScope(shield=True):
                        await waiter
            except asyncio.CancelledError as error:
                cancellation = error
        if cancellation is not None:
            raise cancellation
        if self.error is not None:
            raise self.error


async def to_the_end(operation: Awaitable[T]) -> T:
    """Return what the operation returns; a cancellation meanwhile is raised after its end.

    A cancelled statement would leave its connection in an unknown state: SQLAlchemy throws such a
    connection away, while a thread still works on it.
    """
    task = asyncio.ensure_future(operation)
    cancellation: asyncio.CancelledError | None = None
    # The scope holds off anyio's cancellation, which is repeated at each turn of the loop;
    # the loop below that of asyncio, which comes once.
    with anyio.CancelScope(shield=True):
        while not task.done():
            try:
                await asyncio.wait([task])
            except asyncio.CancelledError as error:
                cancellation = error
    if cancellation is not None:
        if not task.cancelled():
            task.exception()
        raise cancellation
    return task.result()

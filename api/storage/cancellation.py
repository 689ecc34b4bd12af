"""Runs operations on a connection to their end before a cancellation is raised."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

import anyio

T = TypeVar("T")


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

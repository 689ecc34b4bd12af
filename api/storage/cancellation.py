"""Operations on a connection that end before their caller is cancelled."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import anyio

T = TypeVar("T")


async def to_the_end(operation: Coroutine[Any, Any, T]) -> T:
    """Return what the operation returns; a cancellation meanwhile is raised after its end.

    A cancelled statement would leave its connection in an unknown state: SQLAlchemy throws such a
    connection away, and aiosqlite's thread goes on with what nobody awaits any more.
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

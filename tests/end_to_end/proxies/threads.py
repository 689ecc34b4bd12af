"""A proxy in a thread of its own: the test's thread belongs to the browser, or to a client that waits."""

import asyncio
import contextlib
import threading
from collections.abc import Awaitable, Callable, Iterator


@contextlib.contextmanager
def in_a_thread(listen: Callable[[], Awaitable[asyncio.Server]]) -> Iterator[None]:
    """Serve for the block; whatever is still connected at its end is cut."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    server = asyncio.run_coroutine_threadsafe(_listening(listen), loop).result(10)
    try:
        yield
    finally:
        asyncio.run_coroutine_threadsafe(_stop(server), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


async def _listening(listen: Callable[[], Awaitable[asyncio.Server]]) -> asyncio.Server:
    return await listen()


async def _stop(server: asyncio.Server) -> None:
    server.close()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)

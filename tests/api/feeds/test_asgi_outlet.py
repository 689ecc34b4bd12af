"""What an outlet over ASGI's `send` knows of its client."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from api.feeds.asgi_outlet import AsgiOutlet, until_gone
from streams.frames import SSE, WS_TEXT, Encoding, Payload

pytestmark = pytest.mark.anyio


class Door:
    """A `send` that lets one payload through at a time."""

    def __init__(self) -> None:
        self.passed: list[Payload] = []
        self._open = asyncio.Semaphore(0)

    async def send(self, payload: Payload) -> None:
        await self._open.acquire()
        self.passed.append(payload)

    async def let_one_through(self) -> None:
        self._open.release()
        for _ in range(3):
            await asyncio.sleep(0)


@pytest.mark.parametrize(
    ("encoding", "payload"), [(SSE, b"x" * 100_000), (WS_TEXT, ["x" * 500 for _ in range(200)])]
)
async def test_a_client_that_takes_a_large_write_slowly_counts_as_reading(
    encoding: Encoding, payload: Any
) -> None:
    door = Door()
    outlet = AsgiOutlet(encoding, door.send)
    running = asyncio.create_task(outlet.run())
    outlet.write(payload)
    left = [outlet.buffered()]
    while left[-1]:
        await door.let_one_through()
        left.append(outlet.buffered())
    running.cancel()

    assert left[0] == 100_000
    assert left == sorted(set(left), reverse=True)
    assert len(left) > 3
    assert [part for piece in door.passed for part in piece] == list(payload)


async def in_a_callback(act: Callable[[], Any]) -> None:
    """Have the loop call this outside every task, as a flush is called."""
    called = asyncio.Event()

    def call() -> None:
        act()
        called.set()

    asyncio.get_running_loop().call_soon(call)
    await called.wait()


async def settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


class Taker:
    """A `send` that takes at once until it is told to wait; notes in whose name it was called."""

    def __init__(self) -> None:
        self.taken: list[Payload] = []
        self.callers: list[Any] = []
        self.ended_by: list[str] = []
        self.may_take = asyncio.Event()
        self.may_take.set()

    async def send(self, payload: Payload) -> None:
        self.callers.append(asyncio.current_task())
        try:
            async with asyncio.timeout(60):
                await self.may_take.wait()
        except BaseException as end:
            self.ended_by.append(type(end).__name__)
            raise
        if payload == b"refused":
            raise OSError("the connection is gone")
        self.taken.append(payload)


@asynccontextmanager
async def running(taker: Taker) -> AsyncIterator[tuple[AsgiOutlet, asyncio.Task[None]]]:
    outlet = AsgiOutlet(SSE, taker.send)
    task = asyncio.create_task(outlet.run())
    await settled()
    try:
        yield outlet, task
    finally:
        task.cancel()
        await asyncio.wait([task])


async def test_writes_that_must_wait_are_sent_later_in_order() -> None:
    taker = Taker()
    async with running(taker) as (outlet, task):
        taker.may_take.clear()

        def write() -> None:
            for number in range(3):
                outlet.write(b"%d" % number)

        await in_a_callback(write)
        await settled()
        assert (taker.taken, outlet.buffered()) == ([], 3)
        taker.may_take.set()
        await settled()
        assert (taker.taken, outlet.buffered()) == ([b"0", b"1", b"2"], 0)
        await in_a_callback(lambda: outlet.write(b"3"))
        outlet.write(b"4")
        await settled()
        assert taker.taken == [b"0", b"1", b"2", b"3", b"4"]
        assert taker.callers == [task] * 5


async def test_an_error_of_send_is_raised_by_the_task() -> None:
    taker = Taker()
    async with running(taker) as (outlet, task):
        await in_a_callback(lambda: outlet.write(b"refused"))
        await asyncio.wait([task])
        with pytest.raises(OSError, match="gone"):
            task.result()


async def test_a_waiting_send_is_cancelled_with_its_task() -> None:
    taker = Taker()
    async with running(taker) as (outlet, task):
        taker.may_take.clear()
        await in_a_callback(lambda: outlet.write(b"never"))
        await settled()
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()
    assert taker.ended_by == ["CancelledError"]


async def test_an_aborted_outlet_does_not_wait_for_send() -> None:
    door = Door()
    outlet = AsgiOutlet(SSE, door.send)
    outlet.write(b"never taken")

    async def give_up() -> None:
        await asyncio.sleep(0)
        outlet.abort()
        await asyncio.Event().wait()

    async with asyncio.timeout(60):
        assert await until_gone(outlet.run(), give_up()) is None

"""What an outlet over ASGI's `send` knows of its client."""

import asyncio
import gc
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from api.feeds.plain import PlainOutlet, until_gone
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
async def test_a_client_that_takes_a_large_write_slowly_is_seen_to_take_it(
    encoding: Encoding, payload: Any
) -> None:
    door = Door()
    outlet = PlainOutlet(encoding, door.send)
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
            async with asyncio.timeout(10):
                await self.may_take.wait()
        except BaseException as end:
            self.ended_by.append(type(end).__name__)
            raise
        if payload == b"refused":
            raise OSError("the connection is gone")
        self.taken.append(payload)


@asynccontextmanager
async def running(taker: Taker) -> AsyncIterator[tuple[PlainOutlet, asyncio.Task[None]]]:
    outlet = PlainOutlet(SSE, taker.send)
    task = asyncio.create_task(outlet.run())
    await settled()
    try:
        yield outlet, task
    finally:
        task.cancel()
        await asyncio.wait([task])


async def test_what_need_not_wait_is_sent_within_the_write_in_the_name_of_its_task() -> None:
    taker = Taker()
    seen: list[list[Payload]] = []

    def write() -> None:
        outlet.write(b"1")
        outlet.write(b"2")
        seen.append([*taker.taken])

    async with running(taker) as (outlet, task):
        await in_a_callback(write)
        assert seen == [[b"1", b"2"]]
        assert taker.callers == [task, task]
        assert outlet.buffered() == 0


async def test_what_has_to_wait_is_gone_on_with_and_all_keeps_its_order() -> None:
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
        outlet.write(b"4")  # From within a task it is left to its own.
        await settled()
        assert taker.taken == [b"0", b"1", b"2", b"3", b"4"]
        assert taker.callers == [task] * 5


async def test_what_goes_wrong_is_raised_by_the_task() -> None:
    taker = Taker()
    async with running(taker) as (outlet, task):
        await in_a_callback(lambda: outlet.write(b"refused"))
        await asyncio.wait([task])
        with pytest.raises(OSError, match="gone"):
            task.result()


@pytest.mark.parametrize(("at_once", "end"), [(True, "GeneratorExit"), (False, "CancelledError")])
async def test_a_send_that_waits_ends_with_its_task(at_once: bool, end: str) -> None:
    taker = Taker()
    async with running(taker) as (outlet, task):
        taker.may_take.clear()

        def write() -> None:
            outlet.write(b"never")
            if at_once:
                task.cancel()

        await in_a_callback(write)
        await settled()
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()
    gc.collect()
    assert taker.ended_by == [end]


async def test_one_that_is_given_up_does_not_wait_for_what_send_waits_with() -> None:
    door = Door()
    outlet = PlainOutlet(SSE, door.send)
    outlet.write(b"never taken")

    async def give_up() -> None:
        await asyncio.sleep(0)
        outlet.abort()
        await asyncio.Event().wait()

    async with asyncio.timeout(10):
        assert await until_gone(outlet.run(), give_up()) is None

"""What an outlet over ASGI's `send` knows of its client."""

import asyncio
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

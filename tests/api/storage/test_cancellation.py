"""An operation ends before its caller is cancelled."""

import asyncio

import anyio
import pytest

from api.storage.cancellation import to_the_end

pytestmark = pytest.mark.anyio


class Operation:
    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.go_on = asyncio.Event()
        self.ended = False

    async def run(self, *, fail: bool = False) -> str:
        self.begun.set()
        await self.go_on.wait()
        self.ended = True
        if fail:
            raise LookupError
        return "done"


@pytest.mark.parametrize("fail", [False, True])
async def test_a_cancelled_caller_waits_for_the_end(fail: bool) -> None:
    operation = Operation()
    caller = asyncio.create_task(to_the_end(operation.run(fail=fail)))
    await operation.begun.wait()
    caller.cancel()
    await asyncio.sleep(0)
    caller.cancel()
    await asyncio.sleep(0)
    assert not caller.done()
    operation.go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await caller
    assert operation.ended


async def test_a_cancelled_scope_waits_for_the_end() -> None:
    operation = Operation()
    with anyio.CancelScope() as scope:
        asyncio.get_running_loop().call_later(0.01, operation.go_on.set)
        scope.cancel()
        await to_the_end(operation.run())
    assert operation.ended


async def test_results_and_errors_come_through() -> None:
    operation = Operation()
    operation.go_on.set()
    assert await to_the_end(operation.run()) == "done"
    with pytest.raises(LookupError):
        await to_the_end(operation.run(fail=True))

"""Work that is given a time: it has it, and no timer where it need not wait."""

import asyncio

import pytest

from api.feeds.stepping import within

pytestmark = pytest.mark.anyio


async def test_work_that_need_not_wait_takes_no_timer(monkeypatch: pytest.MonkeyPatch) -> None:
    async def work() -> str:
        return "done"

    def no_timer(_seconds: float) -> None:
        raise AssertionError("a timer was set")

    monkeypatch.setattr(asyncio, "timeout", no_timer)

    assert await within(1.0, work()) == "done"


async def test_work_that_waits_returns_its_value_and_raises_its_faults() -> None:
    async def work(fault: Exception | None) -> str:
        for _ in range(3):
            await asyncio.sleep(0)
        await asyncio.get_running_loop().run_in_executor(None, int)
        if fault is not None:
            raise fault
        return "done"

    assert await within(10.0, work(None)) == "done"
    with pytest.raises(LookupError, match="not there"):
        await within(10.0, work(LookupError("not there")))


async def test_work_that_waits_too_long_is_ended() -> None:
    ended = asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    with pytest.raises(TimeoutError):
        await within(0.01, work())
    assert ended.is_set()


async def test_a_cancellation_reaches_work_that_waits() -> None:
    waiting, cancelled = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        waiting.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise

    task = asyncio.create_task(within(10.0, work()))
    await waiting.wait()
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    assert cancelled.is_set()

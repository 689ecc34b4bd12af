"""The thread of commits: in order, every end told, and never dead."""

import asyncio
import threading

import pytest

from api.storage.sqlite.commit_thread import CommitThread

pytestmark = pytest.mark.anyio


async def test_work_is_done_in_order_in_one_other_thread_and_each_end_is_told() -> None:
    thread = CommitThread("commits")
    done: list[tuple[int, int]] = []
    told: list[BaseException | None] = []
    all_told = asyncio.Event()

    def work(number: int) -> None:
        done.append((number, threading.get_ident()))
        if number == 1:
            raise OSError("disk")

    def tell(error: BaseException | None) -> None:
        told.append(error)
        if len(told) == 4:
            all_told.set()

    for number in range(4):
        thread.submit(lambda number=number: work(number), tell)  # type: ignore[misc]
    await all_told.wait()
    thread.close()
    assert [number for number, _ in done] == [0, 1, 2, 3]
    assert len({ident for _, ident in done} - {threading.get_ident()}) == 1
    assert [type(error) for error in told] == [type(None), OSError, type(None), type(None)]


def test_a_loop_that_is_closed_meanwhile_does_not_end_the_thread() -> None:
    thread = CommitThread("commits")
    may_end = threading.Event()

    async def leave() -> None:
        thread.submit(lambda: may_end.wait() and None, lambda _: None)

    async def stay() -> None:
        told = asyncio.Event()
        thread.submit(lambda: None, lambda _: told.set())
        may_end.set()
        await told.wait()

    asyncio.run(leave())
    asyncio.run(stay())
    thread.close()


async def test_closing_waits_for_what_was_submitted() -> None:
    thread = CommitThread("commits")
    done: list[int] = []
    for number in range(3):
        thread.submit(lambda number=number: done.append(number), lambda _: None)  # type: ignore[misc]
    thread.close()
    assert done == [0, 1, 2]

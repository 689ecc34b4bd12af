"""Reads shared by those who ask at once: few are made, and none is older than the question."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.services.shared_reads import SharedReads

pytestmark = pytest.mark.anyio


class Source:
    """A number that grows; each read sees what it was when the read began."""

    def __init__(self) -> None:
        self.now = 0
        self.reads = 0
        self.fails = False

    async def read(self) -> int:
        self.reads += 1
        seen, fails = self.now, self.fails
        for _ in range(3):
            await asyncio.sleep(0)
        if fails:
            raise RuntimeError("away")
        return seen


async def test_those_who_ask_during_a_read_share_the_next_one() -> None:
    source, shared = Source(), SharedReads[int]()
    first = asyncio.create_task(shared.read("k", source.read))
    await asyncio.sleep(0)
    source.now = 1
    others = [asyncio.create_task(shared.read("k", source.read)) for _ in range(10)]
    apart = asyncio.create_task(shared.read("other", source.read))
    assert await asyncio.gather(first, *others, apart) == [0, *[1] * 10, 1]
    assert source.reads == 3
    assert not shared._waiting


async def test_a_reader_that_is_cancelled_leaves_the_read_to_the_others() -> None:
    source, shared = Source(), SharedReads[int]()
    tasks = [asyncio.create_task(shared.read("k", source.read)) for _ in range(4)]
    await asyncio.sleep(0)
    tasks[0].cancel()
    tasks[2].cancel()
    assert [await tasks[place] for place in (1, 3)] == [0, 0]
    assert not shared._waiting


async def test_a_failure_is_told_to_those_of_its_read_alone() -> None:
    source, shared = Source(), SharedReads[int]()
    first = asyncio.create_task(shared.read("k", source.read))
    await asyncio.sleep(0)
    source.fails = True
    others = [asyncio.create_task(shared.read("k", source.read)) for _ in range(2)]
    assert await first == 0
    results = await asyncio.gather(*others, return_exceptions=True)
    assert [type(result) for result in results] == [RuntimeError, RuntimeError]
    source.fails = False
    assert await shared.read("k", source.read) == 0


@given(st.lists(st.sampled_from(["ask", "grow", "turn", "cancel"]), max_size=40))
def test_nobody_is_told_what_was_before_the_question(steps: list[str]) -> None:
    async def run() -> None:
        source, shared = Source(), SharedReads[int]()
        asked: list[tuple[int, asyncio.Task[int]]] = []
        for step in steps:
            match step:
                case "ask":
                    asked.append((source.now, asyncio.create_task(shared.read("k", source.read))))
                case "grow":
                    source.now += 1
                case "turn":
                    await asyncio.sleep(0)
                case "cancel" if asked:
                    asked[-1][1].cancel()
        for then, task in asked:
            await asyncio.wait([task])
            assert task.cancelled() or task.result() >= then
        assert not shared._waiting

    asyncio.run(run())

"""Those who ask for the same thing wait for each other, and nobody else."""

import asyncio
import gc

import pytest

from api.services import turns
from api.services.turns import Turns
from domain.ports.errors import WorkElsewhereError

pytestmark = pytest.mark.anyio


async def test_turns_of_one_name_follow_each_other_and_those_of_others_do_not_wait() -> None:
    taken = Turns()
    order: list[str] = []

    async def take(name: str, what: str) -> None:
        async with taken.of(name):
            order.append(what)

    async with asyncio.TaskGroup() as tasks, taken.of("a"):
        for what in ("first", "second"):
            tasks.create_task(take("a", what))
        await tasks.create_task(take("b", "other"))
        assert order == ["other"]
    assert order == ["other", "first", "second"]


async def test_a_turn_that_does_not_come_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "WAIT_SECONDS", 0.0)
    taken = Turns()
    async with taken.of("a"):
        with pytest.raises(WorkElsewhereError, match="under way"):
            async with taken.of("a"):
                pass


async def test_who_fails_or_leaves_gives_the_turn_on() -> None:
    taken = Turns()
    with pytest.raises(RuntimeError):
        async with taken.of("a"):
            raise RuntimeError
    async with taken.of("a"):
        waiting = asyncio.create_task(taken.of("a").__aenter__())
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
    async with taken.of("a"):
        pass


async def test_nothing_is_kept_of_turns_that_are_over() -> None:
    taken = Turns()
    for number in range(100):
        async with taken.of(number):
            pass
    gc.collect()
    assert len(taken._locks) <= 1

"""What every store of tasks keeps to."""

import msgspec
import pytest

from api.storage.store import SqlStore
from domain.problems import Problem
from tests.contracts.samples import a_task

pytestmark = pytest.mark.anyio


async def test_a_task_is_read_as_it_was_saved(store: SqlStore) -> None:
    full = msgspec.structs.replace(
        a_task("t"),
        state="failed",
        percent=40,
        step="cities",
        checkpoint=b"\x00\xff",
        result={"cities": [["Recife", 2]]},
        error=Problem("", "x", "y"),
        finished_at=9,
    )
    async with store.transaction() as transaction:
        await transaction.tasks.add(a_task("t"))
        await transaction.tasks.save(full)
    async with store.snapshot() as snapshot:
        assert await snapshot.tasks.get("t") == full
        assert await snapshot.tasks.get("u") is None


async def test_tasks_page_newest_first_and_unfinished_oldest_first(store: SqlStore) -> None:
    states = ["queued", "completed", "running", "failed", "cancelled"]
    async with store.transaction() as transaction:
        for at_ms, state in enumerate(states):
            await transaction.tasks.add(a_task(state, created_at=at_ms, state=state))
    async with store.snapshot() as snapshot:
        first, position = await snapshot.tasks.page(limit=2, before=None)
        rest, end = await snapshot.tasks.page(limit=9, before=position)
        unfinished = await snapshot.tasks.unfinished()
    assert [task.id for task in first + rest] == states[::-1]
    assert end is None
    assert [task.id for task in unfinished] == ["queued", "running"]

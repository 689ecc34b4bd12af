"""The index of texts follows the events by itself."""

from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import pytest

from api.services import text_indexing
from api.services.text_indexing import BATCH, FEW, TextIndexer
from api.storage.store import SqlStore
from domain.ports import TextBacklog
from tests.contracts.conftest import opened
from tests.contracts.samples import an_event

pytestmark = pytest.mark.anyio


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqlStore]:
    async with opened("", tmp_path, []) as opened_store:
        yield opened_store


async def until_indexed(store: SqlStore) -> None:
    assert store.indexing is not None
    with anyio.fail_after(60):
        while (backlog := await store.indexing.backlog()).newest - backlog.indexed >= FEW:  # noqa: ASYNC110 - what is polled is the store.
            await anyio.sleep(0.01)


async def test_what_an_import_stored_is_indexed_and_single_events_later(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text_indexing, "LOOK_SECONDS", 0.01)
    assert store.indexing is not None
    indexer = TextIndexer(store.indexing)
    async with store.transaction() as transaction:
        await transaction.events.insert([an_event("x")] * (2 * BATCH + 5), upload_id=None, at_ms=1)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(indexer.run)
        await until_indexed(store)
        async with store.transaction() as transaction:
            await transaction.events.insert([an_event("y")] * FEW, upload_id=None, at_ms=1)
        indexer.changed()
        await until_indexed(store)
        tasks.cancel_scope.cancel()


class Growing:
    """Stands for events that an import adds to; notes what is indexed."""

    def __init__(self, newest: list[int]) -> None:
        self._newest = newest
        self.indexed = 0
        self.at: list[int] = []
        self.seen = anyio.Event()

    async def backlog(self) -> TextBacklog:
        newest = self._newest.pop(0) if len(self._newest) > 1 else self._newest[0]
        return TextBacklog(newest, self.indexed)

    async def index(self, limit: int) -> None:
        self.at.append(len(self._newest))
        self.indexed += limit
        self.seen.set()


async def test_nothing_is_indexed_while_an_import_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_indexing, "LOOK_SECONDS", 0)
    growing = Growing([BATCH, 3 * BATCH, 9 * BATCH, 20 * BATCH, 20 * BATCH])
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(TextIndexer(growing).run)
        with anyio.fail_after(60):
            await growing.seen.wait()
        tasks.cancel_scope.cancel()
    assert growing.at[0] == 1

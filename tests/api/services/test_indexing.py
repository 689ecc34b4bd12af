"""Indexes follow the events by themselves."""

from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import pytest

from api.services import indexing
from api.services.indexing import FEW_TEXTS, MOST_WITHOUT_ENTRIES, TEXTS_BATCH, Indexer
from api.storage.store import SqlStore
from domain.ports.errors import StorageUnavailableError
from domain.ports.indexing import Backlog
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
        backlog = await store.indexing.backlog()
        while backlog.entries or backlog.newest - backlog.texts >= FEW_TEXTS:
            await anyio.sleep(0.01)
            backlog = await store.indexing.backlog()


async def test_imported_events_are_indexed_at_once_and_single_events_later(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexing, "LOOK_SECONDS", 0.01)
    assert store.indexing is not None
    indexer = Indexer(store.indexing)
    async with store.transaction() as transaction:
        await transaction.events.insert([an_event("x")] * (2 * TEXTS_BATCH + 5), upload_id=None, at_ms=1)
    assert (await store.indexing.backlog()).entries > 0
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(indexer.run)
        await until_indexed(store)
        async with store.transaction() as transaction:
            await transaction.events.insert([an_event("y")] * FEW_TEXTS, upload_id=None, at_ms=1)
        indexer.changed()
        await until_indexed(store)
        tasks.cancel_scope.cancel()


class Growing:
    """Stands for events that an import adds to; notes what is indexed, and how many events there were."""

    def __init__(self, newest: list[int]) -> None:
        self._newest = newest
        self._texts = self._entries = self._now = 0
        self.done: list[tuple[str, int]] = []
        self.texts_begun = anyio.Event()

    async def backlog(self) -> Backlog:
        self._now = self._newest.pop(0) if len(self._newest) > 1 else self._newest[0]
        return Backlog(self._now, self._texts, max(self._now - self._entries, 0))

    async def add_entries(self, limit: int) -> None:
        self._entries += limit
        self.done.append(("entries", self._now))

    async def index_texts(self, limit: int) -> bool:
        self._texts += limit
        self.done.append(("texts", self._now))
        self.texts_begun.set()
        return True


async def indexed(growing: Growing, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """Return what is done until texts are."""
    monkeypatch.setattr(indexing, "LOOK_SECONDS", 0)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(Indexer(growing).run)
        with anyio.fail_after(60):
            await growing.texts_begun.wait()
        tasks.cancel_scope.cancel()
    return growing.done[: growing.done.index(("texts", growing.done[-1][1])) + 1]


async def test_indexing_waits_for_imports_and_does_entries_before_texts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    growing = Growing([TEXTS_BATCH * n for n in (1, 3, 9, 20, 20)])
    done = await indexed(growing, monkeypatch)
    assert {newest for _, newest in done} == {TEXTS_BATCH * 20}
    assert [kind for kind, _ in done] == ["entries"] * 3 + ["texts"]


async def test_index_entries_are_written_during_a_huge_import(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sizes = [MOST_WITHOUT_ENTRIES - 1, MOST_WITHOUT_ENTRIES * 2, MOST_WITHOUT_ENTRIES * 3]
    done = await indexed(Growing([*sizes, sizes[-1]]), monkeypatch)
    assert done[0] == ("entries", MOST_WITHOUT_ENTRIES * 2)


async def test_a_process_leaves_indexing_to_another_that_is_at_it() -> None:
    class Elsewhere(Growing):
        async def index_texts(self, limit: int) -> bool:
            await super().index_texts(limit)
            return False

    growing = Elsewhere([TEXTS_BATCH * 9])
    await growing.add_entries(TEXTS_BATCH * 9)
    indexer = Indexer(growing)
    with anyio.fail_after(60):
        while not growing.texts_begun.is_set():
            await indexer._catch_up()
    assert [kind for kind, _ in growing.done].count("texts") == 1


class Away:
    """Stands for a store that does not answer for a number of looks."""

    def __init__(self, looks: int) -> None:
        self.looks = looks
        self.back = anyio.Event()

    async def backlog(self) -> Backlog:
        self.looks -= 1
        if self.looks >= 0:
            raise StorageUnavailableError("the database does not answer")
        self.back.set()
        return Backlog(newest=0, texts=0, entries=0, stale=0)


async def test_an_outage_is_one_line_of_the_log(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(indexing, "LOOK_SECONDS", 0.001)
    away = Away(8)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(Indexer(away).run)  # type: ignore[arg-type]  # it is only looked at.
        with anyio.fail_after(60):
            await away.back.wait()
        tasks.cancel_scope.cancel()
    assert [(one.levelname, one.exc_info) for one in caplog.records] == [("WARNING", None)]

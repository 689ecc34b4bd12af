"""The index of texts: without FTS5, without pg_trgm, after a kill."""

import asyncio
import logging
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from api.storage.postgres import text_index as postgres_text_index
from api.storage.sqlite import deferred_index, text_index
from api.storage.store import SqlStore
from domain.ports.events import EventFilter
from tests.contracts.conftest import opened, store_url
from tests.contracts.samples import an_event

__all__ = ["store_url"]

pytestmark = pytest.mark.anyio


async def titles(store: SqlStore, q: str) -> list[str]:
    async with store.snapshot() as snapshot:
        page = await snapshot.events.page(EventFilter(q=q), sort="id", limit=9, after=None)
    assert page.total == len(page.items)
    return [event.title for event in page.items]


@pytest.mark.parametrize("store_url", ["sqlite", "postgresql"], indirect=True)
async def test_search_reads_every_event_if_trigrams_are_not_available(
    store_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(text_index, "_MAKE", "CREATE VIRTUAL TABLE event_texts USING absent(title)")
    monkeypatch.setattr(postgres_text_index, "_MAKE", ("CREATE EXTENSION absent",))
    with caplog.at_level(logging.WARNING):
        async with opened(store_url, tmp_path, []) as store:
            async with store.transaction() as transaction:
                await transaction.events.insert(
                    [an_event("festa"), an_event("feira")], upload_id=None, at_ms=1
                )
            assert await titles(store, "festa") == ["festa"]
            assert store.indexing is None
    assert "searches read every event" in caplog.text


async def test_a_stale_text_index_is_rebuilt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened("", tmp_path, []) as store:
        async with store.transaction() as transaction:
            (event_id,) = await transaction.events.insert([an_event("before")], upload_id=None, at_ms=1)
        assert store.indexing is not None
        await store.indexing.index_texts(9)
    with monkeypatch.context() as without:
        without.setattr(text_index, "_MAKE", "CREATE VIRTUAL TABLE other USING absent(title)")
        async with opened("", tmp_path, []) as store, store.transaction() as transaction:
            await transaction.events.replace(event_id, an_event("after"), at_ms=2)
    async with opened("", tmp_path, []) as store:
        assert store.indexing is not None
        assert await store.indexing.backlog() == (event_id, 0, 0, 0)
        for _ in range(2):
            assert (await titles(store, "before"), await titles(store, "after")) == ([], ["after"])
            await store.indexing.index_texts(9)
        assert await store.indexing.backlog() == (event_id, event_id, 0, 0)


async def test_a_store_without_a_text_index_defers_no_entries(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deferred_index, "DEFERRED_FROM", 2)
    async with opened("", tmp_path, []) as store, store.transaction() as transaction:
        await transaction.events.insert([an_event("a"), an_event("b")], upload_id="u", at_ms=1)
    monkeypatch.setattr(text_index, "_MAKE", "CREATE VIRTUAL TABLE other USING absent(title)")
    async with opened("", tmp_path, []) as store, store.transaction() as transaction:
        await transaction.events.insert([an_event("c"), an_event("d")], upload_id="u", at_ms=1)
    with closing(sqlite3.connect(tmp_path / "fasttrack.sqlite3")) as connection:
        counted = (
            "SELECT count(*) FROM events INDEXED BY events_city WHERE city_key = 'recife' AND is_indexed = 1"
        )
        assert connection.execute(counted).fetchone() == (4,)


INDEXES = """
import asyncio, sys
from pathlib import Path
from api.storage.store import open_store

async def main():
    folder, url = Path(sys.argv[1]), sys.argv[2]
    store = await open_store(url, committed=list, data_dir=folder, timezone="America/Recife")
    while (backlog := await store.indexing.backlog()).texts < backlog.newest or backlog.stale:
        await store.indexing.index_texts(7)
        print(backlog.texts, flush=True)
    sys.stdin.read()

asyncio.run(main())
"""


@pytest.mark.parametrize("rounds", [1, 3])
async def test_a_process_killed_while_indexing_loses_nothing(
    store_url: str, tmp_path: Path, rounds: int
) -> None:
    async with opened(store_url, tmp_path, []) as store, store.transaction() as transaction:
        batch = [an_event(f"evento <{n}>", description="x" * n) for n in range(500)]
        await transaction.events.insert(batch, upload_id=None, at_ms=1)

    def index_and_be_killed() -> int:
        with subprocess.Popen(
            [sys.executable, "-c", INDEXES, str(tmp_path), store_url],
            cwd=Path(__file__).parents[4],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        ) as indexer:
            assert indexer.stdout is not None
            for _ in range(rounds):
                indexer.stdout.readline()
            indexer.kill()
        return indexer.returncode

    assert await asyncio.to_thread(index_and_be_killed) == -signal.SIGKILL
    async with opened(store_url, tmp_path, []) as store:
        assert store.indexing is not None
        backlog = await store.indexing.backlog()
        assert 0 < backlog.newest - backlog.texts + backlog.stale < 500
        for _ in range(2):
            for n in (0, 6, 7, 250, 499):
                assert await titles(store, f"evento <{n}>") == [f"evento <{n}>"]
            await store.indexing.index_texts(1000)

"""PostgreSQL's index of texts: what triggers note, what the job takes up, what searches read."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.storage import text_index as any_text_index
from api.storage.postgres import text_index
from api.storage.postgres.indexing import INDEXING_LOCK, apart
from api.storage.postgres.transaction import PostgresTransaction
from api.storage.store import SqlStore
from domain.ports.events import EventFilter
from tests.contracts.conftest import opened, postgres, postgres_database
from tests.contracts.samples import an_event

__all__ = ["postgres"]

pytestmark = pytest.mark.anyio


@pytest.fixture
def url(postgres: str) -> Iterator[str]:
    with postgres_database() as made:
        yield made


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


async def insert(store: SqlStore, *titles: str) -> range:
    async with store.transaction() as transaction:
        return await transaction.events.insert([an_event(title) for title in titles], upload_id=None, at_ms=1)


async def replace(store: SqlStore, event_id: int, title: str, city: str = "Recife") -> None:
    async with store.transaction() as transaction:
        new = an_event(title, city=city)
        assert await transaction.events.replace(event_id, new, at_ms=2)


async def found(store: SqlStore, q: str) -> list[str]:
    async with store.snapshot() as snapshot:
        page = await snapshot.events.page(EventFilter(q=q), sort="id", limit=50, after=None)
    assert page.total == len(page.items)
    return [event.title for event in page.items]


async def behind(store: SqlStore) -> int:
    assert store.indexing is not None
    return (await store.indexing.backlog()).stale


async def index(store: SqlStore, limit: int = 1000) -> bool:
    assert store.indexing is not None
    return await store.indexing.index_texts(limit)


async def indexed(url: str) -> dict[int, str]:
    async with connected(url) as connection:
        return dict(await connection.fetch("SELECT id, title_key FROM event_texts ORDER BY id"))


async def spans(url: str) -> list[tuple[int, int]]:
    async with connected(url) as connection:
        rows = await connection.fetch(
            "SELECT first_id, last_id FROM unindexed_texts ORDER BY first_id, last_id"
        )
    return [tuple(row) for row in rows]


async def test_inserts_and_changed_texts_are_noted_and_nothing_else(url: str, tmp_path: Path) -> None:
    async with opened(url, tmp_path, []) as store:
        ids = await insert(store, *(f"festa {n}" for n in range(40)))
        assert await spans(url) == [(ids[0], ids[-1])]
        await index(store)
        assert (await spans(url), len(await indexed(url))) == ([], 40)
        await replace(store, ids[0], "festa 0", city="Olinda")
        assert await spans(url) == []
        await replace(store, ids[1], "feira")
        assert await spans(url) == [(ids[1], ids[1])]
        assert await found(store, "festa 1") == [f"festa {n}" for n in range(10, 20)]
        assert await found(store, "feira") == ["feira"]
        await index(store)
        assert (await indexed(url))[ids[1]] == "feira"


async def test_what_an_older_version_stores_beside_this_one_is_noted_by_runs_of_ids(
    url: str, tmp_path: Path
) -> None:
    async with opened(url, tmp_path, []) as store:
        await insert(store, "festa")
        async with connected(url) as connection:
            for statement in (
                """
                INSERT INTO events SELECT n, title, description, event_date, city, participants, local_info,
                    instant_us, title_key, description_key, city_key, venue_type, upload_id, version,
                    created_ms, updated_ms
                FROM events, unnest(ARRAY[7, 8, 9, 20]) AS n
                """,
                "UPDATE events SET title_key = 'feira', title = 'feira' WHERE id IN (8, 9)",
                "UPDATE events SET city = 'Olinda'",
            ):
                await connection.execute(statement)
        assert await spans(url) == [(1, 1), (7, 9), (8, 9), (20, 20)]
        for _ in range(2):
            assert await found(store, "festa") == ["festa"] * 3
            assert await found(store, "feira") == ["feira"] * 2
            await index(store)
        assert await spans(url) == []


async def test_a_limit_cuts_a_span(url: str, tmp_path: Path) -> None:
    async with opened(url, tmp_path, []) as store:
        ids = await insert(store, *["festa"] * 30)
        (last,) = await insert(store, "festa")
        await index(store, 12)
        assert await spans(url) == [(ids[12], ids[-1]), (last, last)]
        await index(store, 18)
        assert await spans(url) == [(last, last)]
        assert [*await indexed(url)] == [*ids]


async def test_a_text_that_changes_while_it_is_indexed_is_indexed_again(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(url, tmp_path, []) as store, opened(url, tmp_path, []) as other:
        (event_id,) = await insert(store, "festa")
        commit = PostgresTransaction.commit

        async def late(self: PostgresTransaction) -> None:
            monkeypatch.setattr(PostgresTransaction, "commit", commit)
            await replace(other, event_id, "feira")
            await commit(self)

        monkeypatch.setattr(PostgresTransaction, "commit", late)
        await index(store)
        assert await indexed(url) == {event_id: "festa"}
        assert (await found(store, "festa"), await found(store, "feira")) == ([], ["feira"])
        await index(store)
        assert await indexed(url) == {event_id: "feira"}


async def test_of_two_processes_one_indexes_and_the_other_does_not_wait(url: str, tmp_path: Path) -> None:
    async with opened(url, tmp_path, []) as store, connected(url) as connection:
        await insert(store, "festa")
        async with connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock($1)", INDEXING_LOCK)
            assert not await index(store)
            assert await behind(store) == 1
        assert await index(store)
        assert await behind(store) == 0


async def test_deleted_events_leave_the_index(url: str, tmp_path: Path) -> None:
    async with opened(url, tmp_path, []) as store:
        ids = await insert(store, *["festa"] * 20, "feira", "show")
        await index(store)
        for where in (None, EventFilter(q="feira"), EventFilter()):
            async with store.transaction() as transaction:
                if where is None:
                    assert await transaction.events.delete(ids[0])
                else:
                    await transaction.events.delete_matching(where)
            async with store.snapshot() as snapshot:
                left = [event.id async for some in snapshot.events.scan(EventFilter()) for event in some]
            assert [*await indexed(url)] == left
        await insert(store, "festa")
        async with store.transaction() as transaction:
            await transaction.events.delete_matching(EventFilter())
        assert await spans(url) == []


async def test_deletions_do_not_wait_for_what_is_just_being_indexed(url: str, tmp_path: Path) -> None:
    async with opened(url, tmp_path, []) as store, connected(url) as connection:
        ids = await insert(store, *["festa"] * 20)
        await index(store)
        async with connection.transaction():
            await connection.execute("SELECT FROM event_texts WHERE id = $1 FOR UPDATE", ids[5])
            async with store.transaction() as transaction:
                with anyio.fail_after(60):
                    assert await transaction.events.delete_matching(EventFilter(q="festa")) == 20
        assert [*await indexed(url)] == [ids[5]]
        assert await found(store, "festa") == []


async def test_an_entry_that_a_deleted_event_left_is_not_found(url: str, tmp_path: Path) -> None:
    async with opened(url, tmp_path, []) as store:
        (event_id,) = await insert(store, "festa")
        await index(store)
        async with connected(url) as connection:
            await connection.execute("INSERT INTO event_texts VALUES (999, 'festa', '')")
        for few in (any_text_index.FEW, 0):
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(any_text_index, "FEW", few)
                patch.setattr(text_index, "COMMON", 1)
                assert await found(store, "festa") == ["festa"]
            await replace(store, event_id, "festa", city="Olinda")


async def test_the_index_of_an_earlier_version_is_replaced(url: str, tmp_path: Path) -> None:
    async with opened(url, tmp_path, []) as store:
        await insert(store, *["festa"] * 20, "feira")
    async with connected(url) as connection:
        for statement in (
            "DROP TABLE event_texts, unindexed_texts",
            "DROP FUNCTION note_inserted_texts() CASCADE",
            "DROP FUNCTION note_changed_texts() CASCADE",
            "CREATE INDEX events_texts ON events USING gin (title_key gin_trgm_ops)",
        ):
            await connection.execute(statement)
    async with opened(url, tmp_path, []) as store:
        assert (await behind(store), await indexed(url)) == (21, {})
        async with connected(url) as connection:
            assert await connection.fetchval("SELECT to_regclass('events_texts')") is None
        assert await found(store, "feira") == ["feira"]
        await index(store)
        assert (await behind(store), len(await indexed(url))) == (0, 21)
        assert await found(store, "feira") == ["feira"]


async def test_an_index_without_its_triggers_is_made_anew(url: str, tmp_path: Path) -> None:
    """As after a backup of a store without it was restored over a store with it."""
    async with opened(url, tmp_path, []) as store:
        (event_id,) = await insert(store, "festa")
        await index(store)
    async with connected(url) as connection:
        await connection.execute("DROP TRIGGER note_changed_texts ON events")
        await connection.execute("UPDATE events SET title = 'feira', title_key = 'feira'")
    async with opened(url, tmp_path, []) as store:
        assert await found(store, "feira") == ["feira"]
        await index(store)
        assert await indexed(url) == {event_id: "feira"}


async def test_searches_use_the_trigrams(url: str, tmp_path: Path) -> None:
    async with opened(url, tmp_path, []):
        pass
    async with connected(url) as connection:
        await connection.execute("SET enable_seqscan = off")
        sought = "title_key LIKE '%festa%' OR description_key LIKE '%festa%'"
        plan = await connection.fetch(f"EXPLAIN SELECT id FROM event_texts WHERE {sought}")
    assert "event_texts_trigrams" in str(plan)


spans_of_ids = st.lists(st.tuples(st.integers(1, 60), st.integers(0, 9)).map(lambda s: (s[0], s[0] + s[1])))


@given(spans_of_ids)
def test_spans_are_parted_without_losing_an_id(some: list[tuple[int, int]]) -> None:
    parted = apart(some)
    ids = [n for first, last in parted for n in range(first, last + 1)]
    assert ids == sorted({n for first, last in some for n in range(first, last + 1)})
    assert len(parted) == len({first for first, _ in parted})

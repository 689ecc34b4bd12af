"""No page of events reads more than it must: the plans of SQLite for every sort and filter."""

import sqlite3
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
import sqlalchemy as sa

from api.storage.sqlite import SqliteDatabase
from api.storage.store import SqlStore
from domain.ports import EventFilter, EventSort
from domain.venues import Venue
from tests.contracts.conftest import opened
from tests.contracts.samples import an_event, at_us

pytestmark = pytest.mark.anyio

FILTERS: list[dict[str, Any]] = [
    {},
    {"city": "Recife"},
    {"city": "Rara"},
    {"venue_type": "Teatro"},
    {"upload_id": "u"},
    {"from_us": at_us("2025-07-02T00:00:00"), "to_us": at_us("2025-07-09T12:00:00")},
    {"city": "Recife", "venue_type": "Teatro", "from_us": at_us("2025-07-02T00:00:00")},
]


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqlStore]:
    async with opened("", tmp_path, []) as opened_store:
        async with opened_store.transaction() as transaction:
            days = [
                an_event(on=f"2025-07-{day:02}T10:00:00", local_info=Venue("Sala", 1, "Teatro"))
                for day in range(1, 29)
            ]
            await transaction.events.insert(days, upload_id="u", at_ms=1)
            await transaction.events.insert([an_event(city="Rara")], upload_id=None, at_ms=1)
        yield opened_store


@pytest.fixture
def statements(store: SqlStore) -> Iterator[list[tuple[str, Any]]]:
    """What is asked of the table of events."""
    database = store._database
    assert isinstance(database, SqliteDatabase)
    asked: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if "FROM events" in statement:
            asked.append((statement, parameters))

    sa.event.listen(database._readers.sync_engine, "before_cursor_execute", note)
    yield asked
    sa.event.remove(database._readers.sync_engine, "before_cursor_execute", note)


@pytest.mark.parametrize("where", FILTERS, ids=str)
@pytest.mark.parametrize("sort", get_args(EventSort))
async def test_pages_are_led_by_an_index(
    store: SqlStore,
    statements: list[tuple[str, Any]],
    tmp_path: Path,
    sort: EventSort,
    where: dict[str, Any],
) -> None:
    async with store.snapshot() as snapshot:
        first = await snapshot.events.page(EventFilter(**where), sort=sort, limit=2, after=None)
        await snapshot.events.page(EventFilter(**where), sort=sort, limit=2, after=first.next)
    assert statements
    connection = sqlite3.connect(tmp_path / "fasttrack.sqlite3")
    for statement, parameters in statements:
        rows = connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
        plan = " / ".join(row[3] for row in rows)
        walks_ids = plan == "SCAN events" and "ORDER BY events.id" in statement
        assert walks_ids or "USING" in plan, plan
        assert "TEMP B-TREE" not in plan or where.get("city") == "Rara", plan
    connection.close()


async def test_what_few_match_is_found_by_its_own_index(
    store: SqlStore, statements: list[tuple[str, Any]]
) -> None:
    async with store.snapshot() as snapshot:
        page = await snapshot.events.page(EventFilter(city="Rara"), sort="title", limit=9, after=None)
    assert page.total == 1
    assert "INDEXED BY events_city" in statements[-1][0]

"""No page of events reads more than it must: what SQLite does for every sort and filter, and how much."""

import shutil
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, get_args

import anyio
import pytest

from api.storage.sqlite.database import SqliteDatabase
from api.storage.sqlite.deferred_index import DEFERRED_FROM
from api.storage.store import SqlStore
from domain.ports.events import EventFilter, EventSort
from domain.venues import Venue
from tests.contracts.conftest import opened
from tests.contracts.samples import an_event, at_us

pytestmark = pytest.mark.anyio

EVERY = 24_000
CITIES = [*"ABCDEFGH", "Recife", "Olinda", "Natal", "Maceió", "Caruaru", "Goiana", "Sobral"]
TYPES = ["Teatro", "Museu", "Arena", "Parque", "Praça", None]
WORDS = ["festa", "feira", "livro", "show", "teatro", "oficina", "palestra", "corrida", "dança", "frevo"]

MARCH = {"from_us": at_us("2026-03-01T00:00:00"), "to_us": at_us("2026-04-01T00:00:00")}
FILTERS: list[dict[str, Any]] = [
    {},
    {"city": "Recife"},
    {"city": "Rara"},
    {"city": "Nowhere"},
    {"venue_type": "Teatro"},
    {"upload_id": "u5"},
    MARCH,
    {"from_us": at_us("2026-03-07T00:00:00"), "to_us": at_us("2026-03-08T12:00:00")},
    {"city": "Recife", "venue_type": "Teatro"},
    {"city": "Recife", "upload_id": "u5"},
    {"venue_type": "Museu", "upload_id": "u5", **MARCH},
    {"city": "Natal", **MARCH},
    {"q": "evento 12345"},
    {"q": "evento 7"},
    {"q": "festa frevo"},
    {"q": "nada disso"},
    {"q": "frevo 1", "city": "Recife"},
    {"q": "evento 7", "upload_id": "u5", **MARCH},
]
CORRELATED: list[dict[str, Any]] = [{"upload_id": "late"}, {"upload_id": "late", "venue_type": "Teatro"}]
"""Of an import whose events come last in every order."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("plans")
    anyio.run(_fill, made)
    return made


async def _fill(folder: Path) -> None:
    async with opened("", folder, []) as store:
        for upload in range(12):
            batch = [_event(n) for n in range(upload, EVERY, 12)]
            async with store.transaction() as transaction:
                await transaction.events.insert(batch, upload_id=f"u{upload}", at_ms=1)
        late = [
            an_event(f"zz {n}", on="2027-01-01T00:00:00", local_info=Venue("Sala", 1, TYPES[n % 6]))
            for n in range(EVERY // 8)
        ]
        async with store.transaction() as transaction:
            await transaction.events.insert(late, upload_id="late", at_ms=1)
        assert store.indexing is not None
        await store.indexing.index_texts(2 * EVERY)
        await store.indexing.add_entries(2 * EVERY)


def _event(n: int) -> Any:
    city = CITIES[n * 7 % 97 % 15] if n % 3000 else "Rara"
    return an_event(
        f"{WORDS[n * 31 % 101 % 10]} {WORDS[n * 17 % 103 % 10]} {n}",
        description=f"Descrição do evento {n}.",
        on=f"2026-{n * 13 % 12 + 1:02}-{n * 11 % 28 + 1:02}T{n % 24:02}:00:00",
        city=city,
        local_info=Venue("Sala", 1, TYPES[n * 5 % 89 % 6]),
    )


@pytest.fixture
async def store(folder: Path) -> AsyncIterator[SqlStore]:
    async with opened("", folder, []) as opened_store:
        yield opened_store


@pytest.fixture
def statements(store: SqlStore) -> Iterator[list[str]]:
    """All that is asked of the database."""
    with asked_of(store) as asked:
        yield asked


@contextmanager
def asked_of(store: SqlStore) -> Iterator[list[str]]:
    database = store._database
    assert isinstance(database, SqliteDatabase)
    asked: list[str] = []
    with database.traced(lambda sql: asked.append(sql) if sql.startswith("SELECT") else None):
        yield asked


def work(folder: Path, statements: list[str]) -> int:
    """Return how many hundreds of steps SQLite takes for the statements. A row read takes ten or more."""
    connection = sqlite3.connect(folder / "fasttrack.sqlite3")
    hundreds = 0

    def count() -> int:
        nonlocal hundreds
        hundreds += 1
        return 0

    connection.set_progress_handler(count, 100)
    for statement in statements:
        connection.execute(statement).fetchall()
    connection.close()
    return hundreds


def plans(folder: Path, statements: list[str]) -> list[str]:
    connection = sqlite3.connect(folder / "fasttrack.sqlite3")
    rows = [
        row[3] for statement in statements for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}")
    ]
    connection.close()
    assert any(step.startswith(("SCAN ", "SEARCH ")) for step in rows), (statements, rows)
    return rows


def unindexed(steps: list[str]) -> list[str]:
    """Return the steps that read a whole table in no order of its own."""
    return [
        step for step in steps if step.startswith("SCAN ") and "USING" not in step and "VIRTUAL" not in step
    ]


def test_a_read_of_all_events_is_known_from_its_plan(folder: Path) -> None:
    assert unindexed(plans(folder, ["SELECT title FROM events WHERE description = 'x'"])) == ["SCAN events"]


async def ask(store: SqlStore, where: dict[str, Any], sort: EventSort) -> None:
    """Ask for two pages, of which the second is far from the first."""
    asked = EventFilter(**where)
    async with store.snapshot() as snapshot:
        first = await snapshot.events.page(asked, sort=sort, limit=50, after=None)
        await snapshot.events.page(asked, sort=sort, limit=50, after=first.next)


@pytest.fixture(scope="module")
def everything(folder: Path) -> int:
    """What it takes to look for a text in every row, once."""
    search = "SELECT count(*) FROM events WHERE title_key LIKE '%zz%' OR description_key LIKE '%zz%'"
    return work(folder, [search])


@pytest.mark.parametrize("where", FILTERS, ids=str)
@pytest.mark.parametrize("sort", get_args(EventSort))
async def test_a_page_costs_less_than_reading_all_events(
    store: SqlStore,
    statements: list[str],
    folder: Path,
    everything: int,
    sort: EventSort,
    where: dict[str, Any],
) -> None:
    """Two pages and their totals, which by reading would take four times everything."""
    await ask(store, where, sort)
    assert work(folder, statements) < everything * 0.75, plans(folder, statements)


def assert_no_full_scan(steps: list[str], sort: EventSort, where: dict[str, Any]) -> None:
    """Only a list of everything in the order of ids reads the table as it lies."""
    in_order_of_ids = sort in ("id", "-id") and not where
    tables = [step for step in unindexed(steps) if step.startswith(("SCAN events", "SCAN stats"))]
    assert set(tables) <= ({"SCAN events"} if in_order_of_ids else set()), steps


@pytest.mark.parametrize("where", [*FILTERS, *CORRELATED], ids=str)
@pytest.mark.parametrize("sort", get_args(EventSort))
async def test_a_full_scan_is_only_used_in_id_order(
    store: SqlStore,
    statements: list[str],
    folder: Path,
    sort: EventSort,
    where: dict[str, Any],
) -> None:
    await ask(store, where, sort)
    assert_no_full_scan(plans(folder, statements), sort, where)


@pytest.mark.parametrize("where", CORRELATED, ids=str)
@pytest.mark.parametrize("sort", ["event_date", "title"])
async def test_finding_events_late_in_the_order_does_not_scan_all_events(
    store: SqlStore,
    statements: list[str],
    folder: Path,
    everything: int,
    sort: EventSort,
    where: dict[str, Any],
) -> None:
    await ask(store, where, sort)
    assert work(folder, statements) < everything


async def test_a_text_too_short_for_the_index_is_counted_once(
    store: SqlStore, statements: list[str], folder: Path
) -> None:
    await ask(store, {"q": "fe"}, "event_date")
    counted = work(folder, statements)
    statements.clear()
    await ask(store, {"q": "fe"}, "title")
    assert work(folder, statements) < counted / 10


async def test_a_selective_filter_uses_its_own_index(store: SqlStore, statements: list[str]) -> None:
    async with store.snapshot() as snapshot:
        page = await snapshot.events.page(EventFilter(city="Rara"), sort="title", limit=9, after=None)
    assert page.total == 8
    assert "INDEXED BY events_city" in statements[-1]


@pytest.fixture
async def importing(folder: Path, tmp_path: Path) -> AsyncIterator[tuple[SqlStore, Path]]:
    """The same store, and some events more that have no entries yet."""
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    async with opened("", tmp_path, []) as opened_store:
        async with opened_store.transaction() as transaction:
            batch = [_event(n) for n in range(DEFERRED_FROM)]
            await transaction.events.insert(batch, upload_id="u5", at_ms=1)
        yield opened_store, tmp_path


@pytest.mark.parametrize("where", [where for where in FILTERS if "q" not in where], ids=str)
@pytest.mark.parametrize("sort", get_args(EventSort))
async def test_deferred_entries_add_only_the_range_of_unindexed_events(
    importing: tuple[SqlStore, Path], sort: EventSort, where: dict[str, Any]
) -> None:
    store, folder = importing
    with asked_of(store) as statements:
        await ask(store, where, sort)
    assert_no_full_scan(plans(folder, statements), sort, where)


async def test_the_end_of_a_feed_is_found_with_the_index_of_final_messages(
    store: SqlStore, folder: Path
) -> None:
    with asked_of(store) as statements:
        await store.feed.ends(["upload/a"])
    assert any("feed_messages_final" in step for step in plans(folder, statements))

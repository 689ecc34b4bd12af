"""Migrations lead to the tables that the queries expect."""

import asyncio
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import msgspec
import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.ext.asyncio import create_async_engine

from api.storage.migrate import _FOLDER, HEAD, migrate
from api.storage.schema import metadata
from domain.events import EventFields
from domain.ports.events import TakeBackPosition
from domain.venues import Venue
from tests.contracts.conftest import opened, postgres_database, store_url

__all__ = ["store_url"]


def test_the_head_is_the_latest_migration() -> None:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    assert ScriptDirectory.from_config(config).get_current_head() == HEAD


def upgrade(connection: sa.Connection, version: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    config.attributes["connection"] = connection
    command.upgrade(config, version)


SQLITE_CATALOGUE = """
    SELECT m.name, c.name, c.type, c."notnull", c.dflt_value, c.pk
    FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%'
    UNION ALL
    SELECT name, sql, rank() OVER (PARTITION BY tbl_name ORDER BY rowid), '', '', ''
    FROM sqlite_master WHERE type <> 'table'
"""
POSTGRES_CATALOGUE = """
    SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull::text, a.attstorage::text,
        coalesce(pg_get_expr(d.adbin, d.adrelid), ''), a.attcollation::regcollation::text
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
    UNION ALL
    SELECT tablename, indexname, indexdef, '', '', '', '' FROM pg_indexes WHERE schemaname = 'public'
    UNION ALL SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid), '', '', '', ''
    FROM pg_constraint WHERE connamespace = 'public'::regnamespace
"""


def catalogue(connection: sa.Connection) -> list[tuple[str, ...]]:
    """Return every table's columns, indexes and constraints, and the rows that a new store begins with.

    SQLite chooses among indexes by the order of their creation, too.
    """
    is_sqlite = connection.dialect.name == "sqlite"
    found = connection.exec_driver_sql(SQLITE_CATALOGUE if is_sqlite else POSTGRES_CATALOGUE).all()
    rows = [tuple(" ".join(str(cell).split()) for cell in row) for row in found]
    tables = [*metadata.tables, "alembic_version"]
    held = [connection.execute(sa.select(sa.text("*")).select_from(sa.table(name))).all() for name in tables]
    return sorted([*rows, *((name, str(some)) for name, some in zip(tables, held, strict=True))])


def test_an_empty_database_gets_what_all_migrations_leave(store_url: str, tmp_path: Path) -> None:
    is_sqlite = store_url.startswith("sqlite")
    with nullcontext(f"sqlite:///{tmp_path}/migrated") if is_sqlite else postgres_database() as other:
        left = []
        for url, make in ((store_url, migrate), (other, lambda connection: upgrade(connection, "head"))):
            left.append(_left(url, make) if is_sqlite else asyncio.run(_left_async(url, make)))
    assert left[0] == left[1]
    assert len(left[0]) > 150


def _left(url: str, make: Callable[[sa.Connection], None]) -> list[tuple[str, ...]]:
    engine = sa.create_engine(url)
    try:
        with engine.begin() as connection:
            make(connection)
            return catalogue(connection)
    finally:
        engine.dispose()


async def _left_async(url: str, make: Callable[[sa.Connection], None]) -> list[tuple[str, ...]]:
    engine = create_async_engine(url.replace("postgresql:", "postgresql+asyncpg:"))
    try:
        async with engine.begin() as connection:
            await connection.run_sync(make)
            return await connection.run_sync(catalogue)
    finally:
        await engine.dispose()


def test_migrating_twice_creates_the_tables_once(tmp_path: Path) -> None:
    engine = sa.create_engine(f"sqlite:///{tmp_path}/x.sqlite3")
    for _ in range(2):
        with engine.begin() as connection:
            migrate(connection)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()


def test_migrating_indexes_the_events_of_an_older_store(tmp_path: Path) -> None:
    engine = sa.create_engine(f"sqlite:///{tmp_path}/x.sqlite3")
    texts = ("title", "description", "event_date", "city", "participants", "title_key", "description_key")
    numbers = ("id", "instant_us", "version", "created_ms", "updated_ms")
    with engine.begin() as connection:
        upgrade(connection, "0003")
        cells = dict.fromkeys([*texts, "city_key"], "x") | dict.fromkeys(numbers, 1)
        names = ", ".join(cells)
        connection.exec_driver_sql(
            f"INSERT INTO events ({names}) VALUES ({', '.join('?' * len(cells))})",
            (*cells.values(),),
        )
        migrate(connection)
        found = "SELECT id FROM events INDEXED BY events_city WHERE city_key = 'x' AND is_indexed = 1"
        assert connection.exec_driver_sql(found).all() == [(1,)]
    engine.dispose()


@pytest.mark.anyio
async def test_imports_from_before_migration_0013_can_be_undone(
    tmp_path: Path,
) -> None:
    engine = sa.create_engine(f"sqlite:///{tmp_path}/fasttrack.sqlite3")
    fields = EventFields(
        "a", "before", "2025-07-01T10:00:00", "Recife", ("Alice",), Venue("Praça", 10), 1751374800000000
    )
    body = msgspec.json.encode(fields).decode()
    with engine.begin() as connection:
        upgrade(connection, "0012")
        # Of the event 1, two imports changed what it was; the second one has been undone: 4 equals 3.
        rows = [("u", 1, 1, 3, False, 5, body), ("v", 1, 3, 4, True, 6, body), ("u", 2, 1, 2, False, 5, body)]
        for row in rows:
            connection.exec_driver_sql("INSERT INTO event_images VALUES (?, ?, ?, ?, ?, ?, ?)", row)
        cells = (1, "a", "after", fields.event_date, "Recife", "[]", None, fields.instant_us, "a", "after")
        rest = ("recife", None, "old", 4, 1, 7, True)
        places = ", ".join("?" * (len(cells) + len(rest)))
        connection.exec_driver_sql(f"INSERT INTO events VALUES ({places})", (*cells, *rest))
    engine.dispose()
    async with opened("", tmp_path, []) as store:
        async with store.transaction() as tx:
            part = await tx.events.take_back("u", TakeBackPosition(), limit=10, at_ms=9)
        assert (part.restored, part.kept) == (1, [])
        async with store.snapshot() as snapshot:
            event = await snapshot.events.get(1)
        assert event is not None
        assert msgspec.structs.astuple(event)[1:7] == msgspec.structs.astuple(fields)[:6]
        assert event.version == 5

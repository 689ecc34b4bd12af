"""Migrations lead to the tables that the queries expect."""

import asyncio
import re
import unicodedata
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.ext.asyncio import create_async_engine

from api.storage import event_packing
from api.storage.event_packing import pack
from api.storage.migrate import _FOLDER, HEAD, is_foreign, known_versions, migrate
from api.storage.schema import metadata
from api.storage.store import SqlStore
from domain.event_columns import EventColumns
from domain.events import EventFields
from domain.folding import fold
from domain.merge import Merged, MergeRule
from domain.ports.events import EventFilter, TakeBackPosition
from domain.venues import Venue
from tests.contracts.conftest import opened, postgres_database, store_url
from tests.contracts.samples import an_event

__all__ = ["store_url"]


def test_the_head_is_the_latest_migration() -> None:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    assert ScriptDirectory.from_config(config).get_current_head() == HEAD


OURS = ["alembic_version", *metadata.tables]


@pytest.mark.parametrize(
    ("version", "tables", "foreign"),
    [
        (None, [], False),
        (
            None,
            ["sqlite_sequence", "sqlite_stat1", "sqlite_stat4", "_litestream_seq", "_litestream_lock"],
            False,
        ),
        (None, ["foo"], True),
        (None, ["sqlite_sequence", "foo"], True),
        (None, ["alembic_version"], True),
        (None, OURS, True),
        (HEAD, OURS, False),
        (HEAD, [*OURS, "foo", "sqlite_sequence", "event_texts"], False),
        (HEAD, ["alembic_version"], True),
        (HEAD, ["alembic_version", "users", "events"], True),
        ("0001", ["alembic_version", "users"], True),
        # Of a newer version, whose tables nobody knows here.
        ("0099", ["alembic_version"], False),
        ("9999", OURS, False),
        ("abc", OURS, True),
        ("5f1c2d3e4a5b", ["alembic_version", "users"], True),
        ("", ["alembic_version"], True),
        ("18", OURS, True),
        ("00018", OURS, True),
        ("0018\n", OURS, True),
        ("٠٠١٨", OURS, True),
    ],
)
def test_tables_of_another_program_are_told_by_their_version_and_names(
    version: str | None, tables: list[str], foreign: bool
) -> None:
    assert is_foreign(version, tables) is foreign


def test_the_tables_of_every_version_are_ours(tmp_path: Path) -> None:
    for version in sorted(known_versions()):
        engine = sa.create_engine(f"sqlite:///{tmp_path}/{version}.sqlite3")
        with engine.begin() as connection:
            upgrade(connection, version)
            assert not is_foreign(version, sa.inspect(connection).get_table_names())
        engine.dispose()


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


def insert_cells(connection: sa.Connection, **cells: str) -> None:
    """Insert the event 1 with some cells."""
    texts = ("title", "description", "event_date", "city", "participants", "title_key", "description_key")
    numbers = ("id", "instant_us", "version", "created_ms", "updated_ms")
    row = dict.fromkeys([*texts, "city_key"], "x") | dict.fromkeys(numbers, 1) | cells
    places = ", ".join("?" * len(row))
    connection.exec_driver_sql(f"INSERT INTO events ({', '.join(row)}) VALUES ({places})", (*row.values(),))


def test_migrating_indexes_the_events_of_an_older_store(tmp_path: Path) -> None:
    engine = sa.create_engine(f"sqlite:///{tmp_path}/x.sqlite3")
    with engine.begin() as connection:
        upgrade(connection, "0003")
        insert_cells(connection)
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


def fold_as_before_0017(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return unicodedata.normalize("NFKD", re.sub("[\u0300-\u036f]", "", decomposed).casefold())


BEFORE_0017 = [
    an_event("Koncert w Łodzi", description="Święto łódek", city="Łódź"),
    an_event("Koncert w Lodzi", description="łódki", city="Lodz"),
    an_event("Festa de São João", description="Forró e “quadrilha”", city="São Paulo"),
    an_event("Jazz", description="på Ærø, øl og smørrebrød", city="København"),
    an_event("Концерт", description="в парке", city="Москва"),
    an_event("Plain", description="nothing of it", city="Recife"),
    an_event("Ørsted", description="twice", city="Łódź"),
]


async def found(store: SqlStore, **where: Any) -> list[int]:
    async with store.snapshot() as snapshot:
        page = await snapshot.events.page(EventFilter(**where), sort="id", limit=50, after=None)
    assert page.total == len(page.items)
    return [event.id for event in page.items]


async def merged(store: SqlStore, rows: list[EventFields]) -> Merged:
    rule = MergeRule("update", fields=frozenset(("title", "description", "event_date", "city")))
    async with store.transaction() as tx:
        return await tx.events.merge_batch(pack(EventColumns.of(rows)), rule, upload_id="new", at_ms=5)


async def made_before_0017(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, indexed: int, changed: bool
) -> None:
    """Make a store as a program before 0017 leaves it, which has the tables that 0017 finds.

    The texts of so many events are in the index; that of one was changed since, if asked for.
    """
    with monkeypatch.context() as before:
        before.setattr(event_packing, "fold", fold_as_before_0017)
        async with opened(url, tmp_path, []) as store:
            async with store.transaction() as tx:
                await tx.events.insert(BEFORE_0017, upload_id="old", at_ms=1)
            assert store.indexing is not None
            if indexed:
                await store.indexing.index_texts(indexed)
            if changed:
                await merged(store, [msgspec.structs.replace(BEFORE_0017[0], description="Nowe łódki")])
            assert await found(store, q="lodz") == [2]
    await _make_older(url, "0016")


async def _make_older(url: str, version: str) -> None:
    """Have a store as a program left it whose last migration was `version`, 0016 at least."""
    statements = [
        "DROP TABLE idempotency_keys",
        f"UPDATE alembic_version SET version_num = '{version}'",
    ]
    if url.startswith("postgresql"):
        connection = await asyncpg.connect(url)
        try:
            for one in statements:
                await connection.execute(one)
        finally:
            await connection.close()
        return
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        for one in statements:
            connection.exec_driver_sql(one)
    engine.dispose()


@pytest.mark.anyio
async def test_a_store_from_before_migration_0018_takes_keys(store_url: str, tmp_path: Path) -> None:
    async with opened(store_url, tmp_path, []) as store, store.transaction() as tx:
        ids = await tx.events.insert([an_event()], upload_id=None, at_ms=1)
    await _make_older(store_url, "0017")
    async with opened(store_url, tmp_path, []) as store:
        async with store.transaction() as tx:
            assert await tx.keys.claim("ana", "k", b"digest", at_ms=1) is None
            await tx.keys.keep("ana", "k", ids)
        async with store.transaction() as tx:
            use = await tx.keys.claim("ana", "k", b"digest", at_ms=1)
            assert use is not None
            assert [event.id for event in await tx.events.of_ids(use.ids)] == [*ids]


@pytest.mark.anyio
@pytest.mark.parametrize(("indexed", "changed"), [(0, False), (3, False), (9, False), (9, True)])
async def test_events_from_before_migration_0017_are_found_by_plain_letters(
    store_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, indexed: int, changed: bool
) -> None:
    await made_before_0017(store_url, tmp_path, monkeypatch, indexed=indexed, changed=changed)
    async with opened(store_url, tmp_path, []) as store:
        async with store.snapshot() as snapshot:
            stored = [event async for chunk in snapshot.events.scan(EventFilter()) for event in chunk]
        assert [(event.title, event.city) for event in stored] == [
            (event.title, event.city) for event in BEFORE_0017
        ]
        assert [event.version for event in stored] == [2 if changed else 1, *[1] * 6]
        for _ in range(2):
            for q in ("lodz", "ŁODZ", "łódki", "lodki", "aero", "smor", "Ørsted", "orsted", "КОНЦЕРТ", "ø"):
                sought = fold(q)
                told = [event.id for event in stored if sought in fold(f"{event.title}\n{event.description}")]
                assert told
                assert await found(store, q=q) == told
            for city, ids in {"lodz": [1, 2, 7], "Łódź": [1, 2, 7], "kobenhavn": [4], "москва": [5]}.items():
                assert await found(store, city=city) == ids
                assert await found(store, city=city, q="e") == [
                    n for n in await found(store, q="e") if n in ids
                ]
            # Again, when all texts are in the index.
            assert store.indexing is not None
            await store.indexing.index_texts(50)
            backlog = await store.indexing.backlog()
            while backlog.stale or backlog.texts < backlog.newest:
                await store.indexing.index_texts(50)
                backlog = await store.indexing.backlog()


@pytest.mark.anyio
async def test_events_from_before_migration_0017_stay_apart_and_are_matched_and_counted(
    store_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await made_before_0017(store_url, tmp_path, monkeypatch, indexed=9, changed=False)
    async with opened(store_url, tmp_path, []) as store:
        # The first two have the same folded key now, and are two events as before.
        assert (await merged(store, BEFORE_0017)).outcomes == bytes([2] * 7)
        changed = [msgspec.structs.replace(event, description="øl") for event in BEFORE_0017]
        assert (await merged(store, changed)).outcomes == bytes([1] * 7)
        assert await found(store, q="Ol") == [1, 2, 3, 4, 5, 6, 7]
        async with store.transaction() as tx:
            assert await tx.events.delete_matching(EventFilter(city="LODZ")) == 3
        assert await found(store, city="Łódź") == []
        async with store.transaction() as tx:
            assert await tx.events.delete_matching(EventFilter()) == 4
        async with store.snapshot() as snapshot:
            assert (await snapshot.events.counts(now_us=0)).by_city == []


def test_migration_0017_folds_whatever_is_stored_and_adds_counts(tmp_path: Path) -> None:
    engine = sa.create_engine(f"sqlite:///{tmp_path}/x.sqlite3")
    with engine.begin() as connection:
        upgrade(connection, "0016")
        insert_cells(connection, title_key="ł\x1fø", description_key="a\0æ", city_key="łodz")
        counts = {"łodz": 3, "lodz": 2, "lødz": -2, "møn": 1, "mon": -1, "recife": 4}
        for key, n in counts.items():
            connection.exec_driver_sql("INSERT INTO stats VALUES ('city_key', ?, ?)", (key, n))
        connection.exec_driver_sql("INSERT INTO stats VALUES ('city', 'Łódź', 3)")
        migrate(connection)
        keys = "SELECT title_key, description_key, city_key FROM events"
        assert connection.exec_driver_sql(keys).all() == [("l\x1fo", "a\0ae", "lodz")]
        left = connection.exec_driver_sql("SELECT kind, key, n FROM stats ORDER BY key").all()
        assert left == [("city_key", "lodz", 3), ("city_key", "recife", 4), ("city", "Łódź", 3)]
    engine.dispose()

"""SQLAlchemy on our own cursor of SQLite's: one turn of the thread a statement, and the same results."""

from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import aiosqlite
import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from api.storage.sqlite_driver import connect

pytestmark = pytest.mark.anyio

THINGS = sa.Table(
    "things", sa.MetaData(), sa.Column("id", sa.Integer, primary_key=True), sa.Column("n", sa.Integer)
)


@pytest.fixture
async def connection(tmp_path: Path) -> AsyncIterator[AsyncConnection]:
    engine = create_async_engine("sqlite+aiosqlite://", async_creator=partial(connect, str(tmp_path / "db")))
    async with engine.connect() as connection:
        await connection.run_sync(THINGS.metadata.create_all)
        yield connection
    await engine.dispose()


async def test_each_kind_of_statement_gives_what_it_does_elsewhere(connection: AsyncConnection) -> None:
    inserted = await connection.execute(sa.insert(THINGS), {"n": 1})
    assert inserted.inserted_primary_key == (1,)
    many = await connection.execute(sa.insert(THINGS), [{"n": 2}, {"n": 3}])
    assert many.rowcount == 2
    returned = await connection.execute(sa.update(THINGS).values(n=THINGS.c.n * 10).returning(THINGS.c.n))
    assert sorted(returned.scalars()) == [10, 20, 30]
    changed = await connection.execute(sa.update(THINGS).where(THINGS.c.id > 1).values(n=0))
    assert changed.rowcount == 2
    rows = (await connection.execute(sa.select(THINGS).order_by(THINGS.c.id))).all()
    assert [row._mapping for row in rows] == [{"id": 1, "n": 10}, {"id": 2, "n": 0}, {"id": 3, "n": 0}]
    none = await connection.execute(sa.select(THINGS).where(THINGS.c.id > 9))
    assert (none.first(), [*none.keys()]) == (None, ["id", "n"])


async def test_an_error_of_the_databases_is_told_as_one(connection: AsyncConnection) -> None:
    await connection.execute(sa.insert(THINGS), {"id": 1, "n": 1})
    with pytest.raises(sa.exc.IntegrityError, match="UNIQUE"):
        await connection.execute(sa.insert(THINGS), {"id": 1, "n": 1})
    with pytest.raises(sa.exc.OperationalError, match="no such table"):
        await connection.exec_driver_sql("SELECT * FROM absent")
    assert (await connection.execute(sa.select(sa.func.count()).select_from(THINGS))).scalar() == 1


@pytest.mark.parametrize("statement", ["SELECT 1", "INSERT INTO things VALUES (7, 7) RETURNING n", "BEGIN"])
async def test_a_statement_takes_one_turn_of_the_thread(
    connection: AsyncConnection, statement: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns = []
    execute = aiosqlite.Connection._execute

    async def counted(self: aiosqlite.Connection, *args: object, **options: object) -> object:
        turns.append(args)
        return await execute(self, *args, **options)

    await connection.commit()
    monkeypatch.setattr(aiosqlite.Connection, "_execute", counted)
    await connection.exec_driver_sql(statement)
    assert len(turns) == 1

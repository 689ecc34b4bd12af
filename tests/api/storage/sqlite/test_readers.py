"""Connections of readers: lent, kept, and never lost when somebody leaves while one is opened."""

import asyncio
import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from api.storage.sqlite import readers
from api.storage.sqlite.connection import Connection
from api.storage.sqlite.readers import Readers

pytestmark = pytest.mark.anyio


class Opening:
    """Opens connections when it may; fails where it is told to."""

    def __init__(self) -> None:
        self.executor = ThreadPoolExecutor(8)
        self.may_go_on = threading.Event()
        self.may_go_on.set()
        self.fails = False
        self.engine = sa.create_engine(
            "sqlite://", poolclass=sa.NullPool, connect_args={"check_same_thread": False}
        )

    def connect(self) -> Connection:
        self.may_go_on.wait()
        if self.fails:
            raise sqlite3.OperationalError("disk I/O error")
        return Connection(self.engine.connect(), self.executor)


@pytest.fixture
def opening() -> Iterator[Opening]:
    made = Opening()
    yield made
    made.executor.shutdown()


@pytest.mark.parametrize("fails", [False, True])
async def test_who_is_cancelled_while_a_connection_is_opened_leaves_no_place_taken(
    opening: Opening, *, fails: bool
) -> None:
    pool = Readers(opening.executor, opening.connect)
    opening.may_go_on.clear()
    opening.fails = fails
    reader = asyncio.create_task(pool.taken())
    await asyncio.sleep(0)
    reader.cancel()
    opening.may_go_on.set()
    await asyncio.wait([reader])
    assert reader.cancelled()
    assert pool._places.taken == len(pool._free) == (0 if fails else 1)
    pool.close()


async def test_no_more_connections_are_open_than_may_be_and_few_are_kept(
    opening: Opening, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readers, "AT_MOST", 3)
    monkeypatch.setattr(readers, "KEPT", 2)
    pool = Readers(opening.executor, opening.connect)
    taken: list[Connection] = []

    async def read() -> None:
        connection = await pool.taken()
        taken.append(connection)
        assert len(taken) <= 3
        await asyncio.sleep(0)
        taken.remove(connection)
        pool.give_back(connection)

    await asyncio.gather(*[read() for _ in range(12)])
    assert pool._places.taken == len(pool._free) == 2
    pool.close()

"""aiosqlite with one turn of a connection's thread for a statement.

SQLAlchemy has it make a cursor, execute, fetch and close: four turns between the threads, each of which
waits for the other thread and for Python's lock. It reads every row of a result at once in any case.
"""

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from typing import Any, NamedTuple, Self

import aiosqlite


class _Executed(NamedTuple):
    """What a statement gave, read while its cursor was open. Source: PEP 249, "Cursor Objects"."""

    description: Any = None
    rowcount: int = -1
    lastrowid: int | None = None
    rows: Sequence[Any] = ()


class _Cursor:
    """What SQLAlchemy asks of a cursor of aiosqlite's."""

    arraysize = 1

    def __init__(self, connection: "_Connection") -> None:
        self._connection = connection
        self._executed = _Executed()

    @property
    def description(self) -> Any:
        return self._executed.description

    @property
    def rowcount(self) -> int:
        return self._executed.rowcount

    @property
    def lastrowid(self) -> int | None:
        return self._executed.lastrowid

    async def __aenter__(self) -> Self:
        return self

    async def execute(self, sql: str, parameters: Any = ()) -> Self:
        self._executed = await self._connection.in_one_turn(lambda own: own.execute(sql, parameters))
        return self

    async def executemany(self, sql: str, parameters: Iterable[Any]) -> Self:
        self._executed = await self._connection.in_one_turn(lambda own: own.executemany(sql, parameters))
        return self

    async def fetchall(self) -> Sequence[Any]:
        return self._executed.rows

    async def close(self) -> None:
        """Nothing is open."""


class _Connection(aiosqlite.Connection):
    def cursor(self) -> _Cursor:  # type: ignore[override]  # of which SQLAlchemy needs no more.
        return _Cursor(self)

    async def in_one_turn(self, execute: Callable[[sqlite3.Connection], sqlite3.Cursor]) -> _Executed:
        """Execute, fetch and close."""

        def run() -> _Executed:
            with closing(execute(self._conn)) as cursor:
                rows = cursor.fetchall()  # First: behind RETURNING, only then are all rows changed.
                return _Executed(cursor.description, cursor.rowcount, cursor.lastrowid, rows)

        executed: _Executed = await self._execute(run)  # type: ignore[no-untyped-call]
        return executed


async def connect(path: str, factory: type[sqlite3.Connection] = sqlite3.Connection) -> aiosqlite.Connection:
    """Return an open connection to a file, for SQLAlchemy's `async_creator`."""
    # SQLAlchemy and aiosqlite see to it that one thread uses it at a time.
    connection = _Connection(lambda: sqlite3.connect(path, factory=factory, check_same_thread=False), 64)
    connection._thread.daemon = True  # noqa: SLF001 - as SQLAlchemy has it.
    return await connection

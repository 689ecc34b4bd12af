"""A connection to SQLite: short statements on the loop's thread, long ones in another.

It is used by one unit of work at a time, so by one thread at a time. A hop to a thread and back costs
ten times what a row by its primary key does.
"""

import asyncio
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from operator import itemgetter
from typing import Any, NamedTuple, TypeVar

import sqlalchemy as sa

from api.storage.cancellation import to_the_end
from api.storage.kept_text import KeptText

LOOP_SECONDS = 0.02
"""Longer than this no statement holds the loop: it is interrupted, and run again in a thread."""
STEPS_A_LOOK = 2000
"""Instructions of SQLite between two looks at the clock; some tens of microseconds."""
BUSY_TIMEOUT_MS = 5000
"""So long a thread waits for another process. The loop does not wait at all."""

_FIRST = itemgetter(0)

T = TypeVar("T")


class Result(NamedTuple):
    """The result of a statement."""

    rows: list[Any]
    changed: int


class Connection:
    """A connection of sqlite3's, and SQLAlchemy's around it for what is not kept.

    Args:
        outer: SQLAlchemy's connection; it begins and ends nothing.
        executor: runs what may be long.
    """

    def __init__(self, outer: sa.Connection, executor: Executor) -> None:
        self.outer = outer
        self.raw: sqlite3.Connection = outer.connection.driver_connection  # type: ignore[assignment]
        self._executor = executor
        self._deadline = 0.0
        self.raw.set_progress_handler(self._is_late, STEPS_A_LOOK)

    @property
    def is_open(self) -> bool:
        """Whether a transaction is open."""
        return self.raw.in_transaction

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> int:
        """Run a short SQL text on this thread; return how many rows it changed."""
        return self.raw.execute(sql, parameters).rowcount

    async def run(self, text: KeptText, parameters: Mapping[str, Any]) -> Result:
        """Run a kept statement on this thread; a slow read is moved to another thread."""
        bound = text.bound(parameters)
        if not text.is_read:
            return _result(self.raw, text, bound)
        self._deadline = time.perf_counter() + LOOP_SECONDS
        try:
            return _result(self.raw, text, bound)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode not in (sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_BUSY):
                raise
        finally:
            self._deadline = 0.0
        return await self.in_thread(lambda: _result(self.raw, text, bound))

    async def in_thread(self, work: Callable[[], T]) -> T:
        """Run long work in a thread to its end; a cancellation is raised afterwards."""
        loop = asyncio.get_running_loop()
        return await to_the_end(loop.run_in_executor(self._executor, self.patiently, work))

    def close(self) -> None:
        """Close it."""
        self.raw.set_progress_handler(None, 0)
        self.outer.close()

    def patiently(self, work: Callable[[], T]) -> T:
        """Run work in the thread: it waits for other processes, and is not asked the time."""
        self.raw.set_progress_handler(None, 0)
        self.raw.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
        try:
            return work()
        finally:
            self.raw.execute("PRAGMA busy_timeout=0")
            self.raw.set_progress_handler(self._is_late, STEPS_A_LOOK)

    def _is_late(self) -> bool:
        return 0.0 < self._deadline < time.perf_counter()


def _result(raw: sqlite3.Connection, text: KeptText, bound: Sequence[Any]) -> Result:
    cursor = raw.execute(text.sql, bound)
    if cursor.description is None:
        return Result([], cursor.rowcount)
    rows = cursor.fetchall()
    return Result(text.made(map(_FIRST, cursor.description), rows) if rows else rows, cursor.rowcount)

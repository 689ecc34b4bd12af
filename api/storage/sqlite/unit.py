"""A unit of work on SQLite. Source: `api.storage.unit_of_work.Unit`."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeVar

import sqlalchemy as sa

from api.storage.closing import Closing
from api.storage.kept_text import KeptText, KeptTexts
from api.storage.schema import events
from api.storage.sqlite import bulk
from api.storage.sqlite.additions import Addition, Then, write_closings
from api.storage.sqlite.connection import Connection, Result
from api.storage.sqlite.writer import Turn
from api.storage.unit_of_work import ChangedEvents, Dialect, LookedUp, NewEvents, Parameters, Row, Unit
from domain.ports.errors import StorageError

FEW_ROWS = 64
"""So many are inserted on the loop's own thread."""
FEW_BYTES = 32_000
"""So much of packed events, too."""

T = TypeVar("T")


class SqliteUnit(Unit):
    """Kept statements run here and now, without a thread; others in one.

    Args:
        turn: the unit's turn with the writer; None of a snapshot.
    """

    def __init__(
        self, connection: Connection, dialect: Dialect, texts: KeptTexts, turn: Turn | None = None
    ) -> None:
        self.dialect = dialect
        self._connection = connection
        self._texts = texts
        self._turn = turn
        self._lost: StorageError | None = None
        self._added: list[tuple[Any, ...]] = []

    def take_ids(self, count: int) -> int:
        """Return the first of `count` consecutive ids of events that were never given before."""
        if self._turn is None:
            raise RuntimeError("a snapshot is read-only")
        return self._turn.take_ids(count)

    async def rows(self, statement: sa.Executable, parameters: Parameters | None = None) -> Sequence[Row]:
        """Run a statement and return its rows."""
        text = self._texts.of(statement)
        if text is None:
            return await self._in_thread(partial(_all, self._connection.outer, statement, parameters))
        return (await self._kept(text, parameters)).rows

    async def run(self, statement: sa.Executable, parameters: Parameters | None = None) -> int:
        """Run a statement and return how many rows it changed."""
        text = self._texts.of(statement)
        if text is None:
            return await self._in_thread(partial(_changed, self._connection.outer, statement, parameters))
        return (await self._kept(text, parameters)).changed

    async def insert_rows(self, table: sa.Table, rows: Sequence[tuple[Any, ...]]) -> None:
        """Insert whole rows, cells in the order of the table's columns."""
        if table is events and len(rows) <= FEW_ROWS and self._turn is not None and not self._turn.has_begun:
            self._added += rows
            return
        await self._here_if(
            len(rows) <= FEW_ROWS, partial(bulk.insert_rows, self._connection.raw, table, rows)
        )

    async def insert_events(self, new: NewEvents) -> None:
        """Insert many events."""
        is_little = sum(map(len, new.chunks)) <= FEW_BYTES
        await self._here_if(is_little, partial(bulk.insert_events, self._connection.raw, new))

    async def find_events(self, keys: Sequence[LookedUp]) -> Sequence[Row]:
        """Return the events of many keys, as far as the index has them."""
        return await self._here_if(
            len(keys) <= FEW_ROWS, partial(bulk.find_events, self._connection.raw, keys)
        )

    async def change_events(self, changed: ChangedEvents) -> None:
        """Overwrite columns of many events."""
        is_little = len(changed.ids) <= FEW_ROWS
        await self._here_if(is_little, partial(bulk.change_events, self._connection.raw, changed))

    async def add_counts(self, changes: Sequence[tuple[str, str, int]]) -> None:
        """Add (kind, key, n) to the counts, no two of one key."""
        await self._here_if(len(changes) <= FEW_ROWS, partial(bulk.add_counts, self._connection.raw, changes))

    async def run_sync(self, work: Callable[[sa.Connection], None]) -> None:
        """Run work that knows only synchronous connections."""
        if self._turn is not None:
            self._turn.note_changes()
        await self._in_thread(partial(work, self._connection.outer))

    async def commit(self) -> None:
        """Commit durably. The last act of a unit."""
        await self._commit(Addition(self._added))

    async def close(self, closing: Closing, then: Then) -> None:
        """Write counts and messages, commit durably, and do what follows in one piece with it."""
        if len(closing.deltas) > FEW_ROWS or len(closing.drafts) > FEW_ROWS:
            await self._in_thread(partial(write_closings, self._connection.raw, [closing]))
            await self._commit(Addition(then=then))
        else:
            await self._commit(Addition(self._added, closing, then))

    async def _commit(self, addition: Addition) -> None:
        assert self._turn is not None, "a snapshot has nothing to commit"
        with self._errors():
            await self._turn.commit(addition)

    async def _kept(self, text: KeptText, parameters: Parameters | None) -> Result:
        with self._errors():
            await self._begin()
            if parameters is None:
                return await self._connection.run(text, {})
            if isinstance(parameters, Mapping):
                return await self._connection.run(text, parameters)
            changed = 0
            for one in parameters:
                changed += (await self._connection.run(text, one)).changed
            return Result([], changed)

    async def _here_if(self, is_short: bool, work: Callable[[], T]) -> T:
        if not is_short:
            return await self._in_thread(work)
        with self._errors():
            await self._begin()
            return work()

    async def _in_thread(self, work: Callable[[], T]) -> T:
        with self._errors():
            await self._begin()
            return await self._connection.in_thread(work)

    async def _begin(self) -> None:
        """Begin with the first statement. A lost transaction takes no more of them."""
        if self._lost is not None:
            raise self._lost
        if self._turn is None:
            if not self._connection.is_open:
                self._connection.execute("BEGIN")
        elif not self._turn.has_begun:
            await self._turn.begin()
            added, self._added = self._added, []
            bulk.insert_rows(self._connection.raw, events, added)

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Raise errors of the driver as callers know them."""
        try:
            yield
        except Exception as error:
            if self._turn is not None and not self._turn.has_ended and not self._connection.is_open:
                self._turn.lose(error)
                self._lost = self.dialect.storage_error(error)
            meant = self.dialect.storage_error(error)
            if meant is None:
                raise
            raise meant from error


def _all(outer: sa.Connection, statement: sa.Executable, parameters: Parameters | None) -> Sequence[Row]:
    return outer.execute(statement, parameters).all()


def _changed(outer: sa.Connection, statement: sa.Executable, parameters: Parameters | None) -> int:
    return outer.execute(statement, parameters).rowcount

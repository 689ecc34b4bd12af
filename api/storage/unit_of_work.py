"""The unit of work: the interface to run statements on either database."""

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from functools import cache
from typing import Any, NamedTuple, Protocol

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import JSONB

from api.storage.closing import Closing
from api.storage.count_cache import CountCache
from api.storage.event_packing import WIDTH, unpacked
from api.storage.statements import DialectName, kept
from api.storage.text_index import Text
from domain.ports.errors import StorageError
from domain.ports.indexing import Indexing

Row = Any
"""A row of a result; its columns by name or place."""

Parameters = Mapping[str, Any] | Sequence[Mapping[str, Any]]
"""Of one run of a statement, or of many."""


class NewEvents(NamedTuple):
    """Rows for the table of events: consecutive ids from `first_id` on, packed cells, then the same tail."""

    first_id: int
    chunks: list[bytes]
    tail: tuple[str | None, int, int, int, bool]

    def unpacked(self) -> Iterator[tuple[int, list[str]]]:
        """Yield the id of each chunk's first event, and the chunk's cells.

        Cells are those of `event_packing.PACKED`, event by event: texts, of which the empty ones
        of `NULLABLE` are NULL.
        """
        first_id = self.first_id
        for chunk in self.chunks:
            cells = unpacked(chunk)
            yield first_id, cells
            first_id += len(cells) // WIDTH


LookedUp = tuple[str, int, str]
"""By what an event is looked up: folded title, instant and folded city."""


class ChangedEvents(NamedTuple):
    """New cells of stored events, each column as long as `ids`.

    Attributes:
        raised: by how much each version rises.
        columns: texts by name of the column, of which the empty ones of `event_packing.NULLABLE` are NULL.
    """

    ids: list[int]
    raised: list[int]
    columns: dict[str, list[str]]
    at_ms: int


class TextIndex(Protocol):
    """What searches ask of an index of texts, and what changes of events tell it.

    Events that are inserted, or changed by imports, are taken up by a job later; until then searches
    read them.
    """

    async def look_up(
        self, unit: "Unit", sought: str, every: int, version: int, totals: CountCache, /
    ) -> Text:
        """Return what is known of a text that `is_looked_up`, of `every` events in this version."""
        ...

    async def begin_change(self, unit: "Unit", event_id: int, /, *, is_long: bool) -> None:
        """Expect another text of one event. A long text has thousands of entries."""
        ...

    async def end_change(self, unit: "Unit", event_id: int, /, *, is_long: bool) -> None:
        """Take up the new text of an event after `begin_change`."""
        ...

    async def begin_changes(self, unit: "Unit", ids: Sequence[int], /) -> None:
        """Expect other texts of many events, which are taken up later."""
        ...

    async def forget(self, unit: "Unit", condition: sa.ColumnElement[bool], /) -> None:
        """Take out events that are about to be deleted."""
        ...

    async def forget_one(self, unit: "Unit", event_id: int, /, *, is_long: bool) -> None:
        """Take out one event that is about to be deleted."""
        ...

    async def forget_all(self, unit: "Unit", /) -> None:
        """Take out every event, as when all are deleted."""
        ...


class Dialect(Protocol):
    """The differences between the two databases."""

    @property
    def name(self) -> DialectName:
        """SQLAlchemy's name of it."""
        ...

    @property
    def texts(self) -> TextIndex | None:
        """The index of texts; None where this database can have none."""
        ...

    def prepare(self, connection: sa.Connection) -> None:
        """Create the database-specific parts, within the connection's transaction."""
        ...

    @property
    def origin(self) -> str | None:
        """A name that the database shares with no copy of it, once prepared; None where nothing tells."""
        ...

    def storage_error(self, error: Exception) -> StorageError | None:
        """Return the storage error of a driver's error; None for any other error."""
        ...

    async def lock_all_events(self, unit: "Unit") -> None:
        """Wait until no other transaction changes events, and keep others from it to the end of this one.

        Before anything else is locked: whoever changes events locks them first.
        """
        ...

    async def end_frozen(self, unit: "Unit") -> None:
        """End connections of processes that do not go on, with the locks that they have."""
        ...

    async def lock(self, unit: "Unit", what: str) -> None:
        """Wait until no other transaction has this lock, and keep it to the end of this one.

        For what is counted before a row is added: rows that others are adding cannot be locked.
        """
        ...

    async def take_ids(self, unit: "Unit", count: int) -> int:
        """Return the first of `count` consecutive ids of events that were never given before."""
        ...


class Unit(ABC):
    """One connection within a transaction or a snapshot.

    Statements of `api.storage.statements.kept` are short, and compiled once. Any other may be long.
    """

    dialect: Dialect

    @abstractmethod
    async def rows(self, statement: sa.Executable, parameters: Parameters | None = None) -> Sequence[Row]:
        """Run a statement and return its rows."""

    async def first(self, statement: sa.Executable, parameters: Parameters | None = None) -> Row | None:
        """Run a statement and return its first row."""
        rows = await self.rows(statement, parameters)
        return rows[0] if rows else None

    @abstractmethod
    async def run(self, statement: sa.Executable, parameters: Parameters | None = None) -> int:
        """Run a statement and return how many rows it changed."""

    @abstractmethod
    async def insert_rows(self, table: sa.Table, rows: Sequence[tuple[Any, ...]]) -> None:
        """Insert whole rows, cells in the order of the table's columns."""

    @abstractmethod
    async def insert_events(self, new: NewEvents) -> None:
        """Insert many events."""

    @abstractmethod
    async def find_events(self, keys: Sequence[LookedUp]) -> Sequence[Row]:
        """Return `event_packing.KNOWN_COLUMNS` of the events of many keys, as far as indexes have them."""

    @abstractmethod
    async def change_events(self, changed: ChangedEvents) -> None:
        """Overwrite columns of many events."""

    @abstractmethod
    async def add_counts(self, changes: Sequence[tuple[str, str, int]]) -> None:
        """Add (kind, key, n) to the counts, no two of one key."""

    @abstractmethod
    async def run_sync(self, work: Callable[[sa.Connection], None]) -> None:
        """Run work that knows only synchronous connections."""

    @abstractmethod
    async def commit(self) -> None:
        """Commit durably. The last act of a unit."""

    @abstractmethod
    async def close(self, closing: Closing, then: Callable[[], None]) -> None:
        """Write counts and messages, commit durably, and do what follows in one piece with it.

        The last act of a unit, in the place of `commit`.
        """

    def listed(self, ids: Sequence[int]) -> sa.Select[tuple[int]]:
        """Return a query of these numbers: one parameter, however many they are."""
        text = json.dumps(ids)
        if self.dialect.name == "sqlite":
            return sa.select(sa.func.json_each(text).table_valued(sa.column("value", sa.Integer)).c.value)
        array = sa.cast(sa.literal(text, sa.Text), JSONB)
        each = sa.func.jsonb_array_elements_text(array).table_valued(sa.column("value", sa.Text))
        return sa.select(sa.cast(each.c.value, sa.BigInteger))

    def insert(self, table: sa.Table) -> sqlite.Insert | postgresql.Insert:
        """Return an INSERT of this database's own, which has ON CONFLICT."""
        return sqlite.insert(table) if self.dialect.name == "sqlite" else postgresql.insert(table)

    async def newest(
        self, table: sa.Table, *, limit: int, before: tuple[int, str] | None
    ) -> tuple[Sequence[Row], tuple[int, str] | None]:
        """Return rows of a table with `created_ms` and `id`, newest first, and the next position."""
        parameters: dict[str, Any] = {"count": limit + 1}
        if before is not None:
            parameters |= {"before_ms": before[0], "before_id": before[1]}
        rows = await self.rows(_newest(table, is_first=before is None), parameters)
        last = rows[limit - 1] if len(rows) > limit else None
        return rows[:limit], (last.created_ms, last.id) if last else None


class Units(Protocol):
    """The units of work of one database."""

    def reading(self) -> AbstractAsyncContextManager[Unit]:
        """Read from one snapshot."""
        ...

    def glancing(self) -> AbstractAsyncContextManager[Unit]:
        """Read by one statement, which needs no snapshot: one round trip where there is a network."""
        ...

    def writing(self) -> AbstractAsyncContextManager[Unit]:
        """Begin a transaction; it is rolled back unless the block commits."""
        ...


class Database(Units, Protocol):
    """The connections to one database."""

    @property
    def dialect(self) -> Dialect:
        """What it does in its own way."""
        ...

    async def open(self) -> None:
        """Connect."""
        ...

    def indexing(self) -> Indexing:
        """Return what brings its deferred indexes up to the events."""
        ...

    async def aclose(self) -> None:
        """Close every connection."""
        ...


@cache
def _newest(table: sa.Table, *, is_first: bool) -> sa.Select[Any]:
    statement = sa.select(table).order_by(table.c.created_ms.desc(), table.c.id.desc())
    if not is_first:
        position = sa.bindparam("before_ms", type_=sa.BigInteger), sa.bindparam("before_id", type_=sa.Text)
        statement = statement.where(sa.tuple_(table.c.created_ms, table.c.id) < sa.tuple_(*position))
    return kept(statement.limit(sa.bindparam("count", type_=sa.Integer)))

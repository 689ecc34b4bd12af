"""What units of work add, written for many of them by one statement a table.

Most changes add an event, its counts and its messages. Sixteen that are written one by one are a hundred
statements; together they are four.
"""

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from api.storage.closing import Closing, changes_of
from api.storage.schema import events, feed_messages
from api.storage.sqlite import bulk
from domain.ports.errors import StorageUnavailableError

_LAST_ID = "SELECT last FROM id_heads WHERE name = 'events'"
_KEEP_LAST_ID = "UPDATE id_heads SET last = ? WHERE name = 'events'"
_TAKE_SEQS = "UPDATE feed_head SET seq = seq + ? RETURNING seq"
_FORGET_ZERO = "DELETE FROM stats WHERE kind = ? AND key = ? AND n = 0"

Then = Callable[[], None]


def _nothing() -> None:
    """Follow a commit with nothing."""


@dataclass
class Addition:
    """What a unit adds when it is committed.

    Attributes:
        rows: whole rows of events.
        closing: its counts and messages.
        then: follows the commit, in one piece with it.
        error: why it could not be written; the others of its group are.
        is_all: the unit has run no statement, so it is undone by leaving this out.
    """

    rows: Sequence[tuple[Any, ...]] = ()
    closing: Closing | None = None
    then: Then = _nothing
    error: Exception | None = None
    is_all: bool = True

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to write."""
        return not self.rows and (self.closing is None or self.closing.is_empty)


class Ids:
    """Ids of events, given without asking the database: this process alone writes events.

    The last one is stored together with the events. An id that was given and not used is not given again.
    """

    def __init__(self, raw: sqlite3.Connection) -> None:
        self._raw = raw
        self._last: int | None = None
        self._stored = 0

    def take(self, count: int, *, is_stored: bool) -> int:
        """Return the first of `count` consecutive ids; `is_stored`: the last one is, too, at once."""
        if self._last is None:
            self._last = self._stored = self._raw.execute(_LAST_ID).fetchone()[0]
        first = self._last + 1
        self._last += count
        if is_stored:
            self.store()
        return first

    def store(self) -> None:
        """Store the last id that was given, within the transaction."""
        if self._last is not None and self._last != self._stored:
            self._raw.execute(_KEEP_LAST_ID, (self._last,))
            self._stored = self._last

    def forget_stored(self) -> None:
        """Store it again with the next transaction: this one is undone."""
        self._stored = 0


def write_additions(raw: sqlite3.Connection, additions: Sequence[Addition], ids: Ids) -> None:
    """Write additions within the transaction, in their order; one that cannot be written gets its error.

    Raises:
        sqlite3.Error: SQLite has rolled back the whole transaction.
        StorageUnavailableError: it has to be: a unit whose statements are in it cannot be written.
    """
    ids.store()
    if not additions:
        return
    raw.execute("SAVEPOINT additions")
    try:
        _write(raw, additions)
    except Exception as error:
        if not raw.in_transaction:
            raise
        raw.execute("ROLLBACK TO additions")
        if len(additions) == 1:
            additions[0].error = error
            if not additions[0].is_all:
                raise StorageUnavailableError(
                    "another change could not be stored, and this one with it"
                ) from error
        else:
            # One of them is at fault: the others go in.
            for addition in additions:
                write_additions(raw, [addition], ids)
    raw.execute("RELEASE additions")


def write_alone(raw: sqlite3.Connection, additions: Sequence[Addition], ids: Ids) -> None:
    """Write the additions of a unit that has the transaction to itself, which is undone if this raises."""
    ids.store()
    _write(raw, additions)


def _write(raw: sqlite3.Connection, additions: Sequence[Addition]) -> None:
    bulk.insert_rows(raw, events, [row for addition in additions for row in addition.rows])
    write_closings(raw, [addition.closing for addition in additions if addition.closing is not None])


def write_closings(raw: sqlite3.Connection, closings: Sequence[Closing]) -> None:
    """Write the counts and messages of closings, within the transaction."""
    _add_counts(raw, closings)
    _write_messages(raw, closings)


def _add_counts(raw: sqlite3.Connection, closings: Sequence[Closing]) -> None:
    changes = changes_of(closings)
    bulk.add_counts(raw, changes)
    fallen = [(kind, key) for kind, key, n in changes if n < 0]
    if fallen:
        raw.executemany(_FORGET_ZERO, fallen)


def _write_messages(raw: sqlite3.Connection, closings: Sequence[Closing]) -> None:
    """Draw seqs for the messages, and store them."""
    count = sum(len(closing.drafts) for closing in closings)
    if not count:
        return
    seq = raw.execute(_TAKE_SEQS, (count,)).fetchone()[0] - count + 1
    rows: list[tuple[Any, ...]] = []
    for closing in closings:
        closing.begin_at(seq)
        seq += len(closing.drafts)
        tail = (closing.at_ms, closing.trace)
        rows += [(one.seq, one.feed, one.body, one.final, *tail) for one in closing.messages()]
    bulk.insert_rows(raw, feed_messages, rows)

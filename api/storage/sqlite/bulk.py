"""Writes many rows with few statements.

One statement is one step of SQLite's, during which a thread does without Python's lock. `executemany`
takes it back for each row and waits for it up to 5 ms, while others hold it.
"""

import sqlite3
from collections.abc import Sequence
from functools import cache
from itertools import chain
from typing import Any

import sqlalchemy as sa

from api.storage.event_packing import KNOWN_COLUMNS, NULLABLE, PACKED, WIDTH
from api.storage.schema import stats
from api.storage.unit_of_work import ChangedEvents, LookedUp, NewEvents, Row

ROWS_A_STATEMENT = 1024
"""Times 16 cells is within the 32,766 variables of a default build."""

_ADD = " ON CONFLICT (kind, key) DO UPDATE SET n = n + excluded.n"


def insert_rows(raw: sqlite3.Connection, table: sa.Table, rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert whole rows, up to 1,024 by one statement."""
    _insert(raw, table, rows, "")


def insert_events(raw: sqlite3.Connection, new: NewEvents) -> None:
    """Insert packed events, a chunk by one statement."""
    for first_id, cells in new.unpacked():
        places = _places(len(cells) // WIDTH)
        empty = (None,) * (WIDTH * places - len(cells))
        # Ids come by place, not as cells.
        raw.execute(_events_text(places), (first_id, *new.tail, *cells, *empty))


def find_events(raw: sqlite3.Connection, keys: Sequence[LookedUp]) -> list[Row]:
    """Return what is known of the events of these keys, up to 1,024 by one statement."""
    found: list[Row] = []
    for start in range(0, len(keys), ROWS_A_STATEMENT):
        chunk = keys[start : start + ROWS_A_STATEMENT]
        places = _places(len(chunk))
        empty = (None,) * (3 * (places - len(chunk)))
        found += raw.execute(find_text(places), (*chain.from_iterable(chunk), *empty)).fetchall()
    return found


def change_events(raw: sqlite3.Connection, changed: ChangedEvents) -> None:
    """Overwrite columns of events, up to 1,024 by one statement."""
    rows = [*zip(changed.ids, changed.raised, *changed.columns.values(), strict=True)]
    for start in range(0, len(rows), ROWS_A_STATEMENT):
        chunk = rows[start : start + ROWS_A_STATEMENT]
        places = _places(len(chunk))
        empty = (None,) * ((2 + len(changed.columns)) * (places - len(chunk)))
        text = _change_text(tuple(changed.columns), places)
        raw.execute(text, (*chain.from_iterable(chunk), *empty, changed.at_ms))


def add_counts(raw: sqlite3.Connection, changes: Sequence[tuple[str, str, int]]) -> None:
    """Add (kind, key, n) to the counts, up to 1,024 by one statement."""
    _insert(raw, stats, changes, _ADD)


def _insert(raw: sqlite3.Connection, table: sa.Table, rows: Sequence[tuple[Any, ...]], conflict: str) -> None:
    """Insert by statements for 1, 2, 4, … rows, of which few are ever prepared."""
    for start in range(0, len(rows), ROWS_A_STATEMENT):
        chunk = rows[start : start + ROWS_A_STATEMENT]
        places = _places(len(chunk))
        empty = (None,) * (len(table.c) * (places - len(chunk)))
        raw.execute(_rows_text(table, places, conflict), (*chain.from_iterable(chunk), *empty))


def _places(rows: int) -> int:
    """Return for how many rows the statement is that takes so many."""
    return 1 << (rows - 1).bit_length()


@cache
def _rows_text(table: sa.Table, places: int, conflict: str) -> str:
    """Return an INSERT of as many rows, but for those whose first cell is NULL: the empty places."""
    row = f"({', '.join('?' * len(table.c))})"
    values = ", ".join([row] * places)
    return f"INSERT INTO {table.name} SELECT * FROM (VALUES {values}) WHERE column1 IS NOT NULL{conflict}"  # noqa: S608 - names are ours.


@cache
def _events_text(places: int) -> str:
    """Return an INSERT of as many events: parameters are the first id, the tail, then cells.

    Affinity makes numbers of the texts in columns of numbers.
    """
    row = ", ".join("?" * WIDTH)
    values = ", ".join([f"({number}, {row})" for number in range(places)])
    cells = ", ".join(
        f"nullif(column{place}, '')" if name in NULLABLE else f"column{place}"
        for place, name in enumerate(PACKED, 2)
    )
    chosen = f"? + column1, {cells}, ?, ?, ?, ?, ?"
    return f"INSERT INTO events SELECT {chosen} FROM (VALUES {values}) WHERE column2 IS NOT NULL"  # noqa: S608 - names are ours.


@cache
def find_text(places: int) -> str:
    """Return a SELECT of as many keys: parameters are folded title, instant and folded city of each.

    The join is made in the order of the keys, by the index. An empty place has no title, and finds nothing.
    """
    values = ", ".join(["(?, ?, ?)"] * places)
    return (
        f"WITH k AS (VALUES {values}) SELECT {KNOWN_COLUMNS}"  # noqa: S608 - names are ours.
        " FROM k CROSS JOIN events AS e INDEXED BY events_key"
        " WHERE e.title_key = k.column1 AND e.instant_us = k.column2 AND e.city_key = k.column3"
        " AND e.is_indexed = 1"
    )


@cache
def _change_text(columns: tuple[str, ...], places: int) -> str:
    """Return an UPDATE of as many events: parameters are id, rise of the version and cells of each, the time.

    Affinity makes numbers of the texts in columns of numbers. An empty place has no id, and is none's.
    """
    row = f"({', '.join('?' * (2 + len(columns)))})"
    values = ", ".join([row] * places)
    cells = [
        f"{name} = nullif(new.column{place}, '')" if name in NULLABLE else f"{name} = new.column{place}"
        for place, name in enumerate(columns, 3)
    ]
    return (
        f"WITH new AS (VALUES {values}) UPDATE events SET {', '.join(cells)},"  # noqa: S608 - names are ours.
        " version = version + new.column2, updated_ms = ? FROM new WHERE events.id = new.column1"
    )

"""Caches statements, because building one costs more than running it."""

from collections.abc import Callable
from typing import Any, Literal, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

DialectName = Literal["sqlite", "postgresql"]
"""SQLAlchemy's names of the two databases."""

S = TypeVar("S", bound=sa.Executable)


def kept(statement: S) -> S:
    """Return a statement that lives as long as the process, to be run with parameters.

    It has to be short: by primary key, by kept counts, or some rows in the order of an index. SQLite
    runs it on the event loop's own thread.
    """
    return statement.execution_options(kept=True)


def is_kept(statement: sa.Executable) -> bool:
    """Return whether a statement was made by `kept`."""
    return bool(statement.get_execution_options().get("kept"))


Upsert = dict[DialectName, sa.Insert]


def upsert(table: sa.Table, build: Callable[[Any], sa.Insert]) -> Upsert:
    """Return a kept INSERT that has ON CONFLICT for each database: each has a class of its own for it."""
    return {
        "sqlite": kept(build(sqlite.insert(table))),
        "postgresql": kept(build(postgresql.insert(table))),
    }

"""Runs short statements on the driver's connections: SQLAlchemy costs more than these do in the database.

Statements are compiled once, by SQLAlchemy Core, and prepared once by asyncpg on each connection.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg

from api.storage.kept_text import KeptText, KeptTexts
from api.storage.unit_of_work import Row

if TYPE_CHECKING:
    import asyncpg

Driver: TypeAlias = "asyncpg.Connection[Any]"

_DIALECT: Any = PGDialect_asyncpg()  # type: ignore[no-untyped-call]

TEXTS = KeptTexts(_DIALECT)


def text_of(statement: sa.Executable) -> KeptText:
    """Return the text of a kept statement."""
    text = TEXTS.of(statement)
    assert text is not None, "it is kept"
    return text


async def fetched(connection: Driver, text: KeptText, parameters: Mapping[str, Any] | None) -> Sequence[Row]:
    """Run a kept statement and return its rows."""
    found = await connection.fetch(text.sql, *text.bound(parameters or {}))
    return text.made(found[0].keys(), found) if found else []


async def executed(connection: Driver, text: KeptText, parameters: Mapping[str, Any] | None) -> int:
    """Run a kept statement and return how many rows it changed."""
    status = await connection.execute(text.sql, *text.bound(parameters or {}))
    return int(status.rpartition(" ")[2]) if status[-1:].isdigit() else 0

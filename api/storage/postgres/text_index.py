"""PostgreSQL's text index: trigrams in a GIN index."""

import logging
from functools import partial
from typing import Any

import asyncpg
import sqlalchemy as sa

MAKE_SECONDS = 3600
"""A million events take half a minute, which is longer than other statements may."""

_log = logging.getLogger(__name__)

_IS_THERE = "SELECT to_regclass('events_texts') IS NOT NULL"
_MAKE = (
    "SET LOCAL statement_timeout = 0",
    "CREATE EXTENSION IF NOT EXISTS pg_trgm",
    "CREATE INDEX events_texts ON events USING gin (title_key gin_trgm_ops, description_key gin_trgm_ops)",
)


def prepare(connection: sa.Connection) -> None:
    """Create the index unless it exists. Without the right to add the extension, there is none."""
    if connection.exec_driver_sql(_IS_THERE).scalar():
        return
    # Past SQLAlchemy, which has no time of its own for one statement.
    driver: Any = connection.connection.dbapi_connection
    try:
        with connection.begin_nested():
            for statement in _MAKE:
                driver.run_async(partial(_execute, statement))
    except asyncpg.PostgresError as error:
        _log.warning("searches read every event, because pg_trgm is not available: %s", error)


async def _execute(statement: str, driver: "asyncpg.Connection[asyncpg.Record]") -> None:
    await driver.execute(statement, timeout=MAKE_SECONDS)

"""The index of texts of PostgreSQL: trigrams in a GIN, which the database keeps with each change."""

import logging

import sqlalchemy as sa

_log = logging.getLogger(__name__)

_IS_THERE = "SELECT to_regclass('events_texts') IS NOT NULL"
_MAKE = (
    "SET LOCAL statement_timeout = 0",
    "CREATE EXTENSION IF NOT EXISTS pg_trgm",
    "CREATE INDEX events_texts ON events USING gin (title_key gin_trgm_ops, description_key gin_trgm_ops)",
)


def prepare(connection: sa.Connection) -> None:
    """Make the index, unless it is there. Whoever may not add the extension has a database without."""
    if connection.exec_driver_sql(_IS_THERE).scalar():
        return
    try:
        with connection.begin_nested():
            for statement in _MAKE:
                connection.exec_driver_sql(statement)
    except sa.exc.DBAPIError as error:
        _log.warning("searches read every event, since pg_trgm cannot be had: %s", error.orig)

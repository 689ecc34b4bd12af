"""Checks at the start that a database can be the store: it would fail later, in the middle of work."""

import logging
from collections.abc import Awaitable, Callable

import asyncpg

from api.storage.postgres.driver import Driver
from api.storage.postgres.errors import TAKES_NO_CHANGES, connect_error
from domain.ports.errors import StorageUnavailableError, StoreUnusableError

LEAST_CONNECTIONS = 8
"""A process with fewer cannot follow the feed, read and write at the same time."""

_log = logging.getLogger(__name__)

_NOT_KEPT = {"26000", "42P05", "08P01"}
"""A statement that was prepared is away, or there already, or the pooler takes no transactions."""

_BACKEND = "SELECT pg_backend_pid()"
_LIMITS = """
SELECT rolsuper, rolconnlimit, current_user,
    (SELECT datconnlimit FROM pg_database WHERE datname = current_database()),
    current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
FROM pg_roles WHERE rolname = current_user
"""

CREATE = "CREATE DATABASE name ENCODING 'UTF8' TEMPLATE template0"


async def refuse_unsuitable(connect: Callable[[], Awaitable[Driver]], wanted: int | None) -> None:
    """Raise if the database cannot be the store.

    Args:
        connect: opens a connection.
        wanted: connections that a serving process may take; None for a command, which takes few.

    Raises:
        StoreUnusableError: it is not in UTF-8, its pooler does not keep connections, or it allows too few.
        StorageUnavailableError: it does not answer, or takes no changes.
    """
    one = await connect()
    try:
        refuse_encoding(one)
        await _refuse_pooling(one, connect)
        if wanted is not None:
            await refuse_read_only(one)
            await _refuse_few(one, wanted)
    except Exception as error:
        meant = connect_error(error)
        if meant is None:
            raise
        raise meant from error
    finally:
        # Nothing is under way on it, and some poolers do not answer to a farewell.
        one.terminate()


def refuse_encoding(connection: Driver) -> None:
    """Raise StoreUnusableError if the database cannot hold every text."""
    encoding = str(connection.get_settings().server_encoding)
    if encoding.upper().replace("-", "") != "UTF8":
        raise StoreUnusableError(
            f"the database is in {encoding}, which cannot hold every text: "
            f"create another one with {CREATE}, and set its URL"
        )


async def _refuse_pooling(one: Driver, connect: Callable[[], Awaitable[Driver]]) -> None:
    try:
        is_kept = await _keeps_its_process(one, connect)
    except asyncpg.PostgresError as error:
        cause = error.__cause__ or error
        if getattr(cause, "sqlstate", None) not in _NOT_KEPT:
            raise
        is_kept = False
    if not is_kept:
        raise StoreUnusableError(
            "the database is behind a pooler in transaction mode, where connections keep neither LISTEN nor "
            "settings: set its pool_mode to session, or connect to PostgreSQL itself"
        )


async def _keeps_its_process(one: Driver, connect: Callable[[], Awaitable[Driver]]) -> bool:
    """Return whether a connection has a process of the server to itself.

    A pooler that passes processes on gives the free one of the first connection to the second, and then
    another to the first.
    """
    first = await one.fetchval(_BACKEND)
    other = await connect()
    try:
        async with other.transaction():
            others = await other.fetchval(_BACKEND)
            again = await one.fetchval(_BACKEND)
    finally:
        other.terminate()
    return bool(others != first and again == first)


async def refuse_read_only(connection: Driver) -> None:
    """Refuse what a server could not write to; a command may read it."""
    if await connection.fetchval("SHOW transaction_read_only") == "on":
        raise StorageUnavailableError(TAKES_NO_CHANGES)


async def _refuse_few(connection: Driver, wanted: int) -> None:
    row = await connection.fetchrow(_LIMITS)
    if row is None or row[0]:
        return
    _, of_role, role, of_database, of_server = row
    limits = [
        (of_role, f"the user {role}", f'ALTER ROLE "{role}" CONNECTION LIMIT -1'),
        (of_database, "the database", "ALTER DATABASE … CONNECTION LIMIT -1"),
        (of_server, "the server", "max_connections"),
    ]
    few, what, how = min((limit for limit in limits if limit[0] >= 0), key=lambda limit: int(limit[0]))
    if few < LEAST_CONNECTIONS:
        raise StoreUnusableError(
            f"{what} may have {few} connections, and a process needs {LEAST_CONNECTIONS} at least: "
            f"raise the limit ({how})"
        )
    if few < wanted:
        _log.warning(
            "%s may have %d connections, FASTTRACK_DATABASE_CONNECTIONS is %d: "
            "lower it, or raise the limit (%s); calls fail when they run out",
            what,
            few,
            wanted,
            how,
        )

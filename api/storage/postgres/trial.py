"""Tries whether a database can be the store, and leaves it as it is."""

from functools import partial

import sqlalchemy as sa

from api.storage.migrate import LOCK, migrate
from api.storage.postgres.database import PostgresDatabase
from api.storage.unusable import OlderSchemaError, why_unusable
from domain.ports.errors import StorageUnavailableError, StoreUnusableError


async def try_to_open(url: str, connections: int) -> None:
    """Do what a server does first: look at the database, and create the tables of an empty one; roll back.

    Tables of an earlier version are not migrated for it: that may take long, and servers may be using them.

    Raises:
        StorageError: a server could not start; the message says why.
    """
    database = PostgresDatabase(url, connections)
    try:
        await database.open()
        async with database.writing() as unit:
            await unit.run_sync(_refuse_to_wait)
            await unit.run_sync(partial(migrate, upgrades=False))
    except OlderSchemaError:
        return
    except Exception as error:
        if (why := why_unusable(error)) is not None:
            raise StoreUnusableError(f"the database {why}") from error
        raise
    finally:
        await database.aclose()


def _refuse_to_wait(connection: sa.Connection) -> None:
    """Raise where another process migrates or restores, which may take long."""
    if not connection.scalar(sa.select(sa.func.pg_try_advisory_xact_lock(LOCK))):
        raise StorageUnavailableError(
            "another process migrates or restores the store just now: try again later"
        )

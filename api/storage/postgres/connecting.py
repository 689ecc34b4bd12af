"""Opens connections of the driver: with settings of their own, and errors that say why there is none."""

from collections.abc import Mapping
from typing import Any

import asyncpg

from api.storage.postgres.driver import Driver
from api.storage.postgres.errors import connect_error

_AT_THE_START = frozenset({"application_name"})
"""Settings that every pooler knows. One such as PgBouncer refuses a connection that begins with others."""


async def connect(*, server_settings: Mapping[str, str] | None = None, **arguments: Any) -> Driver:
    """Return a connection of asyncpg's with these settings, which it gets in one statement of their own.

    Raises:
        StorageError: there is none, whatever the reason.
    """
    settings = server_settings or {}
    first = {name: value for name, value in settings.items() if name in _AT_THE_START}
    rest = {name: value for name, value in settings.items() if name not in _AT_THE_START}
    try:
        connection: Driver = await asyncpg.connect(server_settings=first, **arguments)
        try:
            if rest:
                await connection.execute(_setting(rest), timeout=arguments.get("timeout"))
        except BaseException:
            connection.terminate()
            raise
    except Exception as error:
        meant = connect_error(error)
        if meant is None:
            raise
        raise meant from error
    return connection


def _setting(settings: Mapping[str, str]) -> str:
    """Return the statement that sets these, which are ours: nobody else's text is in it."""
    return "; ".join(f"SET {name} = '{value}'" for name, value in settings.items())

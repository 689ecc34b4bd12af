"""What is certain after an error of PostgreSQL's."""

import asyncpg
import pytest

from api.storage.postgres.errors import is_refusal


@pytest.mark.parametrize(
    ("error", "is_certain"),
    [
        (asyncpg.ReadOnlySQLTransactionError("x"), True),
        (asyncpg.CharacterNotInRepertoireError("x"), True),
        (asyncpg.DeadlockDetectedError("x"), True),
        (asyncpg.QueryCanceledError("x"), True),
        (asyncpg.DiskFullError("x"), True),
        (asyncpg.AdminShutdownError("x"), False),
        (asyncpg.CrashShutdownError("x"), False),
        (asyncpg.ConnectionDoesNotExistError("x"), False),
        (asyncpg.exceptions.InternalServerError("x"), False),
        (asyncpg.InterfaceError("x"), False),
        (ConnectionResetError(), False),
        (TimeoutError(), False),
    ],
)
def test_nothing_is_certain_where_the_server_went_down_or_the_connection_is_lost(
    error: Exception, is_certain: bool
) -> None:
    assert is_refusal(error) is is_certain

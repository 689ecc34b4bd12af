"""What is certain after an error of PostgreSQL's."""

import asyncpg
import pytest

from api.storage.postgres.errors import is_of_a_standby, is_refusal, storage_error
from domain.ports.errors import StorageError, StorageFullError, StorageUnavailableError


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


@pytest.mark.parametrize(
    ("error", "meant", "is_a_standby"),
    [
        (asyncpg.ReadOnlySQLTransactionError("x"), StorageUnavailableError, True),
        (
            asyncpg.exceptions.InternalServerError("cannot assign TransactionIds during recovery"),
            StorageUnavailableError,
            True,
        ),
        (asyncpg.exceptions.InternalServerError("x"), None, False),
        (asyncpg.CannotConnectNowError("x"), StorageUnavailableError, False),
        (asyncpg.DiskFullError("x"), StorageFullError, False),
        (asyncpg.UniqueViolationError("x"), None, False),
        (ConnectionResetError(), StorageUnavailableError, False),
    ],
)
def test_an_error_means_that_the_store_is_full_or_away_or_nothing_of_the_storage(
    error: Exception, meant: type[StorageError] | None, is_a_standby: bool
) -> None:
    told = storage_error(error)
    assert (None if told is None else type(told)) is meant
    assert is_of_a_standby(error) is is_a_standby

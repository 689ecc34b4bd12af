"""What is certain after an error of PostgreSQL's."""

import asyncpg
import pytest

from api.storage.postgres.errors import connect_error, is_of_a_standby, is_refusal, storage_error
from domain.ports.errors import (
    StorageConflictError,
    StorageError,
    StorageFaultError,
    StorageFullError,
    StorageUnavailableError,
)

FULL = 'could not write init file "base/5/pg_internal.init.88": No space left on device'


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
        (asyncpg.exceptions.InternalServerError("x"), StorageFaultError, False),
        (asyncpg.UndefinedTableError("x"), StorageFaultError, False),
        (asyncpg.CharacterNotInRepertoireError("x"), StorageFaultError, False),
        (asyncpg.exceptions.InternalServerError(FULL), StorageFullError, False),
        (asyncpg.CannotConnectNowError("x"), StorageUnavailableError, False),
        (asyncpg.DeadlockDetectedError("x"), StorageConflictError, False),
        (asyncpg.SerializationError("x"), StorageConflictError, False),
        (asyncpg.StatementCompletionUnknownError("x"), StorageUnavailableError, False),
        (asyncpg.DiskFullError("x"), StorageFullError, False),
        (asyncpg.UniqueViolationError("x"), StorageFaultError, False),
        (ValueError("x"), None, False),
        (AssertionError("x"), None, False),
        (ConnectionResetError(), StorageUnavailableError, False),
    ],
)
def test_an_error_means_that_the_store_is_full_or_away_or_at_fault_or_nothing_of_the_storage(
    error: Exception, meant: type[StorageError] | None, is_a_standby: bool
) -> None:
    told = storage_error(error)
    assert (None if told is None else type(told)) is meant
    assert is_of_a_standby(error) is is_a_standby


@pytest.mark.parametrize(
    ("error", "meant", "words"),
    [
        (asyncpg.exceptions.InternalServerError("what?"), StorageUnavailableError, "what?"),
        (asyncpg.exceptions.InternalServerError(FULL), StorageFullError, "no space left"),
        (asyncpg.exceptions.ConfigFileError("x"), StorageUnavailableError, "accepts no connection"),
        (
            asyncpg.exceptions.ProtocolViolationError("unsupported startup parameter: jit"),
            StorageUnavailableError,
            "unsupported startup parameter: jit",
        ),
        (asyncpg.TooManyConnectionsError("x"), StorageUnavailableError, "no free connection"),
        (UnicodeError("label empty or too long"), StorageUnavailableError, "cannot be looked up"),
    ],
)
def test_whatever_ends_an_attempt_to_connect_the_store_is_full_or_away(
    error: Exception, meant: type[StorageError], words: str
) -> None:
    told = connect_error(error)
    assert type(told) is meant
    assert words in str(told)

"""What errors of the driver mean. Source: PostgreSQL, Appendix A, "Error Codes"."""

import socket

import asyncpg
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DBAPIError, InterfaceError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from domain.ports.errors import (
    StorageConflictError,
    StorageError,
    StorageFaultError,
    StorageFullError,
    StorageUnavailableError,
)

_FULL = {"53100", "54000"}
_UNAVAILABLE_CLASSES = {"08", "53", "57", "58", "40"}
_UNAVAILABLE_STATES = {"55P03", "25P02", "25P03", "25P04", "3D000", "28000", "28P01"}
_CONFLICTS = {"40001", "40P01"}
_UNCERTAIN_CLASSES = {"08", "58", "XX"}
_READ_ONLY = "25006"
"""The server is a standby: after a failover, or before it."""
_INTERNAL = "XX000"
"""Also of what PostgreSQL did not expect on a standby, as `pg_logical_emit_message` with a transaction."""
TAKES_NO_CHANGES = (
    "the database accepts no changes: it is a standby, or set to read only (default_transaction_read_only)"
)
_REASONS = {
    "28P01": "the database refuses the password",
    "28000": "the database refuses the user",
    "3D000": "there is no database of that name",
    _READ_ONLY: TAKES_NO_CHANGES,
    "53300": "the database has no free connection",
}
_PROTOCOL = "08P01"
"""Of a pooler that does not know what the driver sends; it says what that is."""
_NO_SPACE = "No space left on device"
"""As the kernel words it, in what has no state of its own."""
_LOST = (OSError, TimeoutError, asyncpg.InterfaceError, asyncpg.InternalClientError)


def storage_error(error: Exception) -> StorageError | None:
    """Return the storage error of an error of the driver or of SQLAlchemy; None for any other error.

    One of the driver's that is none of those that pass is a fault: the log has to have its cause.
    """
    if isinstance(error, StorageError):
        return None
    if isinstance(error, PoolTimeoutError):
        return StorageUnavailableError("every connection to the database is busy")
    cause = driver_error(error)
    if (meant := _by_its_state(cause)) is not None:
        return meant
    is_invalid = isinstance(error, InterfaceError) or getattr(error, "connection_invalidated", False)
    if is_invalid or isinstance(cause, _LOST):
        return StorageUnavailableError(_why_lost(cause))
    if isinstance(cause, asyncpg.PostgresError) or isinstance(error, DBAPIError):
        return StorageFaultError(f"the database refuses a statement: {cause} ({_state_of(cause)})")
    return None


def _by_its_state(cause: BaseException) -> StorageError | None:
    state = _state_of(cause)
    if is_of_a_standby(cause):
        return StorageUnavailableError(f"{_REASONS[_READ_ONLY]} ({state})")
    if state in _FULL or (state and _NO_SPACE in str(cause)):
        return StorageFullError("no space left for the database")
    if state in _CONFLICTS:
        return StorageConflictError(f"the database gave up a transaction for another: {cause} ({state})")
    if state in _UNAVAILABLE_STATES or state[:2] in _UNAVAILABLE_CLASSES:
        why = _REASONS.get(state, "the database does not answer at the moment")
        if state == _PROTOCOL:
            why = f"the database, or a pooler before it, says: {cause}"
        return StorageUnavailableError(f"{why} ({state})")
    return None


def _state_of(error: BaseException) -> str:
    """Return the SQLSTATE of an error of the server's; "" for any other."""
    return getattr(error, "sqlstate", None) or ""


def connect_error(error: Exception) -> StorageError | None:
    """Return the storage error of an attempt to connect: the store is full, or away, whatever the reason."""
    if isinstance(error, UnicodeError):  # Also of a name that stands in PGHOST.
        return StorageUnavailableError("the host of the database has a name that cannot be looked up")
    meant = storage_error(error)
    if isinstance(meant, StorageFaultError):
        return StorageUnavailableError(f"the database accepts no connection: {error} ({_state_of(error)})")
    return meant


def _why_lost(cause: BaseException) -> str:
    if isinstance(cause, asyncpg.ClientConfigurationError):
        return f"the URL of the database is wrong: {cause}"
    if isinstance(cause, (ConnectionRefusedError, FileNotFoundError, socket.gaierror)):
        return f"the database cannot be reached: {cause.strerror or cause}"
    if isinstance(cause, ConnectionError) and "SSL" in str(cause):
        return f"the database cannot be reached: {cause}"
    return "the connection to the database is lost"


def driver_error(error: BaseException) -> BaseException:
    """Return the error of asyncpg's below SQLAlchemy's and its adapter's."""
    original = getattr(error, "orig", None)
    if original is None:
        return error
    cause: BaseException = original.__cause__ or original
    return cause


def is_of_a_standby(error: BaseException) -> bool:
    """Return whether a server takes no writes: another one does by now, so its connections are given up."""
    cause = driver_error(error)
    state = getattr(cause, "sqlstate", None)
    return state == _READ_ONLY or (state == _INTERNAL and "during recovery" in str(cause))


def is_refusal(error: BaseException) -> bool:
    """Return whether the server has answered that a statement failed: then nothing of it is stored.

    Nothing is certain where the connection was lost or the server went down, perhaps behind the commit.
    """
    state = _state_of(driver_error(error))
    return bool(state) and state[:2] not in _UNCERTAIN_CLASSES and not state.startswith("57P")


def is_passed_over(error: BaseException) -> bool:
    """Return whether a transaction can go on from its savepoint: the connection to a standby is given up."""
    return is_refusal(error) and not is_of_a_standby(error)


def leave_a_standby(context: ExceptionContext) -> None:
    """Have SQLAlchemy give up every connection to a standby."""
    if is_of_a_standby(context.original_exception):
        context.is_disconnect = True

"""Explains why a store cannot be opened, and what to do."""

import sqlite3

from domain.ports.errors import StorageFaultError

_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_OF_ITS_DISK = {
    sqlite3.SQLITE_FULL: "cannot be written: no space is left on its disk",
    sqlite3.SQLITE_IOERR: "cannot be read or written: its disk may be full or faulty",
    sqlite3.SQLITE_CANTOPEN: "cannot be opened: look at its rights, and at the space on its disk",
    sqlite3.SQLITE_READONLY: "cannot be written: give the server's user write access to it and to its folder",
}
_NO_RIGHT = "42501"
"""Of PostgreSQL: insufficient privilege."""
_NO_SCHEMA = "3F000"
"""Of PostgreSQL: nothing that the search_path names is there, or may be used."""


class NoStoreError(Exception):
    """There is no store, and the command does not create one."""


class ForeignSchemaError(Exception):
    """Another program made the tables."""


class NewerSchemaError(Exception):
    """A newer version of this program made the tables."""


class OlderSchemaError(Exception):
    """An earlier version of this program made the tables, and may be serving them."""


OF_ANOTHER_PROGRAM = "has tables of another program"

_OTHER_SCHEMA: dict[type[Exception], str] = {
    NewerSchemaError: "; install that version again, or restore a backup (docs/operating.md)",
    OlderSchemaError: ": stop its servers, make a backup, and run: fasttrack migrate",
}


def why_unusable(error: BaseException) -> str | None:
    """Return the explanation of an error to the operator; None for any other error."""
    if isinstance(error, NewerSchemaError | OlderSchemaError):
        return f"{error}{_OTHER_SCHEMA[type(error)]}"
    if isinstance(error, StorageFaultError) and error.__cause__ is not None:
        error = error.__cause__
    original = getattr(error, "orig", error)
    state = getattr(original, "sqlstate", None)
    if (
        isinstance(error, ForeignSchemaError)
        or state == "42P07"
        or (isinstance(original, sqlite3.OperationalError) and "already exists" in str(original))
    ):
        return f"{OF_ANOTHER_PROGRAM}: create an empty database for FastTrack, and set its URL"
    if state == _NO_SCHEMA:
        return (
            "has no schema for the tables that its user may use: GRANT ALL ON SCHEMA public TO the user; or, "
            "if the search_path of the user names a schema that is not there, CREATE SCHEMA it or ALTER ROLE "
            "the user RESET search_path"
        )
    if state == _NO_RIGHT:
        return (
            "does not let its user create tables: make the user its owner, "
            "or GRANT ALL ON SCHEMA public TO the user"
        )
    code = getattr(getattr(error, "orig", error), "sqlite_errorcode", None)
    primary = None if code is None else code & 0xFF
    if primary in _DAMAGED:
        what = getattr(error, "orig", error)
        return (
            f"is damaged, or not an SQLite database ({what}): "
            "restore a backup, or move it away to start with an empty store"
        )
    return _OF_ITS_DISK.get(primary or 0)

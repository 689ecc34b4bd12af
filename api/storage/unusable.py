"""Explains why a store cannot be opened, and what to do."""

import sqlite3

_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_NO_RIGHT = {"42501", "3F000"}
"""Of PostgreSQL: insufficient privilege, and no schema in which the user may create anything."""


class NewerSchemaError(Exception):
    """A newer version of this program made the tables."""


def why_unusable(error: BaseException) -> str | None:
    """Return the explanation of an error to the operator; None for any other error."""
    if isinstance(error, NewerSchemaError):
        return f"{error}; install that version again, or restore a backup (docs/operating.md)"
    original = getattr(error, "orig", error)
    state = getattr(original, "sqlstate", None)
    if state == "42P07" or (
        isinstance(original, sqlite3.OperationalError) and "already exists" in str(original)
    ):
        return "has tables of another program: create an empty database for FastTrack, and set its URL"
    if state in _NO_RIGHT:
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
    if primary == sqlite3.SQLITE_READONLY:
        return "cannot be written: give the user of the server write access to it and to its folder"
    return None

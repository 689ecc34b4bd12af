"""What a file holds, as a command looks before it is opened as a store."""

import sqlite3


def version_and_tables(connection: sqlite3.Connection) -> tuple[str | None, list[str]]:
    """Return which version the tables are of, None where nothing says it, and their names.

    Raises:
        sqlite3.DatabaseError: the file is damaged, or no database.
    """
    rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    tables = [str(name) for (name,) in rows]
    row = None
    if "alembic_version" in tables:
        columns = connection.execute("SELECT name FROM pragma_table_info('alembic_version')").fetchall()
        if ("version_num",) in columns:
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return (None if row is None or row[0] is None else str(row[0])), tables

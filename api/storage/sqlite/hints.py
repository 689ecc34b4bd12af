"""SQLAlchemy's dialect of SQLite, with the hints that it drops."""

from typing import Any

from sqlalchemy.dialects.sqlite.base import SQLiteCompiler
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite


class HintingCompiler(SQLiteCompiler):
    """Writes hints (`INDEXED BY …`), which SQLAlchemy drops for SQLite."""

    def get_from_hint_text(self, _table: Any, text: str | None) -> str | None:
        """Return what follows a table's name."""
        return text


def hinting_dialect() -> SQLiteDialect_pysqlite:
    """Return the dialect for statements that are compiled here.

    The compiler puts a name on each place; the values are those of sqlite3's `?`.
    """
    dialect = SQLiteDialect_pysqlite(paramstyle="qmark")
    dialect.statement_compiler = HintingCompiler
    return dialect

"""Rejected rows as a file to correct and send again, with its own columns and the errors.

`_line` and `_errors` are added, and of a file with several records on a line `_record`. They are no
fields on the way in: the first and the last tell `returned_file` which row it is.
"""

from codecs import BOM_UTF8
from collections.abc import Mapping, Sequence
from typing import Any, Literal, Protocol

import msgspec

from api.services.exports.table import Language
from api.services.exports.xlsx import XlsxFile
from api.services.problem_words import words_of
from domain.csv.writer import csv_lines
from domain.imports import RejectedRow, Upload
from domain.json_text import decode_json
from domain.problems import sendable
from domain.rows.columns import ERRORS_COLUMN, LINE_COLUMN, RECORD_COLUMN, is_own_column
from domain.rows.formula_guard import guarded, unguarded

RejectedForm = Literal["csv", "xlsx", "json"]
FORMS: tuple[RejectedForm, ...] = ("csv", "xlsx", "json")
TITLES: Mapping[Language, str] = {"en": "rejected", "pt": "rejeitadas"}
"""What the sheet is called, and what the name of the file ends in."""

_WORKBOOKS = ("xlsx", "xlsm", "xlsb", "xls", "ods")
_JSON = ("json", "ndjson")


class RejectedFile(Protocol):
    """A file that is being written."""

    def opening(self) -> bytes:
        """Return what comes before the first row."""
        ...

    def part(self, rows: Sequence[RejectedRow]) -> bytes:
        """Return some rows."""
        ...

    def closing(self) -> bytes:
        """Return what comes after the last row."""
        ...


def own_form(upload: Upload) -> RejectedForm:
    """Return the format closest to the kind of the file."""
    kind = (upload.dialect or {}).get("format")
    return "xlsx" if kind in _WORKBOOKS else "json" if kind in _JSON else "csv"


def rejected_file(upload: Upload, form: RejectedForm, language: Language) -> RejectedFile:
    """Begin a file of an import's rejected rows, with their errors in a language."""
    table = _Table(upload, language)
    if form == "xlsx":
        return _Workbook(table)
    return _Json(table) if form == "json" else _Csv(table, (upload.dialect or {}).get("delimiter", ","))


def names_in_file(upload: Upload) -> list[list[str | None]]:
    """Return the names that the columns of an import have in its rejected files: in tables, and in JSON.

    They are in the order of the columns; None stands for a column that an earlier rejected file added.
    """
    table = _Table(upload)
    return [table.placed(table.names), table.placed(_unique(table.names))]


class _Table:
    """The columns of the file, and the texts that its cells stood for."""

    def __init__(self, upload: Upload, language: Language = "en") -> None:
        self.language = language
        dialect = upload.dialect or {}
        kind = dialect.get("format")
        is_named = kind != "ics" and dialect.get("header_row") != 0
        # What an earlier rejected file added is written anew.
        names = [_name(column, is_named=is_named) for column in upload.columns or ()]
        self._kept = [not is_own_column(name) for name in names]
        self.names = [name for name in names if not is_own_column(name)]
        self._is_guarded = kind not in (*_JSON, "ics")
        # Elsewhere each row begins on a line of its own.
        self._has_records = kind in _JSON
        self.own = [LINE_COLUMN, *([RECORD_COLUMN] if self._has_records else []), ERRORS_COLUMN]

    def placed(self, names: Sequence[str]) -> list[str | None]:
        """Return names of the columns with None where one is left out."""
        left = iter(names)
        return [next(left) if keep else None for keep in self._kept]

    def cells(self, row: RejectedRow) -> list[str]:
        """Return the texts of a row under the names, and those beyond the header after them."""
        texts = [sendable(unguarded(cell) if self._is_guarded else cell) for cell in row.cells]
        texts += [""] * (len(self._kept) - len(texts))
        kept = [text for text, keep in zip(texts, self._kept, strict=False) if keep]
        return [*kept, *texts[len(self._kept) :]]

    def described(self, row: RejectedRow) -> list[str]:
        """Return the texts, the line, the errors, and what stands beyond the header."""
        cells, width = self.cells(row), len(self.names)
        return [*cells[:width], *map(str, self.place(row)), self.reasons(row), *cells[width:]]

    def place(self, row: RejectedRow) -> list[int]:
        """Return the line of a row in its file, and its record where a line may have several."""
        return [row.line, row.record] if self._has_records else [row.line]

    def reasons(self, row: RejectedRow) -> str:
        """Return all errors of a row."""
        return " | ".join(words_of(error, self.language) for error in row.errors)


def _name(column: Mapping[str, Any], *, is_named: bool) -> str:
    """Return a column's own name; its field, where its name means nothing in a table.

    So with names of a calendar, and with the places of columns in a file without a header.
    """
    name = column["name"] if is_named or not column.get("field") else column["field"]
    return sendable(str(name))


class _Csv:
    def __init__(self, table: _Table, delimiter: str) -> None:
        self._table = table
        self._delimiter = delimiter

    def opening(self) -> bytes:
        return BOM_UTF8 + csv_lines([[*map(guarded, self._table.names), *self._table.own]], self._delimiter)

    def part(self, rows: Sequence[RejectedRow]) -> bytes:
        return csv_lines((map(guarded, self._table.described(row)) for row in rows), self._delimiter)

    def closing(self) -> bytes:
        return b""


class _Workbook:
    def __init__(self, table: _Table) -> None:
        self._table = table
        self._file = XlsxFile("pt", [*table.names, *table.own], sheet=TITLES[table.language])

    def opening(self) -> bytes:
        return self._file.opening()

    def part(self, rows: Sequence[RejectedRow]) -> bytes:
        return self._file.rows(map(self._table.described, rows))

    def closing(self) -> bytes:
        return self._file.closing()


class _Json:
    def __init__(self, table: _Table) -> None:
        self._table = table
        self._names = _unique(table.names)
        self._separator = b""

    def opening(self) -> bytes:
        return b"["

    def part(self, rows: Sequence[RejectedRow]) -> bytes:
        inner = b",\n".join(msgspec.json.encode(self._members(row)) for row in rows)
        inner, self._separator = self._separator + inner, b",\n"
        return inner

    def closing(self) -> bytes:
        return b"]\n"

    def _members(self, row: RejectedRow) -> dict[str, Any]:
        cells = self._table.cells(row)
        members = {name: _value(cell) for name, cell in zip(self._names, cells, strict=False) if cell}
        own = dict(zip(self._table.own, [*self._table.place(row), self._table.reasons(row)], strict=True))
        return {**members, **own}


def _unique(names: Sequence[str]) -> list[str]:
    """Return names of which each is there once: a nameless or repeated one gets that of its place."""
    found: list[str] = []
    for place, name in enumerate(names, 1):
        found.append(name if name.strip() and name not in found else f"#{place}")
    return found


def _value(cell: str) -> object:
    """Return a cell as a member: the venue as the object that it was."""
    if not cell.startswith("{"):
        return cell
    read = decode_json(cell)
    return read if isinstance(read, dict) else cell

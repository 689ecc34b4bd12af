"""Rejected rows as a file to correct and send again, with its own columns and the errors.

`_line` and `_errors` are added, and of a file with several records on a line `_record`. They are no
fields on the way in: `_line` and `_record` tell `returned_file` which row it is. Where an error stands in no
cell, `_errors` ends with a mark, by which the row is refused while it is unchanged: see `rejected_before`.
"""

from codecs import BOM_UTF8
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Literal, Protocol

import msgspec

from api.services.exports.table import Language
from api.services.exports.xlsx import XlsxFile
from api.services.imports.unshown_errors import UnshownErrors
from api.services.problem_words import words_of
from domain.csv.writer import csv_lines
from domain.imports import RejectedRow, Upload
from domain.json_text import decode_json
from domain.problems import Problem, sendable
from domain.rows.columns import ERRORS_COLUMN, EXTRA_COLUMN, LINE_COLUMN, RECORD_COLUMN, is_own_column
from domain.rows.formula_guard import guarded, unguarded
from domain.rows.names import EITHER, LOCATION_NAME
from domain.rows.rejected_before import mark_of

RejectedForm = Literal["csv", "xlsx", "json"]
FORMS: tuple[RejectedForm, ...] = ("csv", "xlsx", "json")
TITLES: Mapping[Language, str] = {"en": "rejected", "pt": "rejeitadas"}
"""What the sheet is called, and what the name of the file ends in."""

_MARKED: Mapping[Language, str] = {
    "en": "no cell shows this: without a change, the row is refused again",
    "pt": "nenhuma célula mostra isto: sem mudança, a linha é recusada de novo",
}

_WORKBOOKS = ("xlsx", "xlsm", "xlsb", "xls", "ods")
_JSON = ("json", "ndjson")
_TEXTS = frozenset({"title", "description", "event_date", "event_time", "city", "participants"})
"""Fields whose cells are no objects, though they may look like one."""
_MAY_BE_TEXTS = frozenset({"local_info.capacity", "local_info.is_accessible"})
"""Fields whose cell does not show whether the value was a text: `1.200` as a number would be another one."""


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
        self.upload = upload
        self.language = language
        dialect = upload.dialect or {}
        kind = dialect.get("format")
        is_named = kind != "ics" and dialect.get("header_row") != 0
        # What an earlier rejected file added is written anew.
        names = [_name(column, is_named=is_named) for column in upload.columns or ()]
        self._kept = [not is_own_column(name) for name in names]
        self.names = [name for name in names if not is_own_column(name)]
        fields = [column.get("field") for column in upload.columns or ()]
        self.fields = [field for field, keep in zip(fields, self._kept, strict=True) if keep]
        self._is_guarded = kind not in (*_JSON, "ics")
        # Elsewhere each row begins on a line of its own.
        self._has_records = self.is_of_json = kind in _JSON
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

    def described(self, row: RejectedRow, unshown: UnshownErrors, *, shows_extra: bool) -> list[str]:
        """Return the texts, the line, the errors, and what stands beyond the header.

        Where `shows_extra`, whoever reads the file meets the latter.
        """
        cells, width = self.cells(row), len(self.names)
        is_marked = unshown.in_table(row, cells if shows_extra else cells[:width])
        reasons = self.reasons(row, mark_of(self.names, cells) if is_marked else "")
        return [*cells[:width], *map(str, self.place(row)), reasons, *cells[width:]]

    def place(self, row: RejectedRow) -> list[int]:
        """Return the line of a row in its file, and its record where a line may have several."""
        return [row.line, row.record] if self._has_records else [row.line]

    def reasons(self, row: RejectedRow, mark: str) -> str:
        """Return all errors of a row, and its mark, if it has one."""
        told = [words_of(error, self.language) for error in row.errors]
        return " | ".join([*told, f"{_MARKED[self.language]} {mark}"] if mark else told)


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
        self._unshown = UnshownErrors(table.upload, table.names, table.fields, is_table=True)

    def opening(self) -> bytes:
        return BOM_UTF8 + csv_lines([[*map(guarded, self._table.names), *self._table.own]], self._delimiter)

    def part(self, rows: Sequence[RejectedRow]) -> bytes:
        described = (self._table.described(row, self._unshown, shows_extra=True) for row in rows)
        return csv_lines((map(guarded, cells) for cells in described), self._delimiter)

    def closing(self) -> bytes:
        return b""


class _Workbook:
    def __init__(self, table: _Table) -> None:
        self._table = table
        self._file = XlsxFile("pt", [*table.names, *table.own], sheet=TITLES[table.language])
        self._unshown = UnshownErrors(table.upload, table.names, table.fields, is_table=True)

    def opening(self) -> bytes:
        return self._file.opening()

    def part(self, rows: Sequence[RejectedRow]) -> bytes:
        # Cells right of a table are read only of a marked row.
        return self._file.rows(self._table.described(row, self._unshown, shows_extra=False) for row in rows)

    def closing(self) -> bytes:
        return self._file.closing()


class _Json:
    def __init__(self, table: _Table) -> None:
        self._table = table
        self._names = _unique(table.names)
        self._unshown = UnshownErrors(table.upload, self._names, table.fields, is_table=False)
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
        table, cells, width = self._table, self._table.cells(row), len(self._names)
        wrong = _of_wrong_type(row) if table.is_of_json else frozenset[str]()
        # Those below nameless columns are no fault.
        is_too_wide = any(error.code == "extra_cells" for error in row.errors)
        columns = zip(self._names, table.fields, cells, strict=False)
        members = {name: _value(cell, field, wrong) for name, field, cell in columns if cell}
        told = cells if is_too_wide else cells[:width]
        mark = mark_of(self._names, told) if self._unshown.in_members(row, members) else ""
        own = dict(zip(table.own, [*table.place(row), table.reasons(row, mark)], strict=True))
        return {**members, **own, **({EXTRA_COLUMN: cells[width:]} if is_too_wide else {})}


def _unique(names: Sequence[str]) -> list[str]:
    """Return names of which each is there once: a nameless or repeated one gets that of its place."""
    found: list[str] = []
    for place, name in enumerate(names, 1):
        found.append(name if name.strip() and name not in found else f"#{place}")
    return found


def _of_wrong_type(row: RejectedRow) -> frozenset[str]:
    """Return the fields of which a row of JSON has a value of a wrong type."""
    found = {error.field.partition("[")[0] for error in row.errors if error.code == "invalid_type"}
    return frozenset(found | ({EITHER} if LOCATION_NAME in found else set()))


def _value(cell: str, field: str | None, wrong: Collection[str]) -> object:
    """Return a cell as a member: the venue as the object that it was, what has a wrong type as that value."""
    if field in wrong and field not in _MAY_BE_TEXTS:
        read = decode_json(cell)
        return cell if isinstance(read, Problem) else read
    if not cell.startswith("{") or field in _TEXTS:
        return cell
    read = decode_json(cell)
    return read if isinstance(read, dict) else cell

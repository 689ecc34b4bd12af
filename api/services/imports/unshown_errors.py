"""Tells which rejected rows have an error that their cells, by themselves, do not have."""

from collections.abc import Mapping, Sequence
from datetime import UTC
from typing import Any

from domain.dates import DateOrder
from domain.files.found_record import FoundRecord, ScannerState
from domain.files.member_columns import MemberColumns
from domain.imports import RejectedRow, Upload
from domain.problems import Problem
from domain.rows.cells import Replacements
from domain.rows.columns import Columns
from domain.rows.formula_guard import guarded
from domain.rows.row_parser import RowParser

_OF_NO_ROW = frozenset({"unknown_row", "ambiguous_row"})
"""Codes that say which row it is, and nothing of what it holds."""


class UnshownErrors:
    """Reads the cells of rejected rows as an import reads the file in which they come back."""

    def __init__(
        self, upload: Upload, names: Sequence[str], fields: Sequence[str | None], *, is_table: bool
    ) -> None:
        """Take an import, and the columns of that file: their names, and the field that each is."""
        options = upload.options
        asked = DateOrder.asked((upload.dialect or {}).get("date_format") or options.date_format)
        index = {field: at for at, field in enumerate(fields) if field}
        given = {field: text for field, text in (options.defaults or {}).items() if text.strip()}
        replacements = Replacements(options.values)
        self._width = len(names)
        self._members = MemberColumns(names, replacements)
        self._members.read_as(index)
        self._parser = RowParser(
            Columns(tuple(names), index, self._width, self._width, given),
            # Which offset a time has is no matter to the rules.
            timezone=UTC,
            date_order=asked if asked.settled else asked.unproved(),
            warn=lambda _: None,
            replacements=replacements,
            is_table=is_table,
        )

    def in_table(self, row: RejectedRow, cells: Sequence[str]) -> bool:
        """Return whether a row has such an error; `cells` are those of its columns, and what follows them."""
        return self._has_more(row, [*map(guarded, cells)], ())

    def in_members(self, row: RejectedRow, members: Mapping[str, Any]) -> bool:
        """Return whether a row has such an error; `members` are those of an object of JSON."""
        record = FoundRecord(row.line, 0, dict(members), (), ScannerState())
        cells = self._members.cells(record)
        return self._has_more(row, cells, record.problems)

    def _has_more(self, row: RejectedRow, cells: list[str], problems: Sequence[Problem]) -> bool:
        read = self._parser.parse(cells, line=row.line, record=row.record)
        shown = {(error.field, error.code) for error in (*problems, *read.errors)}
        return any(
            (error.field, error.code) not in shown for error in row.errors if error.code not in _OF_NO_ROW
        )

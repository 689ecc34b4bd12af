"""The fast path for regular files; it gives the same rows as the careful reader.

A region of whole lines is checked once for everything unusual, cut into cells by the C reader of
the standard library, and its values are built column by column. Whatever is
out of the ordinary is left to the careful readers, which define the outcome; tests compare both.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from itertools import accumulate, islice
from typing import Protocol

from msgspec import Struct

from domain.json_text import decode_json
from domain.problems import Problem
from domain.rows.cells import is_error, may_hold_errors, trimmed
from domain.rows.columns import Columns
from domain.rows.fast_columns import FastColumns
from domain.rows.formula_guard import may_be_guarded
from domain.rows.names import EITHER
from domain.rows.row_batch import RowBatch
from domain.rows.row_parser import Row, RowParser
from domain.text import is_ordinary, looks_damaged


class NoteRows(Protocol):
    """Takes the cells of accepted rows; `is_damaged`: some may have damaged letters."""

    def __call__(self, records: Sequence[list[str]], *, is_damaged: bool = True) -> None:
        """Take rows."""
        ...


class Region(Struct):
    """The rows of a region, and where they end: characters, lines and bytes of the file."""

    batch: RowBatch
    characters: int
    lines: int
    end: int


class FastReader:
    """Reads regions of whole lines. `note` is called with the cells of accepted rows."""

    def __init__(
        self,
        columns: Columns,
        delimiter: str,
        parser: RowParser,
        values: FastColumns,
        *,
        note: NoteRows,
    ) -> None:
        """Prepare for a file."""
        self._width = columns.width
        self._least = columns.least
        self._most = columns.most
        self._delimiter = delimiter
        self._parser = parser
        self._note = note
        self._has_json = "local_info" in columns.index and EITHER not in columns.index
        self._values = values

    def can_read(self, text: str) -> bool:
        """Return whether a region has only characters that the fast path handles."""
        return not may_be_guarded(text) and is_ordinary(text) and "\ufeff" not in text

    def read(self, text: str, raw: bytes, *, line: int, record: int, offset: int, max_rows: int) -> Region:
        """Return the rows up to the first irregular record, or to the end.

        `raw` is the region as it is in the file, from byte `offset` on; `line` is that of its
        first line, `record` the number of the record before it.
        """
        ends = list(accumulate((len(piece) + 1 for piece in raw.split(b"\n")), initial=offset))
        ends[-1] -= 1
        records, passed = _records(_lines(text, len(ends) - 2), self._delimiter, max_rows)
        lines = [line + count for count in (0, *passed)]
        row_ends = [ends[count] for count in passed]
        columns, odd = self._values.read(records)
        if may_hold_errors(text):
            odd.update(at for at, cells in enumerate(records) if any(map(is_error, cells)))
        batch, taken = RowBatch.empty(), 0
        accepted: list[list[str]] = []
        for place in (*sorted(odd), len(records)):
            if place > taken and self._parser.is_elsewhere:
                self._parser.pass_over(place - taken)
            elif place > taken:
                found = slice(taken, place)
                numbers = range(record + len(batch) + 1, record + len(batch) + 1 + place - taken)
                batch.extend(RowBatch(columns.part(found), lines[found], list(numbers), row_ends[found], []))
                accepted += map(self._trimmed, records[found]) if self._most > self._width else records[found]
            taken = place
            if place < len(records):
                number = record + len(batch) + 1
                cells = records[place]
                rows = self._peculiar(cells, lines[place], number, row_ends[place])
                if rows is None:
                    break
                for row in rows:
                    if row.fields is None:
                        batch.rejected.append(row)
                    else:
                        batch.extend(RowBatch.of([row]))
                        accepted.append(trimmed(cells, self._width))
                taken += 1
        self._note(accepted, is_damaged=looks_damaged(text))
        read = passed[taken - 1] if taken else 0
        return Region(batch, _characters(text, read, len(ends) - 1), read, ends[read])

    def _trimmed(self, cells: list[str]) -> list[str]:
        return trimmed(cells, self._width)

    def _peculiar(self, cells: list[str], line: int, record: int, end: int) -> list[Row] | None:
        """Return the row of an odd record, none for a blank one; None leaves it to the careful readers."""
        if any(cell.startswith(" ") and cell.lstrip(" ").startswith('"') for cell in cells):
            return None
        if not any(cell.strip() for cell in cells):
            return []
        cells = trimmed(cells, self._width)
        if not self._least <= len(cells) <= self._most or self._may_be_backslashed(cells):
            return None
        row = self._parser.parse_line(cells, line=line, record=record, end=end)
        return [] if row is None else [row]

    def _may_be_backslashed(self, cells: list[str]) -> bool:
        """Return whether the backslash dialect might read more out of a record than RFC 4180 does."""
        if not any("\\" in cell for cell in cells):
            return False
        if not self._has_json:
            return True
        info = cells[self._values.json_column]
        return bool(info.strip()) and isinstance(decode_json(info), Problem)


def _records(text_lines: Iterable[str], delimiter: str, most: int) -> tuple[list[list[str]], list[int]]:
    """Return each record's cells, and the number of lines up to its end.

    Up to a quote that is open at the end or badly closed: the careful readers know which.
    """
    records: list[list[str]] = []
    lines: list[int] = []
    reader = csv.reader(text_lines, delimiter=delimiter, strict=True)
    try:
        for cells in islice(reader, most):
            records.append(cells)
            lines.append(reader.line_num)
    except csv.Error:
        pass
    return records, lines


def _lines(text: str, line_feeds: int) -> Iterable[str]:
    """Return the lines of a text, each with its end; none of a text with a lone CR, which needs care."""
    lines = text.splitlines(keepends=True)
    if len(lines) == line_feeds + (not text.endswith("\n")) and not text.endswith("\r"):
        return lines
    # Of what else splitlines() cuts at, an ordinary text can have U+2028 and U+2029.
    return [] if text.count("\r") != text.count("\r\n") else io.StringIO(text, newline="\n")


def _characters(text: str, lines: int, of_lines: int) -> int:
    """Return how many characters the first lines of a text are."""
    if lines >= of_lines - 1 and text.endswith("\n"):
        return len(text)
    position = 0
    for _ in range(lines):
        position = text.find("\n", position) + 1 or len(text)
    return position

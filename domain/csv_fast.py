"""The fast path for files that keep to the rules: the same rows as the careful readers give.

A region of whole lines is checked once for everything unusual, cut into cells by the C reader of
the standard library, and its values are built with what was seen before remembered. Whatever is
out of the ordinary is left to the careful readers, which define the outcome; tests compare both.
"""

import csv
import re
import unicodedata
from collections.abc import Callable, Iterator
from itertools import accumulate

from msgspec import Struct

from domain.csv_cells import Row, RowParser
from domain.csv_guard import may_be_guarded
from domain.csv_header import EITHER, Columns
from domain.csv_plain import PlainValues
from domain.csv_records import trimmed
from domain.json_text import decode_json
from domain.problems import Problem
from domain.text import endless_marks

_FORBIDDEN_LATIN = bytes(c for c in (*range(32), *range(127, 160)) if c not in b"\t\r\n")
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069]")


def is_ordinary(text: str) -> bool:
    """Tell whether a text has only characters that every field may hold, in normal form C."""
    try:
        latin = text.encode("latin-1")
    except UnicodeEncodeError:
        return not (_FORBIDDEN.search(text) or endless_marks(text)) and unicodedata.is_normalized("NFC", text)
    # All of Latin-1 is in normal form, and bytes are searched at the speed of memory.
    return len(latin.translate(None, _FORBIDDEN_LATIN)) == len(latin)


class Region(Struct):
    """What was read of a region: rows, and how many lines and characters they took."""

    rows: list[Row]
    lines: int = 0
    characters: int = 0


class FastReader:
    """Reads regions of whole lines. `note` is called with the cells of each accepted row."""

    def __init__(
        self,
        columns: Columns,
        delimiter: str,
        parser: RowParser,
        values: PlainValues,
        *,
        note: Callable[[list[str]], None],
    ) -> None:
        """Prepare for a file."""
        self._width = len(columns.names)
        self._delimiter = delimiter
        self._parser = parser
        self._note = note
        self._has_json = "local_info" in columns.index and EITHER not in columns.index
        self._values = values

    def can_read(self, text: str) -> bool:
        """Tell whether the characters of a region need no care."""
        has_lone_cr = "\r" in text and text.count("\r") != text.count("\r\n")
        return not has_lone_cr and not may_be_guarded(text) and is_ordinary(text)

    def read(self, text: str, raw: bytes, *, line: int, record: int, offset: int, max_rows: int) -> Region:
        """Return the rows up to the first record that needs care, or to the end.

        `raw` is the region as it is in the file, from byte `offset` on; `line` is that of its
        first line, `record` the number of the record before it.
        """
        ends = list(accumulate((len(piece) + 1 for piece in raw.split(b"\n")), initial=offset))
        ends[-1] -= 1
        region, read_plain = Region([]), self._values.read
        try:
            for cells, lines in _records(text, self._delimiter):
                fields = read_plain(cells)
                place = (line + region.lines, record + len(region.rows) + 1, ends[lines])
                if fields is not None:
                    region.rows.append(Row(*place, fields))
                    self._note(cells)
                elif not self._read_peculiar(cells, *place, region.rows):
                    break
                region.lines = lines
                if len(region.rows) >= max_rows:
                    break
        except csv.Error:
            # A quote that is open at the end, or badly closed: the careful readers know which.
            pass
        region.characters = _characters(text, region.lines, len(ends) - 1)
        return region

    def _read_peculiar(self, cells: list[str], line: int, record: int, end: int, rows: list[Row]) -> bool:
        """Add the row of a record that is not plain; False leaves it to the careful readers."""
        if any(cell.startswith(" ") and cell.lstrip(" ").startswith('"') for cell in cells):
            return False
        if not any(cell.strip() for cell in cells):
            return True
        cells = trimmed(cells, self._width)
        if len(cells) != self._width or self._may_be_backslashed(cells):
            return False
        row = self._parser.parse(cells, line=line, record=record, end=end)
        if row.fields is not None:
            self._note(cells)
        rows.append(row)
        return True

    def _may_be_backslashed(self, cells: list[str]) -> bool:
        """Tell whether the backslash dialect might read more out of a record than RFC 4180 does."""
        if not any("\\" in cell for cell in cells):
            return False
        if not self._has_json:
            return True
        info = cells[self._values.json_column]
        return bool(info.strip()) and isinstance(decode_json(info), Problem)


def _records(text: str, delimiter: str) -> Iterator[tuple[list[str], int]]:
    """Yield each record's cells, and the number of lines up to its end.

    Lines of which no cell is quoted, or the last alone, are cut without looking at each character;
    from any other line on, the standard library reads.

    Raises:
        csv.Error: a quote is open at the end, or there is text behind a closing one.
    """
    lines = text.split("\n")
    if not lines[-1]:
        lines.pop()
    taken = 0
    for line in lines:
        cells = _cut(line.removesuffix("\r"), delimiter)
        if cells is None:
            break
        taken += 1
        yield cells, taken
    reader = csv.reader((line + "\n" for line in lines[taken:]), delimiter=delimiter, strict=True)
    for cells in reader:
        yield cells, taken + reader.line_num


def _cut(line: str, delimiter: str) -> list[str] | None:
    """Return the cells of a line with quotes around its last cell at most; None for any other."""
    if '"' not in line:
        return line.split(delimiter)
    bare, _, quoted = line.partition(delimiter + '"')
    body = quoted[:-1]
    last = body.replace('""', '"')
    # All quotes were pairs if each one left stands for one character that is gone.
    if '"' in bare or quoted[-1:] != '"' or last.count('"') != len(body) - len(last):
        return None
    cells = bare.split(delimiter)
    cells.append(last)
    return cells


def _characters(text: str, lines: int, of_lines: int) -> int:
    """Return how many characters the first lines of a text are."""
    if lines >= of_lines - 1 and text.endswith("\n"):
        return len(text)
    position = 0
    for _ in range(lines):
        position = text.find("\n", position) + 1 or len(text)
    return position

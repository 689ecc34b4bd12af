"""The cells of one record, to an event or to all that is wrong with it.

Knows neither bytes nor quotes: a spreadsheet's rows come the same way.
"""

import re
from collections.abc import Callable
from datetime import tzinfo

from msgspec import Struct

from domain.csv_guard import unguarded
from domain.csv_header import EITHER, FLAT, Columns
from domain.csv_records import trimmed
from domain.events import EventFields, Warn, parse_fields
from domain.imports import DateFormat
from domain.json_text import decode_json
from domain.problems import VALUE_LIMIT, Problem, sendable
from domain.text import CELL_BYTES, check_characters, check_size, folded, is_too_large

# Not three zeros: where a point groups digits, 1.000 is a thousand.
_INTEGER = re.compile(r"([+-]?[0-9]+)(?:\.00?)?", re.ASCII)
_TRUE = frozenset({"true", "sim", "s", "yes", "y", "1", "verdadeiro"})
_FALSE = frozenset({"false", "nao", "n", "no", "0", "falso"})
_KEPT_CELLS = 128


class Row(Struct, frozen=True, gc=False):
    """A row as read: its fields, or its original cells and every reason against it.

    Attributes:
        line: physical line on which it starts, 1-based; that of the quote, where one never closes.
        record: number among the data records, 1-based.
        end: bytes of the file up to and with this row.
        fields: None when the row is rejected.
    """

    line: int
    record: int
    end: int
    fields: EventFields | None
    cells: tuple[str, ...] = ()
    errors: tuple[Problem, ...] = ()


class RowParser:
    """Turns cells into rows by one file's columns. `warn` is called with the code of each repair."""

    def __init__(self, columns: Columns, *, timezone: tzinfo, date_format: DateFormat, warn: Warn) -> None:
        """Prepare for a file."""
        self._columns = columns
        self._timezone = timezone
        self._date_format = date_format
        self._warn = warn
        self._flat = [name for name in FLAT if f"local_info.{name}" in (columns.index | columns.defaults)]

    def parse(self, cells: list[str], *, line: int, record: int, end: int = 0) -> Row:
        """Return the row; every problem of it at once when it is rejected."""
        width = len(self._columns.names)
        given = trimmed(cells, width)
        if len(given) > width:
            message = (
                f"the row has {len(given)} cells, the header has {width}; is a text with a comma unquoted?"
            )
            return rejected(given, [Problem("", "extra_cells", message, str(len(given)))], line, record, end)
        problems: list[Problem] = []
        members = self._members(given, problems)
        read = parse_fields(members, timezone=self._timezone, date_format=self._date_format, warn=self._warn)
        if isinstance(read, EventFields) and not problems:
            return Row(line, record, end, read)
        found = problems + [p for p in read if _is_news(p, problems)] if isinstance(read, tuple) else problems
        return rejected(given, self._without_absent(found, given), line, record, end)

    def _members(self, cells: list[str], problems: list[Problem]) -> dict[str, object]:
        """Return the members as JSON would have them; cells that cannot be read become problems."""
        if len(cells) < len(self._columns.names):
            width = len(self._columns.names)
            message = f"the row has {len(cells)} cells, the header has {width}"
            problems.append(Problem("", "missing_cells", message, str(len(cells))))
        members: dict[str, object] = {}
        for name in ("title", "description", "event_date", "city"):
            members[name] = self._sized(name, self._text(name, cells), problems)
        names = self._sized("participants", self._text("participants", cells), problems)
        members["participants"] = names.split(";")
        members["local_info"] = self._local_info(cells, problems)
        return members

    def _text(self, name: str, cells: list[str]) -> str:
        """Return a field's text: its cell, or its default where that is empty or absent."""
        column = self._columns.index.get(name)
        text = unguarded(cells[column]) if column is not None and column < len(cells) else ""
        return text if text.strip() else self._columns.defaults.get(name, text)

    def _sized(self, name: str, text: str, problems: list[Problem]) -> str:
        if not is_too_large(text):
            return text
        check_size(name, text, problems)
        return ""

    def _local_info(self, cells: list[str], problems: list[Problem]) -> object:
        text = self._text("local_info", cells)
        either = self._text(EITHER, cells)
        if either.lstrip().startswith(("{", "[")):
            text = either
        if not text.strip():
            return self._flat_venue(cells, either, problems)
        before = len(problems)
        text = self._sized("local_info", text, problems)
        check_characters("local_info", text, problems)
        read = decode_json(text.strip(), field="local_info") if len(problems) == before else None
        if isinstance(read, Problem):
            problems.append(read)
            return None
        return read

    def _flat_venue(self, cells: list[str], either: str, problems: list[Problem]) -> dict[str, object] | None:
        texts = {name: self._text(f"local_info.{name}", cells) for name in self._flat}
        if either.strip():
            texts["location_name"] = either
        sized = {name: self._sized(f"local_info.{name}", text, problems) for name, text in texts.items()}
        present = {name: TYPED.get(name, str)(text) for name, text in sized.items() if text.strip()}
        return present if self._has_venue(present, cells, either) else None

    def _has_venue(self, present: dict[str, object], cells: list[str], either: str) -> bool:
        """Tell whether a row names a venue: defaults alone do so only when they name the place."""
        if "location_name" in present or either.strip():
            return True
        index = self._columns.index
        columns = [index[f"local_info.{name}"] for name in present if f"local_info.{name}" in index]
        return any(cells[column].strip() for column in columns if column < len(cells))

    def _without_absent(self, problems: list[Problem], cells: list[str]) -> list[Problem]:
        """Leave out `required` for cells of which `missing_cells` tells already."""
        absent = {name for name, column in self._columns.index.items() if column >= len(cells)}
        return [p for p in problems if not (p.code == "required" and p.field in absent)]


def rejected(cells: list[str], problems: list[Problem], line: int, record: int, end: int) -> Row:
    """Return a rejected row with its original cells, bounded in number and size."""
    kept = tuple(sendable(cell[:CELL_BYTES]) for cell in cells[:_KEPT_CELLS])
    return Row(line, record, end, None, kept, tuple(problems))


def _is_news(problem: Problem, known: list[Problem]) -> bool:
    """Tell whether a problem is not a mere echo of a cell that could not be read."""
    return problem.code != "required" or all(problem.field != other.field for other in known)


def _integer(text: str) -> object:
    plain = text.strip()
    found = _INTEGER.fullmatch(plain)
    # Cut, because Python refuses to read endless ones: out of range it is all the same.
    return int(found[1][: VALUE_LIMIT + 1]) if found else plain


def _flag(text: str) -> object:
    word = folded(text)
    return word in _TRUE if word in _TRUE or word in _FALSE else text.strip()


TYPED: dict[str, Callable[[str], object]] = {"capacity": _integer, "is_accessible": _flag}
"""How the text of a flat column is read; text that is no such value is left as it is."""

"""Parses the cells of one record into an event or all its problems.

Knows neither bytes nor quotes: a spreadsheet's rows come the same way.
"""

import re
from collections.abc import Sequence
from datetime import tzinfo

from msgspec import Struct

from domain import limits
from domain.dates import DateOrder, takes_time
from domain.events import EventFields, Warn, parse_fields
from domain.json_text import decode_json
from domain.problems import Problem, excerpt, problem, sendable
from domain.rows.cells import Replacements, cell_error, is_cut, is_error, trimmed
from domain.rows.columns import FLAT, Columns
from domain.rows.formula_guard import imported
from domain.rows.looks import (
    is_count_of_rows,
    is_line_of_totals,
    is_no_name,
    is_nothing,
    is_null,
    is_number,
    is_ruler,
    tries_json,
)
from domain.rows.names import EITHER, LOCATION_NAME, column_key, meaning
from domain.rows.rejected_before import RejectedBefore
from domain.rows.venue_members import TYPED, VenueMembers
from domain.text import check_characters, check_size, is_too_large

# As the careful reader keeps a cell whose quote ran on into the next line, where it closed too early.
_RUN_ON = re.compile(r' *+"(?:[^"]++|"")*+" *+[^\r\n",;\t| ][^\r\n]*+')
_OF_EACH_HEADER = frozenset({"title", "event_date"})
_PLACE_FIELDS = {EITHER: LOCATION_NAME}
_LEAST_NAMES = 3
_DELIMITERS = ",;\t|"
_KEPT_CELLS = 1024
_UNLIKE_TEXT = {
    "capacity": "invalid_type",
    "venue_type": "unknown_venue_type",
    "is_accessible": "invalid_type",
    "manually_edited": "invalid_type",
}
"""Columns whose cells cannot be a word for nothing, and what it is refused as."""


class Row(Struct, frozen=True, gc=False):
    """A row as read: its fields, or its original cells and all its errors.

    Attributes:
        line: physical line on which it starts, 1-based; that of the quote, where one never closes.
        record: number among the data records, 1-based.
        end: bytes of the file up to and with this row.
        fields: None when the row is rejected.
        event_id: of an accepted row, in a file that has a column of ids.
    """

    line: int
    record: int
    end: int
    fields: EventFields | None
    cells: tuple[str, ...] = ()
    errors: tuple[Problem, ...] = ()
    event_id: str | None = None


class RowParser:
    """Turns cells into rows by one file's columns.

    Attributes:
        date_order: how dates are read; may become known after the first rows.
        is_mended: the rows were rejected before, and are sent again.
        is_elsewhere: the next row is below another header, whose columns are others.
    """

    def __init__(
        self,
        columns: Columns,
        *,
        timezone: tzinfo,
        date_order: DateOrder,
        warn: Warn,
        replacements: Replacements | None = None,
        is_table: bool = True,
        is_mended: bool = False,
    ) -> None:
        """Prepare for a file. `warn` is called with the code of each repair.

        Only cells of a table are guarded, and may hold errors of a spreadsheet.
        """
        self._is_table = is_table
        self.is_mended = is_mended
        self.is_elsewhere = False
        self.date_order = date_order
        self.replacements = replacements or Replacements(None)
        self._columns = columns
        self._least = columns.least
        self._timezone = timezone
        self._warn = warn
        self._before = RejectedBefore(columns.names)
        # Mended rows are compared with those that were kept.
        self._may_be_marked = self._before.has_any and not is_mended
        self._venue_members = VenueMembers(self.replacements, columns.defaults)
        self._flat = [name for name in FLAT if f"local_info.{name}" in (columns.index | columns.defaults)]
        self._header = [
            (column, column_key(columns.names[column]) if columns.has_header else None, field)
            for field, column in columns.index.items()
        ]

        self._gives_date = "event_date" in columns.defaults and not is_mended
        self._keys = _keys_of(columns.names) if columns.has_header else []
        self._longest_header = max(map(len, columns.names), default=0)

    @property
    def _is_answered(self) -> bool:
        """Whether the uploader has given values, or an order of dates, with the file."""
        has_order = self.date_order.format != "auto" and self.date_order.line is None
        return has_order or self.replacements.has_any

    def parse_line(self, cells: list[str], *, line: int, record: int, end: int = 0) -> Row | None:
        """Return the row of a line of a table; None where it is no record.

        A line of totals, a ruler, a repeated header and rows below another header are no records: `warn` is
        called with `total_row`, `separator_row`, `repeated_header` or `other_table`. A mended row always is
        one: it was taken for one before, and none is passed over unseen.
        """
        if self.is_elsewhere and not self._repeats_header(cells):
            self.pass_over(1)
            return None
        may_be_none = self.is_elsewhere or (self._gives_date and self._is_surely_no_record(cells))
        if may_be_none and self._is_no_record(cells):
            return None
        row = self.parse(cells, line=line, record=record, end=end)
        if row.fields is not None or self.is_mended:
            return row
        if self._is_no_record(cells):
            return None
        if self._is_other_header(cells):
            self.is_elsewhere = True
            given = trimmed(cells, self._columns.width)
            return rejected(given, [problem("other_header", line=line)], line, record, end)
        return row

    def pass_over(self, rows: int) -> None:
        """Count rows below another header, which are not read by the columns of the first."""
        for _ in range(rows):
            self._warn("other_table")

    def parse(self, cells: list[str], *, line: int, record: int, end: int = 0) -> Row:
        """Return the row, with every problem of it when it is rejected."""
        given = trimmed(cells, self._columns.width)
        problems: list[Problem] = []
        if len(given) > self._columns.most:
            problems.append(self._wrong_width("extra_cells", len(given), self._columns.width))
            return rejected(given, problems, line, record, end)
        if self._may_be_marked and (fault := self._before.fault(given, is_answered=self._is_answered)):
            problems.append(fault)
        members = self._members(given, problems)
        read = parse_fields(members, timezone=self._timezone, date_order=self.date_order, warn=self._warn)
        if isinstance(read, EventFields) and not problems:
            if self._may_be_marked and self._before.is_marked(given):
                self._warn("rejected_before")
            event_id = self._cell("id", given) if "id" in self._columns.index else None
            return Row(line, record, end, read, event_id=event_id)
        found = problems + [p for p in read if _is_news(p, problems)] if isinstance(read, tuple) else problems
        return rejected(given, self._without_absent(found, given), line, record, end)

    def date_cell(self, cells: Sequence[str]) -> str:
        """Return the text of a row's date, without its time's column and without a default."""
        return self._cell("event_date", cells)

    def _is_surely_no_record(self, cells: list[str]) -> bool:
        """Return whether a row that has no date of its own is none, though defaults would make it an event.

        Stricter than for a row that is rejected anyway: `Show` at the `Sede` may be one.
        """
        title = self._own("title", cells)
        if not title or self._own("event_date", cells) or self._cell("title", cells).strip() != title:
            return False
        if not title[0].isalpha():
            return is_ruler(cells) or is_count_of_rows(cells)
        if len(title) <= self._longest_header and _keys_of(cells) == self._keys:
            return True
        has_word = "total" in title.lower() or "totais" in title.lower()
        return has_word and not self._own("city", cells) and is_line_of_totals(cells, surely=True)

    def _own(self, name: str, cells: Sequence[str]) -> str:
        """Return what stands in the cell of a field, without its default."""
        column = self._columns.index.get(name)
        return cells[column].strip() if column is not None and column < len(cells) else ""

    def _is_no_record(self, cells: list[str]) -> bool:
        """Return whether a rejected row is a line of totals, a ruler or the header once more; warn of it."""
        if self._repeats_header(cells):
            self.is_elsewhere = False
            self._warn("repeated_header")
            return True
        if is_ruler(cells):
            self._warn("separator_row")
            return True
        if is_count_of_rows(cells):
            self._warn("total_row")
            return True
        index = self._columns.index
        at = [index[name] for name in ("event_date", "city") if name in index]
        told = (cells[column].strip() for column in at if column < len(cells))
        # A number below the dates or the cities is one of the totals.
        if not any(cell and not is_number(cell) for cell in told) and is_line_of_totals(cells):
            self._warn("total_row")
            return True
        return False

    def _repeats_header(self, cells: list[str]) -> bool:
        """Return whether each cell names its own column, in the words of the header or in others."""
        header = [(cells[column], key, field) for column, key, field in self._header if column < len(cells)]
        return bool(header) and all(
            column_key(cell) == key or _field_of(cell) == _PLACE_FIELDS.get(field, field)
            for cell, key, field in header
        )

    def _is_other_header(self, cells: list[str]) -> bool:
        """Return whether a rejected row names other columns: a title, a date and a third field.

        One of them stands elsewhere than in the header, and another name or nothing where the date does.
        """
        date = self.date_cell(cells).strip()
        if not self._is_table or (date and meaning(date) is None):
            return False
        places: dict[str, int] = {}
        for at, cell in enumerate(cells):
            if known := meaning(cell):
                places.setdefault(known.field, at)
        if len(places) < _LEAST_NAMES or not places.keys() >= _OF_EACH_HEADER:
            return False
        index = self._columns.index
        return any(name in places and index.get(name) != places[name] for name in limits.REQUIRED)

    def _members(self, cells: list[str], problems: list[Problem]) -> dict[str, object]:
        """Return the members as JSON would have them; cells that cannot be read become problems."""
        width = self._least
        if len(cells) < width:
            problems.append(self._wrong_width("missing_cells", len(cells), width))
        members: dict[str, object] = {}
        for name in ("title", "description", "event_date", "event_time", "city"):
            members[name] = self._sized(name, self._text(name, cells, problems), problems)
        if is_nothing(time := str(members["event_time"])):
            problems.append(_nothing("invalid_date", "event_time", time))
            members["event_time"] = ""
        elif time and self._has_default("event_time", cells):
            # A default is for what is empty, and the time may stand in the date.
            date = self.date_cell(cells)
            members["event_time"] = "" if date.strip() and not takes_time(date, time) else time
        names = self._sized("participants", self._text("participants", cells, problems), problems)
        if is_no_name(names):
            self._warn("unlikely_participant")
        members["participants"] = names.split(";")
        members["local_info"] = self._local_info(cells, problems)
        return members

    def _text(self, name: str, cells: list[str], problems: list[Problem]) -> str:
        """Return a field's text: its cell, or its default where that is empty or absent."""
        text = self._cell(name, cells)
        if text and self._is_table and is_error(text) and (is_cut(text) or not self._is_guarded(name, cells)):
            problems.append(cell_error(LOCATION_NAME if name == EITHER else name, text))
            return ""
        if self.is_mended and self._is_lost(name, text, problems):
            return ""
        return text if text.strip() else self._columns.defaults.get(name, text)

    @staticmethod
    def _is_lost(name: str, text: str, problems: list[Problem]) -> bool:
        """Return whether a mended cell is still what was left of one that could not be read."""
        field = LOCATION_NAME if name == EITHER else name
        if "\ufffd" in text:
            problems.append(problem("encoding_error.lost", field, value=excerpt(text)))
            return True
        # A quotation at the beginning of a text has no delimiters of a row in it.
        if "\n" in text and max(map(text.count, _DELIMITERS)) > 1 and _RUN_ON.fullmatch(text):
            problems.append(problem("malformed_quote.run_on", field, value=excerpt(text)))
            return True
        return False

    def _cell(self, name: str, cells: Sequence[str]) -> str:
        """Return what the cell of a field stands for; "" where the row has none."""
        column = self._columns.index.get(name)
        text = cells[column] if column is not None and column < len(cells) else ""
        text = imported(text) if self._is_table else text
        return self.replacements.applied(LOCATION_NAME if name == EITHER else name, text)

    def _has_default(self, name: str, cells: Sequence[str]) -> bool:
        """Return whether a field has its default, since the row has nothing for it."""
        return name in self._columns.defaults and not self._cell(name, cells).strip()

    def _is_guarded(self, name: str, cells: Sequence[str]) -> bool:
        """Return whether the cell of a field says that it is a text."""
        column = self._columns.index.get(name)
        return column is not None and column < len(cells) and cells[column].startswith("'")

    def _sized(self, name: str, text: str, problems: list[Problem]) -> str:
        if not is_too_large(text):
            return text
        check_size(name, text, problems)
        return ""

    def _local_info(self, cells: list[str], problems: list[Problem]) -> object:
        text = self._text("local_info", cells, problems)
        either = _place(self._text(EITHER, cells, problems))
        if tries_json(either):
            text, either = either, ""
        if self.is_mended and not text.strip() and tries_json(name := self._cell(LOCATION_NAME, cells)):
            # The mapping of mended rows has no word for a column of JSON or a name, and calls it the latter.
            text = name
        if not text.strip():
            return self._flat_venue(cells, either, problems)
        before = len(problems)
        text = self._sized("local_info", text, problems)
        check_characters("local_info", text, problems)
        read = decode_json(text.strip(), field="local_info") if len(problems) == before else None
        if isinstance(read, Problem):
            problems.append(_nothing("invalid_json", "local_info", text) if is_nothing(text) else read)
            return None
        return self._venue_members.given_to(read) if isinstance(read, dict) else read

    def _flat_venue(self, cells: list[str], either: str, problems: list[Problem]) -> dict[str, object] | None:
        texts = {name: self._text(f"local_info.{name}", cells, problems) for name in self._flat}
        texts["location_name"] = _place(texts.get("location_name", ""))
        if either.strip():
            texts["location_name"] = either
        sized = {name: self._sized(f"local_info.{name}", text, problems) for name, text in texts.items()}
        for name in self._flat:
            if name in _UNLIKE_TEXT and is_nothing(sized[name]):
                problems.append(_nothing(_UNLIKE_TEXT[name], f"local_info.{name}", sized[name]))
                sized[name] = ""
        present = {name: TYPED.get(name, str)(text) for name, text in sized.items() if text.strip()}
        return present if self._has_venue(present, cells, either) else None

    def _has_venue(self, present: dict[str, object], cells: list[str], either: str) -> bool:
        """Return whether a row names a venue: defaults alone do so only when they name the place."""
        if "location_name" in present or either.strip():
            return True
        index = self._columns.index
        columns = [index[f"local_info.{name}"] for name in present if f"local_info.{name}" in index]
        return any(cells[column].strip() for column in columns if column < len(cells))

    def _wrong_width(self, code: str, count: int, width: int) -> Problem:
        """Return the problem of a row with too many or too few cells for the header or the first rows."""
        rule = "" if self._columns.has_header else ".no_header"
        return problem(f"{code}{rule}", value=str(count), count=count, width=width)

    def _without_absent(self, problems: list[Problem], cells: list[str]) -> list[Problem]:
        """Leave out `required` for cells that `missing_cells` reports already."""
        absent = {name for name, column in self._columns.index.items() if column >= len(cells)}
        return [p for p in problems if not (p.code == "required" and p.field in absent)]


def _keys_of(names: Sequence[str]) -> list[str]:
    """Return the keys of names, without those of columns at the end that have none."""
    keys = [*map(column_key, names)]
    while keys and not keys[-1]:
        keys.pop()
    return keys


def _field_of(name: str) -> str | None:
    """Return the field that a name means; a place and its name are one here."""
    known = meaning(name)
    return _PLACE_FIELDS.get(known.field, known.field) if known else None


def _nothing(code: str, field: str, text: str) -> Problem:
    """Return the problem of a word for nothing in a cell that is no text."""
    return problem(f"{code}.nothing", field, value=excerpt(text.strip()))


def rejected(cells: list[str], problems: list[Problem], line: int, record: int, end: int) -> Row:
    """Return a rejected row with its original cells, bounded in number and size."""
    kept = tuple(sendable(cell[: limits.CELL_BYTES]) for cell in cells[:_KEPT_CELLS])
    return Row(line, record, end, None, kept, tuple(problems))


def _is_news(problem: Problem, known: list[Problem]) -> bool:
    """Return whether a problem is not a mere echo of a cell that could not be read."""
    return problem.code != "required" or all(problem.field != other.field for other in known)


def _place(text: str) -> str:
    """Return the text of a place; databases write `NULL` where there is none."""
    return "" if is_null(text) else text

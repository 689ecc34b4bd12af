"""Collects the first values of unused columns, to report them to the uploader."""

from collections.abc import Sequence

from msgspec import Struct, field

from domain.dates.several_times import are_times
from domain.dates.written import read_clock, read_written
from domain.problems import excerpt
from domain.rows.columns import Columns, is_own_column
from domain.rows.likeness import names_another_thing
from domain.rows.looks import MOSTLY
from domain.rows.names import column_key, means_another_time, means_time

FIRST_ROWS = 100
SHOWN_VALUES = 3
_COLUMNS = 64
_HOURS = frozenset({"horas", "hours"})
"""Of a course, too: 8 and 4."""
_VALUE_CHARACTERS = 40


class UnusedColumn(Struct):
    """An unused column: its first values, and how many cells are filled or look like times."""

    values: list[str] = field(default_factory=list)
    filled: int = 0
    times: int = 0
    dates: int = 0


class FirstRows(Struct):
    """The first hundred accepted rows.

    Attributes:
        bare_dates: how many have a date without a time of day.
        unused: by the place of their column, from 0.
        others: columns that a second header below the first names as those of an end, or of another time.
    """

    rows: int = 0
    bare_dates: int = 0
    unused: dict[int, UnusedColumn] = field(default_factory=dict)
    others: list[int] = []

    def note(self, records: Sequence[Sequence[str]], columns: Columns) -> None:
        """Look at further rows, while they are among the first."""
        if self.rows >= FIRST_ROWS:
            return
        used = set(columns.index.values())
        own = {at for at, name in enumerate(columns.names) if is_own_column(name)}
        for cells in records[: FIRST_ROWS - self.rows]:
            self.rows += 1
            self.bare_dates += _is_bare(cells, columns)
            for column, cell in enumerate(cells):
                if column not in used and column not in own and cell.strip():
                    self._note_cell(column, cell)

    def note_header(self, cells: Sequence[str]) -> None:
        """Look at a row that is no record, such as the second line of a header: `Início`, `Fim`."""
        if self.rows < FIRST_ROWS:
            found = (
                at for at, cell in enumerate(cells) if at not in self.others and means_another_time(cell)
            )
            self.others += list(found)[: _COLUMNS - len(self.others)]

    def times_left_out(self, columns: Columns) -> list[str]:
        """Return the names of unused columns with times, where events have dates without one."""
        if "event_time" in columns.index or not self.bare_dates:
            return []
        return [
            _name(at, columns)
            for at, found in self.unused.items()
            if at not in self.others and self._is_time(at, found, columns)
        ]

    def described(self, columns: Columns) -> list[dict[str, object]]:
        """Return each column's name and field, and the first values of those that are not used."""
        told = columns.described()
        for at, found in self.unused.items():
            if at < len(told):
                told[at]["values"] = found.values
        return told

    def nameless(self, columns: Columns) -> int:
        """Return how many columns without a name have a cell."""
        return sum(1 for at in self.unused if at >= columns.width or not columns.names[at].strip())

    def _note_cell(self, column: int, cell: str) -> None:
        if column not in self.unused and len(self.unused) >= _COLUMNS:
            return
        found = self.unused.setdefault(column, UnusedColumn())
        found.filled += 1
        found.times += read_clock(cell) is not None or are_times(cell)
        found.dates += read_written(cell) is not None
        if len(found.values) < SHOWN_VALUES:
            found.values.append(excerpt(cell.strip()[:_VALUE_CHARACTERS]))

    @staticmethod
    def _is_time(at: int, found: UnusedColumn, columns: Columns) -> bool:
        name = _name(at, columns)
        if means_another_time(name) or names_another_thing("event_time", name):
            return False
        # One with such a name was left out for its values: `19h` and `a definir`.
        is_named = means_time(name) and column_key(name) not in _HOURS
        return is_named or max(found.times, found.dates) >= MOSTLY * found.filled


def _is_bare(cells: Sequence[str], columns: Columns) -> bool:
    at = columns.index.get("event_date")
    written = read_written(cells[at]) if at is not None and at < len(cells) else None
    return written is not None and (written.clock is None or written.clock.is_midnight)


def _name(at: int, columns: Columns) -> str:
    name = columns.names[at] if at < columns.width else ""
    return name if name.strip() else f"#{at + 1}"

"""Cells without a value: errors such as #REF!, and formulas saved without a result. Formats of numbers.

The library that reads workbooks gives such cells as empty, and knows no formats but those of dates; these
are found in the files themselves.
"""

import re
from collections import defaultdict
from typing import Literal, NamedTuple

from api.unpacking.moments import Shown

FaultCode = Literal["cell_error", "no_saved_value"]

MOST_FAULTS = 100_000
"""Of one sheet: far more than one mends by hand; further ones are read as empty cells."""

ERROR_NAMES = {
    0x00: "#NULL!",
    0x07: "#DIV/0!",
    0x0F: "#VALUE!",
    0x17: "#REF!",
    0x1D: "#NAME?",
    0x24: "#NUM!",
    0x2A: "#N/A",
    0x2B: "#GETTING_DATA",
}
"""Source: [MS-XLS] §2.5.10, BErr."""

_LITERAL = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]')
BUILT_IN_PERCENT = frozenset({9, 10})
"""Numbers of formats that no file defines. Source: ECMA-376 part 1, §18.8.30; [MS-XLS] §2.4.126."""


def without_literals(number_format: str) -> str:
    """Return a format without texts, escapes and what stands in brackets."""
    return _LITERAL.sub("", number_format)


def is_percent(number_format: str) -> bool:
    """Return whether a format shows a number times 100."""
    return "%" in number_format and "%" in without_literals(number_format)


BUILT_IN_MONTH = 17
"""Likewise: `mmm-yy`."""
Format = Literal["percent"] | Shown
"""What a format of numbers does that is not seen in the number: percent, or a date without its day."""

_LETTERS = re.compile(r"[^\W\d_]")
_DIGITS = re.compile(r"[0#?]")
_ELAPSED = re.compile(r"\[[hms]+\]")
_MONTH_AND_YEAR = (frozenset("my"), frozenset("m"), frozenset("ma"), frozenset("mj"))
"""Letters of formats with a month; some programs write that of the year in their own language."""


def shown_by(number_format: str) -> Shown | None:
    """Return the smallest part of a date that a format shows, where it shows neither a day nor a time."""
    plain = without_literals(number_format).partition(";")[0].lower()
    letters = frozenset(_LETTERS.findall(plain))
    if _DIGITS.search(plain) or _ELAPSED.search(number_format.lower()):
        return None
    return "month" if letters in _MONTH_AND_YEAR else "year" if letters == frozenset("y") else None


def known_formats() -> "dict[int, Format | None]":
    """Return what the formats do that no file defines, by their numbers."""
    return {**dict.fromkeys(BUILT_IN_PERCENT, "percent"), BUILT_IN_MONTH: "month"}


def format_of(number_format: str) -> Format | None:
    """Return what a format does."""
    return "percent" if is_percent(number_format) else shown_by(number_format)


class CellFault(NamedTuple):
    """What stands in place of a value; `shown` is what a person sees.

    `codes` are both where a formula was saved with an error: the cell holds it, and has no value.
    """

    codes: tuple[FaultCode, ...]
    shown: str


class SheetMarks:
    """Error cells, unsaved formulas and merged ranges of a sheet.

    Attributes:
        faults: row -> column -> fault; both from 0.
        merged: ranges of cells that are one: first row, first column, last row, last column.
        percents: row -> columns whose number is shown in percent.
        shown: row -> column -> what is shown of a date, where that is not its day.
        typed: row -> columns whose text is of the type date.
    """

    def __init__(self) -> None:
        self.faults: dict[int, dict[int, CellFault]] = defaultdict(dict)
        self.merged: list[tuple[int, int, int, int]] = []
        self.percents: dict[int, list[int]] = defaultdict(list)
        self.shown: dict[int, dict[int, Shown]] = defaultdict(dict)
        self.typed: dict[int, list[int]] = defaultdict(list)
        self._count = 0

    def error(self, row: int, column: int, shown: str, *, is_formula: bool) -> None:
        """Note an error cell."""
        codes: tuple[FaultCode, ...] = ("cell_error", "no_saved_value") if is_formula else ("cell_error",)
        self._note(row, column, CellFault(codes, shown))

    def unsaved(self, row: int, column: int) -> None:
        """Note a formula without a result."""
        self._note(row, column, CellFault(("no_saved_value",), ""))

    def format(self, row: int, column: int, kind: Format) -> None:
        """Note the format of a number."""
        if kind == "percent":
            self.percents[row].append(column)
        else:
            self.shown[row][column] = kind

    def _note(self, row: int, column: int, fault: CellFault) -> None:
        if self._count < MOST_FAULTS:
            self._count += 1
            self.faults[row][column] = fault

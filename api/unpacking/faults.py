"""Cells without a value: errors such as #REF!, and formulas saved without a result. Numbers in percent.

The library that reads workbooks gives such cells as empty, and knows no formats of numbers; these are
found in the files themselves.
"""

import re
from collections import defaultdict
from typing import Literal, NamedTuple

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
    """

    def __init__(self) -> None:
        self.faults: dict[int, dict[int, CellFault]] = defaultdict(dict)
        self.merged: list[tuple[int, int, int, int]] = []
        self.percents: dict[int, list[int]] = defaultdict(list)
        self._count = 0

    def error(self, row: int, column: int, shown: str, *, is_formula: bool) -> None:
        """Note an error cell."""
        codes: tuple[FaultCode, ...] = ("cell_error", "no_saved_value") if is_formula else ("cell_error",)
        self._note(row, column, CellFault(codes, shown))

    def unsaved(self, row: int, column: int) -> None:
        """Note a formula without a result."""
        self._note(row, column, CellFault(("no_saved_value",), ""))

    def _note(self, row: int, column: int, fault: CellFault) -> None:
        if self._count < MOST_FAULTS:
            self._count += 1
            self.faults[row][column] = fault

"""Decides by proof whether the dates of a file have the day or the month first."""

from collections.abc import Iterable
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from domain.dates.written import in_range, read_written
from domain.imports import DateFormat

Order = Literal["dmy", "mdy"]

PROOF_RECORDS = 1000
PROOF_BYTES = 256 * 1024
"""So much of a file is searched for a proof."""


class DateOrder(Struct, frozen=True):
    """How numeric dates are read.

    Attributes:
        format: `auto` while nothing proved the order: each date is then read by itself.
        line: of the date that proves it; None where the uploader gave the order.
        settled: nothing that comes later changes it.
        is_1904: the workbook of the dates counts days from 1904; what is suggested for a number does so.
        hint, hint_line: the order that the header spells out, and its line; for dates that prove none.
    """

    format: DateFormat
    line: int | None = None
    settled: bool = True
    is_1904: bool = False
    hint: Order | None = None
    hint_line: int | None = None

    @classmethod
    def asked(cls, date_format: DateFormat, *, is_1904: bool = False) -> "DateOrder":
        """Return the order at the beginning of a file."""
        return cls(date_format, settled=date_format != "auto", is_1904=is_1904)

    def proved(self, order: Order, line: int) -> "DateOrder":
        """Return the order that a date on a line proves."""
        return replace(self, format=order, line=line, settled=True)

    def unproved(self) -> "DateOrder":
        """Return the order after a search that found no proof."""
        if self.hint is not None and self.hint_line is not None:
            return self.proved(self.hint, self.hint_line)
        return replace(self, format="auto", settled=True)

    @property
    def described(self) -> dict[str, object]:
        """The members of a file's `dialect` that describe it; none where no date needed an order."""
        if self.line is None:
            return {}
        return {"date_format": self.format, "date_format_line": self.line}


def order_shown_by(text: str) -> Order | Literal["either"] | None:
    """Return the order that a date proves, `either` if it could be both, None if it shows no order.

    A proof is a first or second part above 12, in a date that exists: 31/02/2025 proves nothing.
    """
    # Most files have ISO dates, and a date that needs a proof starts otherwise.
    if text[4:5] == "-" and text[:4].isdigit():
        return None
    written = read_written(text)
    if written is None or not written.is_numeric:
        return None
    days = [day for day in written.days if in_range(day)]
    if len(days) != 1:
        return "either" if days else None
    if written.day_first == written.month_first:
        return None
    return "dmy" if written.day_first == days[0] else "mdy"


def first_proof(dates: Iterable[tuple[int, str]]) -> tuple[Order, int] | None:
    """Return the order that the first proving date shows, and its line."""
    for line, text in dates:
        shown = order_shown_by(text)
        if shown is not None and shown != "either":
            return shown, line
    return None

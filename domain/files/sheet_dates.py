"""Finds columns whose days and months a spreadsheet program exchanged before the workbook was saved.

A program of another country takes 03/12/2026 for the 12th of March and makes a real date of it; 13/12/2026
it cannot read, and leaves as a text. Such a column mixes both kinds: each real date has a day up to 12,
each text a part above it.
"""

import re

from msgspec import Struct

from domain.dates.order import PROOF_BYTES, PROOF_RECORDS, Order, order_shown_by
from domain.dates.written import in_range, read_written
from domain.problems import Problem, excerpt, problem

_REAL = re.compile(r"(?P<year>[0-9]{4})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})(?P<rest>T.*)?", re.ASCII)
_MONTHS = 12
_ENOUGH = 3
_UP_TO_12, _ABOVE_12 = 0.4, 0.6
"""Shares of the days of a year."""
_UNLIKELY = 0.001
_FEW_MONTHS = 2


class Exchange(Struct, frozen=True):
    """What a search found: the line of the first text that shows it, None where nothing was exchanged."""

    line: int | None = None


class ExchangeSearch:
    """Looks at the dates of the first records.

    Attributes:
        found: what it found; None while further records may change that.
    """

    def __init__(self) -> None:
        """Begin with the first record."""
        self.found: Exchange | None = None
        self._records = self._bytes = 0
        self._line = 0
        self._order: Order | None = None
        self._real: set[tuple[int, int, int]] = set()
        self._written: set[tuple[int, int, int]] = set()

    def look(self, text: str, *, line: int, size: int) -> None:
        """Look at the date of the next record, which takes so many bytes."""
        if self._records >= PROOF_RECORDS or self._bytes >= PROOF_BYTES:
            self.end()
            return
        self._records += 1
        self._bytes += size
        if not self._may_be(text.strip(), line):
            self.found = Exchange()

    def end(self) -> None:
        """Decide by what was seen."""
        self.found = self.found or Exchange(self._line if self._is_exchanged() else None)

    def _may_be(self, text: str, line: int) -> bool:
        """Note a date; return whether such a column may have it."""
        if real := _REAL.fullmatch(text):
            day = int(real["year"]), int(real["month"]), int(real["day"])
            if day[1] != day[2]:
                self._real.add(day)
            return day[2] <= _MONTHS
        written = read_written(text)
        if written is None or not written.is_numeric:
            return True
        shown = order_shown_by(text)
        if shown is None or shown == "either" or shown != (self._order or shown):
            return False
        self._order = shown
        self._line = self._line or line
        self._written.update((day.year, day.month, day.day) for day in written.days if in_range(day))
        return True

    def _is_exchanged(self) -> bool:
        real, written = len(self._real), len(self._written)
        if not (real and written):
            return False
        is_chance = _UP_TO_12**real * _ABOVE_12**written > _UNLIKELY
        if is_chance and min(real, written) < _ENOUGH:
            return False
        # The dates of one festival stand near each other, and may all come before its 13th day: read as
        # they stand they are in the months of the texts, and exchanged they are not.
        months, days = {month for _, month, _ in self._real}, {day for _, _, day in self._real}
        of_texts = {month for _, month, _ in self._written}
        is_near = len(months) <= _FEW_MONTHS and months <= of_texts
        return not is_near or days <= of_texts


def with_exchanged_day(text: str) -> str | None:
    """Return a real date with day and month exchanged; None for a text, or where that changes nothing."""
    real = _REAL.fullmatch(text.strip())
    if real is None or real["day"] == real["month"] or int(real["day"]) > _MONTHS:
        return None
    return f"{real['year']}-{real['day']}-{real['month']}{real['rest'] or ''}"


def exchanged(text: str, other: str, exchange: Exchange) -> Problem:
    """Return the problem of a real date which may have been another one."""
    assert exchange.line is not None
    one = text.strip()
    return problem(
        "invalid_date.exchanged",
        "event_date",
        value=excerpt(one),
        # The first is what the column shows.
        suggestion=other,
        suggestions=(other, one),
        other=other,
        proof=exchange.line,
    )

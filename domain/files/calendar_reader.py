"""Reads rows from iCalendar: each VEVENT is a row."""

from typing import ClassVar

from msgspec.structs import replace

from domain.files.calendar_scanner import CalendarScanner
from domain.files.calendar_text import CITY, LOCAL_INFO
from domain.files.found_record import FoundRecord, Scanner, ScannerState
from domain.files.record_reader import MemberReader
from domain.problems import Problem, problem
from domain.rows.row_parser import Row


class CalendarReader(MemberReader):
    """Reads one calendar, or several in one file."""

    own_mapping: ClassVar[dict[str, str]] = {
        "title": "SUMMARY",
        "description": "DESCRIPTION",
        "event_date": "DTSTART",
        "local_info.location_name": "LOCATION",
        "participants": "ATTENDEE",
        "city": CITY,
        "local_info": LOCAL_INFO,
    }

    def _make_scanner(self, state: ScannerState) -> Scanner:
        mapped = [name.upper() for name in (self._options.mapping or {}).values() if name]
        return CalendarScanner(self._options.encoding, mapped, state)

    def _row(self, record: FoundRecord, cells: list[str], number: int) -> Row:
        row = super()._row(record, cells, number)
        return replace(row, errors=tuple(map(_named, row.errors))) if row.errors else row


def _named(fault: Problem) -> Problem:
    """Return a fault; of bytes that are no text with what to do, since no other encoding is detected."""
    if fault.code != "encoding_error":
        return fault
    return problem("encoding_error.calendar", fault.field, value=fault.value)

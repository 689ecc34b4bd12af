"""Reads rows from iCalendar: each VEVENT is a row."""

from typing import ClassVar

from domain.files.calendar_scanner import CalendarScanner
from domain.files.calendar_text import CITY, LOCAL_INFO
from domain.files.found_record import Scanner, ScannerState
from domain.files.record_reader import RecordReader


class CalendarReader(RecordReader):
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

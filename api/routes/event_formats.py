"""The forms in which events leave as a file: each opens, takes events chunk by chunk, and closes."""

import csv
import io
from codecs import BOM_UTF8
from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec
from msgspec import Struct

from domain.csv_guard import guarded
from domain.events import Event
from domain.venues import Venue

_encoder = msgspec.json.Encoder()


class DocumentedEvent(Struct, frozen=True, gc=False):
    """An event as a file holds it: exactly the six documented members."""

    title: str
    description: str
    event_date: str
    city: str
    participants: tuple[str, ...]
    local_info: Venue | None


class EventFile(Protocol):
    """One file in the making."""

    def opening(self) -> bytes:
        """Return what comes before the first event."""
        ...

    def part(self, events: Sequence[Event]) -> bytes:
        """Return some events, one or more."""
        ...

    def closing(self) -> bytes:
        """Return what comes after the last event."""
        ...


class JsonArrayFile:
    """One JSON array."""

    def __init__(self) -> None:
        self._separator = b""

    def opening(self) -> bytes:
        """Return the bracket."""
        return b"["

    def part(self, events: Sequence[Event]) -> bytes:
        """Return events with the commas around them."""
        inner = self._separator + _encoder.encode([documented(event) for event in events])[1:-1]
        self._separator = b","
        return inner

    def closing(self) -> bytes:
        """Return the bracket."""
        return b"]"


class JsonLinesFile:
    """One JSON object a line."""

    def opening(self) -> bytes:
        """Return nothing."""
        return b""

    def part(self, events: Sequence[Event]) -> bytes:
        """Return lines."""
        return _encoder.encode_lines([documented(event) for event in events])

    def closing(self) -> bytes:
        """Return nothing."""
        return b""


class CsvFile:
    """The CSV that an import reads. Source: RFC 4180; docs/csv.md."""

    def opening(self) -> bytes:
        """Return the header, behind a byte order mark: without one, Excel reads UTF-8 as Windows-1252."""
        return BOM_UTF8 + _csv([DocumentedEvent.__struct_fields__])

    def part(self, events: Sequence[Event]) -> bytes:
        """Return rows."""
        return _csv([_cells(event) for event in events])

    def closing(self) -> bytes:
        """Return nothing."""
        return b""


class CalendarFile:
    """iCalendar. `epoch` makes the ids of its entries unique in the world."""

    def __init__(self, epoch: str) -> None:
        # Few servers are ever asked for a calendar, and all would wait for its library.
        from api.services import calendar  # noqa: PLC0415

        self._calendar = calendar
        self._epoch = epoch

    def opening(self) -> bytes:
        """Return the properties of the calendar."""
        return self._calendar.calendar_start("FastTrack")

    def part(self, events: Sequence[Event]) -> bytes:
        """Return entries."""
        return self._calendar.calendar_events(events, epoch=self._epoch)

    def closing(self) -> bytes:
        """Return the last line."""
        return self._calendar.CALENDAR_END


class Joint(Struct, frozen=True):
    """What stands before, between and after documents that the store writes itself."""

    opening: str
    separator: str
    closing: str
    closing_empty: str


class Format(Struct, frozen=True):
    """A form by name. `begin` gives a new file for a store's epoch; a `joint` is a faster way."""

    media_type: str
    file_name: str
    begin: Callable[[str], EventFile]
    joint: Joint | None = None


FORMATS: dict[str, Format] = {
    "json": Format("application/json", "eventos.json", lambda _: JsonArrayFile(), Joint("[", ",", "]", "]")),
    "csv": Format("text/csv; charset=utf-8", "eventos.csv", lambda _: CsvFile()),
    "ndjson": Format(
        "application/x-ndjson", "eventos.ndjson", lambda _: JsonLinesFile(), Joint("", "\n", "\n", "")
    ),
    "ics": Format("text/calendar; charset=utf-8", "eventos.ics", CalendarFile),
}


def documented(event: Event) -> DocumentedEvent:
    """Return the six members."""
    return DocumentedEvent(
        event.title,
        event.description,
        event.event_date,
        event.city,
        event.participants,
        event.local_info,
    )


def _cells(event: Event) -> Sequence[str]:
    venue = _encoder.encode(event.local_info).decode() if event.local_info else ""
    own = (event.title, event.description, event.event_date, event.city, ";".join(event.participants), venue)
    return [guarded(text) for text in own]


def _csv(rows: Sequence[Sequence[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()

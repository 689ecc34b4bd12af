"""The formats of exported files; each writes an opening, chunks of events, and a closing."""

from codecs import BOM_UTF8
from collections.abc import Callable, Sequence
from datetime import time
from typing import Protocol

import msgspec
from msgspec import Struct

from api.services.exports.table import Cell, Language, row_of, titles
from api.services.exports.xlsx import XlsxFile
from domain.csv.writer import csv_lines
from domain.events import Event
from domain.rows.formula_guard import exported
from domain.venues import Venue
from streams.frames import line_safe

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
    """A file that is being written."""

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
        return line_safe(_encoder.encode_lines([documented(event) for event in events]))

    def closing(self) -> bytes:
        """Return nothing."""
        return b""


class Wanted(Struct, frozen=True):
    """The options of an exported file.

    Attributes:
        epoch: of the store: makes the ids of its entries unique in the world.
        language: of the titles of a table; None for a CSV with the names of the API.
        delimiter: between the cells of a CSV; None for the one of the language.
        timezone: the name of the zone of dates without an offset, as a calendar tells it.
        name: of a calendar.
    """

    epoch: str = ""
    language: Language | None = None
    delimiter: str | None = None
    timezone: str = "UTC"
    name: str = "FastTrack"


class FileOptions(Struct, frozen=True, omit_defaults=True):
    """What is asked of a file of events, as a task keeps it.

    Attributes:
        format: a name of `FORMATS`.
        lang: as `Wanted.language`.
        delimiter: as `Wanted.delimiter`.
    """

    format: str = "json"
    lang: Language | None = None
    delimiter: str | None = None

    def kept(self) -> dict[str, str]:
        """Return the format, and the others that are given."""
        return {"format": self.format, **msgspec.to_builtins(self)}


class CsvFile:
    """The CSV that an import reads. Source: RFC 4180; docs/files.md.

    In a language it is the table that people read, which opens by double click: there Excel expects
    a semicolon where the comma stands in numbers.
    """

    def __init__(self, wanted: Wanted | None = None) -> None:
        """Begin a file."""
        wanted = wanted or Wanted()
        self._language = wanted.language
        self._delimiter = wanted.delimiter or (";" if wanted.language == "pt" else ",")

    def opening(self) -> bytes:
        """Return the header, after a byte order mark: without one, Excel reads UTF-8 as Windows-1252."""
        header = titles(self._language) if self._language else [*DocumentedEvent.__struct_fields__, "id"]
        return BOM_UTF8 + csv_lines([header], self._delimiter)

    def part(self, events: Sequence[Event]) -> bytes:
        """Return rows."""
        if self._language is None:
            return csv_lines([_cells(event) for event in events], self._delimiter)
        rows = [[_shown(cell, self._language) for cell in row_of(event)] for event in events]
        return csv_lines(rows, self._delimiter)

    def closing(self) -> bytes:
        """Return nothing."""
        return b""


class CalendarFile:
    """iCalendar."""

    def __init__(self, wanted: Wanted) -> None:
        """Begin a file."""
        # Few servers are ever asked for a calendar, and all would wait for its library.
        from api.services.exports import calendar  # noqa: PLC0415

        self._calendar = calendar
        self._wanted = wanted

    def opening(self) -> bytes:
        """Return the properties of the calendar."""
        return self._calendar.calendar_start(self._wanted.name, self._wanted.timezone)

    def part(self, events: Sequence[Event]) -> bytes:
        """Return entries."""
        wanted = self._wanted
        return self._calendar.calendar_events(events, epoch=wanted.epoch, timezone=wanted.timezone)

    def closing(self) -> bytes:
        """Return the last line."""
        return self._calendar.CALENDAR_END


class Joint(Struct, frozen=True):
    """The text before, between and after documents that the store writes itself."""

    opening: str
    separator: str
    closing: str
    closing_empty: str


class Format(Struct, frozen=True):
    """A format by name. `begin` starts a new file; `joint` allows a faster way."""

    media_type: str
    file_name: str
    begin: Callable[[Wanted], EventFile]
    joint: Joint | None = None


XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

FORMATS: dict[str, Format] = {
    "json": Format("application/json", "eventos.json", lambda _: JsonArrayFile(), Joint("[", ",", "]", "]")),
    "csv": Format("text/csv; charset=utf-8", "eventos.csv", CsvFile),
    "ndjson": Format(
        "application/x-ndjson", "eventos.ndjson", lambda _: JsonLinesFile(), Joint("", "\n", "\n", "")
    ),
    "xlsx": Format(XLSX_TYPE, "eventos.xlsx", lambda wanted: XlsxFile(wanted.language or "pt")),
    "ics": Format("text/calendar; charset=utf-8", "eventos.ics", CalendarFile),
}

OTHER_MEDIA_TYPES = [form.media_type.partition(";")[0] for name, form in FORMATS.items() if name != "json"]
"""In which the events of a JSON file are given as well."""


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
    return [*map(exported, own), str(event.id)]


_FLAGS = {"pt": {True: "sim", False: "não"}, "en": {True: "yes", False: "no"}}


def _shown(cell: Cell, language: Language) -> str:
    """Return a cell as text: dates in the one form that reads the same everywhere."""
    if isinstance(cell, str):
        return exported(cell)
    if isinstance(cell, bool):
        return _FLAGS[language][cell]
    if isinstance(cell, time):
        return cell.isoformat("seconds" if cell.second else "minutes")
    return "" if cell is None else str(cell)

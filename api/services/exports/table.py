"""Events as a table for people: translated titles, a column for each member, separate dates and times.

What an import reads from it is what was exported: `domain.rows.names` knows the titles.
"""

from collections.abc import Sequence
from datetime import date, time
from typing import Literal

import msgspec

from domain.events import Event
from domain.rows.looks import is_null, tries_json

Language = Literal["pt", "en"]
LANGUAGES: tuple[Language, ...] = ("pt", "en")

Cell = str | int | bool | date | time | None

COLUMNS: tuple[tuple[str, str, int], ...] = (
    ("Título", "Title", 36),
    ("Data", "Date", 12),
    ("Hora", "Time", 10),
    ("Cidade", "City", 20),
    ("Local", "Location", 30),
    ("Capacidade", "Capacity", 12),
    ("Tipo de local", "Venue type", 20),
    ("Acessível", "Accessible", 11),
    ("Endereço", "Address", 36),
    ("Descrição", "Description", 48),
    ("Participantes", "Participants", 30),
    ("id", "id", 9),
    ("Eventos anteriores", "Past events", 22),
    ("Editado manualmente", "Manually edited", 20),
)
"""Title in Portuguese, title in English, width in characters."""

_FIRST_DAY = date(1900, 3, 1)
"""Before it, the days of Excel are not those of the calendar: it has a 29 February 1900."""


def titles(language: Language) -> list[str]:
    """Return the header."""
    return [english if language == "en" else portuguese for portuguese, english, _ in COLUMNS]


def row_of(event: Event) -> list[Cell]:
    """Return the cells of an event."""
    day, clock = when(event.event_date)
    venue = event.local_info
    place: list[Cell] = [None] * 5
    past: Cell = None
    edited: Cell = None
    if venue:
        place = [
            name_cell(venue.location_name),
            venue.capacity,
            venue.venue_type,
            venue.is_accessible,
            venue.address,
        ]
        past = listed(venue.past_events) or None
        edited = venue.manually_edited or None
    names = ";".join(event.participants)
    return [event.title, day, clock, event.city, *place, event.description, names, event.id, past, edited]


def name_cell(name: str) -> str:
    """Return the cell of a place's name, with a mark before one that an import takes for JSON or for none.

    The mark is a zero width space: nobody sees it, and an import takes it off any name.
    """
    return f"\u200b{name}" if tries_json(name) or is_null(name) else name


def when(event_date: str) -> tuple[Cell, Cell]:
    """Return day and time of a stored date; as text if a cell of that type cannot hold it."""
    day, clock = event_date[:10], event_date[11:]
    found = date.fromisoformat(day)
    first: Cell = found if found >= _FIRST_DAY else day
    if clock == "00:00:00":
        return first, None
    # An offset, or a part of a second, would be lost in a cell.
    return first, time.fromisoformat(clock) if len(clock) == 8 else clock


def listed(texts: Sequence[str]) -> str:
    """Return several texts as one cell of JSON."""
    return msgspec.json.encode(texts).decode() if texts else ""

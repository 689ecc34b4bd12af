"""Tells events from names in the first rows of a table whose columns are mapped by their places."""

import re
from collections.abc import Sequence

from domain.dates.wording import invalid
from domain.imports import ImportOptions
from domain.rows.cells import Replacements
from domain.rows.columns import REQUIRED, is_own_column, place_of
from domain.rows.looks import is_date, is_no_title, is_nothing, is_time
from domain.rows.missing_columns import known_columns
from domain.rows.names import EITHER, LOCATION_NAME, meaning

_LONGEST_DATE = 100
# Also of a day or a month that does not exist: 2026-13-01.
_SHAPE_OF_DATE = re.compile(
    r"\s*+(?:[0-9]{4}([-/.])[0-9]{1,2}\1[0-9]{1,2}|[0-9]{1,2}([-/.])[0-9]{1,2}\2[0-9]{4})\b"
)
_OF_TIME = ("event_date", "event_time")
_OWN_NAMES = 2
_KNOWN_NAMES = 3


def unplaced_fields(options: ImportOptions) -> list[str]:
    """Return the required fields that no place is given for, and those that are mapped by a name."""
    mapping = options.mapping or {}
    missing = [name for name in REQUIRED if mapping.get(name) is None and name not in _defaults(options)]
    return missing + [field for field, name in mapping.items() if name is not None and place_of(name) is None]


def date_cell(cells: Sequence[str], options: ImportOptions) -> str | None:
    """Return the cell that the mapping says by its place to be the date; None if it says no place."""
    name = (options.mapping or {}).get("event_date")
    at = None if name is None else place_of(name)
    if at is None:
        return None
    return cells[at] if at < len(cells) else ""


def is_dated(cells: Sequence[str], options: ImportOptions) -> bool:
    """Return whether a row has a date where the mapping has it by place; anywhere, if it has it nowhere.

    Or what is refused as a date with a fault, such as one of several days.
    """
    cell = date_cell(cells, options)
    return any(map(is_date, cells)) if cell is None else _reads_as_date(cell)


def names_date(cells: Sequence[str], options: ImportOptions) -> bool:
    """Return whether a row has the name of a column of dates or times where the mapping has the dates."""
    known = meaning(date_cell(cells, options) or "")
    return known is not None and known.field in _OF_TIME


class PlacedCells:
    """Looks at rows whose cells are fields by their places alone.

    Replacements and defaults count as they do for the rows below.
    """

    @classmethod
    def of(cls, options: ImportOptions) -> "PlacedCells | None":
        """Return what looks at the rows of an import; None where names of columns matter, too."""
        is_mapped = any(name is not None for name in (options.mapping or {}).values())
        return cls(options) if is_mapped and not unplaced_fields(options) else None

    def __init__(self, options: ImportOptions) -> None:
        mapping = {field: name for field, name in (options.mapping or {}).items() if name is not None}
        places = {field: place_of(name) for field, name in mapping.items()}
        self._index = {field: at for field, at in places.items() if at is not None}
        self._defaults = _defaults(options)
        self._replacements = Replacements(options.values)

    def is_event(self, cells: Sequence[str]) -> bool:
        """Return whether a row is an event, by what stands where the dates are: a header has a name there.

        A date or a time, with whatever fault; a word for nothing; or nothing, where a default says the date.
        """
        if "event_date" not in self._index or self._has_names(cells):
            return False
        text = self._text("event_date", cells)
        if not text.strip():
            return "event_date" in self._defaults and self._is_filled(cells) and not self._own_names(cells)
        return _reads_as_date(text) or is_time(text) or is_nothing(text) or bool(_SHAPE_OF_DATE.match(text))

    def are_events(self, rows: Sequence[Sequence[str]]) -> bool:
        """Return whether rows above one that names columns are events: that one is a header further down.

        A line of a report above its header may have a date, too, but hardly the cells of a whole event; where
        the first row has none of these either, a single one does not tell.
        """
        found = sum(map(self._is_whole, rows))
        return found > 1 or (found == 1 and self._is_filled(rows[0]))

    def may_be_event(self, cells: Sequence[str]) -> bool:
        """Return whether what is taken for the header may be an event: it names too little, or has a date."""
        if any(map(is_own_column, cells)):
            return False
        if "event_date" in self._index and self._reads_as_date(cells):
            return True
        own = self._own_names(cells)
        is_named = len(own) >= _OWN_NAMES or "event_date" in own or known_columns(cells) >= _KNOWN_NAMES
        return not is_named

    def _text(self, field: str, cells: Sequence[str]) -> str:
        """Return what the cell of a field stands for, without its default; "" where the row has none."""
        at = self._index.get(field)
        text = cells[at] if at is not None and at < len(cells) else ""
        return self._replacements.applied(field, text)

    def _reads_as_date(self, cells: Sequence[str]) -> bool:
        return _reads_as_date(self._text("event_date", cells))

    def _is_filled(self, cells: Sequence[str]) -> bool:
        """Return whether a row has some title, and what can be a city: no second date or time."""
        title, city = self._text("title", cells), self._text("city", cells)
        has_title = bool(title.strip()) or "title" in self._defaults
        return has_title and (not is_no_title(city) if city.strip() else "city" in self._defaults)

    def _is_whole(self, cells: Sequence[str]) -> bool:
        """Return whether a row has a date, a title and a city."""
        return self._is_filled(cells) and self._reads_as_date(cells) and not self._has_names(cells)

    def _own_names(self, cells: Sequence[str]) -> set[str]:
        """Return the fields that a cell names in their own places."""
        return {field for field, at in self._index.items() if at < len(cells) and _names(cells[at], field)}

    def _has_names(self, cells: Sequence[str]) -> bool:
        """Return whether all mapped cells but the date name their fields: `Evento;2026-07-01;Cidade`."""
        filled = {field for field, at in self._index.items() if at < len(cells) and cells[at].strip()}
        others = filled - {"event_date"}
        return len(others) >= _OWN_NAMES and others <= self._own_names(cells)


def _defaults(options: ImportOptions) -> frozenset[str]:
    """Return the fields that have a default."""
    return frozenset(name for name, text in (options.defaults or {}).items() if text.strip())


def _reads_as_date(text: str) -> bool:
    """Return whether a text is a date, or is refused as one with a fault."""
    if is_date(text):
        return True
    fault = invalid("event_date", text[:_LONGEST_DATE])
    return bool(fault.rule or fault.suggestion or fault.suggestions)


def _names(cell: str, field: str) -> bool:
    """Return whether a cell is a name of a field."""
    known = meaning(cell)
    if known is None:
        return False
    if field in _OF_TIME:
        return known.field in _OF_TIME
    return known.field == field or (known.field == EITHER and field in (LOCATION_NAME, "local_info"))

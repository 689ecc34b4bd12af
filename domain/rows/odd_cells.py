"""Counts cells that are stored as they stand, and probably say something else.

Looks at the rows that were accepted, by either way of reading; only columns that can have such a cell
are looked at.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import tzinfo
from operator import itemgetter

from domain.rows.columns import Columns
from domain.rows.looks import (
    beginnings_of,
    ends_with_offset,
    is_null,
    is_several,
    may_be_several,
    no_texts,
)
from domain.rows.names import EITHER, LOCATION_NAME, column_key, is_of_zones, without_event
from domain.rows.placeholders import placeholders
from domain.rows.zone_names import LONGEST_ZONE, is_zone_of
from domain.text import folded

_TEXTS = ("title", "description", "city", "participants", EITHER, LOCATION_NAME, "local_info.address")
_NAMES = ("title", "city", EITHER, LOCATION_NAME)
_STATUS = frozenset(
    [
        *("status", "event_status", "situacao", "situacion", "estado"),
    ]
)
_FLAGS = frozenset(
    ["cancelado", "cancelada", "cancelled", "canceled", "is_cancelled", "is_canceled", "evento_cancelado"]
)
_CANCELLED = frozenset(
    [
        *("cancelado", "cancelada", "cancelados", "canceladas", "cancelled", "canceled"),
        *("evento cancelado", "event cancelled", "event canceled"),
        # schema.org writes it so, alone or as an address.
        *(f"{before}eventcancelled" for before in ("", "http://schema.org/", "https://schema.org/")),
        *("anulado", "anulada", "suspenso", "suspensa", "suspendido", "suspendida"),
    ]
)
_YES = frozenset(["sim", "s", "si", "yes", "y", "true", "verdadeiro", "verdadero", "v", "1", "x"])


class OddCells:
    """Looks at the cells of one file's columns."""

    def __init__(self, columns: Columns, timezone: tzinfo) -> None:
        """Prepare for a file."""
        index = columns.index
        self._texts = [index[name] for name in _TEXTS if name in index]
        self._places = {index[name] for name in (EITHER, LOCATION_NAME) if name in index}
        self._names = sorted({index[name] for name in _NAMES if name in index})
        self._people = index.get("participants")
        # Descriptions are longer than a word, and differ in each row: only plain words are looked for there,
        # unless the column is that of a name as well.
        self._plain = {index.get("description")} - {*self._names}
        told = [
            (at, without_event(column_key(columns.names[at]))) for at in columns.ignored if at < columns.width
        ]
        words = {**dict.fromkeys(_FLAGS, _CANCELLED | _YES), **dict.fromkeys(_STATUS, _CANCELLED)}
        self._marks = [(at, words[key]) for at, key in told if key in words]
        self._zones = [at for at, key in told if is_of_zones(key)]
        self._times = [index[name] for name in ("event_date", "event_time") if name in index]
        self._timezone = timezone

    def counts(self, records: Sequence[Sequence[str]]) -> dict[str, int]:
        """Return how many cells of accepted rows have each code."""
        # Nearly no file has such a word or a date there: no row of it is looked at by itself.
        distinct = {at: _distinct(records, at) for at in self._texts}
        begin = {at: beginnings_of(cells) for at, cells in distinct.items() if at not in self._plain}
        placed = {at: self._placeholders(at, cells, begin.get(at, ())) for at, cells in distinct.items()}
        dated = {at: no_texts(distinct[at], begin[at]) for at in self._names}
        found = {
            "placeholder": sum(_times(odd, records, at) for at, odd in placed.items() if odd),
            "unlikely_text": sum(_times(odd, records, at) for at, odd in dated.items() if odd),
            "unlikely_participant": self._several(records, distinct),
            "cancelled_row": sum(map(self._is_cancelled, records)) if self._marks else 0,
            "zone_not_used": sum(map(self._is_elsewhere, records)) if self._zones else 0,
        }
        return {code: count for code, count in found.items() if count}

    def _placeholders(self, at: int, cells: set[str], beginnings: Collection[str]) -> set[str]:
        odd = placeholders(cells, beginnings)
        # The place `NULL` is read as none.
        return {cell for cell in odd if not is_null(cell)} if odd and at in self._places else odd

    def _several(self, records: Sequence[Sequence[str]], distinct: Mapping[int, set[str]]) -> int:
        at = self._people
        if at is None or not may_be_several(distinct[at]):
            return 0
        names = (cells[at] for cells in records if at < len(cells))
        return sum(";" not in cell and is_several(cell) for cell in names)

    def _is_cancelled(self, cells: Sequence[str]) -> bool:
        return any(folded(cells[at]) in words for at, words in self._marks if at < len(cells) and cells[at])

    def _is_elsewhere(self, cells: Sequence[str]) -> bool:
        """Return whether a row names another time zone than the server's, and its time has no offset."""
        zones = [zone for at in self._zones if at < len(cells) and (zone := cells[at].strip())]
        if all(is_zone_of(zone[:LONGEST_ZONE], self._timezone) for zone in zones):
            return False
        times = (cells[at].strip() for at in self._times if at < len(cells))
        return not any(map(ends_with_offset, times))


def _times(odd: set[str], records: Sequence[Sequence[str]], at: int) -> int:
    """Return how many cells of a column are one of some."""
    return sum(cells[at] in odd for cells in records if at < len(cells))


def _distinct(records: Sequence[Sequence[str]], at: int) -> set[str]:
    """Return the cells of a column, each once."""
    try:
        return {*map(itemgetter(at), records)}
    except IndexError:
        return {cells[at] for cells in records if at < len(cells)}

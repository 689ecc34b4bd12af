"""Decides what happens to a row whose event may already be stored: rules only, no storage."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec
from msgspec import Struct

from domain import limits
from domain.events import EventFields
from domain.imports import MergeCounts, OnDuplicate
from domain.rows.looks import is_nothing
from domain.venues import Venue

DEFAULT_KEY = limits.REQUIRED
_VENUE = "local_info."
_JSON_OR_NAME = "local"
"""A column of this name has JSON or the name of the place; each cell decides by itself."""

NO_EVENT = -1
"""Stands for an id that no event has, such as `EV-12`."""

_ID_DIGITS = 18
"""Ids of the store have no more."""

# As spreadsheets format whole numbers: `133.493`, `1.133.493,00`. Behind a zero stand decimals.
_GROUPED = re.compile(
    r"(?P<whole>[1-9][0-9]{0,2}(?:(?P<mark>[., '\u2019\u00a0\u2009\u202f])[0-9]{3})(?:(?P=mark)[0-9]{3})*+)"
    r"(?:(?!(?P=mark))[.,]0{1,2})?",
    re.ASCII,
)
_WHOLE = re.compile(r"([0-9]+)(?:[.,]0+)?", re.ASCII)
# 132.000 may be 132 with decimals, or 132 thousand.
_EITHER_WAY = re.compile(r"[0-9]{1,3}[.,]000", re.ASCII)

Key = tuple[object, ...]
Outcome = Literal["created", "updated", "unchanged", "skipped"]
OUTCOMES: tuple[Outcome, ...] = ("created", "updated", "unchanged", "skipped")


class MergeRule(Struct, frozen=True):
    """How rows of a file are matched with stored events.

    Attributes:
        key: fields that make two rows the same event.
        has_ids: rows are found by their id first; one whose id is not stored, by `key`.
        fields: what the file has columns for; the rest of an event is left alone.
        defaults: fields that no column has, but only the option `defaults`: it is for new events.
    """

    on_duplicate: OnDuplicate
    key: tuple[str, ...] = DEFAULT_KEY
    has_ids: bool = False
    fields: frozenset[str] = frozenset()
    defaults: frozenset[str] = frozenset()


class Merged(Struct, frozen=True):
    """The outcome of consecutive rows.

    Attributes:
        outcomes: the place in `OUTCOMES` of each row's, one byte a row.
        first_id, last_id: bounds of the events that were created or updated; None where there are none.
        first_created, last_created: likewise, of those created.
        warnings: how often each code is to be warned of.
        changed: events that were created or updated, however many rows did that.
        first_changed: those of them that the import had neither created nor updated before.
    """

    outcomes: bytes
    first_id: int | None = None
    last_id: int | None = None
    first_created: int | None = None
    last_created: int | None = None
    warnings: dict[str, int] = msgspec.field(default_factory=dict)
    changed: int = 0
    first_changed: int = 0

    @classmethod
    def all_created(cls, ids: range) -> "Merged":
        """Return the outcome of rows of which each became a new event, with these ids."""
        bounds = (ids[0], ids[-1])
        return cls(bytes(len(ids)), *bounds, *bounds, changed=len(ids), first_changed=len(ids))

    def followed_by(self, later: "Merged") -> "Merged":
        """Return the sum of both as one change, without the outcomes of single rows."""
        return Merged(
            b"",
            min((n for n in (self.first_id, later.first_id) if n is not None), default=None),
            max((n for n in (self.last_id, later.last_id) if n is not None), default=None),
            later.first_created if self.first_created is None else self.first_created,
            self.last_created if later.last_created is None else later.last_created,
            dict(Counter(self.warnings) + Counter(later.warnings)),
            self.first_changed + later.first_changed,
            self.first_changed + later.first_changed,
        )

    def counts(self, rows: int | None = None) -> MergeCounts:
        """Return how many of the first rows, or of all, had each outcome."""
        some = self.outcomes if rows is None else self.outcomes[:rows]
        return MergeCounts(*(some.count(place) for place in range(len(OUTCOMES))))


def merge_rule(
    on_duplicate: OnDuplicate,
    key: Sequence[str] | None,
    columns: Sequence[str],
    defaults: Mapping[str, str] | None = None,
) -> MergeRule | None:
    """Return the rule of a file with these columns; None where every row is a new event.

    `key` is the uploader's own, if any; `columns` are the fields that columns of the file are, `defaults`
    have values for cells that are empty or absent.
    """
    if on_duplicate == "insert":
        return None
    has_ids = "id" in columns and (key is None or "id" in key)
    rest = tuple(name for name in key or () if name != "id") or DEFAULT_KEY
    fields = frozenset(columns)
    given = frozenset(name for name, text in (defaults or {}).items() if text.strip())
    return MergeRule(on_duplicate, rest, has_ids, fields, given - fields)


def id_in(text: str) -> int:
    """Return the id in a cell; 0 where it has none, `NO_EVENT` where it has what is no id of ours."""
    plain = text.strip()
    if not (plain.isascii() and plain.isdigit()):
        if not plain or is_nothing(plain):
            return 0
        plain = _digits_in(plain)
    return (int(plain) or NO_EVENT) if 0 < len(plain) <= _ID_DIGITS else NO_EVENT


def _digits_in(text: str) -> str:
    """Return the digits of a whole number that a spreadsheet has formatted; "" of any other text."""
    if _EITHER_WAY.fullmatch(text):
        return ""
    if grouped := _GROUPED.fullmatch(text):
        return grouped["whole"].replace(grouped["mark"], "")
    found = _WHOLE.fullmatch(text)
    return found[1] if found else ""


def key_of(fields: EventFields, key: Sequence[str]) -> Key:
    """Return the key by which this event is matched."""
    return tuple(_value(fields, name) for name in key)


def merged_venue(old: Venue | None, new: Venue | None, columns: frozenset[str]) -> Venue | None:
    """Return a venue with the members that the file has columns for; others keep their values."""
    if "local_info" in columns:
        return new
    given = {name.removeprefix(_VENUE) for name in columns if name.startswith(_VENUE)}
    if _JSON_OR_NAME in columns:
        given.add("location_name")
        if new is not None:  # JSON in the cell has more than a name.
            plain = Venue(new.location_name)
            given |= {n for n in Venue.__struct_fields__ if getattr(new, n) != getattr(plain, n)}
    if not given or (new is None and "location_name" not in given):
        return old
    if new is None or old is None:
        return new
    return msgspec.structs.replace(old, **{name: getattr(new, name) for name in given})


def _value(fields: EventFields, name: str) -> object:
    if name.startswith(_VENUE):
        return getattr(fields.local_info, name.removeprefix(_VENUE), None)
    return getattr(fields, name)

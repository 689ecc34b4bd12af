"""Decides what happens to a row whose event may already be stored: rules only, no storage."""

from collections import Counter
from collections.abc import Sequence
from typing import Literal

import msgspec
from msgspec import Struct

from domain.events import EventFields
from domain.imports import MergeCounts, OnDuplicate
from domain.venues import Venue

DEFAULT_KEY = ("title", "event_date", "city")
_VENUE = "local_info."
_JSON_OR_NAME = "local"
"""A column of this name has JSON or the name of the place; each cell decides by itself."""

Key = tuple[object, ...]
Outcome = Literal["created", "updated", "unchanged", "skipped"]
OUTCOMES: tuple[Outcome, ...] = ("created", "updated", "unchanged", "skipped")


class MergeRule(Struct, frozen=True):
    """How rows of a file are matched with stored events.

    Attributes:
        key: fields that make two rows the same event.
        has_ids: rows are found by their id first; one whose id is not stored, by `key`.
        fields: what the file has columns for; the rest of an event is left alone.
    """

    on_duplicate: OnDuplicate
    key: tuple[str, ...] = DEFAULT_KEY
    has_ids: bool = False
    fields: frozenset[str] = frozenset()


class Merged(Struct, frozen=True):
    """The outcome of consecutive rows.

    Attributes:
        outcomes: the place in `OUTCOMES` of each row's, one byte a row.
        first_id, last_id: bounds of the events that were created or updated; None where there are none.
        first_created, last_created: likewise, of those created.
        warnings: how often each code is to be warned of.
    """

    outcomes: bytes
    first_id: int | None = None
    last_id: int | None = None
    first_created: int | None = None
    last_created: int | None = None
    warnings: dict[str, int] = msgspec.field(default_factory=dict)

    def followed_by(self, later: "Merged") -> "Merged":
        """Return the sum of both, without the outcomes of single rows."""
        return Merged(
            b"",
            min((n for n in (self.first_id, later.first_id) if n is not None), default=None),
            max((n for n in (self.last_id, later.last_id) if n is not None), default=None),
            later.first_created if self.first_created is None else self.first_created,
            self.last_created if later.last_created is None else later.last_created,
            dict(Counter(self.warnings) + Counter(later.warnings)),
        )

    def counts(self, rows: int | None = None) -> MergeCounts:
        """Return how many of the first rows, or of all, had each outcome."""
        some = self.outcomes if rows is None else self.outcomes[:rows]
        return MergeCounts(*(some.count(place) for place in range(len(OUTCOMES))))


def merge_rule(
    on_duplicate: OnDuplicate, key: Sequence[str] | None, columns: Sequence[str]
) -> MergeRule | None:
    """Return the rule of a file with these columns; None where every row is a new event.

    `key` is the uploader's own, if any; `columns` are the fields that columns of the file are.
    """
    if on_duplicate == "insert":
        return None
    has_ids = "id" in columns and (key is None or "id" in key)
    rest = tuple(name for name in key or () if name != "id") or DEFAULT_KEY
    return MergeRule(on_duplicate, rest, has_ids, frozenset(columns))


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

"""Tells from the names of an object's members whether it is an event, as the uploader's options have it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from domain.files.nested_members import NAMED_WRAPPERS, beside, unwrapped
from domain.files.no_event_names import is_no_event
from domain.rows.columns import REQUIRED, Mapped, find_column
from domain.rows.names import LOCATION_NAME, column_key, meaning

LOOKED_AT = 100
"""So many values of an array are looked at."""

_WHEN = frozenset({"event_date", "event_time"})
_REQUIRED = _WHEN.union(REQUIRED)
_OF_NEWS = _WHEN | {"title", "description", "id"}
_PLACES = frozenset({"city", LOCATION_NAME})
_LEVELS = 3
"""So many objects, one in the other, may be around an event that is told."""


class EventMembers:
    """Knows which members are fields, and which fields an event may lack."""

    def __init__(self, mapping: Mapped | None = None, defaults: Mapping[str, str] | None = None) -> None:
        """Take the options `mapping` and `defaults`."""
        self._mapping = mapping or {}
        self._columns = {field: name for field, name in self._mapping.items() if name}
        self._mapped = {column_key(name): field for field, name in self._columns.items()}
        self._given = {field for field, text in (defaults or {}).items() if text.strip()}
        # What is named otherwise than the uploader says is an event, too, and not passed over unseen.
        self._by_name = EventMembers(None, defaults) if mapping else None

    def field(self, name: str) -> str | None:
        """Return the field that a member is, None for one that is none."""
        mapped = self._mapped.get(column_key(name)) if self._mapped else None
        known = None if mapped else meaning(name)
        return mapped or (known.field if known and known.field not in self._mapping else None)

    def told(self, members: Mapping[str, Any], *, of_array: bool = False) -> set[str]:
        """Return the fields that members are.

        A null tells nothing, but in an object of an array: the array has that field.
        """
        return {
            field
            for name, value in members.items()
            if (value is not None or of_array)
            and (field := self.field(name))
            and not holds_others(name, value)
        } | self._told_by_mapping(members, of_array=of_array)

    def reads(self, value: Any, *, of_array: bool = False) -> bool:
        """Return whether a value is an event, or holds one. What has a default may be missing."""
        return type(value) is dict and (
            unwrapped(value) is not value or self.is_single(value, of_array=of_array)
        )

    def is_single(self, value: Any, *, of_array: bool = False) -> bool:
        """Return whether a value is an event, or holds what is one."""
        if type(value) is not dict:
            return False
        told = self._told_with_siblings(value, of_array=of_array)
        if has_title_and_date(told):
            return True
        if not has_title_and_date(told | self._given):
            return False
        # One word, such as a name, has much that is no event: another tells, or the uploader.
        by_mapping = self._told_by_mapping(_with_siblings(value), of_array=of_array)
        return len(told & _REQUIRED) > 1 or not _REQUIRED.isdisjoint(by_mapping)

    def is_placed(self, value: Any) -> bool:
        """Return whether it is one that says itself where it is: news have a title and a date, too."""
        return self.is_single(value) and not self._told_with_siblings(value) <= _OF_NEWS

    def is_whole(self, value: Any, *, of_array: bool = False) -> bool:
        """Return whether it is one that has a place besides, of its own or by default."""
        return self.is_single(value, of_array=of_array) and (
            not self._given.isdisjoint(_PLACES)
            or not self._told_with_siblings(value, of_array=of_array) <= _OF_NEWS
        )

    def is_mapped(self, value: Any) -> bool:
        """Return whether a value is an event by the names that the uploader gave."""
        return type(value) is dict and self.mapped(value) > 0

    def mapped(self, members: dict[str, Any]) -> int:
        """Return how many of the members that the uploader named are in an event of an array; 0 in others."""
        told = self._told_by_mapping(_with_siblings(members), of_array=True) if self._columns else set()
        is_event = not _REQUIRED.isdisjoint(told) and self.is_single(members, of_array=True)
        return len(told) if is_event else 0

    def has_events(
        self, value: Any, levels: int = _LEVELS, *, of_array: bool = False, is_other: bool = False
    ) -> bool:
        """Return whether a value is such an event, by the uploader's names or known ones, or has one in it.

        `is_other`: the names that lead to it say that it is a person, a venue.
        """
        if type(value) is list:
            return any(self.has_events(one, levels, of_array=True) for one in value[:LOOKED_AT])
        if type(value) is not dict:
            return False
        known = (self, self._by_name) if self._by_name else (self,)
        if not is_other and any(events.is_whole(value, of_array=of_array) for events in known):
            return True
        return levels > 0 and any(
            self.has_events(one, levels - 1, is_other=is_no_event([name], before=is_other))
            for name, one in value.items()
            if type(one) in (dict, list)
        )

    def lists_events(self, members: Mapping[str, Any]) -> bool:
        """Return whether an object has an array of events among its members."""
        return any(
            type(value) is list and not is_no_event([name]) and self.has_events(value)
            for name, value in members.items()
        )

    def _told_with_siblings(self, value: dict[str, Any], *, of_array: bool = False) -> set[str]:
        return self.told(_with_siblings(value), of_array=of_array)

    def _told_by_mapping(self, members: Mapping[str, Any], *, of_array: bool = False) -> set[str]:
        names = [*members] if self._columns else []
        return {
            field
            for field, name in self._columns.items()
            if any(of_array or members[names[at]] is not None for at in find_column(names, name))
        }


def _with_siblings(value: dict[str, Any]) -> dict[str, Any]:
    """Return the members of an event, and of a wrapped one those beside it that it has not itself."""
    event = unwrapped(value)
    return event if event is value else {**event, **_missing(beside(value, event), event)}


def _missing(others: Mapping[str, Any], event: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in others.items() if event.get(name) is None}


def holds_others(name: str, value: Any) -> bool:
    """Return whether what has the name of a field holds objects instead: events, people, an answer's data."""
    if type(value) is list:
        return not value or type(value[0]) is dict
    if type(value) is not dict:
        return False
    key = column_key(name)
    return key in NAMED_WRAPPERS or (key == "data" and not any(type(one) is str for one in value.values()))


def first_objects(values: Sequence[Any]) -> Iterator[dict[str, Any]]:
    """Yield the objects among the first values of an array."""
    return (value for value in values[:LOOKED_AT] if type(value) is dict)


def has_title_and_date(told: set[str]) -> bool:
    """Return whether an object with members of these fields is an event itself."""
    return "title" in told and not told.isdisjoint(_WHEN)


def has_required(told: set[str]) -> bool:
    """Return whether one of the fields is among those that each event must have."""
    return not told.isdisjoint(_REQUIRED)

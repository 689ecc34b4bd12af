"""Tells from the names of an object's members whether it is an event, as the uploader's options have it."""

from collections.abc import Mapping
from typing import Any

from domain.files.nested_members import unwrapped
from domain.rows.columns import REQUIRED, Mapped, find_column
from domain.rows.names import column_key, meaning

_WHEN = frozenset({"event_date", "event_time"})
_REQUIRED = _WHEN.union(REQUIRED)
_OF_NEWS = _WHEN | {"title", "description", "id"}
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

    def field(self, name: str) -> str | None:
        """Return the field that a member is, None for one that is none."""
        mapped = self._mapped.get(column_key(name)) if self._mapped else None
        known = None if mapped else meaning(name)
        return mapped or (known.field if known and known.field not in self._mapping else None)

    def told(self, members: Mapping[str, Any]) -> set[str]:
        """Return the fields that members are."""
        return {
            field for name, value in members.items() if value is not None and (field := self.field(name))
        } | self._told_by_mapping(members)

    def reads(self, value: Any) -> bool:
        """Return whether a value is an event, or holds one. What has a default may be missing."""
        if type(value) is not dict:
            return False
        event = unwrapped(value)
        return event is not value or self._is_event(event)

    def is_single(self, value: Any) -> bool:
        """Return whether a value is an event, or holds what is one."""
        return type(value) is dict and self._is_event(unwrapped(value))

    def is_whole(self, value: Any) -> bool:
        """Return whether it is one that has a place besides: news have a title and a date, too."""
        if self.is_single(value) and not self.told(unwrapped(value)) <= _OF_NEWS:
            return True
        # What is named otherwise than the uploader says is an event, too, and not passed over unseen.
        return bool(self._mapping) and _BY_NAME.is_whole(value)

    def is_mapped(self, value: Any) -> bool:
        """Return whether a value is an event by the names that the uploader gave."""
        return self.is_single(value) and not _REQUIRED.isdisjoint(self._told_by_mapping(unwrapped(value)))

    def holds_whole(self, value: Any, levels: int = _LEVELS) -> bool:
        """Return whether a value is such an event, or an object, or a list that begins so, with one in it."""
        if type(value) is list:
            return bool(value) and self.holds_whole(value[0], levels)
        if type(value) is not dict:
            return False
        inner = value.values() if levels else ()
        return self.is_whole(value) or any(self.holds_whole(one, levels - 1) for one in inner)

    def _is_event(self, members: Mapping[str, Any]) -> bool:
        told = self.told(members)
        if has_title_and_date(told):
            return True
        if not has_title_and_date(told | self._given):
            return False
        # One word, such as a name, has much that is no event: another tells, or the uploader.
        by_mapping = self._told_by_mapping(members)
        return len(told & _REQUIRED) > 1 or not _REQUIRED.isdisjoint(by_mapping)

    def _told_by_mapping(self, members: Mapping[str, Any]) -> set[str]:
        names = [*members] if self._columns else []
        return {
            field
            for field, name in self._columns.items()
            if any(members[names[at]] is not None for at in find_column(names, name))
        }


_BY_NAME = EventMembers()


def has_title_and_date(told: set[str]) -> bool:
    """Return whether an object with members of these fields is an event itself."""
    return "title" in told and not told.isdisjoint(_WHEN)


def has_required(told: set[str]) -> bool:
    """Return whether one of the fields is among those that each event must have."""
    return not told.isdisjoint(_REQUIRED)

"""Tells from the names of an object's members whether it is an event, as the uploader's options have it."""

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from msgspec import Struct

from domain.files.nested_members import NAMED_WRAPPERS, beside, unwrapped
from domain.files.no_event_names import is_no_event
from domain.rows.columns import REQUIRED, Mapped, find_column
from domain.rows.names import LOCATION_NAME, column_key, meaning, plain_key

LOOKED_AT = 100
"""So many values of an array are looked at."""

LEVELS = 3
"""So many objects, one in the other, may be around events."""

_WHEN = frozenset({"event_date", "event_time"})
_REQUIRED = _WHEN.union(REQUIRED)
_OF_NEWS = _WHEN | {"title", "description", "id"}
_PLACES = frozenset({"city", LOCATION_NAME})


class EventFields(Struct, frozen=True, gc=False):
    """The fields that an object has, and what they make of it. What has a default may be missing.

    Attributes:
        told: the fields that its members are; of a wrapped event also those beside it that it has not itself.
        mapped: those of them that have a name that the uploader gave.
        given: the fields that have a default.
        is_wrapper: it holds an event under a name of a wrapper.
    """

    told: frozenset[str] = frozenset()
    mapped: frozenset[str] = frozenset()
    given: frozenset[str] = frozenset()
    is_wrapper: bool = False

    @property
    def is_single(self) -> bool:
        """Whether it is an event, or holds what is one."""
        if has_title_and_date(self.told):
            return True
        if not has_title_and_date(self.told | self.given):
            return False
        # One word, such as a name, has much that is no event: another tells, or the uploader.
        return len(self.told & _REQUIRED) > 1 or not _REQUIRED.isdisjoint(self.mapped)

    @property
    def reads(self) -> bool:
        """Whether it is an event, or holds anything as its event."""
        return self.is_wrapper or self.is_single

    @property
    def is_placed(self) -> bool:
        """Whether it is one that says itself where it is: news have a title and a date, too."""
        return self.is_single and not self.told <= _OF_NEWS

    @property
    def is_whole(self) -> bool:
        """Whether it is one that has a place besides, of its own or by default."""
        return self.is_single and not (self.given.isdisjoint(_PLACES) and self.told <= _OF_NEWS)

    @property
    def mapped_count(self) -> int:
        """How many of the members that the uploader named an event has; 0 of what is none by these names."""
        return 0 if _REQUIRED.isdisjoint(self.mapped) or not self.is_single else len(self.mapped)


_NO_FIELDS = EventFields()


class EventMembers:
    """Knows which members are fields, and which fields an event may lack."""

    def __init__(self, mapping: Mapped | None = None, defaults: Mapping[str, str] | None = None) -> None:
        """Take the options `mapping` and `defaults`."""
        self._mapping = mapping or {}
        self._columns = {field: name for field, name in self._mapping.items() if name}
        self._mapped = {
            key_of(name): field for key_of in (plain_key, column_key) for field, name in self._columns.items()
        }
        self._given = frozenset(field for field, text in (defaults or {}).items() if text.strip())
        # What is named otherwise than the uploader says is an event, too, and not passed over unseen.
        self._by_name = EventMembers(None, defaults) if mapping else None

    def field(self, name: str) -> str | None:
        """Return the field that a member is, None for one that is none."""
        mapped = None
        if self._mapped:
            mapped = self._mapped.get(column_key(name)) or self._mapped.get(plain_key(name))
        known = None if mapped else meaning(name)
        return mapped or (known.field if known and known.field not in self._mapping else None)

    def told(self, members: Mapping[str, Any]) -> set[str]:
        """Return the fields that the members of an object are, whatever it holds. A null tells nothing."""
        telling = [name for name, value in members.items() if value is not None]
        return self._told(members, telling) | self._told_by_mapping(members, telling)

    def fields(self, value: Any, *, in_array: bool = False) -> EventFields:
        """Return the fields of a value, none of what is no object.

        A null tells nothing, but in an object of an array: the array has that field.
        """
        if type(value) is not dict:
            return _NO_FIELDS
        event = unwrapped(value)
        members = value if event is value else {**event, **_missing(beside(value, event), event)}
        telling = [name for name, one in members.items() if in_array or one is not None]
        mapped = self._told_by_mapping(members, telling)
        told = mapped.union(self._told(members, telling))
        return EventFields(told, mapped, self._given, event is not value)

    def has_events(
        self, value: Any, name: str | None = "", *, is_in_other: bool = False, levels: int = LEVELS
    ) -> bool:
        """Return whether a value is a whole event, by the uploader's names or known ones, or has one in it.

        Args:
            value: any value of JSON.
            name: that of the member which it is, None in an array.
            is_in_other: the names that lead to it say that it is a person, a venue, and no event.
            levels: how many objects may be around the event.
        """
        if type(value) is list:
            return any(self.has_events(one, None, levels=levels) for one in value[:LOOKED_AT])
        if type(value) is not dict:
            return False
        is_other = name is not None and is_no_event([name], before=is_in_other)
        known = (self, self._by_name) if self._by_name else (self,)
        if not is_other and any(events.fields(value, in_array=name is None).is_whole for events in known):
            return True
        return levels > 0 and any(
            self.has_events(one, inner, is_in_other=is_other, levels=levels - 1)
            for inner, one in value.items()
            if type(one) in (dict, list)
        )

    def lists_events(self, members: Mapping[str, Any]) -> bool:
        """Return whether an object has an array of events among its members."""
        return any(
            type(value) is list and not is_no_event([name]) and self.has_events(value)
            for name, value in members.items()
        )

    def _told(self, members: Mapping[str, Any], telling: Sequence[str]) -> set[str]:
        """Return the fields that members are by their names; `telling`: names of those that count."""
        return {
            field for name in telling if (field := self.field(name)) and not holds_others(name, members[name])
        }

    def _told_by_mapping(self, members: Mapping[str, Any], telling: Sequence[str]) -> frozenset[str]:
        """Return the fields that members are by the mapping, which may name them by their positions."""
        if not self._columns:
            return frozenset()
        names, counting = [*members], set(telling)
        return frozenset(
            field
            for field, name in self._columns.items()
            if any(names[at] in counting for at in find_column(names, name))
        )


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


def has_title_and_date(told: AbstractSet[str]) -> bool:
    """Return whether an object with members of these fields is an event itself."""
    return "title" in told and not told.isdisjoint(_WHEN)


def has_required(told: AbstractSet[str]) -> bool:
    """Return whether one of the fields is among those that each event must have."""
    return not told.isdisjoint(_REQUIRED)

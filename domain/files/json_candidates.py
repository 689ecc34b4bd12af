"""What a JSON document has that may be its events, and which of it reads best."""

from collections.abc import Callable, Iterable
from enum import Enum, auto
from typing import Literal

from msgspec import Struct

from domain.files.json_names import ARRAY_NAMES, SAY_NOTHING
from domain.files.no_event_names import is_no_event

LayoutMode = Literal["inner", "map", "inner map", "one", "lines"]
"""How events are read: as the array in an object, the members of the document or of an object in it, a single
object in another, or objects one after another."""


class Place(Struct, frozen=True):
    """A part of a document.

    Attributes:
        mode: how it is read; `at`: the index where it begins; `path`: the names that lead to it.
        mapped: how many of the members that the uploader named it has.
        wrapper: the index of the event that it wraps, -1 where it is one itself.
    """

    mode: LayoutMode
    at: int
    path: tuple[str, ...]
    mapped: int = 0
    wrapper: int = -1

    @property
    def start(self) -> int:
        """The index from which it is read: behind the bracket of an array, or of an object of events."""
        return self.at if self.mode in ("one", "lines") else self.at + 1

    @property
    def name(self) -> str:
        """The last of the names."""
        return self.path[-1] if self.path else ""

    @property
    def is_no_event(self) -> bool:
        """Whether its name is one of what is no event."""
        telling = [name for name in self.path if name not in SAY_NOTHING]
        return is_no_event(telling[-1:])


class Role(Enum):
    """What a place may be.

    Attributes:
        MAPPED: an array with an event by the names that the uploader gave.
        KNOWN_MAP: an object of a known name of which two members or more are events.
        NAMED: an array of objects under one of the names that count first.
        LIKELY: an array of objects under one of the other known names.
        PRIMARY: the event that the document is about.
        EMPTY: an array without objects under a known name.
        ARRAY: an array under any other name with an event that has a place.
        MAP: an object under any other name of which two members or more are events.
        SINGLE: another single event.
        DATED: what has objects with a title and a date.
        TABLE: an array of lists.
        TOLD: what has events: it is told where something else is read.
    """

    MAPPED = auto()
    KNOWN_MAP = auto()
    NAMED = auto()
    LIKELY = auto()
    PRIMARY = auto()
    EMPTY = auto()
    ARRAY = auto()
    MAP = auto()
    SINGLE = auto()
    DATED = auto()
    TABLE = auto()
    TOLD = auto()


class Candidate(Struct, frozen=True):
    """A place, and all that it may be."""

    place: Place
    roles: frozenset[Role]


_OF_EVENTS = frozenset({Role.MAPPED, Role.KNOWN_MAP, Role.NAMED, Role.ARRAY, Role.MAP, Role.DATED})
"""Roles of what holds several events."""


def position(place: Place) -> int:
    """Return the index where a place begins."""
    return place.at


def _first(places: list[Place]) -> list[Place]:
    return [min(places, key=position)]


def _most_mapped(places: list[Place]) -> list[Place]:
    most = max(place.mapped for place in places)
    return [place for place in places if place.mapped == most]


_BY_NAMES: tuple[tuple[Role, Callable[[list[Place]], list[Place]]], ...] = (
    (Role.MAPPED, _most_mapped),
    (Role.KNOWN_MAP, _first),
    (Role.NAMED, _first),
    (Role.LIKELY, _first),
    (Role.PRIMARY, list),
    (Role.EMPTY, _first),
)
"""The rules of names, the first that fits, and which places it chooses of those that have the role."""


class Candidates:
    """What was met on the way through a document; a place may be there twice, with different roles."""

    def __init__(self) -> None:
        self._found: list[Candidate] = []

    def add(self, place: Place, *roles: Role) -> None:
        """Note what a place may be; nothing without any role."""
        if roles:
            self._found.append(Candidate(place, frozenset(roles)))

    def places(self, *roles: Role) -> list[Place]:
        """Return the places that have one of some roles."""
        return [one.place for one in self._found if not one.roles.isdisjoint(roles)]

    def best(self, *, is_whole: bool, lacks_known: bool) -> list[Place]:
        """Return what reads best as the events; several where it is not clear which of them is meant.

        `is_whole`: all of the document was seen; else an unknown name may not be the only one. `lacks_known`:
        an array of a known name is not there, so that no single event stands for it.
        """
        for role, chosen in _BY_NAMES:
            if places := self.places(role):
                return chosen(places)
        if not is_whole:
            return []
        others = [place for place in self.places(Role.ARRAY, Role.MAP) if not place.is_no_event]
        # What is in one of them is found with it.
        if others or lacks_known or not all(place.is_no_event for place in self.places(Role.DATED)):
            return others
        return self.places(Role.SINGLE)

    def __len__(self) -> int:
        """Return how many were met: those after them are in what begins now."""
        return len(self._found)

    def drop(self, since: int, places: Iterable[Place], *roles: Role) -> None:
        """Take some roles from some places, of those that were met since."""
        dropped, taken = frozenset(roles), frozenset(places)
        found = self._found[since:]
        self._found[since:] = [
            one if one.place not in taken else Candidate(one.place, one.roles - dropped)
            for one in found
            if one.place not in taken or not one.roles <= dropped
        ]

    def forget(self, since: int, event: Place) -> None:
        """Forget what was met since in an object that is an event itself, but for `items` and the like."""
        self._found[since:] = [one for one in self._found[since:] if _is_of_contract(one, event)]

    def has_arrays(self, since: int, place: Place) -> bool:
        """Return whether arrays of events were met since, in what begins at a place."""
        found = self._found[since:]
        return any(one.place.at > place.at and not _OF_EVENTS.isdisjoint(one.roles) for one in found)

    def told_beside(self, read: Place) -> list[str]:
        """Return the names of what has events besides; those behind are met when what is read has ended."""
        places = sorted((place for place in self.places(Role.TOLD) if place.at != read.wrapper), key=position)
        return [place.name for place in places if read.mode == "lines" or place.at < read.at]


def _is_of_contract(one: Candidate, event: Place) -> bool:
    return Role.NAMED in one.roles and one.place.path[:-1] == event.path and one.place.name in ARRAY_NAMES

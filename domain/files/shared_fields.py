"""Members that are one field, each record in its own shape: `city`, or a city within `location`."""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from msgspec import Struct

from domain.files.member_values import is_no_number
from domain.files.nested_members import members_by_field
from domain.problems import Problem
from domain.rows.columns import duplicate_columns
from domain.rows.looks import is_nothing
from domain.text import folded, one_line

_STATE = re.compile(r" ?[,/-] ?[a-z]{2}\Z")
"""`Recife - PE` is the city `Recife`."""


class _Shared(Struct, frozen=True):
    """A field and the places of its members.

    Attributes:
        at: the place of the member that is the field's column.
        others: those of the further members.
        is_mapped: the uploader chose the column, which thus counts before the others.
    """

    field: str
    at: int
    others: list[int]
    is_mapped: bool


class SharedFields:
    """Gives each record the value of a field from whichever of its members has it.

    Attributes:
        places: of the members that are no columns of their own field, and are read all the same.
    """

    def __init__(self, names: Sequence[str], index: Mapping[str, int], mapped: Collection[str]) -> None:
        """Prepare for a file's members, the columns of its fields, and the fields that were mapped."""
        self._names = names
        self._fields = [*_shared(names, index, mapped)]
        self.places = frozenset(place for shared in self._fields for place in shared.others)

    def filled(self, members: dict[str, Any]) -> dict[str, Any]:
        """Return members, with the value of another member where that of a field's column is empty."""
        for shared in self._fields:
            column = self._names[shared.at]
            if _is_empty(members.get(column)):
                told = (members.get(self._names[place]) for place in shared.others)
                value = next((value for value in told if not _is_empty(value)), None)
                members = members if value is None else {**members, column: value}
        return members

    def fault(self, members: Mapping[str, Any]) -> Problem | None:
        """Return the fault of a record in which two members of one field differ; mapping one decides."""
        for shared in self._fields:
            # The event's own number or street is the more exact one: only cities contradict each other.
            if shared.is_mapped or shared.field != "city":
                continue
            told = {
                place: _compared(value)
                for place in (shared.at, *shared.others)
                if type(value := members.get(self._names[place])) in (str, int, float)
                and not _is_empty(value)
            }
            if len({*told.values()}) > 1:
                first, *rest = sorted(told)
                two = [first, next(place for place in rest if told[place] != told[first])]
                return duplicate_columns(shared.field, [self._names[place] for place in two], two)
        return None


def _shared(names: Sequence[str], index: Mapping[str, int], mapped: Collection[str]) -> list[_Shared]:
    used, found = set(index.values()), list[_Shared]()
    for field, members in members_by_field(names).items():
        at = index.get(field)
        # Of dates only one is the event's: another member may say when it was written, or ends.
        if field == "event_date" or at is None or names[at] not in members:
            continue
        others = [place for place, name in enumerate(names) if name in members and place not in used]
        if others:
            found.append(_Shared(field, at, others, field in mapped))
    return found


def _is_empty(value: Any) -> bool:
    is_nothing_told = type(value) is str and (not value.strip() or is_nothing(value))
    return value is None or is_no_number(value) or is_nothing_told


def _compared(value: Any) -> str:
    return _STATE.sub("", one_line(folded(str(value))))

"""Finds where in a JSON document the events are: in which array, as members of which object, or alone.

Only the first `SEARCHED_CHARACTERS` of a document are looked at, whatever the chunks in which it comes.
"""

from typing import Any

from msgspec import Struct

from domain.files.event_members import EventMembers, has_required, has_title_and_date
from domain.files.json_values import MalformedError, ValueParser, after_commas, after_space
from domain.files.nested_members import unwrapped
from domain.problems import Problem, excerpt, problem

SEARCHED_CHARACTERS = 1024 * 1024

ARRAY_NAMES = ("items", "events")
"""Under one of these names an object may hold the array."""

OTHER_ARRAY_NAMES = ("eventos", "data", "results", "records", "value", "rows", "@graph")
"""Likewise, where the object is not an event itself. Sources: Facebook's Graph API, Django REST framework,
Airtable, OData 4, JSON-LD."""

COMMON_ARRAY_NAMES = ("features", "edges", "nodes", "hits", "docs", "content", "objects")
"""Likewise, where moreover the first of the array is an event, or holds one: events have such arrays, too.
Sources: GeoJSON and ArcGIS, GraphQL, Elasticsearch and Algolia, Solr, Spring Data, Tastypie."""

HOLDER_NAMES = (
    "_embedded",
    "data",
    "response",
    "result",
    "d",
    "hits",
    "events",
    "eventos",
    "__collections__",
)
"""Under one of these names an object may hold the object with the array. Sources: HAL (Ticketmaster),
GraphQL, OData 2, Solr, Elasticsearch, exports of Firestore."""

_CONTRACT_NAMES = (*ARRAY_NAMES, "eventos")
"""Of arrays that do not read as events, one of these names counts."""

_NAMES = frozenset((*ARRAY_NAMES, *OTHER_ARRAY_NAMES, *COMMON_ARRAY_NAMES))
_TABLE_NAMES = frozenset((*_NAMES, "values"))
"""An array of lists under one of these names is a table. Sources: Google Sheets, pandas."""

_LEVELS = 3
"""So many objects, one in the other, may be around the array."""

_LEAST_KEYED = 2
"""So many events as members of one object are all meant."""


_OF_RECORD = frozenset({"title", "event_date"})
"""What is told by a record that holds its event in a wrapper."""


class Layout(Struct, frozen=True):
    """Where the events are.

    Attributes:
        mode: that of `JsonScanner`: `inner`, `map`, `inner map`, `one` or `lines`.
        start: the index after the bracket of the array or the object; else that of the event.
        beside: `array`: the name of what is read; `others`: the names of what else before it has events.
    """

    mode: str
    start: int
    beside: dict[str, str] = {}


class _Place(Struct, frozen=True):
    """What may hold the events: its mode, the index where it begins, and its name."""

    mode: str
    at: int
    name: str

    @property
    def start(self) -> int:
        return self.at if self.mode == "one" else self.at + 1


class _Members(Struct):
    """What the members of an object were, so far.

    Attributes:
        place: of the object, if its members are the events.
        told: the fields that members are.
        singles: members that are an event; `keyed`: how many of them have names that are no field.
    """

    place: _Place
    told: set[str] = set()
    singles: list[_Place] = []
    keyed: int = 0


class _Noted(Struct):
    """What was met on the way, best first by the order of the attributes.

    Attributes:
        mapped: arrays under any name that begin with an event by the names that the uploader gave.
        named: the first array under one of the names of the contract, whatever it holds.
        arrays: those under any name that begin with an event that has a place.
        maps: objects of which two members or more are events.
        singles: objects with one event among their members: that event.
        likely: the first array of objects under one of the other names.
        empty: the first array without objects under one of the names.
        tables: arrays of lists.
        told: what else has events, in no order of rank: it is told where something else is read.
    """

    mapped: list[_Place] = []
    named: list[_Place] = []
    arrays: list[_Place] = []
    maps: list[_Place] = []
    singles: list[_Place] = []
    likely: list[_Place] = []
    empty: list[_Place] = []
    tables: list[_Place] = []
    told: list[_Place] = []

    def best(self) -> _Place | None:
        """Return what reads best as the events."""
        ranked = (self.mapped, self.named, self.arrays, self.maps, self.singles, self.likely, self.empty)
        return next((min(places, key=_at) for places in ranked if places), None)

    def forget_from(self, at: int) -> None:
        """Forget what is in an object that begins at an index, which turned out to be an event itself."""
        among = (self.mapped, self.arrays, self.maps, self.singles, self.likely)
        for places in (*among, self.empty, self.tables, self.told):
            places[:] = [place for place in places if place.at < at]

    def before(self, at: int) -> list[str]:
        """Return the names of what has events before an index."""
        places = sorted((*self.arrays, *self.maps, *self.told), key=_at)
        return [*dict.fromkeys(excerpt(place.name) for place in places if place.at < at and place.name)]


class LayoutSearch:
    """Searches one document, as far as it has come."""

    def __init__(
        self, parser: ValueParser, events: EventMembers, text: str, begin: int, *, closed: bool
    ) -> None:
        """`begin` is the index from which the characters count that are looked at; `closed`: that is all."""
        self._parser = parser
        self._events = events
        self._text = text
        self._begin = begin
        self._closed = closed
        self._noted = _Noted()
        self._parsed: tuple[int, Any, int] = -1, None, -1

    def layout(self, start: int) -> Layout | Problem | None:
        """Return where the events of the object at an index are; None where more of it must be seen."""
        if self._text[start] != "{":
            return Layout("lines", start)
        try:
            found = self._search(start, "", 0, is_known=True)
        except MalformedError as error:
            if error.may_be_cut and not (self._is_bound or self._closed):
                return None
            found = None
            if self._is_bound and self._noted.best() is None:
                return problem("invalid_json.no_array")
        place = found or self._noted.best()
        if place is None or place in self._noted.empty:
            if self._noted.tables or self._is_of_columns(start):
                return problem("invalid_json.table")
            if place is None:
                return Layout("lines", start)
        beside = {"array": excerpt(place.name)}
        # Those that are behind it are met when it has ended.
        if before := self._noted.before(place.at):
            beside["others"] = "\n".join(before)
        return Layout(place.mode, place.start, beside)

    @property
    def _is_bound(self) -> bool:
        return len(self._text) - self._begin > SEARCHED_CHARACTERS

    def _parse(self, at: int) -> tuple[Any, int]:
        """Return a value and its end. Whatever the chunks, what ends beyond the bound was not seen."""
        if at == self._parsed[0]:
            return self._parsed[1:]
        value, end = self._parser.parse(self._text, at)
        if end - self._begin > SEARCHED_CHARACTERS:
            raise MalformedError(self._text, len(self._text), ValueError("beyond the bound"))
        self._parsed = at, value, end
        return value, end

    def _search(self, start: int, name: str, level: int, *, is_known: bool) -> _Place | None:
        """Return the array of events in an object; note what may be instead, which comes next.

        Args:
            start: where the object begins.
            name: its own.
            level: how many objects are around it.
            is_known: all of these have names of holders: an array in it is taken by its name.
        """
        text, found = self._text, None
        members = _Members(_Place("inner map" if level else "map", start, name))
        at = after_space(text, start + 1)
        while text[at : at + 1] == '"' and (member := self._member(at)):
            member_name, at = member
            if text[at : at + 1] == "[":
                found = self._array(member_name, at, members.told, is_known=is_known)
            elif text[at : at + 1] == "{" and level < _LEVELS and not has_title_and_date(members.told):
                is_holder = is_known and member_name in HOLDER_NAMES
                if is_holder or not self._is_single_at(at):
                    found = self._search(at, member_name, level + 1, is_known=is_holder)
            if found:
                return found
            value, end = self._parse(at)
            self._note(members, _Place("one", at, member_name), value)
            at = after_commas(text, end)
        self._expect_more(at)
        self._conclude(members)
        return None

    def _is_single_at(self, at: int) -> bool:
        """Return whether the object at an index is an event; False while its end is to come."""
        try:
            return self._events.is_single(self._parse(at)[0])
        except MalformedError:
            return False

    def _member(self, at: int) -> tuple[str, int] | None:
        """Return the name of a member, and where its value begins; None where no colon follows."""
        name, at = self._parse(at)
        at = after_space(self._text, at)
        self._expect_more(at)
        return (name, after_space(self._text, at + 1)) if self._text[at] == ":" else None

    def _expect_more(self, at: int) -> None:
        """Raise `MalformedError` where the text ends at an index."""
        if at == len(self._text):
            raise MalformedError(self._text, at, ValueError("cut"))

    def _note(self, members: _Members, place: _Place, value: Any) -> None:
        """Note a member: an event, or a field of what may be one itself."""
        field = self._events.field(place.name)
        if self._events.is_single(value):
            self._noted.told += [place] if self._events.is_whole(value) else []
            if unwrapped({place.name: value}) is value:
                members.told |= _OF_RECORD
                return
            members.singles.append(place)
            # Such keys are ids; a member that is a field is one of a record.
            members.keyed += not field
            if members.keyed == _LEAST_KEYED and members.place not in self._noted.maps:
                self._noted.maps.append(members.place)
        elif field and value is not None and not (type(value) is dict and place.name in HOLDER_NAMES):
            members.told.add(field)

    def _conclude(self, members: _Members) -> None:
        """Note what an object is, once all of its members are known."""
        if has_title_and_date(members.told):
            self._noted.forget_from(members.place.at)
            return
        if members.place in self._noted.maps:
            if has_required(members.told):
                self._noted.maps.remove(members.place)
            elif members.place.name:
                # The name of all of them tells of each.
                self._noted.told = [place for place in self._noted.told if place not in members.singles]
        if len(members.singles) == 1:
            self._noted.singles += members.singles

    def _array(self, name: str, at: int, told: set[str], *, is_known: bool) -> _Place | None:
        """Return an array at an index if it is that of the events; note what it may be."""
        text, noted = self._text, self._noted
        inner = after_space(text, at + 1)
        self._expect_more(inner)
        place, is_in_event = _Place("inner", at, name), has_title_and_date(told)
        if text[inner] == "]":
            may_hold = name in ARRAY_NAMES or (name in _NAMES and "title" not in told)
            noted.empty += [place] if is_known and may_hold else []
        elif text[inner] == "[" and not is_in_event:
            noted.tables += [place] if name in _TABLE_NAMES else []
        if text[inner] != "{":
            return None
        may_hold = is_known and (name in ARRAY_NAMES or (name in _NAMES and not is_in_event))
        if may_hold and name in _CONTRACT_NAMES:
            noted.named.append(place)
        elif may_hold and name in OTHER_ARRAY_NAMES:
            noted.likely.append(place)
        first, _ = self._parse(inner)
        if may_hold and (self._events.reads(first) or self._is_of_contract(name, first)):
            return place
        if self._events.is_mapped(first) and not is_in_event:
            noted.mapped.append(place)
            return place if is_known else None
        if not is_in_event and self._events.holds_whole(first):
            (noted.arrays if self._events.is_whole(first) else noted.told).append(place)
        return None

    def _is_of_contract(self, name: str, first: Any) -> bool:
        """Return whether the first event of an array may lack what it must have: refused, not passed over."""
        told = self._events.told(first) if type(first) is dict and name in _CONTRACT_NAMES else set()
        return "event_date" in told or ("title" in told and name != "items")

    def _is_of_columns(self, start: int) -> bool:
        """Return whether the members of an object are columns: each the values of all rows."""
        try:
            value, _ = self._parse(start)
        except MalformedError:
            return False
        if type(value) is not dict:
            return False
        fields = {self._events.field(name): inner for name, inner in value.items()}
        columns: list[Any] = [fields.get("title"), fields.get("event_date")]
        if all(type(column) is list for column in columns):
            return 1 < len(columns[0]) == len(columns[1])
        if not all(type(column) is dict for column in columns):
            return False
        keys, others = ([*column] for column in columns)
        return bool(keys) and keys == others and all(key.isdecimal() for key in keys)


def _at(place: _Place) -> int:
    return place.at

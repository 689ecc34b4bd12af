"""Finds where in a JSON document the events are: in which array, as members of which object, or alone.

The first of these that a document has:

1. what the uploader's mapping names;
2. an array under a known name in objects of known names, whatever it holds; the members of such an object;
3. the one event that the document is about, alone or in an object of a known name;
4. an empty array under a known name: no rows;
5. under any other name the one array, or the members of the one object, with title, date and place;
6. a single event, where no array has objects with a title and a date.

Where several are alike by these rules, the document is refused. Only the first `SEARCHED_CHARACTERS` of it
are looked at, whatever the chunks in which it comes; what is longer needs a known name, or a mapping.
"""

from typing import Any

from msgspec import Struct

from domain.files.event_members import (
    EventMembers,
    first_objects,
    has_required,
    has_title_and_date,
    holds_others,
)
from domain.files.json_values import MalformedError, ValueParser, after_commas, after_space
from domain.files.nested_members import NAMED_WRAPPERS, beside, unwrapped
from domain.files.no_event_names import is_no_event
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
"""Of arrays that do not read as events, one of these names counts first."""

_NAMES = frozenset((*ARRAY_NAMES, *OTHER_ARRAY_NAMES, *COMMON_ARRAY_NAMES))
_TABLE_NAMES = frozenset((*_NAMES, "values"))
"""An array of lists under one of these names is a table. Sources: Google Sheets, pandas."""

_SAY_NOTHING = _NAMES.union(HOLDER_NAMES, ("list", "lista", "elements", "entries", "nodes", "all"))
"""Names that do not tell what is under them: the one around them does."""

_OF_EVENTS = (("events",), ("eventos",))
"""A single event in an object of one of these names is what the document is about."""

_LEVELS = 3
"""So many objects, one in the other, may be around the array."""

_LEAST_KEYED = 2
"""So many events as members of one object are all meant."""

_VERSIONS = frozenset({"before", "after", "old", "new", "previous", "current"})
"""Names of one event at two times: they are no ids. Sources: Debezium, webhooks of Stripe and Directus."""


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
    """What may hold the events.

    Attributes:
        mode: how it is read; `at`: the index where it begins; `path`: the names that lead to it.
        mapped: how many of the members that the uploader named it has.
        wrapper: the index of the event that it wraps, -1 where it is one itself.
    """

    mode: str
    at: int
    path: tuple[str, ...]
    mapped: int = 0
    wrapper: int = -1

    @property
    def start(self) -> int:
        return self.at if self.mode in ("one", "lines") else self.at + 1

    @property
    def name(self) -> str:
        return self.path[-1] if self.path else ""

    @property
    def is_no_event(self) -> bool:
        """Whether its name is one of what is no event."""
        telling = [name for name in self.path if name not in _SAY_NOTHING]
        return is_no_event(telling[-1:])


class _Members(Struct):
    """What the members of an object were, so far.

    Attributes:
        place: of the object, if its members are the events.
        told: the fields that members are.
        wrapped: the index of the event, where the object is the record of one.
        singles: members that are an event; `keyed`: how many of them have names that are ids.
        objects: how many members are objects.
        has_placed: whether one of the events says itself where it is.
    """

    place: _Place
    told: set[str] = set()
    wrapped: int = -1
    singles: list[_Place] = []
    keyed: int = 0
    objects: int = 0
    has_placed: bool = False

    @property
    def is_map(self) -> bool:
        """Whether the members are events by their ids: all objects, or one that has a place of its own."""
        is_clear = self.is_of_events or self.has_placed
        return self.keyed >= _LEAST_KEYED and is_clear and not has_required(self.told)

    @property
    def is_of_events(self) -> bool:
        return len(self.singles) == self.objects


class _Noted(Struct):
    """What was met on the way.

    Attributes:
        mapped: arrays with an event by the names that the uploader gave.
        named: arrays of objects under one of the names of the contract.
        likely: arrays of objects under one of the other known names.
        known_maps: objects of known names of which two members or more are events.
        primary: the events that the document is about.
        empty: arrays without objects under a known name.
        arrays: those under any other name with an event that has a place.
        maps: objects under any other name of which two members or more are events.
        singles: other single events.
        dated: where arrays begin whose objects have a title and a date.
        tables: arrays of lists.
        told: all that has events: it is told where something else is read.
        beside: names of what has events beside a wrapped one, by the index of the record that holds both.
        has_null: a known name has a null.
    """

    mapped: list[_Place] = []
    named: list[_Place] = []
    likely: list[_Place] = []
    known_maps: list[_Place] = []
    primary: list[_Place] = []
    empty: list[_Place] = []
    arrays: list[_Place] = []
    maps: list[_Place] = []
    singles: list[_Place] = []
    dated: list[_Place] = []
    tables: list[_Place] = []
    told: list[_Place] = []
    beside: dict[int, list[str]] = {}
    has_null: bool = False

    def candidates(self, *, is_whole: bool) -> list[_Place]:
        """Return what reads best as the events; several where it is not clear which of them is meant.

        `is_whole`: all of the document was seen; else an unknown name may not be the only one.
        """
        if self.mapped:
            most = max(place.mapped for place in self.mapped)
            return [place for place in self.mapped if place.mapped == most]
        for places in (self.known_maps, self.named, self.likely):
            if places:
                return [min(places, key=_at)]
        if self.primary or self.empty:
            return self.primary or [min(self.empty, key=_at)]
        if not is_whole:
            return []
        others = [place for place in (*self.arrays, *self.maps) if not place.is_no_event]
        # What is in one of them is found with it.
        if others or self.has_null or not all(place.is_no_event for place in self.dated):
            return others
        return self.singles

    def forget_from(self, at: int) -> None:
        """Forget what is in an object that begins at an index, which turned out to be an event itself."""
        for places in (
            *(self.mapped, self.likely, self.known_maps, self.primary, self.empty),
            *(self.arrays, self.maps, self.singles, self.dated, self.tables, self.told),
        ):
            places[:] = [place for place in places if place.at < at]

    def has_arrays_from(self, at: int) -> bool:
        """Return whether arrays of events are in what begins at an index."""
        places = (*self.mapped, *self.named, *self.arrays, *self.dated, *self.maps, *self.known_maps)
        return any(place.at > at for place in places)

    def others(self, read: _Place) -> list[str]:
        """Return the names of what has events besides; those behind are met when what is read has ended."""
        places = sorted((place for place in self.told if place.at != read.wrapper), key=_at)
        if read.mode != "lines":
            places = [place for place in places if place.at < read.at]
        names = [place.name for place in places] + self.beside.get(read.at, [])
        return [*dict.fromkeys(excerpt(name) for name in names if name)]


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
        self._root: _Members | None = None
        self._parsed: tuple[int, Any, int] = -1, None, -1

    def layout(self, start: int) -> Layout | Problem | None:
        """Return where the events of the object at an index are; None where more of it must be seen."""
        if self._text[start] != "{":
            return Layout("lines", start)
        try:
            found = self._search(start, (), is_known=True)
            places = [found] if found else self._noted.candidates(is_whole=True)
        except MalformedError as error:
            if error.may_be_cut and not (self._is_bound or self._closed):
                return None
            places = self._noted.candidates(is_whole=not self._is_bound)
            if self._is_bound and not places and not (places := self._long_map()):
                return problem("invalid_json.no_array")
        return self._chosen(start, places)

    def _chosen(self, start: int, places: list[_Place]) -> Layout | Problem:
        """Return the layout of what reads best in the object at an index; of several, which they are."""
        noted = self._noted
        if len(places) > 1:
            names = tuple(excerpt(".".join(place.path)) for place in sorted(places, key=_at))
            return problem("invalid_json.several", names=names)
        if (not places or places[0] in noted.empty) and (noted.tables or self._is_of_columns(start)):
            return problem("invalid_json.table")
        if not places:
            return Layout("lines", start)
        place = places[0]
        notes = {"array": excerpt(place.name)} if place.mode != "lines" else {}
        if others := noted.others(place):
            notes["others"] = "\n".join(others)
        return Layout(place.mode, place.start, notes)

    def _long_map(self) -> list[_Place]:
        """Return the object of which not all was seen, if so far its members are events by their ids."""
        root = self._root
        is_map = root is not None and root.is_map and root.is_of_events
        return [root.place] if root and is_map and not self._noted.has_arrays_from(root.place.at) else []

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

    def _search(self, start: int, path: tuple[str, ...], *, is_known: bool) -> _Place | None:
        """Return the array of events in an object, where its name says so; note what may be instead.

        Args:
            start: where the object begins.
            path: the names that lead to it.
            is_known: all of these are names of holders: an array in it is taken by its name.
        """
        text = self._text
        members = _Members(_Place("inner map" if path else "map", start, path))
        self._root = self._root or members
        at = after_space(text, start + 1)
        while text[at : at + 1] == '"' and (member := self._member(at)):
            name, at = member
            inner, found = (*path, name), None
            if text[at : at + 1] == "[":
                found = self._array(inner, at, members.told, is_known=is_known)
            elif text[at : at + 1] == "{" and len(path) < _LEVELS and not has_title_and_date(members.told):
                is_holder = is_known and name in HOLDER_NAMES
                if is_holder or not self._is_single_at(at):
                    found = self._search(at, inner, is_known=is_holder)
            if found:
                return found
            value, end = self._parse(at)
            self._note(members, _Place("one", at, inner), value, is_known=is_known)
            at = after_commas(text, end)
        self._expect_more(at)
        self._conclude(members, start, is_known=is_known)
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

    def _note(self, members: _Members, place: _Place, value: Any, *, is_known: bool) -> None:
        """Note a member: an event, or a field of what may be one itself."""
        name, noted = place.name, self._noted
        field = self._events.field(name)
        is_object = type(value) is dict
        members.objects += is_object
        noted.has_null |= value is None and is_known and name in (*ARRAY_NAMES, *OTHER_ARRAY_NAMES)
        if self._events.is_single(value):
            wrappers = [name for name in NAMED_WRAPPERS if type(value.get(name)) is dict]
            is_other = is_no_event((*place.path, *wrappers))
            noted.told += [place] if self._events.is_whole(value) and not is_other else []
            self._note_beside(place, value)
            if unwrapped({name: value}) is value:
                members.wrapped = place.at if members.wrapped < 0 else members.wrapped
                return
            if is_known and (name in HOLDER_NAMES or place.path[-2:-1] in _OF_EVENTS):
                self._note_primary(place)
            if is_other:
                return
            # One that has others in it is not the only one.
            noted.dated += [place] if self._events.lists_events(value) else []
            members.singles.append(place)
            members.has_placed |= self._events.is_placed(value)
            # Such keys are ids; a member that is a field is one of a record.
            members.keyed += not field and name.lower() not in _VERSIONS
            if members.keyed == _LEAST_KEYED and is_known and members.place.path:
                noted.known_maps.append(members.place)
        elif field and value is not None and not (is_object and name in HOLDER_NAMES):
            members.told |= set() if holds_others(name, value) else {field}

    def _note_beside(self, record: _Place, value: dict[str, Any]) -> None:
        """Note what has events beside the one that a record holds."""
        event = unwrapped(value)
        others = beside(value, event).items() if event is not value else ()
        if names := [
            name for name, one in others if self._events.has_events(one, is_other=is_no_event([name]))
        ]:
            self._noted.beside[record.at] = names

    def _note_primary(self, place: _Place) -> None:
        """Note the event that the document is about: met as a record, it is not noted again as a member."""
        if all(one.at != place.at for one in self._noted.primary):
            self._noted.primary.append(place)

    def _conclude(self, members: _Members, start: int, *, is_known: bool) -> None:
        """Note what an object is, once all of its members are known."""
        noted, place = self._noted, members.place
        if members.wrapped >= 0 and is_known:
            self._conclude_record(members, start)
            return
        if has_title_and_date(members.told):
            noted.forget_from(place.at)
            return
        is_map = members.is_map and not noted.has_arrays_from(place.at)
        if place in noted.known_maps and not is_map:
            noted.known_maps.remove(place)
        if is_map and not (is_known and place.path):
            noted.maps.append(place)
        if is_map:
            noted.primary = [one for one in noted.primary if one not in members.singles]
        if is_map and place.path:
            # The name of all of them tells of each.
            noted.told = [one for one in noted.told if one not in members.singles] + [place]
        if not is_map:
            noted.singles += members.singles

    def _conclude_record(self, members: _Members, start: int) -> None:
        """Note the event of a record that holds it, with what stands beside it, or alone."""
        place = members.place
        if self._events.is_single(self._parse(start)[0]):
            mode = "one" if place.path else "lines"
            self._note_primary(_Place(mode, start, place.path, wrapper=members.wrapped))
        else:
            self._note_primary(_Place("one", members.wrapped, place.path))

    def _array(self, path: tuple[str, ...], at: int, told: set[str], *, is_known: bool) -> _Place | None:
        """Return an array at an index if it is that of the events by its name; note what it may be."""
        text, noted, name = self._text, self._noted, path[-1]
        inner = after_space(text, at + 1)
        self._expect_more(inner)
        place, is_in_event = _Place("inner", at, path), has_title_and_date(told)
        may_hold = is_known and (name in ARRAY_NAMES or (name in _NAMES and not is_in_event))
        if text[inner] == "]":
            is_no_field = name in ARRAY_NAMES or "title" not in told
            noted.empty += [place] if may_hold and is_no_field else []
        elif text[inner] == "[" and not is_in_event:
            noted.tables += [place] if name in _TABLE_NAMES else []
        elif text[inner] == "{" and may_hold and name not in COMMON_ARRAY_NAMES:
            (noted.named if name in _CONTRACT_NAMES else noted.likely).append(place)
        # Whatever follows the first object, and how much: it is not waited for.
        firsts = [*first_objects([self._parse(inner)[0]])] if text[inner] == "{" else []
        if may_hold and self._is_taken(name, firsts):
            return place
        try:
            objects = [*first_objects(self._parse(at)[0])]
        except MalformedError:
            self._note_array(place, [] if is_in_event else firsts)
            raise
        if may_hold and self._is_taken(name, objects):
            return place
        self._note_array(place, [] if is_in_event else objects)
        return None

    def _is_taken(self, name: str, objects: list[dict[str, Any]]) -> bool:
        """Return whether one of the objects of an array under a known name is an event."""
        if any(self._events.reads(one, of_array=True) for one in objects):
            return True
        if name not in _CONTRACT_NAMES:
            return False
        # The first event may lack what it must have: it is refused, and the array not passed over.
        told = self._events.told(objects[0]) if objects else set()
        return "event_date" in told or ("title" in told and name != "items")

    def _note_array(self, place: _Place, objects: list[dict[str, Any]]) -> None:
        """Note what an array may be whose name does not say that it is that of the events."""
        noted, events = self._noted, self._events
        if mapped := max(map(events.mapped, objects), default=0):
            noted.mapped.append(_Place(place.mode, place.at, place.path, mapped))
        elif any(events.is_whole(one, of_array=True) for one in objects):
            noted.arrays.append(place)
        if any(events.is_single(one, of_array=True) for one in objects):
            noted.dated.append(place)
        if events.has_events(objects):
            noted.told.append(place)

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

"""Finds where in a JSON document the events are: in which array, as members of which object, or alone.

The first of these that a document has:

1. what the uploader's mapping names;
2. an array under a known name in objects of known names, whatever it holds; the members of such an object;
3. the one event that the document is about, alone or in an object of a known name;
4. an empty array under a known name: no rows;
5. under any other name the one array, or the members of the one object, with title, date and place;
6. a single event, where no array has objects with a title and a date.

Where several are alike by these rules, or a single event has an array of events under a known name, the
document is refused. Only the first `SEARCHED_CHARACTERS` of it are looked at, whatever the chunks in which it
comes; what is longer needs a known name, or a mapping.
"""

from collections.abc import Iterable
from typing import Any

from msgspec import Struct

from domain.files.event_members import (
    LEVELS,
    EventMembers,
    first_objects,
    has_required,
    has_title_and_date,
    holds_others,
)
from domain.files.json_candidates import Candidates, LayoutMode, Place, Role, position
from domain.files.json_names import (
    ARRAY_NAMES,
    COMMON_ARRAY_NAMES,
    HOLDER_NAMES,
    KNOWN_NAMES,
    NAMES_OF_ONE,
    NULL_NAMES,
    TABLE_NAMES,
    VERSIONS,
)
from domain.files.json_values import MalformedError, ValueParser, after_commas, after_space
from domain.files.nested_members import NAMED_WRAPPERS, beside, unwrapped
from domain.files.no_event_names import is_no_event
from domain.problems import Problem, excerpt, problem

SEARCHED_CHARACTERS = 1024 * 1024

_LEAST_KEYED = 2
"""So many events as members of one object are all meant."""

_BY_NAME = EventMembers()


class Layout(Struct, frozen=True):
    """Where the events are.

    Attributes:
        mode: how they are read.
        start: the index after the bracket of the array or the object; else that of the event.
        beside: `array`: the name of what is read; `others`: the names of what else before it has events.
    """

    mode: LayoutMode
    start: int
    beside: dict[str, str] = {}


class _Searched(Struct):
    """An object that is searched, and what its members were, so far.

    Attributes:
        place: of the object, if its members are the events.
        is_known: all names that lead to it are those of holders: an array in it is taken by its name.
        since: how many candidates were met before it.
        told: the fields that members are; `is_told`: of all members, also of those that follow.
        wrapped: the index of the event, where the object is the record of one.
        singles: members that are an event; `keyed`: how many of them have names that are ids.
        objects: how many members are objects.
        has_placed: whether one of the events says itself where it is.
    """

    place: Place
    is_known: bool
    since: int
    told: set[str] = set()
    is_told: bool = False
    wrapped: int = -1
    singles: list[Place] = []
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
        """Whether all objects among the members are events."""
        return len(self.singles) == self.objects


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
        self._found = Candidates()
        self._primary: set[int] = set()
        # Names of what has events beside a wrapped one, by the index of the record that holds both.
        self._beside: dict[int, list[str]] = {}
        # Arrays under known names, by the index of the object around them.
        self._arrays: dict[tuple[int, str], Place] = {}
        self._has_null = False
        self._root: _Searched | None = None
        self._parsed: tuple[int, Any, int] = -1, None, -1

    def layout(self, start: int) -> Layout | Problem | None:
        """Return where the events of the object at an index are; None where more of it must be seen."""
        if self._text[start] != "{":
            return Layout("lines", start)
        try:
            found = self._search(start, (), is_known=True)
            places = [found] if found else self._best(is_whole=True)
        except MalformedError as error:
            if self._may_come(error):
                return None
            places = self._best(is_whole=not self._is_bound)
            if self._is_bound and not places and not (places := self._long_map()):
                return problem("invalid_json.no_array")
        return self._chosen(start, places)

    def _best(self, *, is_whole: bool) -> list[Place]:
        return self._found.best(is_whole=is_whole, lacks_known=self._has_null)

    def _chosen(self, start: int, places: list[Place]) -> Layout | Problem:
        """Return the layout of what reads best in the object at an index; of several, which they are."""
        found = self._found
        if len(places) > 1:
            return _several(".".join(place.path) for place in sorted(places, key=position))
        is_empty = not places or places[0] in found.places(Role.EMPTY)
        if is_empty and (found.places(Role.TABLE) or self._is_of_columns(start)):
            return problem("invalid_json.table")
        place = places[0] if places else Place("lines", start, ())
        within: list[str] = []
        if place.mode in ("one", "lines"):
            chosen = self._event_or_array(place)
            if isinstance(chosen, Problem):
                return chosen
            place, within = chosen
        notes = {"array": excerpt(place.name)} if place.mode != "lines" else {}
        names = [*found.told_beside(place), *self._beside.get(place.at, [])] if places else []
        names += within
        if others := [*dict.fromkeys(excerpt(name) for name in names if name)]:
            notes["others"] = "\n".join(others)
        return Layout(place.mode, place.start, notes)

    def _event_or_array(self, event: Place) -> tuple[Place, list[str]] | Problem:
        """Return which is read, an event or an array of events that it has under a known name.

        Either may be meant, and the other is lost: only the uploader's mapping tells. Behind it the names of
        the arrays that are not read. An event that ends beyond the bound, or is malformed, is read alone.
        """
        try:
            value, _ = self._parse(event.at)
        except MalformedError:
            return event, []
        fields = self._events.fields(value)
        if not fields.is_single:
            return event, []
        own = unwrapped(value)
        arrays = {name: one for name, one in own.items() if name in KNOWN_NAMES and type(one) is list and one}
        mapped = {
            name: count for name, one in arrays.items() if (count := _mapped_of(self._events, one)) >= 0
        }
        # What has events by known names only is not meant where the mapping has others, but told.
        others = [name for name, one in arrays.items() if _mapped_of(_BY_NAME, one) >= 0]
        most = max([fields.mapped_count, *mapped.values()])
        meant = [name for name, count in mapped.items() if count == most]
        if not meant:
            return event, [*dict.fromkeys([*mapped, *others])]
        array = self._arrays.get((event.at, meant[0]))
        if len(meant) > 1 or fields.mapped_count == most or array is None:
            called = ".".join(event.path) or self._title(own)
            return _several([called, *(".".join((*event.path, name)) for name in mapped)])
        return array, [name for name in dict.fromkeys([*mapped, *others]) if name != meant[0]]

    def _title(self, event: dict[str, Any]) -> str:
        """Return the title of an event, for what has no name."""
        titles = (one for name, one in event.items() if one and self._events.field(name) == "title")
        return excerpt(next(titles, ""))

    def _long_map(self) -> list[Place]:
        """Return the object of which not all was seen, if so far its members are events by their ids."""
        root = self._root
        is_map = root is not None and root.is_map and root.is_of_events
        return [root.place] if root and is_map and not self._has_arrays(root) else []

    def _has_arrays(self, searched: _Searched) -> bool:
        return self._found.has_arrays(searched.since, searched.place)

    @property
    def _is_bound(self) -> bool:
        return len(self._text) - self._begin > SEARCHED_CHARACTERS

    def _may_come(self, error: MalformedError) -> bool:
        """Return whether what is missing may come, and is looked at then."""
        return error.may_be_cut and not (self._is_bound or self._closed)

    def _parse(self, at: int) -> tuple[Any, int]:
        """Return a value and its end. Whatever the chunks, what ends beyond the bound was not seen."""
        if at == self._parsed[0]:
            return self._parsed[1:]
        value, end = self._parser.parse(self._text, at)
        if end - self._begin > SEARCHED_CHARACTERS:
            raise MalformedError(self._text, len(self._text), ValueError("beyond the bound"))
        self._parsed = at, value, end
        return value, end

    def _search(self, start: int, path: tuple[str, ...], *, is_known: bool) -> Place | None:
        """Return the array of events in an object, where its name says so; note what may be instead.

        Args:
            start: where the object begins.
            path: the names that lead to it.
            is_known: all of these are names of holders.
        """
        text = self._text
        place = Place("inner map" if path else "map", start, path)
        searched = _Searched(place, is_known, len(self._found))
        self._root = self._root or searched
        at = after_space(text, start + 1)
        while text[at : at + 1] == '"' and (member := self._member(at)):
            name, at = member
            found = None
            if text[at : at + 1] == "[":
                found = self._array(searched, name, at)
            elif text[at : at + 1] == "{" and len(path) < LEVELS and not self._is_event(searched):
                is_holder = is_known and name in HOLDER_NAMES
                if is_holder or not self._is_single_at(at):
                    found = self._search(at, (*path, name), is_known=is_holder)
            if found:
                return found
            value, end = self._parse(at)
            self._note(searched, Place("one", at, (*path, name)), value)
            at = after_commas(text, end)
        self._expect_more(at)
        self._conclude(searched)
        return None

    def _told(self, searched: _Searched) -> set[str]:
        """Return the fields that the members of an object are: of all of them, in whatever order they come.

        Only of one that ends beyond the bound, or is malformed, they are those of the members so far.
        Raises `MalformedError` where its end may come.
        """
        if not searched.is_told:
            try:
                value, _ = self._parse(searched.place.at)
            except MalformedError as error:
                if self._may_come(error):
                    raise
            else:
                members = value if type(value) is dict else {}
                fields = (self._field(name, value) for name, value in members.items())
                searched.told.update(field for field in fields if field)
            searched.is_told = True
        return searched.told

    def _is_event(self, searched: _Searched) -> bool:
        return has_title_and_date(self._told(searched))

    def _field(self, name: str, value: Any) -> str | None:
        """Return the field that a member is, where it holds no events instead."""
        field = self._events.field(name)
        if not field or value is None or holds_others(name, value):
            return None
        is_holder = type(value) is dict and (name in HOLDER_NAMES or self._events.fields(value).is_single)
        return None if is_holder else field

    def _is_single_at(self, at: int) -> bool:
        """Return whether the object at an index is an event; False while its end is to come."""
        try:
            return self._events.fields(self._parse(at)[0]).is_single
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

    def _note(self, searched: _Searched, place: Place, value: Any) -> None:
        """Note a member: an event, or a field of what may be one itself."""
        name = place.name
        searched.objects += type(value) is dict
        self._has_null |= value is None and searched.is_known and name in NULL_NAMES
        fields = self._events.fields(value)
        if not fields.is_single:
            field = self._field(name, value)
            searched.told |= {field} if field else set()
            return
        wrappers = [name for name in NAMED_WRAPPERS if type(value.get(name)) is dict]
        is_other = is_no_event((*place.path, *wrappers))
        if fields.is_whole and not is_other:
            self._found.add(place, Role.TOLD)
        self._note_beside(place, value)
        if unwrapped({name: value}) is value:
            searched.wrapped = place.at if searched.wrapped < 0 else searched.wrapped
            return
        if searched.is_known and (name in HOLDER_NAMES or place.path[-2:-1] in NAMES_OF_ONE):
            self._note_primary(place)
        if is_other:
            return
        # One that has others in it is not the only one.
        if self._events.lists_events(value):
            self._found.add(place, Role.DATED)
        searched.singles.append(place)
        searched.has_placed |= fields.is_placed
        # Such keys are ids; a member that is a field is one of a record.
        searched.keyed += not self._events.field(name) and name.lower() not in VERSIONS
        if searched.keyed == _LEAST_KEYED and searched.is_known and searched.place.path:
            self._found.add(searched.place, Role.KNOWN_MAP)

    def _note_beside(self, record: Place, value: dict[str, Any]) -> None:
        """Note what has events beside the one that a record holds."""
        event = unwrapped(value)
        others = beside(value, event).items() if event is not value else ()
        if names := [name for name, one in others if self._events.has_events(one, name)]:
            self._beside[record.at] = names

    def _note_primary(self, place: Place) -> None:
        """Note the event that the document is about: met as a record, it is not noted again as a member."""
        if place.at not in self._primary:
            self._primary.add(place.at)
            self._found.add(place, Role.PRIMARY)

    def _conclude(self, searched: _Searched) -> None:
        """Note what an object is, once all of its members are known."""
        found, place, since = self._found, searched.place, searched.since
        if searched.wrapped >= 0 and searched.is_known:
            self._conclude_record(searched)
            return
        if has_title_and_date(searched.told):
            found.forget(since, place)
            return
        if not (searched.is_map and not self._has_arrays(searched)):
            found.drop(since, [place], Role.KNOWN_MAP)
            for single in searched.singles:
                found.add(single, Role.SINGLE)
            return
        if not (searched.is_known and place.path):
            found.add(place, Role.MAP)
        if place.path:
            # The name of all of them tells of each.
            found.drop(since, searched.singles, Role.PRIMARY, Role.TOLD)
            found.add(place, Role.TOLD)
        else:
            found.drop(since, searched.singles, Role.PRIMARY)

    def _conclude_record(self, searched: _Searched) -> None:
        """Note the event of a record that holds it, with what stands beside it, or alone."""
        start, path = searched.place.at, searched.place.path
        if self._events.fields(self._parse(start)[0]).is_single:
            self._note_primary(Place("one" if path else "lines", start, path, wrapper=searched.wrapped))
        else:
            self._note_primary(Place("one", searched.wrapped, path))

    def _array(self, searched: _Searched, name: str, at: int) -> Place | None:
        """Return an array at an index if it is that of the events by its name; note what it may be."""
        text = self._text
        inner = after_space(text, at + 1)
        self._expect_more(inner)
        place = Place("inner", at, (*searched.place.path, name))
        if name in KNOWN_NAMES:
            self._arrays[searched.place.at, name] = place
        may_hold = searched.is_known and (
            name in ARRAY_NAMES or (name in KNOWN_NAMES and not self._is_event(searched))
        )
        if text[inner] == "{" and may_hold and name not in COMMON_ARRAY_NAMES:
            self._found.add(place, Role.NAMED if name in ARRAY_NAMES else Role.LIKELY)
        # Whatever follows the first object, and how much: it is not waited for.
        firsts = [*first_objects([self._parse(inner)[0]])] if text[inner] == "{" else []
        if may_hold and self._is_taken(name, firsts):
            return place
        is_in_event = self._is_event(searched)
        if text[inner] == "]" and may_hold and (name in ARRAY_NAMES or "title" not in searched.told):
            self._found.add(place, Role.EMPTY)
        elif text[inner] == "[" and not is_in_event and name in TABLE_NAMES:
            self._found.add(place, Role.TABLE)
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
        if any(self._events.fields(one, in_array=True).reads for one in objects):
            return True
        if name not in ARRAY_NAMES:
            return False
        # The first event may lack what it must have: it is refused, and the array not passed over.
        told = self._events.told(objects[0]) if objects else set()
        return "event_date" in told or ("title" in told and name != "items")

    def _note_array(self, place: Place, objects: list[dict[str, Any]]) -> None:
        """Note what an array may be whose name does not say that it is that of the events."""
        fields = [self._events.fields(one, in_array=True) for one in objects]
        roles = [Role.TOLD] if self._events.has_events(objects) else []
        if any(one.is_single for one in fields):
            roles.append(Role.DATED)
        mapped = max((one.mapped_count for one in fields), default=0)
        if not mapped and any(one.is_whole for one in fields):
            roles.append(Role.ARRAY)
        self._found.add(place, *roles)
        if mapped:
            self._found.add(Place(place.mode, place.at, place.path, mapped), Role.MAPPED)

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


def _several(paths: Iterable[str]) -> Problem:
    return problem("invalid_json.several", names=tuple(map(excerpt, paths)))


def _mapped_of(events: EventMembers, values: list[Any]) -> int:
    """Return how many members that the uploader named an array's events have; -1 of one without events.

    Those have both a title and a date: with less, people and results would be events by a default.
    """
    fields = map(events.fields, first_objects(values))
    return max((one.mapped_count for one in fields if has_title_and_date(one.told)), default=-1)

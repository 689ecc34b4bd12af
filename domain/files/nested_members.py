"""Objects within the events of other programs as plain members: the name of a place, its city, a start.

Sources: schema.org's Event and Place; the APIs of Google Calendar, Outlook, Eventbrite, Meetup, Sympla,
Ticketmaster, Mobilizon and The Events Calendar; the open data of Madrid. Wrappers: GeoJSON (RFC 7946),
JSON:API, ArcGIS, Airtable, GraphQL cursor connections, Elasticsearch.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from html import unescape
from typing import Any

from msgspec import Struct

from domain.dates.written import read_written
from domain.files.member_values import is_no_number
from domain.files.named_zones import NamedZones
from domain.problems import sendable
from domain.rows.memory import remember
from domain.rows.names import EITHER, LOCATION_NAME, column_key, meaning

_ZONE = ("time_zone", "timezone", "tz", "fuso_horario")
_WALL_CLOCK = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d([.,]\d+)?)?", re.ASCII)
_MIDNIGHT = re.compile(r"[Tt ]00:00(:00([.,]0+)?)?")
_WHOLE_DAY = re.compile(r"(\d{4}-\d\d-\d\d)[T ]00:00(:00([.,]0+)?)?(Z|[+-]00:?00)?", re.ASCII)
_ALL_DAY = ("isAllDay", "is_all_day", "allDay", "all_day")
_NAME = ("name", "display_name", "nome", "nombre", "title", "venue")
_STREET = (
    "street_address",
    "address.street_address",
    "address.localized_address_display",
    "address.address_1",
    "address_1",
    "address.line1",
    "area.street_address",
    "address",
    "endereco",
    "direccion",
    "street",
    "location.street",
)
_HOLD_OTHERS = frozenset({"address", "endereco", "direccion", "location"})
"""Objects of these names are no text themselves: further paths lead to what is in them."""

_TEXTS = ("name", "nome", "nombre", "text", "value")
"""What an object stands for where a text is expected: schema.org's City, a value of JSON-LD."""

_CAPACITY = ("capacity", "capacidade", "maximum_attendee_capacity")
_CITY = tuple(
    f"{way}{name}"
    for way in ("", "address.", "endereco.", "direccion.", "location.", "area.")
    for name in ("city", "cidade", "ciudad", "address_locality", "locality", "municipio", "town", "city.name")
)
_WHERE = frozenset(
    (
        *("address", "street_address", "endereco", "direccion", "area", "district"),
        *("postal_code", "zip", "zip_code", "cep", "address_region", "region", "state", "estado"),
        *("address_country", "country", "pais", "geo", "coordinates", "latitude", "longitude"),
        *("lat", "lng", "lon", "map", "has_map", "url", "link"),
    )
)
"""Members that say where a place is, or under which address of the web, and not which one it is."""

_OF_NAMES = re.compile(r"name|nome|nombre|title|label")
_OF_VENUES = frozenset({"capacity", "venue_type", "is_accessible", "past_events", "manually_edited"})
"""Members of a venue in our own form: one that lacks its name is refused, and not passed over."""

_PERSON = ("name", "display_name", "full_name", "nome", "nombre", "email_address.name")
_WRAPPERS = ("properties", "attributes", "fields", "node", "_source")
"""Under one of these names a record that says nothing of an event itself holds the event."""

NAMED_WRAPPERS = ("event", "evento", "item", "document", "doc")
"""Likewise, where what it holds has a title or a date. Sources: Localist, schema.org's ListItem, Typesense,
CouchDB."""

_ALL_WRAPPERS = frozenset((*_WRAPPERS, *NAMED_WRAPPERS))

_RENDERED = "rendered"
"""What WordPress made of a text: letters may stand in it as HTML writes them."""

_WRITES_HTML = frozenset({"global_id", "rest_url"})
"""Members by which objects of The Events Calendar are known: all of their texts are HTML."""

_EMBEDDED = "_embedded"
"""Resources under this name are members like the others. Source: draft-kelly-json-hal-11 §4.1.2."""

_ONE_OF = {"venues": "venue", "locations": "location", "places": "place"}
"""Names of lists; of a list of one, that one is meant."""


class _Kind(Struct, frozen=True):
    """What an object of a known name is.

    Attributes:
        itself: paths to the member that says what the object stands for, the best first.
        name: paths to the name of the place, without which there are no further parts but the city.
        parts: name of a further part -> paths to it.
        clock: paths to the time of day, where the rest leads to moments and dates.
        has_zone: it may say in which time zone it is.
    """

    itself: tuple[str, ...]
    name: tuple[str, ...] = ()
    parts: Mapping[str, tuple[str, ...]] = {}
    clock: tuple[str, ...] = ()
    has_zone: bool = False


_MOMENTS = (
    *("date_time", "datetime", "local", "local_date_time", "iso"),
    *("local_date", "date", "data", "fecha", "utc", "value"),
)
_CLOCK = ("time", "local_time", "hora", "horario")
_START = _Kind(_MOMENTS, clock=_CLOCK, has_zone=True)
_DATES = _Kind(
    (),
    parts={"start": tuple(f"start.{name}" for name in _MOMENTS)},
    clock=tuple(f"start.{name}" for name in _CLOCK),
)
_TITLE = _Kind(("text", "rendered", "value", "plain"))
_DESCRIPTION = _Kind(("text", "plain", "value", "rendered"))
_PLACE = _Kind(_NAME, _NAME, {"city": _CITY, "address": _STREET, "capacity": _CAPACITY})
_ADDRESS = _Kind(_STREET, _NAME, {"city": _CITY, "name": _NAME, "capacity": _CAPACITY})
_KINDS = {
    **dict.fromkeys(("start", "starts", "begin", "inicio", "comienzo"), _START),
    "dates": _DATES,
    **dict.fromkeys(("name", "title", "titulo", "nome", "summary"), _TITLE),
    **dict.fromkeys(("description", "descricao", "descripcion"), _DESCRIPTION),
    **dict.fromkeys(("location", "venue", "place", "local", "lugar", "recinto"), _PLACE),
    **dict.fromkeys(("address", "endereco", "direccion", "physical_address"), _ADDRESS),
}
_VALUE = _Kind(_TEXTS)
_VALUES = frozenset({"title", "description", "event_time", "city", "local_info.capacity"})
"""Fields that are one text or number, which may be told as an object, or as a list of one."""

_OF_PLACE = frozenset({"local_info", "local_info.address", "local_info.capacity", LOCATION_NAME})
"""Fields that say which place it is, or how it is."""

_FIELDS = {
    "city": "city",
    "name": LOCATION_NAME,
    "address": "local_info.address",
    "capacity": "local_info.capacity",
    "start": "event_date",
}
"""The field of a part, by its name."""


class PlainMembers:
    """Reads the members of records, with what known objects stand for in their place."""

    def __init__(self) -> None:
        self._zones = NamedZones()
        self._kinds: dict[str, _Kind | None] = {}

    def read(self, members: dict[str, Any]) -> dict[str, Any]:
        """Return plain members.

        `{"location": {"name": "A", "city": "B"}}` becomes `{"location": "A", "location.city": "B"}`. An
        object that is not known, or a venue in our own form, stays as it is. A place that says nothing is
        none, and of a list the one place in it is meant.
        """
        if {dict, list}.isdisjoint(map(type, members.values())):
            return _with_sendable_names(members)
        return _with_sendable_names(self._plain(members))

    def _plain(self, members: dict[str, Any]) -> dict[str, Any]:
        event = unwrapped(members)
        plain = self._own(event)
        if event is not members:
            self._add_beside(plain, self._own(beside(members, event)))
        if members.keys() >= _WRITES_HTML:
            return {name: unescape(found) if type(found) is str else found for name, found in plain.items()}
        return plain

    @staticmethod
    def _add_beside(plain: dict[str, Any], others: Mapping[str, Any]) -> None:
        """Add what stands beside an event that is wrapped, but for what the event says itself."""
        told = {_field_of(name) for name, value in plain.items() if value is not None}
        for name, value in others.items():
            field = _field_of(name)
            # Of another place than the event's own, the city still counts before a default.
            is_of_other = field in _OF_PLACE and LOCATION_NAME in told
            # An object of a place that does not say which is none of this event.
            says_nothing = (
                field == LOCATION_NAME and type(value) in (dict, list) and "location_name" not in value
            )
            if says_nothing or plain.get(name) is not None or (field and field in told) or is_of_other:
                continue
            plain[name] = value

    def _own(self, members: dict[str, Any]) -> dict[str, Any]:
        plain, parts = _with_embedded(members), dict[str, Any]()
        is_all_day = any(plain.get(name) is True for name in _ALL_DAY)
        for name, given in [*plain.items()]:
            kind = self._kind(name) if type(given) in (dict, list) else None
            if kind is None:
                continue
            value = _one_of(given, kind) if type(given) is list else given
            itself, more = value if type(value) is str else None, dict[str, Any]()
            if type(value) is dict and "location_name" not in value:
                itself, more = self._read(kind, value, is_all_day=is_all_day)
            if itself is not None or more:
                plain[name] = itself
                parts.update({f"{name}.{part}": found for part, found in more.items()})
            elif kind.name and (_says_nothing(kind, value) or _is_nameless(kind, value)):
                plain[name] = None
        return plain | {name: found for name, found in parts.items() if name not in plain}

    def _kind(self, name: str) -> _Kind | None:
        """Return what an object of a name is, if that is known."""
        if name in self._kinds:
            return self._kinds[name]
        known = meaning(name)
        field = known.field if known else ""
        kind = _KINDS.get(column_key(name))
        if kind is None and field == "event_date":
            kind = _START
        elif kind is None and known and known.rank > 1 and field in _VALUES:
            kind = _VALUE
        remember(self._kinds, name, kind)
        return kind

    def _read(self, kind: _Kind, value: Mapping[str, Any], *, is_all_day: bool) -> tuple[Any, dict[str, Any]]:
        """Return what an object stands for, None where it does not say, and its parts."""
        reached = _reached(value)
        if kind.name and _first(reached, kind.name) is None:
            city = _city(reached)
            return None, {} if city is None else {"city": city}
        if kind.clock:
            itself = _moment(reached, kind.itself, kind.clock)
            found = {part: _moment(reached, paths, kind.clock) for part, paths in kind.parts.items()}
        else:
            itself = _first(reached, kind.itself)
            found = {part: _first(reached, paths) for part, paths in kind.parts.items()}
            found |= {"city": _city(reached)} if kind.name else {}
        if kind.has_zone:
            day = _WHOLE_DAY.fullmatch(itself.strip()) if is_all_day and type(itself) is str else None
            zone = _first(reached, _ZONE)
            itself = (
                day[1]
                if day
                else itself
                if zone is None or is_no_number(zone)
                else self._in_zone(itself, str(zone))
            )
        return itself, {part: one for part, one in found.items() if one is not None}

    def _in_zone(self, moment: Any, zone: str) -> Any:
        """Return a wall clock's time with its offset; where the zone is unknown, with its name.

        The rule of dates refuses such a name, and tells the date that is before it.
        """
        if type(moment) is not str or not _WALL_CLOCK.fullmatch(moment.strip()):
            return moment
        try:
            offset = self._zones.offset(zone.strip(), datetime.fromisoformat(moment.strip()[:19]))
        except (ValueError, OverflowError):
            return moment  # No such day exists; the rule of dates reports it.
        return f"{moment.strip()}{offset or f' {zone}'}"


def columns_of_parts(names: Sequence[str]) -> dict[str, str]:
    """Return the column of each field that parts of objects have: the first in the file, a part or not."""
    return {field: members[0] for field, members in members_by_field(names).items()}


def members_by_field(names: Sequence[str]) -> dict[str, list[str]]:
    """Return the members of each field that parts of objects have, a part or not, in the file's order."""
    fields = {name: field for name in names if (field := _field(name))}
    of_parts = set(fields.values())
    for name in names:
        known = meaning(name)
        if known and known.rank > 1 and known.field in of_parts:
            fields.setdefault(name, known.field)
    found: dict[str, list[str]] = {}
    for name in names:
        if name in fields:
            found.setdefault(fields[name], []).append(name)
    return found


def _with_sendable_names(members: dict[str, Any]) -> dict[str, Any]:
    """Return members whose names UTF-8 can carry: they are kept from batch to batch."""
    names = "".join(members)
    if names.isascii() or sendable(names) == names:
        return members
    return {sendable(name): value for name, value in members.items()}


def _field(name: str) -> str | None:
    """Return the field of a column that is a part."""
    parent, _, part = name.rpartition(".")
    kind = _KINDS.get(column_key(parent)) if parent else None
    return _FIELDS[part] if kind and part in kind.parts else None


def _field_of(name: str) -> str:
    """Return the field that a member or a part is, "" for none."""
    known = meaning(name)
    field = _field(name) or (known.field if known else "")
    return LOCATION_NAME if field == EITHER else field


def unwrapped(members: dict[str, Any]) -> dict[str, Any]:
    """Return the members of the event that a record holds, or its own."""
    if _ALL_WRAPPERS.isdisjoint(members):
        return members
    named = next((found for name in NAMED_WRAPPERS if _names(found := members.get(name))), None)
    own = _names({name: found for name, found in members.items() if found is not named})
    # A date beside a whole event, such as that of an order, does not make the record one.
    if own and not (own == {"event_date"} and len(_names(named)) > 1):
        return members
    inner = next((found for name in _WRAPPERS if type(found := members.get(name)) is dict), None)
    return inner or named or members


def beside(members: Mapping[str, Any], event: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a record has beside the event that it holds; ids of other programs mean nothing here."""
    return {name: value for name, value in members.items() if value is not event and _field_of(name) != "id"}


def _names(value: Any) -> set[str]:
    """Return which of title and date an object has."""
    known = map(meaning, value) if type(value) is dict else ()
    return {one.field for one in known if one and one.field in ("title", "event_date")}


def _with_embedded(members: dict[str, Any]) -> dict[str, Any]:
    """Return a copy of members, with those under `_embedded` among them, and lists of one as that one."""
    plain = dict(members)
    if type(embedded := plain.get(_EMBEDDED)) is dict:
        del plain[_EMBEDDED]
        plain |= {name: found for name, found in embedded.items() if name not in plain}
    for several, one in _ONE_OF.items():
        found = plain.get(several)
        if type(found) is list and len(found) == 1 and type(found[0]) is dict and one not in plain:
            plain[one] = plain.pop(several)[0]
    return plain


def name_of(person: Mapping[str, Any]) -> Any:
    """Return the name of somebody who is an object, None where it has none."""
    return _first(_reached(person), _PERSON)


def _reached(value: Mapping[str, Any]) -> dict[str, Any]:
    """Return what paths of one member or two lead to."""
    reached = {column_key(member): inner for member, inner in value.items()}
    for member, inner in [*reached.items()]:
        if type(inner) is dict:
            reached.update((f"{member}.{column_key(one)}", deeper) for one, deeper in inner.items())
    return reached


def _first(reached: Mapping[str, Any], paths: Sequence[str]) -> Any:
    """Return the first text or number that a path leads to."""
    for path in paths:
        value = reached.get(path)
        if value is None or (type(value) is dict and path in _HOLD_OTHERS):
            continue
        if (told := _told(value)) is not None:
            return unescape(told) if path == _RENDERED and type(told) is str else told
        if type(value) is list and paths is _STREET and all(type(line) is str for line in value):
            return ", ".join(line.strip() for line in value if line.strip()) or None
    return None


def _told(value: Any) -> Any:
    """Return a text or number, or the one that a list or an object stands for; None for anything else."""
    if type(value) is list and len(value) == 1:
        value = value[0]
    if type(value) is dict:
        named = {column_key(name): inner for name, inner in value.items()}
        value = next((inner for name in _TEXTS if type(inner := named.get(name)) is str), None)
    is_told = (type(value) is str and value.strip()) or type(value) in (int, float)
    return value if is_told else None


def _city(reached: Mapping[str, Any]) -> Any:
    """Return the city; of several the list, which the row is refused for rather than given a default."""
    several = (city for path in _CITY if type(city := reached.get(path)) is list and len(city) > 1)
    city = _first(reached, _CITY)
    return next(several, None) if city is None else city


def _moment(reached: Mapping[str, Any], paths: Sequence[str], clock: Sequence[str]) -> Any:
    """Return the first moment that a path leads to, or the first date with the time of day beside it."""
    told = [found for path in paths if (found := _told(reached.get(path))) is not None]
    time = _first(reached, clock)
    for text in told:
        written = read_written(text) if type(text) is str else None
        # A midnight is none where the time of day is in a member of its own.
        if written and written.clock and not (time is not None and written.clock.is_midnight):
            return text
    if not told or type(told[0]) is not str or type(time) is not str:
        return told[0] if told else None
    day = told[0].strip()
    midnight = _MIDNIGHT.search(day)
    return f"{day[: midnight.start()] if midnight and midnight.end() == len(day) else day} {time.strip()}"


def _one_place(places: list[Any]) -> Any:
    """Return the one place of a list, None of one without any; the list where it cannot be told."""
    told = [place for place in places if not _is_empty(place)]
    real = [place for place in told if not _is_virtual(place)]
    if not real:
        return told[0] if told else None
    return real[0] if len(real) == 1 and type(real[0]) in (dict, str) else places


def _is_virtual(place: Any) -> bool:
    """Return whether a place is one of the web. Source: schema.org's VirtualLocation."""
    return type(place) is dict and place.get("@type") == "VirtualLocation"


def _one_of(values: list[Any], kind: _Kind) -> Any:
    """Return the one value of a list; the list where there are several."""
    if kind.name:
        return _one_place(values)
    return values[0] if len(values) == 1 and kind in (_START, _VALUE) else values


def _says_nothing(kind: _Kind, place: Any) -> bool:
    """Return whether all that could say which place it is, is empty."""
    if _is_empty(place) or type(place) is not dict or "location_name" in place:
        return _is_empty(place)
    paths = (*kind.itself, *kind.name, *(path for part in kind.parts.values() for path in part))
    known = {path.partition(".")[0] for path in paths}
    told = [value for name, value in place.items() if column_key(name) in known]
    return bool(told) and all(map(_is_empty, told))


def _is_nameless(kind: _Kind, place: Any) -> bool:
    """Return whether a place says where it is, and has no name by any word: it makes no venue."""
    if type(place) is not dict or "location_name" in place:
        return False
    told = {column_key(name) for name, value in place.items() if not _is_empty(value)}
    names = {path for path in kind.name if "." not in path}
    return (
        (not told.isdisjoint(_WHERE) or _is_virtual(place))
        and told.isdisjoint(names | _OF_VENUES)
        and not any(map(_OF_NAMES.search, told))
    )


def _is_empty(value: Any, deepest: int = 4) -> bool:
    """Return whether nothing is in a value; what is nested deeper than any place counts as something."""
    if type(value) in (dict, list):
        inner = value.values() if type(value) is dict else value
        return all(deepest > 0 and _is_empty(each, deepest - 1) for each in inner)
    return value is None or is_no_number(value) or (type(value) is str and not value.strip())

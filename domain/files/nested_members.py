"""Objects within the events of other programs as plain members: the name of a place, its city, a start.

Sources: schema.org's Event and Place; the APIs of Google Calendar, Outlook, Eventbrite, Meetup, Sympla,
Ticketmaster, Mobilizon and The Events Calendar. Wrappers: GeoJSON (RFC 7946), JSON:API, ArcGIS, Airtable,
GraphQL cursor connections, Elasticsearch.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct

from domain.files.named_zones import NamedZones
from domain.rows.names import LOCATION_NAME, column_key, meaning

_ZONE = ("time_zone", "timezone", "tz", "fuso_horario")
_WALL_CLOCK = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d([.,]\d+)?)?", re.ASCII)
_NAME = ("name", "display_name", "nome", "nombre", "title", "venue")
_STREET = (
    "street_address",
    "address.street_address",
    "address.localized_address_display",
    "address.address_1",
    "address_1",
    "address.line1",
    "address",
    "endereco",
    "direccion",
    "street",
)
_CAPACITY = ("capacity", "capacidade", "maximum_attendee_capacity")
_CITY = tuple(
    f"{way}{name}"
    for way in ("", "address.", "endereco.", "direccion.", "location.")
    for name in ("city", "cidade", "ciudad", "address_locality", "locality", "municipio", "town", "city.name")
)
_PERSON = ("name", "display_name", "full_name", "nome", "nombre", "email_address.name")
_WRAPPERS = ("properties", "attributes", "fields", "node", "_source")
"""Under one of these names a record that says nothing of an event itself holds the event."""

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
        has_zone: it may say in which time zone it is.
    """

    itself: tuple[str, ...]
    name: tuple[str, ...] = ()
    parts: Mapping[str, tuple[str, ...]] = {}
    has_zone: bool = False


_START = _Kind(
    ("date_time", "datetime", "local", "local_date_time", "local_date", "date", "data", "fecha", "utc"),
    has_zone=True,
)
_DATES = _Kind((), parts={"start": ("start.date_time", "start.local_date", "start.date")})
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

    def read(self, members: dict[str, Any]) -> dict[str, Any]:
        """Return plain members.

        `{"location": {"name": "A", "city": "B"}}` becomes `{"location": "A", "location.city": "B"}`. An
        object that is not known, or a venue in our own form, stays as it is.
        """
        if dict not in map(type, members.values()):
            return members
        plain, parts = _with_embedded(unwrapped(members)), dict[str, Any]()
        for name, value in [*plain.items()]:
            if type(value) is dict and value and "location_name" not in value:
                kind = _KINDS.get(column_key(name))
                itself, more = self._read(kind, value) if kind else (None, {})
                if itself is not None or more:
                    plain[name] = itself
                    parts.update({f"{name}.{part}": found for part, found in more.items()})
        return plain | {name: found for name, found in parts.items() if name not in plain}

    def _read(self, kind: _Kind, value: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
        """Return what an object stands for, None where it does not say, and its parts."""
        reached = _reached(value)
        if kind.name and _first(reached, kind.name) is None:
            city = _first(reached, kind.parts["city"])
            return None, {} if city is None else {"city": city}
        found = {part: _first(reached, paths) for part, paths in kind.parts.items()}
        itself = _first(reached, kind.itself)
        if kind.has_zone and (zone := _first(reached, _ZONE)) is not None:
            itself = self._in_zone(itself, str(zone))
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
    fields = {name: field for name in names if (field := _field(name))}
    of_parts = set(fields.values())
    for name in names:
        known = meaning(name)
        if known and known.rank > 1 and known.field in of_parts:
            fields.setdefault(name, known.field)
    return {fields[name]: name for name in reversed(names) if name in fields}


def _field(name: str) -> str | None:
    """Return the field of a column that is a part."""
    parent, _, part = name.rpartition(".")
    kind = _KINDS.get(column_key(parent)) if parent else None
    return _FIELDS[part] if kind and part in kind.parts else None


def unwrapped(members: dict[str, Any]) -> dict[str, Any]:
    """Return the members of the event that a record holds, or its own."""
    if any(known.field in ("title", "event_date") for known in map(meaning, members) if known):
        return members
    inner = next((found for name in _WRAPPERS if type(found := members.get(name)) is dict), None)
    return inner or members


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
        if (type(value) is str and value.strip()) or type(value) in (int, float):
            return value
    return None

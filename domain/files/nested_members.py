"""Objects within the events of other programs as plain members: the name of a place, its city, a start.

Sources: schema.org's Event and Place; the APIs of Google Calendar, Eventbrite, Meetup, Sympla, Mobilizon
and The Events Calendar.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from domain.rows.names import LOCATION_NAME, column_key, meaning

_NAME = ("name", "nome", "nombre", "title", "venue")
_STREET = (
    "street_address",
    "address.street_address",
    "address.localized_address_display",
    "address.address_1",
    "address_1",
    "address",
    "endereco",
    "direccion",
    "street",
)
_CAPACITY = ("capacity", "capacidade", "maximum_attendee_capacity")
_CITY = tuple(
    f"{way}{name}"
    for way in ("", "address.", "endereco.", "direccion.", "location.")
    for name in ("city", "cidade", "ciudad", "address_locality", "locality", "municipio", "town")
)


class _Kind(Struct, frozen=True):
    """What an object of a known name is.

    Attributes:
        itself: paths to the member that says what the object stands for, the best first.
        name: paths to the name of the place, without which there are no further parts but the city.
        parts: name of a further part -> paths to it.
    """

    itself: tuple[str, ...]
    name: tuple[str, ...] = ()
    parts: Mapping[str, tuple[str, ...]] = {}


_START = _Kind(
    ("date_time", "datetime", "local", "local_date_time", "local_date", "date", "data", "fecha", "utc")
)
_TITLE = _Kind(("text", "rendered", "value", "plain"))
_DESCRIPTION = _Kind(("text", "plain", "value", "rendered"))
_PLACE = _Kind(_NAME, _NAME, {"city": _CITY, "address": _STREET, "capacity": _CAPACITY})
_ADDRESS = _Kind(_STREET, _NAME, {"city": _CITY, "name": _NAME, "capacity": _CAPACITY})
_KINDS = {
    **dict.fromkeys(("start", "starts", "begin", "inicio", "comienzo"), _START),
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
}
"""The field of a part, by its name."""


def without_objects(members: dict[str, Any]) -> dict[str, Any]:
    """Return members with what known objects stand for in their place, and behind them their parts.

    `{"location": {"name": "A", "city": "B"}}` becomes `{"location": "A", "location.city": "B"}`. An object
    that is not known, or a venue in our own form, stays as it is.
    """
    if dict not in map(type, members.values()):
        return members
    plain, parts = dict(members), dict[str, Any]()
    for name, value in members.items():
        if type(value) is dict and value and "location_name" not in value:
            kind = _KINDS.get(column_key(name))
            itself, more = _read(kind, value) if kind else (None, {})
            if itself is not None or more:
                plain[name] = itself
                parts.update({f"{name}.{part}": found for part, found in more.items()})
    return plain | {name: found for name, found in parts.items() if name not in plain}


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


def _read(kind: _Kind, value: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
    """Return what an object stands for, None where it does not say, and its parts."""
    reached = {column_key(member): inner for member, inner in value.items()}
    for member, inner in [*reached.items()]:
        if type(inner) is dict:
            reached.update((f"{member}.{column_key(one)}", deeper) for one, deeper in inner.items())
    has_name = not kind.name or _first(reached, kind.name) is not None
    parts = {
        part: found
        for part, paths in kind.parts.items()
        if (has_name or part == "city") and (found := _first(reached, paths)) is not None
    }
    return _first(reached, kind.itself) if has_name else None, parts


def _first(reached: Mapping[str, Any], paths: Sequence[str]) -> Any:
    """Return the first text or number that a path leads to."""
    for path in paths:
        value = reached.get(path)
        if (type(value) is str and value.strip()) or type(value) in (int, float):
            return value
    return None

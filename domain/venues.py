"""Venue, the wire's `local_info`: where an event takes place, and the rules of its members."""

import re
from collections.abc import Callable, Mapping
from difflib import get_close_matches

import msgspec
from msgspec import Struct

from domain.problems import MAX_TOLD, Problem, excerpt
from domain.text import CELL_BYTES, check_characters, check_length, folded, invalid_type, normal, required

MAX_CAPACITY = 2**31 - 1

VENUE_TYPES = (
    "Auditório",
    "Salão",
    "Teatro",
    "Arena",
    "Estádio",
    "Ginásio",
    "Parque",
    "Praça",
    "Centro de Convenções",
    "Casa de Shows",
    "Museu",
    "Escola",
    "Universidade",
    "Igreja",
    "Hotel",
    "Restaurante",
    "Online",
    "Outro",
)
_GROUPED = re.compile(r"[0-9]{1,3}(?:[., \u00a0][0-9]{3})+", re.ASCII)
_BY_FOLDED = {folded(name): name for name in VENUE_TYPES}


class Venue(Struct, frozen=True, gc=False):
    """A place, as stored and as sent. Members in wire order.

    Attributes:
        location_name: 2 to 200 code points.
        capacity: people, 0 to 2**31-1.
        venue_type: one of ``VENUE_TYPES`` or None.
        address: 1 to 300 code points, or None.
    """

    location_name: str
    capacity: int = 1
    venue_type: str | None = None
    is_accessible: bool = False
    address: str | None = None
    past_events: tuple[str, ...] = ()
    manually_edited: bool = False


VENUE_MEMBERS = Venue.__struct_fields__


def parse_venue(members: Mapping[str, object], problems: list[Problem]) -> Venue | None:
    """Return the venue in the members of `local_info`; its problems are added to the list.

    Unknown members are ignored. None when there was any problem.
    """
    before = len(problems)
    values: dict[str, object] = {"location_name": None}
    values.update((name, members[name]) for name in VENUE_MEMBERS if name in members)
    read = {name: _RULES[name](f"local_info.{name}", value, problems) for name, value in values.items()}
    if len(problems) > before:
        return None
    venue = Venue(**read)  # type: ignore[arg-type] # each rule returns its member's type
    if venue.past_events:
        _check_fits_a_cell(venue, problems)
    return venue if len(problems) == before else None


def _check_fits_a_cell(venue: Venue, problems: list[Problem]) -> None:
    """Refuse past events that make a venue too large for the cell of an export. The rest is short."""
    if len(msgspec.json.encode(venue)) > CELL_BYTES:
        field = "local_info.past_events"
        message = f"{field} makes local_info larger than {CELL_BYTES // 1024} KiB"
        problems.append(Problem(field, "too_long", message))


def _location_name(field: str, value: object, problems: list[Problem]) -> str:
    text = _text(field, value, problems) if value is not None else ""
    if text is None:
        return ""
    if not text:
        problems.append(required(field, value))
    elif len(text) < 2:
        message = f"{field} must have at least 2 characters, not {excerpt(text)}"
        problems.append(Problem(field, "too_short", message, excerpt(text)))
    check_length(field, text, 200, problems)
    return text


def _capacity(field: str, value: object, problems: list[Problem]) -> int:
    if isinstance(value, str) and _GROUPED.fullmatch(value):
        # Nobody can tell whether 1.000 is one or a thousand.
        problems.append(invalid_type(field, "an integer in digits alone", value, re.sub(r"\D", "", value)))
    elif isinstance(value, bool) or not isinstance(value, int | float):
        problems.append(invalid_type(field, "an integer", value))
    elif not 0 <= value <= MAX_CAPACITY:
        message = f"capacity must be 0 to {MAX_CAPACITY}, not {excerpt(value)}"
        problems.append(Problem(field, "out_of_range", message, excerpt(value)))
    elif value != int(value):
        problems.append(invalid_type(field, "an integer", value))
    else:
        return int(value)
    return 0


def _venue_type(field: str, value: object, problems: list[Problem]) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str):
        problems.append(invalid_type(field, "text or null", value))
        return None
    name = known_venue_type(value)
    if name is None:
        problems.append(_unknown_venue_type(field, value))
    return name


def known_venue_type(text: str) -> str | None:
    """Return a venue type as it is stored, whatever its case and accents; None when there is no such."""
    return _BY_FOLDED.get(folded(text))


def _unknown_venue_type(field: str, value: str) -> Problem:
    # Cut: the comparison is quadratic in the length of what it is given.
    near = get_close_matches(folded(value[:80]), _BY_FOLDED, n=1, cutoff=0.5)
    suggestion = _BY_FOLDED[near[0]] if near else None
    message = f"{excerpt(value)} is not a venue type; use one of: {', '.join(VENUE_TYPES)}"
    return Problem(field, "unknown_venue_type", message, excerpt(value), suggestion)


def _flag(field: str, value: object, problems: list[Problem]) -> bool:
    if not isinstance(value, bool):
        problems.append(invalid_type(field, "true or false", value))
    return value is True


def _address(field: str, value: object, problems: list[Problem]) -> str | None:
    if value is None:
        return None
    text = _text(field, value, problems)
    if text:
        check_length(field, text, 300, problems)
    return text or None


def _past_events(field: str, value: object, problems: list[Problem]) -> tuple[str, ...]:
    if not isinstance(value, list | tuple):
        problems.append(invalid_type(field, "a list of text", value))
        return ()
    names: list[str] = []
    before = len(problems)
    for index, item in enumerate(value):
        name = _text(f"{field}[{index}]", item, problems)
        if name is not None:
            names.append(name)
        if len(problems) - before >= MAX_TOLD:
            break
    return tuple(names)


def _text(field: str, value: object, problems: list[Problem]) -> str | None:
    """Return trimmed text in normal form, or None and a problem."""
    if not isinstance(value, str):
        problems.append(invalid_type(field, "text", value))
        return None
    check_characters(field, value, problems)
    return normal(value).strip()


_RULES: dict[str, Callable[[str, object, list[Problem]], object]] = {
    "location_name": _location_name,
    "capacity": _capacity,
    "venue_type": _venue_type,
    "is_accessible": _flag,
    "address": _address,
    "past_events": _past_events,
    "manually_edited": _flag,
}

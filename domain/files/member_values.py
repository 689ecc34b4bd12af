"""Converts JSON values of members to cells, and checks their types."""

from collections.abc import Iterator
from math import isfinite
from typing import Any

import msgspec

from domain.dates.wording import invalid, invalid_time
from domain.problems import Problem, excerpt
from domain.rows.names import EITHER
from domain.text import invalid_type, not_texts

_EXPECTED = {
    "event_date": "date_text",
    "event_time": "time_text",
    "participants": "names",
    "local_info": "venue",
    "local_info.capacity": "integer",
    "local_info.is_accessible": "flag",
    "local_info.manually_edited": "flag",
    "local_info.past_events": "texts",
}

_encode = msgspec.json.Encoder().encode


def cell_text(name: str | None, value: Any) -> tuple[str, list[Problem]]:
    """Return a value that is not a string as cell text, with the problems of wrong types.

    `name` is the field of the member, if any. A text is read as a cell of a CSV; a number, true and
    false by the rules of JSON.
    """
    problems: list[Problem] = []
    if name == "participants" and isinstance(value, list):
        problems = not_texts(name, value)
        if not problems:
            return ";".join(value), []
    elif name is not None and not _is_of_its_type(name, value):
        full = "local_info.location_name" if name == EITHER else name
        problems = [invalid_type(full, _EXPECTED.get(name, "text"), value, _meant(name, value))]
    return _json_text(value), problems


def is_no_number(value: Any) -> bool:
    """Return whether a value is `NaN` or an infinity: its record is refused before any rule is asked."""
    return type(value) is float and not isfinite(value)


def without_refused(name: str, value: Any) -> tuple[Any, list[str]]:
    """Return a value of a field without what its record is refused for already, and the fields of that.

    They are named as problems name them: `local_info.past_events[0]`.
    """
    if is_no_number(value):
        return None, [name]
    # What is left here says nothing: nobody reads a record that is refused.
    if type(value) is list:
        return ["" if is_no_number(item) else item for item in value], []
    return value, [*_refused_within(name, value)]


def _refused_within(name: str, value: Any) -> Iterator[str]:
    """Yield the members of a venue, and the items of its lists, that are refused."""
    for member, inner in value.items() if type(value) is dict else ():
        if is_no_number(inner):
            yield f"{name}.{member}"
        elif type(inner) is list:
            yield from (f"{name}.{member}[{at}]" for at, item in enumerate(inner) if is_no_number(item))


def _is_of_its_type(name: str, value: Any) -> bool:
    if name in ("local_info", EITHER):
        return isinstance(value, dict)
    if name == "id":
        return True
    if name == "local_info.capacity":
        return isinstance(value, int | float) and not isinstance(value, bool)
    if name in ("local_info.is_accessible", "local_info.manually_edited"):
        return isinstance(value, bool)
    return name == "local_info.past_events" and isinstance(value, list)


def _meant(name: str, value: Any) -> str | None:
    """Return the date or the time of day that a number may be: a Unix time, a serial, `1930`."""
    if type(value) not in (int, float) or name not in ("event_date", "event_time"):
        return None
    text = _json_text(value)
    return (invalid(name, text) if name == "event_date" else invalid_time(text)).suggestion


def _json_text(value: Any) -> str:
    """Return a value as JSON; numbers as they are usually written."""
    try:
        return _encode(value).decode()
    except (TypeError, ValueError, msgspec.MsgspecError, RecursionError):
        return excerpt(value)

"""Turns decoded JSON into validated event fields."""

from collections.abc import Callable, Iterator, Mapping
from datetime import tzinfo
from typing import Any

import msgspec

from api.http.openapi import or_null
from api.http.problems import HttpProblem, invalid_fields
from domain import limits
from domain.events import EVENT_MEMBERS, Event, EventFields, fields_of, parse_fields
from domain.problems import MAX_COUNTED, MAX_TOLD, Problem, excerpt
from domain.text import invalid_type
from domain.venues import VENUE_MEMBERS, VENUE_TYPES

GIVEN_BY_SERVER = ("id", "upload_id", "version", "created_at", "updated_at")
_SET_BY_SERVER = "Set by the server; it may be sent back as it was answered."
_GIVEN_SCHEMAS: dict[str, Any] = {
    name: {"type": kind, "description": _SET_BY_SERVER}
    for name, kind in zip(
        GIVEN_BY_SERVER, ("integer", ["string", "null"], "integer", "string", "string"), strict=True
    )
}
_VENUE_TYPE: dict[str, Any] = {
    "anyOf": [
        {"title": "VenueType", "type": "string", "enum": [*VENUE_TYPES]},
        {
            "type": "string",
            "description": "One of them in other case, without accents, or with blanks.",
        },
        {"type": "null"},
    ]
}
VENUE_SCHEMA: dict[str, Any] = {
    "title": "VenueInput",
    "type": "object",
    "properties": {
        "location_name": {
            "type": "string",
            "minLength": limits.LOCATION_NAME_LEAST_CHARACTERS,
            "maxLength": limits.LOCATION_NAME_CHARACTERS,
        },
        "capacity": {"type": "integer", "minimum": 0, "maximum": limits.CAPACITY, "default": 1},
        "venue_type": _VENUE_TYPE,
        "is_accessible": {"type": "boolean", "default": False},
        "address": {"type": ["string", "null"], "maxLength": limits.ADDRESS_CHARACTERS},
        "past_events": {"type": "array", "items": {"type": "string"}},
        "manually_edited": {"type": "boolean", "default": False},
    },
    "required": ["location_name"],
    "additionalProperties": False,
}
EVENT_SCHEMA: dict[str, Any] = {
    "title": "EventInput",
    "type": "object",
    "properties": {
        "title": {"type": "string", "minLength": 1, "maxLength": limits.TITLE_CHARACTERS, "pattern": r"\S"},
        "description": {"type": "string"},
        "event_date": {"type": "string", "examples": ["2025-07-01T10:00:00"]},
        "city": {"type": "string", "minLength": 1, "maxLength": limits.CITY_CHARACTERS, "pattern": r"\S"},
        "participants": {"type": "array", "items": {"type": "string"}, "maxItems": limits.PARTICIPANTS},
        "local_info": or_null(VENUE_SCHEMA),
        **_GIVEN_SCHEMAS,
    },
    "required": [*limits.REQUIRED],
    "additionalProperties": False,
}


def _patch_of(schema: dict[str, Any], title: str, *, given: frozenset[str] = frozenset()) -> dict[str, Any]:
    """Return the schema of a merge patch: null removes what is not required. `given` stay as they are."""
    kept = {*schema["required"], *given}
    members = {
        name: member if name in kept else _or_removed(member) for name, member in schema["properties"].items()
    }
    return {"title": title, "type": "object", "properties": members, "additionalProperties": False}


def _or_removed(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a member that a patch may remove. Its default is what an absent one becomes."""
    without = {name: value for name, value in schema.items() if name != "default"}
    kinds = without.get("type", "null")
    return without if "null" in kinds else {**without, "type": [kinds, "null"]}


PATCH_SCHEMA: dict[str, Any] = _patch_of(EVENT_SCHEMA, "EventPatch", given=frozenset(GIVEN_BY_SERVER))
PATCH_SCHEMA["properties"]["local_info"] = or_null(_patch_of(VENUE_SCHEMA, "VenuePatch"))
LIST_SCHEMA: dict[str, Any] = {"type": "array", "items": EVENT_SCHEMA}


def one_event(value: object, timezone: tzinfo) -> EventFields:
    """Return the fields of a new event. Raises HttpProblem with every error."""
    fields = _checked(value, None, timezone)
    if isinstance(fields, list):
        raise invalid_event(fields)
    return fields


def invalid_event(problems: list[Problem]) -> HttpProblem:
    """Return the refusal of one event: all its errors, of each kind up to `MAX_TOLD`."""
    return invalid_fields(problems, count=len(problems), is_least=len(problems) >= MAX_TOLD)


def many_events(values: Iterator[object], timezone: tzinfo, limit: int) -> list[EventFields]:
    """Return the fields of new events, all or none; errors name the index: `[3].title`."""
    batch: list[EventFields] = []
    problems: list[Problem] = []
    count, is_least = 0, False
    for index, one in enumerate(values):
        if index == limit:
            raise HttpProblem("too-large", f"An array may have at most {limit} events.")
        if count >= MAX_COUNTED:
            is_least = True
            continue  # What is no JSON further on is still found.
        fields = _checked(one, None, timezone)
        if isinstance(fields, list):
            # All errors of an event, or none: one that is mended by half of them is refused again.
            if count < MAX_TOLD:
                problems += (_placed(problem, index) for problem in fields)
            count += len(fields)
            is_least = is_least or len(fields) >= MAX_TOLD
            batch.clear()
        elif not count:
            batch.append(fields)
    if count:
        raise invalid_fields(problems, count=count, is_least=is_least)
    return batch


def replacement(value: object, timezone: tzinfo) -> Callable[[Event], EventFields | list[Problem]]:
    """Return how a PUT of this value changes an event."""
    return lambda event: _checked(value, event, timezone)


def patch(value: object, timezone: tzinfo) -> Callable[[Event], EventFields | list[Problem]]:
    """Return how a PATCH with this value changes an event. Source: RFC 7396."""

    def changed(event: Event) -> EventFields | list[Problem]:
        if not isinstance(value, dict):
            return [invalid_type("", "object", value)]
        return _checked(_patched(fields_of(event), value), event, timezone)

    return changed


def _patched(fields: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    """Return the members after a patch. What it would remove stays in, if an event does not have it."""
    merged: dict[str, Any] = merge_patch(fields, change)
    merged |= {name: value for name, value in change.items() if name not in EVENT_MEMBERS}
    venue, changed = merged.get("local_info"), change.get("local_info")
    if isinstance(venue, dict) and isinstance(changed, dict):
        venue |= {name: value for name, value in changed.items() if name not in VENUE_MEMBERS}
    return merged


def merge_patch(target: Any, change: Any) -> Any:
    """Return a target with a JSON merge patch applied. Source: RFC 7396 §2."""
    if not isinstance(change, dict):
        return change
    merged = dict(target) if isinstance(target, dict) else {}
    for name, value in change.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge_patch(merged.get(name), value)
    return merged


def _checked(value: object, event: Event | None, timezone: tzinfo) -> EventFields | list[Problem]:
    """Return fields or problems. `event` is the one that is to be changed."""
    if not isinstance(value, dict):
        return [invalid_type("", "object", value)]
    own = {name: member for name, member in value.items() if name not in GIVEN_BY_SERVER}
    stored_date = event.event_date if event else None
    fields = parse_fields(own, timezone=timezone, refuse_unknown=True, stored_date=stored_date)
    given = _given_otherwise(value, event) if event else []
    if isinstance(fields, tuple):
        return [*given, *fields]
    return given or fields


def _given_otherwise(members: Mapping[str, Any], event: Event) -> list[Problem]:
    """Refuse another value for what the server gives; an event may be sent back as it was read."""
    return [
        Problem(
            name,
            "read_only",
            f"{name} is set by the server and cannot be changed",
            excerpt(members[name]),
        )
        for name in GIVEN_BY_SERVER
        if name in members and members[name] != getattr(event, name)
    ]


def _placed(problem: Problem, index: int) -> Problem:
    place = f"[{index}].{problem.field}" if problem.field else f"[{index}]"
    return msgspec.structs.replace(problem, field=place)

"""From decoded JSON to validated event fields: the transport's part of validation."""

from collections.abc import Callable, Mapping
from datetime import tzinfo
from typing import Any

import msgspec

from api.problems import HttpProblem, invalid_fields
from domain.events import Event, EventFields, fields_of, parse_fields
from domain.problems import MAX_TOLD, Problem, excerpt
from domain.text import invalid_type
from domain.venues import VENUE_TYPES

GIVEN_BY_SERVER = ("id", "upload_id", "version", "created_at", "updated_at")
VENUE_SCHEMA: dict[str, Any] = {
    "type": ["object", "null"],
    "properties": {
        "location_name": {"type": "string", "minLength": 2, "maxLength": 200},
        "capacity": {"type": "integer", "minimum": 0, "maximum": 2**31 - 1, "default": 1},
        "venue_type": {"enum": [*VENUE_TYPES, None], "default": None},
        "is_accessible": {"type": "boolean", "default": False},
        "address": {"type": ["string", "null"], "maxLength": 300},
        "past_events": {"type": "array", "items": {"type": "string"}},
        "manually_edited": {"type": "boolean", "default": False},
    },
    "required": ["location_name"],
}
EVENT_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "title": {"type": "string", "minLength": 1, "maxLength": 100},
        "description": {"type": "string"},
        "event_date": {"type": "string", "examples": ["2025-07-01T10:00:00"]},
        "city": {"type": "string", "minLength": 1, "maxLength": 100},
        "participants": {"type": "array", "items": {"type": "string"}, "maxItems": 1000},
        "local_info": VENUE_SCHEMA,
    },
    "required": ["title", "event_date", "city"],
}
PATCH_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        **EVENT_SCHEMA["properties"],
        "local_info": {key: VENUE_SCHEMA[key] for key in ("type", "properties")},
    },
}
LIST_SCHEMA: dict[str, Any] = {"type": "array", "items": EVENT_SCHEMA}


def one_event(value: object, timezone: tzinfo) -> EventFields:
    """Return the fields of a new event. Raises HttpProblem with every error."""
    fields = _checked(value, None, timezone)
    if isinstance(fields, list):
        raise invalid_fields(fields)
    return fields


def many_events(value: object, timezone: tzinfo, limit: int) -> list[EventFields]:
    """Return the fields of new events, all or none; errors name the index: `[3].title`."""
    if not isinstance(value, list):
        raise invalid_fields([invalid_type("", "a JSON array of events", value)])
    if len(value) > limit:
        raise HttpProblem("too-large", f"At most {limit} events go in one array, not {len(value)}.")
    batch: list[EventFields] = []
    problems: list[Problem] = []
    for index, one in enumerate(value):
        fields = _checked(one, None, timezone)
        if isinstance(fields, list):
            problems += (_placed(problem, index) for problem in fields)
            if len(problems) >= MAX_TOLD:
                break
        else:
            batch.append(fields)
    if problems:
        raise invalid_fields(problems[:MAX_TOLD])
    return batch


def replacement(value: object, timezone: tzinfo) -> Callable[[Event], EventFields | list[Problem]]:
    """Return how a PUT of this value changes an event."""
    return lambda event: _checked(value, event, timezone)


def patch(value: object, timezone: tzinfo) -> Callable[[Event], EventFields | list[Problem]]:
    """Return how a PATCH with this value changes an event. Source: RFC 7396."""

    def changed(event: Event) -> EventFields | list[Problem]:
        if not isinstance(value, dict):
            return [invalid_type("", "a JSON object", value)]
        return _checked(merge_patch(fields_of(event), value), event, timezone)

    return changed


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
        return [invalid_type("", "a JSON object", value)]
    own = {name: member for name, member in value.items() if name not in GIVEN_BY_SERVER}
    fields = parse_fields(own, timezone=timezone, refuse_unknown=True)
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
            f"{name} is given by the server and cannot be changed",
            excerpt(members[name]),
        )
        for name in GIVEN_BY_SERVER
        if name in members and members[name] != getattr(event, name)
    ]


def _placed(problem: Problem, index: int) -> Problem:
    place = f"[{index}].{problem.field}" if problem.field else f"[{index}]"
    return msgspec.structs.replace(problem, field=place)

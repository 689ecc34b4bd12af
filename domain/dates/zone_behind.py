"""Finds the time zone that is named behind a time, for the suggestion of a date that is refused.

A name is believed only if it has one meaning: EST and IST are those of several countries.
"""

import re
from datetime import UTC, datetime, timezone

from domain.dates.words import MONTHS, WEEKDAYS
from domain.dates.written import Clock, Day
from domain.dates.zones import offset_at, zone_named

_CLOCK = r"(?:[0-9][:.][0-9]{2}(?:[:.,][0-9]+)*|[0-9] ?(?:hs?|hrs?|horas?)(?: ?[0-9]{2})?|(?:^| )[0-9]{1,2})"
_UNIT = r"(?: ?(?:hs?|hrs?|horas?|min|[ap]\.? ?m\b\.?))?"
_OFFSET = r"(?: ?(?:utc|gmt)? ?[+-][0-9]{1,2}:?(?:[0-9]{2})?)?"
_LONG = r"[a-z]+(?:/[a-z0-9_+-]+)+|(?:horario|hora|fuso)\b[a-z ]*|(?:[a-z]+ ){1,3}time"
_NUMBERED = r"(?:utc|gmt) ?[+-][0-9]{1,2}(?::?[0-9]{2})?"
_BEHIND = re.compile(
    rf"(?P<moment>.*{_CLOCK}{_UNIT}{_OFFSET})"
    rf"(?:,? (?P<bare>{_LONG}|{_NUMBERED}|[a-z]{{2,}})"
    rf"| ?[(\[](?P<within>{_LONG}|{_NUMBERED}|[a-z]{{2,5}})[)\]])"
)
_LOCAL = frozenset({"local", "hora local", "horario local", "local time"})
_UNITS = frozenset({"am", "pm", "hs", "hr", "hrs", "hora", "horas", "min"})
_PARTS_OF_DAY = frozenset(
    ("madrugada", "manha", "tarde", "noite", "manana", "noche", "morning", "afternoon", "evening")
)
_NO_ZONES = _UNITS | _PARTS_OF_DAY | {*MONTHS, *WEEKDAYS}


def without_zone(text: str) -> tuple[str, str]:
    """Return a plain text without the time zone that is named behind its time, and that name.

    The name is "" where none is, or where it is that of the clock at the venue.
    """
    found = _BEHIND.fullmatch(text)
    name = (found["bare"] or found["within"]) if found else ""
    if not found or name in _NO_ZONES:
        return text, ""
    return found["moment"], "" if name in _LOCAL else name


def offset_of(name: str, day: Day | None, clock: Clock) -> str | None:
    """Return the offset of a zone by its name, None where that has no meaning or several.

    Without the day only zones have one that never change their clocks.
    """
    zone = zone_named(name)
    if zone is UTC:
        return "Z"
    if zone is None or (day is None and not isinstance(zone, timezone)):
        return None
    date = (day.year, day.month, day.day) if day else (2000, 1, 1)
    return offset_at(zone, datetime(*date, clock.hour, clock.minute))  # noqa: DTZ001 - a wall clock.

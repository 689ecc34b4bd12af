"""Finds the time zone that is named behind a time, for the suggestion of a date that is refused.

A name is believed only if it has one meaning: EST and IST are those of several countries.
"""

import re
from datetime import datetime
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from domain.dates.words import MONTHS, WEEKDAYS
from domain.dates.written import Clock, Day

_CLOCK = r"(?:[0-9][:.][0-9]{2}(?:[:.,][0-9]+)*|[0-9] ?(?:hs?|hrs?|horas?)(?: ?[0-9]{2})?|(?:^| )[0-9]{1,2})"
_UNIT = r"(?: ?(?:hs?|hrs?|horas?|min|[ap]\.? ?m\b\.?))?"
_OFFSET = r"(?: ?(?:utc|gmt)? ?[+-][0-9]{1,2}:?(?:[0-9]{2})?)?"
_LONG = r"[a-z]+(?:/[a-z0-9_+-]+)+|(?:horario|hora|fuso)\b[a-z ]*|(?:[a-z]+ ){1,3}time"
_BEHIND = re.compile(
    rf"(?P<moment>.*{_CLOCK}{_UNIT}{_OFFSET})"
    rf"(?:,? (?P<bare>{_LONG}|[a-z]{{2,}})| ?[(\[](?P<within>{_LONG}|[a-z]{{2,5}})[)\]])"
)
_WORDS = re.compile(
    r"(?:(?:horario|hora|fuso)(?: horario)?(?: (?:padrao|oficial))? d[eoa]l? )?"
    r"(?P<name>[a-z ]+?)(?: (?:standard )?time)?"
)
_LOCAL = frozenset({"local", "hora local", "horario local", "local time"})
_UNITS = frozenset({"am", "pm", "hs", "hr", "hrs", "hora", "horas", "min"})
_PARTS_OF_DAY = frozenset(
    ("madrugada", "manha", "tarde", "noite", "manana", "noche", "morning", "afternoon", "evening")
)
_NO_ZONES = _UNITS | _PARTS_OF_DAY | {*MONTHS, *WEEKDAYS}
_FIXED = {"utc": "Z", "gmt": "Z", "brt": "-03:00", "brst": "-02:00", "brasilia": "-03:00"}


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
    words = _WORDS.fullmatch(name)
    known = words["name"] if words else name
    if known in _FIXED:
        return _FIXED[known]
    zone = _zone(known)
    if zone is None or day is None:
        return None
    moment = datetime(day.year, day.month, day.day, clock.hour, clock.minute, tzinfo=zone)
    offset = moment.isoformat()[19:]
    # Before there were zones, the offsets of places had seconds.
    return offset if len(offset) == len("-03:00") else None


def _zone(name: str) -> ZoneInfo | None:
    """Return the zone of IANA with a name such as `america/recife`, or of a city, in any case."""
    known = _names()
    candidates = (
        [name] if "/" in name else [f"{area}/{name.replace(' ', '_')}" for area in ("america", "europe")]
    )
    keys = [known[candidate] for candidate in candidates if candidate in known]
    return ZoneInfo(keys[0]) if len(keys) == 1 else None


@cache
def _names() -> dict[str, str]:
    """Return the zones' names by their small letters: few files need them, and it takes a while."""
    return {name.lower(): name for name in available_timezones()}

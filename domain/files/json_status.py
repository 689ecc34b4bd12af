"""What the events of other programs say of themselves: that they are cancelled or postponed, or recur.

Sources: the APIs of Google Calendar, Outlook (Graph), Meetup, Eventbrite, Facebook and Ticketmaster;
schema.org's EventStatusType. Words of postponement are those of Portuguese and Spanish, too; a cancellation
in these languages is told as in tables, `domain.rows.odd_cells`.
"""

import re
from collections.abc import Mapping
from typing import Any

from domain.files.nested_members import unwrapped

_STATUS = (
    *("status", "eventStatus", "event_status", "Status"),
    *("situacao", "situação", "situacion", "situación", "estado"),
)
_FLAGS = ("isCancelled", "isCanceled", "is_cancelled", "is_canceled", "cancelled", "canceled")
_OF_STATE = ("code", "@id", "@value", "name")
"""What an object stands for where a state is expected, the best first."""

# `CANCELLED_BY_ORGANIZER`, `Cancelled: rain`, and schema.org's state, alone or at the end of an address.
_CANCELLED = re.compile(r"(?:\S*[/:#])?(?:event[ _-]?)?cancell?ed(?![a-z]).*", re.DOTALL)
_POSTPONED = re.compile(
    r"(?:\S*[/:#])?(?:evento?[ _-]?)?(?:postponed|(?:adiad|postergad|aplazad|pospuest)[oa])(?![a-z]).*",
    re.DOTALL,
)
_OF_FLAGS = b"ancel"
_OF_NAMES = (b"tatus", b"itua", b"estado")
_OF_WORDS = (_OF_FLAGS, b"ostpon", b"adiad", b"ostergad", b"plazad", b"ospuest")
_ESCAPES = (b"\\u006", b"\\u004", b"\\u007", b"\\u005")
"""How letters of them may be written."""


def may_say_status(objects: bytes) -> bool:
    """Return whether any of some objects may say that it is cancelled or postponed."""
    if b"\\u00" in objects and any(escape in objects for escape in _ESCAPES):
        return True
    if _OF_FLAGS in objects:
        return True
    if not any(name in objects for name in _OF_NAMES):
        return False
    small = objects.lower()
    return any(word in small for word in _OF_WORDS)


def cancellation(members: Mapping[str, Any]) -> str:
    """Return the code of a warning where an event, or one date of a recurring one, is cancelled; else ""."""
    event = unwrapped(dict(members))
    if any(event.get(name) is True for name in _FLAGS) or any(map(_CANCELLED.fullmatch, _states(event))):
        return "cancelled_occurrence" if event.get("recurringEventId") else "cancelled_event"
    return ""


def is_postponed(members: Mapping[str, Any]) -> bool:
    """Return whether an event says that it is put off: the date that it has is the earlier one."""
    return any(map(_POSTPONED.fullmatch, _states(unwrapped(dict(members)))))


def is_recurring(members: Mapping[str, Any]) -> bool:
    """Return whether an event is the first of several: rules of RFC 5545 in a list, or Outlook's pattern."""
    rules = unwrapped(dict(members)).get("recurrence")
    return type(rules) in (list, dict) and bool(rules)


def _states(event: Mapping[str, Any]) -> list[str]:
    """Return what an event says of its state, wherever it does, in small letters."""
    told = [event.get(name) for name in _STATUS]
    dates = event.get("dates")
    if type(dates) is dict:
        told.append(dates.get("status"))
    # JSON-LD may write any value as a list.
    each = (one for value in told for one in (value if type(value) is list else (value,)))
    words = (_of_object(one) if type(one) is dict else one for one in each)
    return [word.strip().lower() for word in words if type(word) is str]


def _of_object(state: Mapping[str, Any]) -> Any:
    return next((state[name] for name in _OF_STATE if name in state), None)

"""What the events of other programs say of themselves: that they are cancelled or postponed, or recur.

Sources: the APIs of Google Calendar, Outlook (Graph), Meetup, Eventbrite, Facebook and Ticketmaster;
schema.org's EventStatusType.
"""

from collections.abc import Mapping
from typing import Any

from domain.files.nested_members import unwrapped

_STATUS = ("status", "eventStatus", "event_status", "Status")
_FLAGS = ("isCancelled", "isCanceled", "is_cancelled", "is_canceled", "cancelled", "canceled")
_CANCELLED = tuple(
    form for word in ("cancelled", "canceled") for form in (word, word.capitalize(), word.upper())
)
_OF_SCHEMA = ("EventCancelled", "EventCanceled")
_POSTPONED = ("postponed", "Postponed", "POSTPONED")
_POSTPONED_OF_SCHEMA = "EventPostponed"
_MARKS = (b"ancel", b"ANCEL", b"ostpon", b"OSTPON", b"\\u006", b"\\u004", b"\\u007", b"\\u005")
"""One of them is in everything that says so; a letter of it may be written as an escape."""


def may_say_status(objects: bytes) -> bool:
    """Return whether any of some objects may say that it is cancelled or postponed."""
    return any(mark in objects for mark in _MARKS)


def cancellation(members: Mapping[str, Any]) -> str:
    """Return the code of a warning where an event, or one date of a recurring one, is cancelled; else ""."""
    event = unwrapped(dict(members))
    if any(event.get(name) is True for name in _FLAGS) or any(map(_is_cancelled, _statuses(event))):
        return "cancelled_occurrence" if event.get("recurringEventId") else "cancelled_event"
    return ""


def is_postponed(members: Mapping[str, Any]) -> bool:
    """Return whether an event says that it is put off: the date that it has is the earlier one."""
    return any(
        status in _POSTPONED or status.endswith(_POSTPONED_OF_SCHEMA)
        for status in _statuses(unwrapped(dict(members)))
    )


def is_recurring(members: Mapping[str, Any]) -> bool:
    """Return whether an event is the first of several: rules of RFC 5545 in a list, or Outlook's pattern."""
    rules = unwrapped(dict(members)).get("recurrence")
    return type(rules) in (list, dict) and bool(rules)


def _statuses(event: Mapping[str, Any]) -> list[str]:
    """Return what an event says of its state, wherever it does."""
    told = [event.get(name) for name in _STATUS]
    dates = event.get("dates")
    if type(dates) is dict:
        told.append(dates.get("status"))
    words = (one.get("code", one.get("@id")) if type(one) is dict else one for one in told)
    return [word.strip() for word in words if type(word) is str]


def _is_cancelled(status: str) -> bool:
    return status in _CANCELLED or status.endswith(_OF_SCHEMA)

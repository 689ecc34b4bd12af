"""Who of the attendees that other programs name takes part, and by which name.

Sources: RFC 5545 §3.2 (CUTYPE, PARTSTAT, ROLE); the APIs of Google Calendar and Outlook (Graph).
"""

import re
from collections.abc import Mapping
from typing import Any

from domain.files.nested_members import name_of
from domain.rows.names import column_key

NAMELESS = "nameless_attendee"
ABSENT = "absent_attendee"
"""Codes of the warnings of those who are left out."""

_ADDRESS = re.compile(r"[^\s@]++@[^\s@]++")
_THINGS = frozenset({"resource", "room", "location"})
_ABSENT = frozenset({"declined", "delegated", "non-participant"})
_KINDS = ("type", "kind", "cutype", "cu_type")
_ANSWERS = ("response_status", "participation_status", "partstat", "status")


def told_name(text: str) -> str:
    """Return a name without the apostrophes of Outlook; "" for an address, which is nobody's name."""
    name = text.strip()
    if len(name) > 2 and name[0] == name[-1] == "'":
        name = name[1:-1].strip()
    return "" if _ADDRESS.fullmatch(name) else name


def takes_part(*words: str) -> bool:
    """Return whether nothing of what is said of an attendee makes it a thing, or somebody who stays away."""
    said = {word.strip().lower() for word in words}
    return said.isdisjoint(_THINGS) and said.isdisjoint(_ABSENT)


def attendee(person: Mapping[str, Any]) -> tuple[Any, str]:
    """Return the name of an attendee who is an object; or None, and the code of why it is left out."""
    told = {column_key(member): value for member, value in person.items()}
    if told.get("resource") is True or not takes_part(*_words(told)):
        return None, ABSENT
    name = name_of(person)
    name = told_name(name) or None if type(name) is str else name
    return name, "" if name is not None else NAMELESS


def _words(told: Mapping[str, Any]) -> list[str]:
    """Return what kind an attendee is, and what it answered; Outlook has the answer in an object."""
    words = [told.get(name) for name in (*_KINDS, *_ANSWERS)]
    status = told.get("status")
    if type(status) is dict:
        words.append(status.get("response"))
    return [word for word in words if type(word) is str]

"""The calendar properties of an event: written by exports, recognised by imports.

Names of our own (`X-FASTTRACK-…`) hold what iCalendar has no place for. Where a calendar program has
changed the property next to one, the property counts.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from domain.venues import Venue

CITY = "X-FASTTRACK-CITY"
EXACT = "X-FASTTRACK-EVENT"
"""JSON of the members that other properties do not hold whole."""

LOCAL_INFO = "X-FASTTRACK-LOCAL-INFO"
"""The name under which the import finds the venue of `EXACT`; no property."""


def start_of(event_date: str) -> str:
    """Return DTSTART for a date as it is stored. Source: RFC 5545 §3.3.5.

    A naive one is floating: ten o'clock at the venue stays ten o'clock. One with an offset is an
    instant, in UTC: an offset alone is no time zone.
    """
    moment = datetime.fromisoformat(event_date).replace(microsecond=0)
    if moment.tzinfo is None:
        return moment.strftime("%Y%m%dT%H%M%S")
    return moment.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def location_of(venue: Venue | Mapping[str, Any] | None, city: str) -> str:
    """Return LOCATION: the place, its address, the city."""
    if venue is None:
        return city
    name, address = (
        (venue.location_name, venue.address)
        if isinstance(venue, Venue)
        else (venue.get("location_name"), venue.get("address"))
    )
    return ", ".join(part for part in (name, address, city) if isinstance(part, str) and part)


def people_of(participants: object) -> str:
    """Return COMMENT: the names. ATTENDEE (§3.8.4.1) would need their mail addresses."""
    names = participants if isinstance(participants, list | tuple) else ()
    return "; ".join(name for name in names if isinstance(name, str))


def lines_of(text: str) -> str:
    """Return a text with the line ends of a property value."""
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text

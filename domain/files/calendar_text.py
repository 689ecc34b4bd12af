"""The calendar properties of an event: written by exports, recognised by imports.

Names of our own (`X-FASTTRACK-…`) hold what iCalendar has no place for. Where a calendar program has
changed the property next to one, the property counts.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from domain.venues import Venue

CITY = "X-FASTTRACK-CITY"
EXACT = "X-FASTTRACK-EVENT"
"""JSON of the members that other properties do not hold whole."""

_OWN_UID = re.compile(r"[0-9]+\.[^@\s]+@fasttrack")

LOCAL_INFO = "X-FASTTRACK-LOCAL-INFO"
"""The name under which the import finds the venue of `EXACT`; no property."""

ZONE = "timezone"
"""The member of `EXACT` that names the zone in which a date without an offset was written."""

_DAY_STARTS = "T00:00:00"


def start_of(event_date: str) -> str:
    """Return the value of DTSTART for a date as it is stored. Source: RFC 5545 §3.3.5.

    A naive one is the wall clock of the server's zone, which stands beside it; midnight is what a date
    without a time is stored as, and is a whole day (§3.3.4). One with an offset is an instant, in UTC: an
    offset alone is no time zone.
    """
    moment = datetime.fromisoformat(event_date).replace(microsecond=0)
    if event_date.endswith(_DAY_STARTS):
        return moment.strftime("%Y%m%d")
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


def place_in(location: str, venue: Mapping[str, Any] | None, city: str) -> tuple[str, str | None, str]:
    """Return place, address and city in a LOCATION that was changed since `location_of` wrote it.

    What is still there of the venue and the city tells where the parts end.
    """
    was = venue or {}
    name, address = (
        part if isinstance(part := was.get(key), str) else "" for key in ("location_name", "address")
    )
    whole = f"{name}, {address}, "
    if name and address and location.startswith(whole):
        return name, address, location.removeprefix(whole)
    rest = "" if location == city else location.removesuffix(f", {city}")
    if name and (rest == name or rest.startswith(f"{name}, ")):
        return name, rest.removeprefix(name).removeprefix(", ") or None, city
    if address and rest.endswith(f", {address}"):
        return rest.removesuffix(f", {address}"), address, city
    place, _, street = rest.partition(", ") if address else (rest, "", "")
    return place, street or None, city


def people_in(comment: str) -> list[str]:
    """Return the names in a COMMENT, as `people_of` wrote them."""
    return [name.strip() for name in comment.split(";") if name.strip()]


def people_of(participants: object) -> str:
    """Return COMMENT: the names. ATTENDEE (§3.8.4.1) would need their mail addresses."""
    names = participants if isinstance(participants, list | tuple) else ()
    return "; ".join(name for name in names if isinstance(name, str))


def is_own_uid(uid: str) -> bool:
    """Return whether an entry was exported by a FastTrack."""
    return _OWN_UID.fullmatch(uid) is not None


def lines_of(text: str) -> str:
    """Return a text with the line ends of a property value."""
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text

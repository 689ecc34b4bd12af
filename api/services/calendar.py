"""Events as iCalendar (RFC 5545): a calendar that can be streamed, component by component.

A naive `event_date` becomes a floating time (§3.3.5, form 1): ten o'clock at the venue stays ten
o'clock in every reader's zone. One with an offset names an instant and is written in UTC (form 2),
since an offset alone is no time zone.
"""

from collections.abc import Iterable
from datetime import UTC, datetime

import icalendar

from domain.events import Event

CALENDAR_END = b"END:VCALENDAR\r\n"


def calendar_start(name: str) -> bytes:
    """Return the opening lines of a calendar of this name, before its first event."""
    calendar = icalendar.Calendar()
    calendar.add("prodid", "-//FastTrack//Events//EN")
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", name)
    whole: bytes = calendar.to_ical()
    return whole.removesuffix(CALENDAR_END)


def calendar_events(events: Iterable[Event], *, epoch: str) -> bytes:
    """Return one VEVENT per event.

    Args:
        events: those of one store.
        epoch: of that store: makes each UID unique in the world and stable for ever (§3.8.4.7).
    """
    return b"".join(_vevent(event, epoch).to_ical() for event in events)


def _vevent(event: Event, epoch: str) -> icalendar.Event:
    component = icalendar.Event()
    component.add("uid", f"{event.id}.{epoch}@fasttrack")
    component.add("dtstamp", _utc(event.updated_at))
    component.add("dtstart", _start(event.event_date))
    component.add("summary", event.title)
    component.add("created", _utc(event.created_at))
    component.add("last-modified", _utc(event.updated_at))
    component.add("sequence", event.version - 1)
    component.add("location", _location(event))
    if event.description:
        component.add("description", event.description)
    if event.local_info and event.local_info.venue_type:
        component.add("categories", [event.local_info.venue_type])
    # Participants are names; ATTENDEE (§3.8.4.1) would need their mail addresses.
    if event.participants:
        component.add("comment", "; ".join(event.participants))
    return component


def _start(event_date: str) -> datetime:
    start = datetime.fromisoformat(event_date).replace(microsecond=0)
    return start.astimezone(UTC) if start.tzinfo else start


def _utc(timestamp: str) -> datetime:
    return datetime.fromisoformat(timestamp).astimezone(UTC).replace(microsecond=0)


def _location(event: Event) -> str:
    venue = event.local_info
    parts = (venue.location_name, venue.address, event.city) if venue else (event.city,)
    return ", ".join(part for part in parts if part)

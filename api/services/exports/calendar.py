"""Events as iCalendar (RFC 5545): a calendar that can be streamed, component by component.

A naive `event_date` is written in the zone of the server (§3.3.5, form 3), which the calendar defines: a
floating time is read as UTC by some readers of subscriptions, and so shown hours away. Midnight is a whole
day. One with an offset names an instant and is written in UTC (form 2), since an offset alone is no time
zone. What a calendar has no place for stands in properties of our own, so that an import of the file gives
the same events, whatever the zone of the server that imports it.
"""

from collections.abc import Iterable
from datetime import UTC, datetime

import msgspec

from api.services.exports.calendar_zone import zone_lines
from domain.events import Event
from domain.files.calendar_text import CITY, EXACT, ZONE, lines_of, location_of, people_of, start_of

READ_AGAIN = "PT1H"
"""How long a reader may keep a calendar. Sources: RFC 7986 §5.7; X-PUBLISHED-TTL, which Outlook reads."""

CALENDAR_END = b"END:VCALENDAR\r\n"
LINE_BYTES = 75
"""Of a line without its end; longer ones are folded. Source: §3.1."""


def calendar_start(name: str, timezone: str) -> bytes:
    """Return the opening lines of a calendar of this name, before its first event.

    `timezone` is the name, in the IANA database, of the zone of dates without an offset.
    """
    lines = [
        ("BEGIN", "VCALENDAR"),
        ("VERSION", "2.0"),
        ("PRODID", "-//FastTrack//Events//EN"),
        ("CALSCALE", "GREGORIAN"),
        ("METHOD", "PUBLISH"),
        ("X-WR-CALNAME", _escaped(name)),
        ("X-WR-TIMEZONE", timezone),
        ("REFRESH-INTERVAL;VALUE=DURATION", READ_AGAIN),
        ("X-PUBLISHED-TTL", READ_AGAIN),
        *zone_lines(timezone),
    ]
    return _encoded(lines)


def calendar_events(events: Iterable[Event], *, epoch: str, timezone: str) -> bytes:
    """Return one VEVENT per event.

    Args:
        events: those of one store.
        epoch: of that store: makes each UID unique in the world and stable for ever (§3.8.4.7).
        timezone: that the calendar defines.
    """
    return b"".join(_encoded(_vevent(event, epoch, timezone)) for event in events)


def _vevent(event: Event, epoch: str, timezone: str) -> list[tuple[str, str]]:
    venue = event.local_info
    start = start_of(event.event_date)
    is_day = "T" not in start
    zone = "" if is_day or start.endswith("Z") else timezone
    form = ";VALUE=DATE" if is_day else zone and f";TZID={zone}"
    lines = [
        ("BEGIN", "VEVENT"),
        ("UID", f"{event.id}.{epoch}@fasttrack"),
        ("DTSTAMP", _utc(event.updated_at)),
        (f"DTSTART{form}", start),
        ("SUMMARY", _escaped(event.title)),
        ("CREATED", _utc(event.created_at)),
        ("LAST-MODIFIED", _utc(event.updated_at)),
        ("SEQUENCE", str(event.version - 1)),
        ("LOCATION", _escaped(location_of(venue, event.city))),
    ]
    if event.description:
        lines.append(("DESCRIPTION", _escaped(event.description)))
    if venue and venue.venue_type:
        lines.append(("CATEGORIES", _escaped(venue.venue_type)))
    if event.participants:
        lines.append(("COMMENT", _escaped(people_of(event.participants))))
    lines += [(CITY, _escaped(event.city)), (EXACT, _escaped(_exact(event, zone))), ("END", "VEVENT")]
    return lines


def _exact(event: Event, zone: str) -> str:
    """Return the members that the other properties do not hold as they are, and the zone of DTSTART."""
    exact: dict[str, object] = {"event_date": event.event_date, "local_info": event.local_info}
    if zone:
        exact[ZONE] = zone
    if event.participants:
        exact["participants"] = event.participants
    for name in ("description", "city"):
        text = getattr(event, name)
        if lines_of(text) != text:
            exact[name] = text
    return msgspec.json.encode(exact).decode()


def _utc(timestamp: str) -> str:
    return datetime.fromisoformat(timestamp).astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def _escaped(text: str) -> str:
    """Return a TEXT value. Source: §3.3.11."""
    plain = lines_of(text).replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return plain.replace("\n", "\\n")


def _encoded(lines: Iterable[tuple[str, str]]) -> bytes:
    return b"".join(_folded(f"{name}:{value}".encode()) for name, value in lines)


def _folded(line: bytes) -> bytes:
    """Return a line with its end, in pieces that cut no character."""
    pieces = []
    room = LINE_BYTES
    while len(line) > room:
        cut = room
        while line[cut] & 0xC0 == 0x80:
            cut -= 1
        pieces.append(line[:cut])
        line, room = line[cut:], LINE_BYTES - 1
    return b"\r\n ".join([*pieces, line]) + b"\r\n"

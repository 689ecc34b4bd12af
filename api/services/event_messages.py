"""The messages about changed events: to everyone on `eventos`, to administrators on `admin`."""

from collections.abc import Sequence
from typing import Literal

from api.services.identity import Identity
from api.services.links import stored_link
from api.services.notifications import notification
from domain.events import Event
from domain.messages import EventCreated, EventDeleted, EventsChanged, EventUpdated, Severity
from streams.messages import Draft, draft, timestamp

FEED = "eventos"

_DONE = {"batch": "created in one batch", "replace": "stored in place of all others", "delete": "deleted"}


def created(event: Event, caller: Identity, at_ms: int) -> list[Draft]:
    """Return the messages of a new event."""
    message = draft(EventCreated(feed=FEED, at=timestamp(at_ms), event=event))
    return [message, _notice("created", event, caller, at_ms)]


def updated(event: Event, names: Sequence[str], caller: Identity, at_ms: int) -> list[Draft]:
    """Return the messages of a changed event; `names` are those of the changed members."""
    message = draft(EventUpdated(feed=FEED, at=timestamp(at_ms), event=event, changed=names))
    return [message, _notice("updated", event, caller, at_ms)]


def deleted(event: Event, caller: Identity, at_ms: int) -> list[Draft]:
    """Return the messages of a deleted event."""
    message = draft(EventDeleted(feed=FEED, at=timestamp(at_ms), event_id=event.id))
    return [message, _notice("deleted", event, caller, at_ms)]


def many(
    reason: Literal["batch", "replace", "delete"],
    count: int,
    caller: Identity,
    at_ms: int,
    *,
    ids: range | None = None,
) -> list[Draft]:
    """Return the messages of many events changed at once: one for each feed, however many they are."""
    first, last = (ids[0], ids[-1]) if ids else (None, None)
    change = EventsChanged(
        feed=FEED, at=timestamp(at_ms), reason=reason, count=count, first_id=first, last_id=last
    )
    title = f"{count} events {_DONE[reason]}"
    severity: Severity = "info" if reason == "batch" else "warning"
    notice = notification(
        "bulk_change",
        title,
        f"By {caller.name}",
        actor=caller.name,
        at_ms=at_ms,
        severity=severity,
        params={"change": reason, "count": count},
    )
    return [draft(change), notice]


def _notice(
    verb: Literal["created", "updated", "deleted"], event: Event, caller: Identity, at_ms: int
) -> Draft:
    address = None if verb == "deleted" else stored_link(f"/api/v1/eventos/{event.id}")
    message = f"{caller.name} {verb} “{event.title}” in {event.city} on {event.event_date}"
    title = f"Event {event.id} {verb}"
    return notification(
        f"event.{verb}",
        title,
        message,
        actor=caller.name,
        at_ms=at_ms,
        link=address,
        params={
            "event_id": event.id,
            "title": event.title,
            "city": event.city,
            "event_date": event.event_date,
        },
    )

"""What administrators are told. A change and its notification share one transaction."""

from collections.abc import Callable
from typing import Literal

from domain.events import Event
from domain.people import User
from streams.messages import Draft, Notification, Severity, draft, timestamp

FEED = "admin"

EventVerb = Literal["created", "updated", "deleted"]
BulkReason = Literal["import", "batch", "replace", "delete", "undo"]
UserVerb = Literal["added", "disabled", "enabled", "rotated"]

_BULK_VERBS: dict[BulkReason, str] = {
    "import": "imported",
    "batch": "created in one batch",
    "replace": "put in place of all others",
    "delete": "deleted",
    "undo": "deleted by undoing an import",
}
_END_SEVERITY: dict[str, Severity] = {"completed": "info", "cancelled": "warning", "failed": "error"}


def notification(
    kind: str,
    title: str,
    message: str,
    *,
    actor: str,
    at_ms: int,
    link: str | None = None,
    severity: Severity = "info",
) -> Draft:
    """Return the draft of one notification, for `Transaction.messages.append`."""
    return draft(
        Notification(
            feed=FEED,
            at=timestamp(at_ms),
            severity=severity,
            kind=kind,
            title=title,
            message=message,
            actor=actor,
            link=link,
        )
    )


def event_notification(verb: EventVerb, event: Event, *, actor: str, at_ms: int) -> Draft:
    """Return the draft that tells of one event."""
    link = None if verb == "deleted" else f"/api/v1/eventos/{event.id}"
    message = f"{actor} {verb} “{event.title}” in {event.city} on {event.event_date}"
    return notification(
        f"event.{verb}", f"Event {event.id} {verb}", message, actor=actor, at_ms=at_ms, link=link
    )


def bulk_notification(
    reason: BulkReason, count: int, *, actor: str, at_ms: int, link: str | None = None
) -> Draft:
    """Return the one draft of a change of many events."""
    return notification(
        "bulk_change",
        f"{count} events {_BULK_VERBS[reason]}",
        f"By {actor}",
        actor=actor,
        at_ms=at_ms,
        link=link,
        severity="warning" if reason in ("replace", "delete", "undo") else "info",
    )


def import_notification(
    upload_id: str, status: str, *, accepted: int, rejected: int, actor: str, at_ms: int
) -> Draft:
    """Return the draft of an import's end; `status` is `completed`, `failed` or `cancelled`."""
    return notification(
        "import.finished",
        f"Import {upload_id} {status}",
        f"{accepted} rows accepted, {rejected} rejected, for {actor}",
        actor=actor,
        at_ms=at_ms,
        link=f"/api/v1/uploads/{upload_id}",
        severity=_END_SEVERITY[status],
    )


def task_notification(task_id: str, kind: str, status: str, *, actor: str, at_ms: int) -> Draft:
    """Return the draft of a task's end; `status` is `completed`, `failed` or `cancelled`."""
    return notification(
        "task.finished",
        f"Task {task_id} {status}",
        f"The {kind} that {actor} started is {status}",
        actor=actor,
        at_ms=at_ms,
        link=f"/api/v1/tarefas/{task_id}",
        severity=_END_SEVERITY[status],
    )


def user_notification(verb: UserVerb, user: User, *, actor: str, at_ms: int) -> Draft:
    """Return the draft of a change among the people."""
    told: dict[UserVerb, Callable[[], str]] = {
        "added": lambda: f"{actor} let {user.name} in as {user.role}",
        "disabled": lambda: f"{actor} shut {user.name} out",
        "enabled": lambda: f"{actor} let {user.name} in again",
        "rotated": lambda: f"{actor} gave {user.name} a new token; the old one and its sessions ended",
    }
    severity: Severity = "info" if verb in ("added", "enabled") else "warning"
    title = f"User {user.name} {verb}"
    return notification(f"user.{verb}", title, told[verb](), actor=actor, at_ms=at_ms, severity=severity)

"""What administrators are told. A change and its notification share one transaction."""

from collections.abc import Callable
from typing import Literal

from domain.people import User
from streams.messages import Draft, Notification, Severity, draft, timestamp

FEED = "admin"

UserVerb = Literal["added", "disabled", "enabled", "rotated"]

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


def import_notification(
    upload_id: str, filename: str, status: str, *, accepted: int, rejected: int, actor: str, at_ms: int
) -> Draft:
    """Return the draft of an import's end; `status` is `completed`, `failed` or `cancelled`."""
    return notification(
        "import.finished",
        f"Import of {filename or upload_id} {status}",
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

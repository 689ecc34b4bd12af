"""Notifications to administrators. A change and its notification share one transaction."""

from collections.abc import Callable, Mapping
from typing import Literal

from msgspec import UNSET

from api.services.links import stored_link
from domain.messages import Notification, Param, Severity
from domain.people import User
from domain.problems import Problem
from domain.webhooks import DisabledBecause, Progress, Webhook
from streams.messages import Draft, draft, timestamp

FEED = "admin"

UserVerb = Literal["added", "disabled", "enabled", "rotated"]
WebhookVerb = Literal["added", "changed", "secret_changed", "removed"]

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
    params: Mapping[str, Param] | None = None,
) -> Draft:
    """Return the draft of one notification, for `Transaction.messages.append`.

    `kind` and `params` let a client word it in its own language.
    """
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
            params=UNSET if params is None else params,
        )
    )


def import_notification(
    upload_id: str,
    filename: str,
    status: str,
    *,
    accepted: int,
    rejected: int,
    actor: str,
    at_ms: int,
    error: Problem | None = None,
) -> Draft:
    """Return the draft of an import's end; `status` is `completed`, `failed` or `cancelled`.

    `error`: why it failed.
    """
    # Of a file that could not be read there are no rows to speak of.
    has_rows = accepted + rejected > 0 or error is None
    rows = f"{accepted} row{'' if accepted == 1 else 's'} accepted, {rejected} rejected, " if has_rows else ""
    counts = f"{rows}for {actor}"
    return notification(
        "import.finished",
        f"Import of {filename or upload_id} {status}",
        f"{counts}: {error.message}" if error else counts,
        actor=actor,
        at_ms=at_ms,
        link=stored_link(f"/api/v1/uploads/{upload_id}"),
        severity=_END_SEVERITY[status],
        params={
            "upload_id": upload_id,
            "filename": filename,
            "status": status,
            "accepted": accepted,
            "rejected": rejected,
            **(reason_params(error) if error else {}),
        },
    )


def reason_params(error: Problem) -> dict[str, Param]:
    """Return why something ended, for a client that words it: the problem's English, code, rule and params.

    `reason_params` holds all that the sentence speaks of, `field` and `value` as well.
    """
    return {
        "reason": error.message,
        "reason_code": error.code,
        "reason_rule": error.rule or None,
        "reason_params": {"field": error.field, "value": error.value, **(error.params or {})},
    }


def task_notification(
    task_id: str, kind: str, status: str, *, filename: str | None = None, actor: str, at_ms: int
) -> Draft:
    """Return the draft of a task's end; `status` is `completed`, `failed` or `cancelled`.

    `filename` is the file that a check is about.
    """
    what = f"{kind} of {filename}" if filename else kind
    return notification(
        "task.finished",
        f"Task {task_id} {status}",
        f"The {what} that {actor} started is {status}",
        actor=actor,
        at_ms=at_ms,
        link=stored_link(f"/api/v1/tarefas/{task_id}"),
        severity=_END_SEVERITY[status],
        params={
            "task_id": task_id,
            "task": kind,
            "status": status,
            **({"filename": filename} if filename else {}),
        },
    )


def user_notification(verb: UserVerb, user: User, *, actor: str, at_ms: int) -> Draft:
    """Return the draft of a change of a user."""
    messages: dict[UserVerb, Callable[[], str]] = {
        "added": lambda: f"{actor} added {user.name} as {user.role}",
        "disabled": lambda: f"{actor} disabled {user.name}",
        "enabled": lambda: f"{actor} enabled {user.name} again",
        "rotated": lambda: f"{actor} gave {user.name} a new token; the old one and its sessions ended",
    }
    severity: Severity = "info" if verb in ("added", "enabled") else "warning"
    title = f"User {user.name} {verb}"
    return notification(
        f"user.{verb}",
        title,
        messages[verb](),
        actor=actor,
        at_ms=at_ms,
        severity=severity,
        params={"name": user.name, "role": user.role},
    )


_DONE: dict[WebhookVerb, tuple[str, str]] = {
    "added": ("added", "added"),
    "changed": ("changed", "changed"),
    "secret_changed": ("has a new secret", "gave a new secret to"),
    "removed": ("removed", "removed"),
}
"""What follows the webhook's id, and what follows the name of who did it."""


def webhook_notification(verb: WebhookVerb, webhook: Webhook, *, actor: str, at_ms: int) -> Draft:
    """Return the draft of a change of a webhook: data leaves the server by it."""
    return _of_webhook(
        f"webhook.{verb}",
        f"Webhook {webhook.id} {_DONE[verb][0]}",
        f"{actor} {_DONE[verb][1]} a webhook for {', '.join(webhook.feeds)}",
        webhook,
        actor=actor,
        at_ms=at_ms,
        severity="warning" if verb == "removed" else "info",
    )


_WHY_DISABLED: dict[DisabledBecause, str] = {
    "admin": "an administrator disabled it",
    "gone": "its receiver answered 410 Gone",
    "failing": "its receiver failed for three days",
    "restored": "the store comes from a backup, and the server it was taken from may still deliver",
}


def webhook_disabled(webhook: Webhook, because: DisabledBecause, *, at_ms: int) -> Draft:
    """Return the draft for a webhook that deliveries have disabled."""
    return _of_webhook(
        "webhook.disabled",
        f"Webhook {webhook.id} disabled",
        f"Messages are no longer delivered: {_WHY_DISABLED[because]}. Enable the webhook once it is resolved",
        webhook,
        at_ms=at_ms,
        severity="error",
        params={"because": because},
    )


def webhook_failing(webhook: Webhook, now: Progress, *, at_ms: int) -> Draft:
    """Return the draft for a webhook whose receiver has failed for an hour."""
    since = timestamp(now.failing_since_ms or at_ms)
    return _of_webhook(
        "webhook.failing",
        f"Webhook {webhook.id} is failing",
        f"Its receiver has accepted nothing since {since}; it is tried about hourly, for three days in all",
        webhook,
        at_ms=at_ms,
        severity="warning",
        params={"failing_since": since},
    )


def webhook_recovered(webhook: Webhook, *, at_ms: int) -> Draft:
    """Return the draft for a webhook whose receiver accepts messages again, after a failure of an hour."""
    return _of_webhook(
        "webhook.recovered",
        f"Webhook {webhook.id} is delivered again",
        "Its receiver accepts messages again; those that waited follow in order",
        webhook,
        at_ms=at_ms,
        severity="info",
    )


def webhook_gap(webhook: Webhook, *, at_ms: int) -> Draft:
    """Return the draft for a webhook that missed messages, which are no longer kept."""
    return _of_webhook(
        "webhook.gap",
        f"Webhook {webhook.id} may have missed messages",
        "It lagged so far behind that messages had expired; it continues with the oldest stored message",
        webhook,
        at_ms=at_ms,
        severity="error",
    )


def _of_webhook(
    kind: str,
    title: str,
    message: str,
    webhook: Webhook,
    *,
    at_ms: int,
    severity: Severity,
    actor: str = "fasttrack",
    params: Mapping[str, Param] | None = None,
) -> Draft:
    return notification(
        kind,
        title,
        message,
        actor=actor,
        at_ms=at_ms,
        link=stored_link(f"/api/v1/webhooks/{webhook.id}"),
        severity=severity,
        params={"webhook_id": webhook.id, "feeds": list(webhook.feeds), **(params or {})},
    )

"""What administrators are told of a receiver before it is given up: it fails for long, it is well again."""

from collections.abc import Sequence

from api.services.notifications import webhook_failing, webhook_recovered
from domain.webhooks import Attempt, Progress, Webhook, fails_for_long
from streams.messages import Draft


def turns(stored: Webhook | None, after: Progress, attempts: Sequence[Attempt], *, at_ms: int) -> list[Draft]:
    """Return the notifications that storing `after` is to bring: each once in a row of failures.

    Args:
        stored: the webhook as it is; None where it was deleted.
        after: how far it comes by this.
        attempts: those since it was stored.
        at_ms: now, milliseconds since 1970, UTC.
    """
    if stored is None or fails_for_long(stored) == fails_for_long(after):
        return []
    if fails_for_long(after):
        # One that is disabled by the same attempt has a notification of its own.
        return [] if after.disabled_because else [webhook_failing(stored, after, at_ms=at_ms)]
    # Messages may also have been skipped, because they are no longer kept.
    taken = any(attempt.succeeded for attempt in attempts)
    return [webhook_recovered(stored, at_ms=at_ms)] if taken else []

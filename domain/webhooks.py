"""Webhooks as values, and the rule for retries.

Source: Standard Webhooks 1.0 (https://www.standardwebhooks.com).
"""

from typing import Literal

from msgspec import Struct, structs

from domain.problems import Problem

MAX_WEBHOOKS = 100
"""Of one store: each costs a task and a read after every message of its feeds."""

KEPT_ATTEMPTS = 50
"""Last attempts that are kept of each webhook."""

GIVE_UP_MS = 3 * 86_400_000
"""A message is tried for three days; then its webhook is disabled."""

LONG_FAILURE_MS = 3_600_000
"""A receiver that has failed for so long needs somebody to look at it."""

FIRST_RETRY_SECONDS = 5.0
LONGEST_RETRY_SECONDS = 3600.0

GONE = 410
"""The receiver wants no more, ever."""

WebhookFormat = Literal["json", "cloudevents"]
FORMATS: tuple[WebhookFormat, ...] = ("json", "cloudevents")

KEEP_OLD_SECRET_HOURS = 24
"""How long a secret that was replaced signs, too, where nobody says otherwise."""

LONGEST_KEEP_OLD_SECRET_HOURS = 7 * 24

MAX_OLD_SECRETS = 3
"""Each is one more signature in every delivery. Those that were replaced first are forgotten first."""

DisabledBecause = Literal["admin", "gone", "failing", "restored"]
"""Someone said so; the receiver answered 410; it failed for three days; the store comes from a backup."""


class Attempt(Struct, frozen=True):
    """One POST and its result.

    Attributes:
        message_id: of the message that was sent.
        at_ms: when it began, milliseconds since 1970, UTC.
        took_ms: until the answer or the failure.
        status: of the answer; None where there was none.
        error: why it failed, in English; None when it succeeded.
        why: the same, as clients word it; None of attempts that an earlier version made.
        retry_after_s: for so long the receiver wants no other; 0 where it did not say. Not stored.
    """

    message_id: str
    at_ms: int
    took_ms: int
    status: int | None
    error: str | None
    retry_after_s: int = 0
    why: Problem | None = None

    @property
    def succeeded(self) -> bool:
        """Whether the receiver accepted the message."""
        return self.error is None


class OldSecret(Struct, frozen=True):
    """A secret that was replaced.

    Attributes:
        ends_ms: until then deliveries are signed by it, too; milliseconds since 1970, UTC.
    """

    secret: str
    ends_ms: int

    def __repr__(self) -> str:
        """Show no secret."""
        return f"OldSecret(ends_ms={self.ends_ms})"


class Webhook(Struct, frozen=True):
    """A receiver, its feeds, and its cursor.

    Attributes:
        secret: ``whsec_`` and Base64; deliveries are signed by it. Shown once, when it is set.
        old_secrets: those before it that may still sign, the newest first.
        disabled_because: None while it is enabled.
        revision: one more after each change by a person: a delivery that began before changes nothing.
        cursor: seq of the last message that was delivered, or was of no feed of this webhook.
        failures: attempts in a row that failed, all of the message after the cursor.
        failing_since_ms: when the first of them was; None where there is none.
        next_ms: no attempt before then.
    """

    id: str
    url: str
    feeds: tuple[str, ...]
    format: WebhookFormat
    secret: str
    created_by: str
    created_ms: int
    cursor: int
    disabled_because: DisabledBecause | None = None
    revision: int = 1
    failures: int = 0
    failing_since_ms: int | None = None
    next_ms: int = 0
    old_secrets: tuple[OldSecret, ...] = ()

    @property
    def enabled(self) -> bool:
        """Whether messages are delivered."""
        return self.disabled_because is None

    def secrets_at(self, now_ms: int) -> list[str]:
        """Return the secrets that sign at a time, the newest first."""
        return [self.secret, *(old.secret for old in self.old_secrets if old.ends_ms > now_ms)]

    def with_secret(self, secret: str, *, keep_old_ms: int, now_ms: int) -> "Webhook":
        """Return this webhook with a new secret; old ones sign for at most `keep_old_ms` more."""
        ends_ms = now_ms + keep_old_ms
        before = (OldSecret(self.secret, ends_ms), *self.old_secrets)
        kept = [OldSecret(old.secret, min(old.ends_ms, ends_ms)) for old in before if old.secret != secret]
        # One that has ended is kept no longer than it signs.
        return structs.replace(
            self,
            secret=secret,
            old_secrets=tuple([old for old in kept if old.ends_ms > now_ms][:MAX_OLD_SECRETS]),
        )

    def __repr__(self) -> str:
        """Show no secret: this may come into a log. A URL may hold one, too."""
        return f"Webhook({self.id!r})"


class Progress(Struct, frozen=True):
    """The members of a webhook that deliveries change."""

    cursor: int
    failures: int = 0
    failing_since_ms: int | None = None
    next_ms: int = 0
    disabled_because: DisabledBecause | None = None


def fails_for_long(webhook: Webhook | Progress) -> bool:
    """Return whether its receiver has failed for an hour, or has asked to be left alone until then.

    It becomes true once in a row of failures, and stays so until that ends: who compares before and
    after learns of it once, whichever process delivers.
    """
    since_ms = webhook.failing_since_ms
    # A first failure with a long Retry-After is a pause that was announced.
    is_repeated = webhook.failures > 1
    return is_repeated and since_ms is not None and webhook.next_ms > since_ms + LONG_FAILURE_MS


def after_failure(before: Progress, attempt: Attempt, *, now_ms: int, chance: float) -> Progress:
    """Return the webhook after a failed attempt: with a time to retry, or disabled.

    Pauses double from 5 seconds to an hour, each shortened by up to half by `chance` (0 to 1), so
    that many webhooks of one receiver do not come back at once. One attempt is at the end of the first
    hour, after which it counts as long; the last one is at three days.
    """
    failures, since_ms = before.failures + 1, before.failing_since_ms or attempt.at_ms
    gives_up_ms = since_ms + GIVE_UP_MS
    because: DisabledBecause | None = None
    if attempt.status == GONE:
        because = "gone"
    elif now_ms >= gives_up_ms:
        because = "failing"
    next_ms = now_ms + round(_pause_seconds(failures) * (1 - chance / 2) * 1000)
    if now_ms < (hour_ms := since_ms + LONG_FAILURE_MS):
        next_ms = min(next_ms, hour_ms)
    next_ms = min(max(next_ms, now_ms + attempt.retry_after_s * 1000), gives_up_ms)
    return Progress(before.cursor, failures, since_ms, next_ms, because)


def _pause_seconds(failures: int) -> float:
    # Bounded: a float has no 2**1024.
    return min(FIRST_RETRY_SECONDS * float(2 ** min(failures - 1, 20)), LONGEST_RETRY_SECONDS)

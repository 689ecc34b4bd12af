"""The use cases of webhooks: create, list, change, remove, test."""

from collections.abc import Callable, Sequence
from secrets import token_hex

import msgspec
from msgspec import Struct, structs

from api.services.credentials import new_secret
from api.services.notifications import webhook_notification
from api.services.store import Store
from api.services.webhooks.addresses import AddressError, Addresses, read_url
from api.services.webhooks.delivery import Deliveries
from api.services.webhooks.sending import Outgoing, Sender
from api.services.webhooks.signing import new_webhook_secret
from domain.problems import Problem, excerpt
from domain.webhooks import KEEP_OLD_SECRET_HOURS, MAX_WEBHOOKS, Attempt, Webhook, WebhookFormat
from streams.messages import timestamp


class NewWebhook(Struct, frozen=True):
    """A requested webhook, validated except for the addresses of its URL."""

    url: str
    feeds: Sequence[str]
    format: WebhookFormat = "json"
    secret: str | None = None


class Change(Struct, frozen=True):
    """A requested change; None leaves a member unchanged."""

    url: str | None = None
    feeds: Sequence[str] | None = None
    enabled: bool | None = None


class NewSecret(Struct, frozen=True):
    """A requested new secret.

    Attributes:
        secret: None draws one.
        keep_old_hours: for so long the ones before sign, too.
    """

    secret: str | None = None
    keep_old_hours: int = KEEP_OLD_SECRET_HOURS


class _Test(Struct, frozen=True, tag="webhook.test"):
    """What a test delivery holds: no message of a feed."""

    id: str
    feed: str
    at: str
    webhook_id: str


class Webhooks:
    """Manages webhooks; `deliveries` sends their messages."""

    def __init__(
        self,
        store: Store,
        addresses: Addresses,
        sender: Sender,
        deliveries: Deliveries,
        *,
        now_ms: Callable[[], int],
    ) -> None:
        self._store = store
        self._addresses = addresses
        self._sender = sender
        self._deliveries = deliveries
        self._now_ms = now_ms

    async def problem_of_url(self, text: str) -> Problem | None:
        """Return the problem of a receiver's URL, None if it is allowed."""
        try:
            await self._addresses.of(read_url(text))
        except AddressError as error:
            return structs.replace(error.problem, value=excerpt(text))
        return None

    async def add(self, wanted: NewWebhook, *, actor: str) -> Webhook | None:
        """Store a webhook for messages from now on; None if there are too many."""
        _, head = await self._store.feed.bounds()
        made = Webhook(
            # Commands take it as it is: one that began with a dash would be an option.
            id=token_hex(8),
            url=wanted.url,
            feeds=tuple(dict.fromkeys(wanted.feeds)),
            format=wanted.format,
            secret=wanted.secret or new_webhook_secret(),
            created_by=actor,
            created_ms=self._now_ms(),
            cursor=head,
        )
        note = webhook_notification("added", made, actor=actor, at_ms=self._now_ms())
        async with self._store.transaction() as tx:
            if not await tx.webhooks.add(made, most=MAX_WEBHOOKS):
                return None
            await tx.messages.append([note])
        self._deliveries.changed(made.id)
        return made

    async def all(self) -> list[Webhook]:
        """Return every webhook, oldest first."""
        async with self._store.snapshot() as snapshot:
            return await snapshot.webhooks.all()

    async def get(self, webhook_id: str) -> tuple[Webhook, list[Attempt]] | None:
        """Return a webhook and its last attempts, the newest first."""
        async with self._store.snapshot() as snapshot:
            found = await snapshot.webhooks.get(webhook_id)
            return None if found is None else (found, await snapshot.webhooks.attempts(webhook_id))

    async def change(self, webhook_id: str, change: Change, *, actor: str) -> Webhook | None:
        """Change a webhook, and retry its delivery at once; None if there is no such webhook."""
        async with self._store.transaction() as tx:
            before = await tx.webhooks.get(webhook_id, to_change=True)
            if before is None:
                return None
            after = _changed(before, change)
            await tx.webhooks.save(after)
            note = webhook_notification("changed", after, actor=actor, at_ms=self._now_ms())
            await tx.messages.append([note])
        self._deliveries.changed(webhook_id)
        return after

    async def change_secret(self, webhook_id: str, wanted: NewSecret, *, actor: str) -> Webhook | None:
        """Replace the secret of a webhook, and retry its delivery at once; None if there is none."""
        async with self._store.transaction() as tx:
            before = await tx.webhooks.get(webhook_id, to_change=True)
            if before is None:
                return None
            after = _changed(before, Change()).with_secret(
                wanted.secret or new_webhook_secret(),
                keep_old_ms=wanted.keep_old_hours * 3_600_000,
                now_ms=self._now_ms(),
            )
            await tx.webhooks.save(after)
            note = webhook_notification("secret_changed", after, actor=actor, at_ms=self._now_ms())
            await tx.messages.append([note])
        self._deliveries.changed(webhook_id)
        return after

    async def remove(self, webhook_id: str, *, actor: str) -> bool:
        """Delete a webhook; False if there is none."""
        async with self._store.transaction() as tx:
            before = await tx.webhooks.get(webhook_id, to_change=True)
            if before is None or not await tx.webhooks.remove(webhook_id):
                return False
            note = webhook_notification("removed", before, actor=actor, at_ms=self._now_ms())
            await tx.messages.append([note])
        self._deliveries.changed(webhook_id)
        return True

    async def test(self, webhook_id: str) -> Attempt | None:
        """Send a message of type `webhook.test` now, before all others; None if there is no such webhook."""
        async with self._store.snapshot() as snapshot:
            webhook = await snapshot.webhooks.get(webhook_id)
        if webhook is None:
            return None
        message_id = f"test.{new_secret()[:16]}"
        test = _Test(message_id, "webhook", timestamp(self._now_ms()), webhook_id)
        async with self._sender.client() as client:
            attempt = await self._sender.send(
                client, webhook, Outgoing(message_id, msgspec.json.encode(test))
            )
        async with self._store.transaction() as tx:
            if await tx.webhooks.get(webhook_id, to_change=True) is not None:
                await tx.webhooks.add_attempts(webhook_id, [attempt])
        return attempt


def _changed(before: Webhook, change: Change) -> Webhook:
    """Return a webhook after a change: whatever was wrong with it is forgotten."""
    because = before.disabled_because
    if change.enabled is not None:
        because = None if change.enabled else (because or "admin")
    return structs.replace(
        before,
        url=change.url or before.url,
        feeds=before.feeds if change.feeds is None else tuple(dict.fromkeys(change.feeds)),
        disabled_because=because,
        revision=before.revision + 1,
        failures=0,
        failing_since_ms=None,
        next_ms=0,
    )

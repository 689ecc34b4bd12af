"""The store of webhooks: what they are, how far they have come, their last attempts."""

from collections.abc import Sequence

import msgspec
import sqlalchemy as sa

from api.storage import leases
from api.storage.backup import RESTORED
from api.storage.schema import meta, webhook_attempts, webhooks
from api.storage.unit_of_work import Row, Unit
from domain.problems import Problem
from domain.webhooks import KEPT_ATTEMPTS, Attempt, DisabledBecause, OldSecret, Progress, Webhook


class SqlWebhooks:
    """Webhooks of one unit of work. Source: `domain.ports.webhooks.WebhookStore`."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit

    async def add(self, webhook: Webhook, *, most: int) -> bool:
        """Store a new webhook; False when there are `most` already."""
        await self._unit.dialect.lock(self._unit, "webhooks")
        if await self.count() >= most:
            return False
        cells = {
            **msgspec.structs.asdict(webhook),
            "feeds": _json(webhook.feeds),
            "old_secrets": _json(webhook.old_secrets),
        }
        await self._unit.run(sa.insert(webhooks).values(**cells))
        return True

    async def count(self) -> int:
        """Return how many there are."""
        row = await self._unit.first(sa.select(sa.func.count().label("n")).select_from(webhooks))
        return int(row.n) if row else 0

    async def count_states(self) -> dict[str, int]:
        """Return how many are `enabled` and how many each cause has disabled; what has none is left out."""
        state = sa.func.coalesce(webhooks.c.disabled_because, "enabled")
        by_state = sa.select(state.label("state"), sa.func.count().label("n")).group_by("state")
        return {row.state: int(row.n) for row in await self._unit.rows(by_state)}

    async def pause_restored(self) -> list[Webhook]:
        """Disable every webhook of a store that was put in place by a restore, and return those."""
        # Another process that asks meanwhile waits here, and finds them disabled.
        if not await self._unit.run(sa.delete(meta).where(meta.c.key == RESTORED)):
            return []
        enabled = [one for one in await self.all() if one.enabled]
        change = sa.update(webhooks).where(webhooks.c.disabled_because.is_(None))
        because: DisabledBecause = "restored"
        await self._unit.run(change.values(disabled_because=because, revision=webhooks.c.revision + 1))
        return enabled

    async def all(self) -> list[Webhook]:
        """Return every webhook, oldest first."""
        every = sa.select(webhooks).order_by(webhooks.c.created_ms, webhooks.c.id)
        return [_webhook(row) for row in await self._unit.rows(every)]

    async def get(self, webhook_id: str, *, to_change: bool = False) -> Webhook | None:
        """Return one webhook; if it is read to be changed, it is locked until the transaction ends."""
        one = sa.select(webhooks).where(webhooks.c.id == webhook_id)
        row = await self._unit.first(one.with_for_update() if to_change else one)
        return _webhook(row) if row else None

    async def save(self, webhook: Webhook) -> bool:
        """Overwrite the members of a webhook except the cursor; False if it was deleted."""
        change = sa.update(webhooks).where(webhooks.c.id == webhook.id)
        cells = {
            "url": webhook.url,
            "feeds": _json(webhook.feeds),
            "secret": webhook.secret,
            "old_secrets": _json(webhook.old_secrets),
            "revision": webhook.revision,
            "disabled_because": webhook.disabled_because,
            "failures": webhook.failures,
            "failing_since_ms": webhook.failing_since_ms,
            "next_ms": webhook.next_ms,
        }
        return await self._unit.run(change.values(**cells)) == 1

    async def remove(self, webhook_id: str) -> bool:
        """Delete a webhook and its attempts; False if there is none."""
        # The webhook first: its row's lock waits for a delivery that is being noted, and its attempts.
        gone = await self._unit.run(sa.delete(webhooks).where(webhooks.c.id == webhook_id))
        of_it = webhook_attempts.c.webhook_id == webhook_id
        await self._unit.run(sa.delete(webhook_attempts).where(of_it))
        return gone == 1

    async def hold_all(self, owner: str, *, now_ms: int, ends_ms: int) -> list[Webhook]:
        """Take or renew the lease on every enabled webhook that no other holds, and return them."""
        free = leases.free_or_own(webhooks, owner, now_ms=now_ms)
        some = (
            sa.select(webhooks.c.id)
            .where(webhooks.c.disabled_because.is_(None), free)
            .with_for_update(skip_locked=True)
        )
        change = sa.update(webhooks).where(webhooks.c.id.in_(some))
        await self._unit.run(change.values(lease_owner=owner, lease_ends_ms=ends_ms))
        own = sa.select(webhooks).where(
            webhooks.c.disabled_because.is_(None), webhooks.c.lease_owner == owner
        )
        return [_webhook(row) for row in await self._unit.rows(own)]

    async def release_all(self, owner: str) -> None:
        """Release the leases of `owner` on all webhooks."""
        change = sa.update(webhooks).where(webhooks.c.lease_owner == owner)
        await self._unit.run(change.values(lease_owner=None, lease_ends_ms=None))

    async def advance(self, webhook_id: str, owner: str, revision: int, progress: Progress) -> bool:
        """Set the cursor of a webhook; False if another process holds it, or a person has changed it."""
        change = sa.update(webhooks).where(
            webhooks.c.id == webhook_id,
            webhooks.c.lease_owner == owner,
            webhooks.c.revision == revision,
            webhooks.c.disabled_because.is_(None),
        )
        return await self._unit.run(change.values(**msgspec.structs.asdict(progress))) == 1

    async def advance_changed(self, webhook_id: str, owner: str, cursor: int) -> bool:
        """Set only the cursor of a webhook that a person has changed; False if another process holds it."""
        change = sa.update(webhooks).where(
            webhooks.c.id == webhook_id, webhooks.c.lease_owner == owner, webhooks.c.cursor <= cursor
        )
        return await self._unit.run(change.values(cursor=cursor)) == 1

    async def add_attempts(self, webhook_id: str, attempts: Sequence[Attempt]) -> None:
        """Store attempts, in order, and delete all but the last 50 of the webhook."""
        for attempt in attempts[-KEPT_ATTEMPTS:]:
            cells = msgspec.structs.asdict(attempt)
            del cells["retry_after_s"]
            cells["why"] = None if attempt.why is None else msgspec.json.encode(attempt.why).decode()
            await self._unit.run(sa.insert(webhook_attempts).values(webhook_id=webhook_id, **cells))
        own = webhook_attempts.c.webhook_id == webhook_id
        oldest_kept = (
            sa.select(webhook_attempts.c.id)
            .where(own)
            .order_by(webhook_attempts.c.id.desc())
            .limit(1)
            .offset(KEPT_ATTEMPTS - 1)
            .scalar_subquery()
        )
        await self._unit.run(sa.delete(webhook_attempts).where(own, webhook_attempts.c.id < oldest_kept))

    async def attempts(self, webhook_id: str) -> list[Attempt]:
        """Return the last attempts of a webhook, the newest first."""
        own = (
            sa.select(webhook_attempts)
            .where(webhook_attempts.c.webhook_id == webhook_id)
            .order_by(webhook_attempts.c.id.desc())
        )
        return [
            Attempt(
                row.message_id,
                row.at_ms,
                row.took_ms,
                row.status,
                row.error,
                why=None if row.why is None else msgspec.json.decode(row.why, type=Problem),
            )
            for row in await self._unit.rows(own)
        ]


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _webhook(row: Row) -> Webhook:
    return Webhook(
        id=row.id,
        url=row.url,
        feeds=msgspec.json.decode(row.feeds, type=tuple[str, ...]),
        format=row.format,
        secret=row.secret,
        created_by=row.created_by,
        created_ms=row.created_ms,
        cursor=row.cursor,
        disabled_because=row.disabled_because,
        revision=row.revision,
        failures=row.failures,
        failing_since_ms=row.failing_since_ms,
        next_ms=row.next_ms,
        # None: made by the version before.
        old_secrets=msgspec.json.decode(row.old_secrets or "[]", type=tuple[OldSecret, ...]),
    )

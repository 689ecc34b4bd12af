"""Delivers the messages of feeds to webhooks: in order, at least once, each webhook by one process.

How far each has come is stored after its deliveries, never before: after a kill the last ones are
sent again. Each webhook has a task of its own, so a slow receiver holds up only itself; there are at
most `MAX_WEBHOOKS`.
"""

import logging
import time
from collections.abc import Awaitable, Callable, Collection, Sequence

import anyio
import httpx
from anyio.abc import TaskGroup

from api.services.feeds import FEEDS
from api.services.notifications import webhook_disabled, webhook_gap
from api.services.store import Store
from api.services.webhooks.figures import MOST_PENDING, Figures
from api.services.webhooks.sending import Outgoing, Sender
from api.services.webhooks.turns import turns
from domain.ports.errors import StorageError
from domain.webhooks import Attempt, Progress, Webhook, after_failure, fails_for_long
from streams.messages import Draft
from streams.stored import StoredMessage

LEASE_MS = 15_000
RENEW_SECONDS = 5.0
LOOK_SECONDS = 2.0
"""So often a webhook looks for messages that no commit of this process has reported."""
MESSAGES_A_READ = 50
SAVE_SECONDS = 1.0
"""Deliveries of a second are stored together; a kill repeats them."""
IDLE_SAVE_MS = 60_000
"""A cursor that moves over messages of other feeds is stored so often: long before they are pruned."""

logger = logging.getLogger("fasttrack.webhooks")


class Delivering:
    """A webhook that this process delivers, with changes that are not stored yet."""

    def __init__(self, webhook: Webhook) -> None:
        self.attempts: list[Attempt] = []
        self.scope = anyio.CancelScope()
        self.wake = anyio.Event()
        self.saved_at_ms = 0
        self._saved_at = time.monotonic()
        self.begin(webhook)

    def begin(self, webhook: Webhook) -> None:
        """Start from a stored webhook."""
        self.webhook = webhook
        self.progress = Progress(webhook.cursor, webhook.failures, webhook.failing_since_ms, webhook.next_ms)
        self.saved_cursor = webhook.cursor
        self.failed_for_long = fails_for_long(webhook)
        self.names, self.prefixes = FEEDS.stored_under(FEEDS.set_of(webhook.feeds).topics)

    def wants(self, feeds: Collection[str]) -> bool:
        """Return whether one of these feeds is delivered."""
        return any(name in feeds for name in self.names) or any(
            feed.startswith(prefix) for prefix in self.prefixes for feed in feeds
        )

    def delivered(self, seq: int, attempt: Attempt) -> None:
        """Note a success."""
        self.progress = Progress(seq)
        self.attempts.append(attempt)

    def failed(self, attempt: Attempt, *, now_ms: int, chance: float) -> None:
        """Note a failure."""
        self.progress = after_failure(self.progress, attempt, now_ms=now_ms, chance=chance)
        self.attempts.append(attempt)

    def passed(self, seq: int) -> None:
        """Note that there is nothing to deliver up to this seq."""
        self.progress = Progress(max(seq, self.progress.cursor))

    def is_due(self, now_ms: int) -> bool:
        """Return whether it is time to store the cursor."""
        if self.attempts:
            return time.monotonic() - self._saved_at >= SAVE_SECONDS
        return self.progress.cursor > self.saved_cursor and now_ms - self.saved_at_ms >= IDLE_SAVE_MS

    def saved(self, count: int, progress: Progress, now_ms: int) -> None:
        """Note that so many attempts and this progress are stored."""
        del self.attempts[:count]
        self.saved_cursor, self.saved_at_ms = progress.cursor, now_ms
        self.failed_for_long = fails_for_long(progress)
        self._saved_at = time.monotonic()


class Deliveries:
    """All webhooks that this process delivers.

    Args:
        owner: the name of this process in leases.
        now_ms: milliseconds since 1970, UTC.
        chance: gives a number from 0 to 1, by which pauses vary.
        pause: waits for some seconds.
    """

    def __init__(
        self,
        store: Store,
        sender: Sender,
        *,
        owner: str,
        now_ms: Callable[[], int],
        chance: Callable[[], float],
        pause: Callable[[float], Awaitable[None]] = anyio.sleep,
    ) -> None:
        self._store = store
        self._sender = sender
        self._owner = owner
        self._now_ms = now_ms
        self._chance = chance
        self._pause = pause
        self.figures = Figures()
        self._is_paused_where_restored = False
        self._at_work: dict[str, Delivering] = {}
        self._lease_ends_ms = 0
        self._look = anyio.Event()

    def committed(self, messages: Sequence[StoredMessage]) -> None:
        """Wake the webhooks that these messages are for; does not block."""
        if not self._at_work:
            return
        feeds = {message.feed for message in messages}
        for one in self._at_work.values():
            if one.wants(feeds):
                one.wake.set()

    def changed(self, webhook_id: str) -> None:
        """Restart the deliveries of a changed webhook from the store."""
        if (one := self._at_work.get(webhook_id)) is not None:
            one.scope.cancel()
        self._look.set()

    async def run(self) -> None:
        """Deliver until cancelled; then release the leases."""
        try:
            async with anyio.create_task_group() as group:
                while True:
                    # Swap before reading: what changes during the read is seen in the next round.
                    self._look = anyio.Event()
                    try:
                        await self._hold(group)
                        await self._count()
                    except StorageError as error:
                        logger.warning("cannot renew the leases of webhooks: %s", error)
                    with anyio.move_on_after(RENEW_SECONDS):
                        await self._look.wait()
        finally:
            with anyio.CancelScope(shield=True):
                await self._release()

    async def _hold(self, group: TaskGroup) -> None:
        """Renew the leases, begin what is free or new, stop what is another's now, or was changed."""
        await self._pause_where_restored()
        async with self._store.snapshot() as snapshot:
            self.figures.note_states(counts := await snapshot.webhooks.count_states())
        has_any = bool(counts)
        held: dict[str, Webhook] = {}
        if has_any:
            ends_ms = self._now_ms() + LEASE_MS
            async with self._store.transaction() as tx:
                held = {
                    one.id: one
                    for one in await tx.webhooks.hold_all(self._owner, now_ms=self._now_ms(), ends_ms=ends_ms)
                }
            self._lease_ends_ms = ends_ms
        for webhook_id, one in [*self._at_work.items()]:
            if webhook_id not in held or held[webhook_id].revision != one.webhook.revision:
                one.scope.cancel()
        for webhook in held.values():
            # One that is ending stores first how far it came: the next one begins there.
            if webhook.id not in self._at_work:
                self._at_work[webhook.id] = one = Delivering(webhook)
                group.start_soon(self._work, one)

    async def _pause_where_restored(self) -> None:
        """Disable the webhooks of a store that comes from a backup: another server may have them, too."""
        if self._is_paused_where_restored:
            return
        async with self._store.transaction() as tx:
            paused = await tx.webhooks.pause_restored()
            notes = [webhook_disabled(one, "restored", at_ms=self._now_ms()) for one in paused]
            await tx.messages.append(notes)
        self._is_paused_where_restored = True
        for one in paused:
            logger.warning("webhook %s is disabled: the store was restored from a backup", one.id)

    async def _count(self) -> None:
        """Note what the webhooks of this process have not delivered, and since when."""
        _, head = await self._store.feed.bounds()
        pending, oldest_ms = 0, None
        for one in [*self._at_work.values()]:
            if one.progress.cursor < head and not one.scope.cancel_called:
                count, first_ms = await self._store.feed.backlog(
                    one.names, one.prefixes, after=one.progress.cursor, limit=MOST_PENDING
                )
                pending += count
                if count:
                    oldest_ms = min(first_ms, oldest_ms or first_ms)
        self.figures.pending, self.figures.oldest_ms = pending, oldest_ms

    async def _release(self) -> None:
        try:
            async with self._store.snapshot() as snapshot:
                has_any = await snapshot.webhooks.count() > 0
            if has_any:
                async with self._store.transaction() as tx:
                    await tx.webhooks.release_all(self._owner)
        except StorageError:
            logger.warning("leases of webhooks could not be released; they end by themselves")

    async def _work(self, one: Delivering) -> None:
        """Deliver to one webhook until it is disabled, changed or another's."""
        try:
            with one.scope:
                if await self._is_as_stored(one):
                    async with self._sender.client() as client:
                        await self._follow(one, client)
        except (StorageError, OSError) as error:  # An OSError: the trusted certificates cannot be read.
            logger.warning("webhook %s cannot be delivered for now: %s", one.webhook.id, error)
        finally:
            with anyio.CancelScope(shield=True):
                await self._save_rest(one)
            if self._at_work.get(one.webhook.id) is one:
                del self._at_work[one.webhook.id]
            if one.scope.cancel_called:
                self._look.set()

    async def _is_as_stored(self, one: Delivering) -> bool:
        """Begin with what is stored now; False when that is changed or disabled.

        What was read with the lease may be older than the last delivery here: one that was told 410.
        """
        async with self._store.snapshot() as snapshot:
            now = await snapshot.webhooks.get(one.webhook.id)
        if now is None or not now.enabled or now.revision != one.webhook.revision:
            return False
        one.begin(now)
        return True

    async def _follow(self, one: Delivering, client: httpx.AsyncClient) -> None:
        while True:
            one.wake = anyio.Event()
            if not await self._catch_up(one, client):
                return
            with anyio.move_on_after(LOOK_SECONDS):
                await one.wake.wait()

    async def _catch_up(self, one: Delivering, client: httpx.AsyncClient) -> bool:
        """Deliver all that is stored now; False when this process is not to go on."""
        oldest, head = await self._store.feed.bounds()
        if one.progress.cursor < oldest and not await self._skip(one, oldest):
            return False
        while one.progress.cursor < head:
            page = await self._store.feed.read(
                one.names, one.prefixes, after=one.progress.cursor, upto=head, limit=MESSAGES_A_READ
            )
            for message in page:
                if not await self._deliver(one, client, message):
                    return False
            if len(page) < MESSAGES_A_READ:
                one.passed(head)
        return await self._save(one) if one.attempts or one.is_due(self._now_ms()) else True

    async def _skip(self, one: Delivering, oldest: int) -> bool:
        """Go on with the oldest message that is kept, and report that others may be missed."""
        logger.warning("webhook %s missed messages that are no longer kept", one.webhook.id)
        one.passed(oldest)
        return await self._save(one, webhook_gap(one.webhook, at_ms=self._now_ms()))

    async def _deliver(self, one: Delivering, client: httpx.AsyncClient, message: StoredMessage) -> bool:
        """Send one message until it is taken; False when this process is not to go on."""
        outgoing = Outgoing(f"{self._store.epoch}.{message.seq}", message.body, message.trace)
        while True:
            if (wait_ms := one.progress.next_ms - self._now_ms()) > 0:
                await self._pause(wait_ms / 1000)
            if self._now_ms() >= self._lease_ends_ms:
                # Another process may have it by now; if none does, it begins anew with the next lease.
                self._look.set()
                return False
            attempt = await self._sender.send(client, one.webhook, outgoing)
            self.figures.note(attempt)
            if attempt.succeeded:
                one.delivered(message.seq, attempt)
                return await self._save(one) if one.is_due(self._now_ms()) else True
            one.failed(attempt, now_ms=self._now_ms(), chance=self._chance())
            if not await self._save_failure(one):
                return False

    async def _save_failure(self, one: Delivering) -> bool:
        """Store a failure; False when it was the last, or this process is not to go on."""
        because = one.progress.disabled_because
        if because is None:
            return await self._save(one)
        logger.warning("webhook %s is disabled: %s", one.webhook.id, because)
        while True:
            try:
                await self._save(one)
            except StorageError:
                # To begin anew would send again: it must be known first that nothing more is wanted.
                await anyio.sleep(LOOK_SECONDS)
            else:
                return False

    async def _save(self, one: Delivering, *notes: Draft) -> bool:
        """Store how far a webhook has come; False when it is another's now, or was changed.

        What a receiver has accepted counts also where a person has changed the webhook since.
        """
        progress, attempts, webhook = one.progress, [*one.attempts], one.webhook
        if (because := progress.disabled_because) is not None:
            notes = (*notes, webhook_disabled(webhook, because, at_ms=self._now_ms()))
        async with self._store.transaction() as tx:
            if fails_for_long(progress) != one.failed_for_long:
                # Compared with what is stored: a commit whose answer was lost has told it already.
                stored = await tx.webhooks.get(webhook.id, to_change=True)
                notes = (*notes, *turns(stored, progress, attempts, at_ms=self._now_ms()))
            is_ours = await tx.webhooks.advance(webhook.id, self._owner, webhook.revision, progress)
            if is_ours:
                await tx.messages.append(notes)
            if is_ours or await tx.webhooks.advance_changed(webhook.id, self._owner, progress.cursor):
                await tx.webhooks.add_attempts(webhook.id, attempts)
        one.saved(len(attempts), progress, self._now_ms())
        return is_ours

    async def _save_rest(self, one: Delivering) -> None:
        """Store deliveries of the last second, so that they are not repeated."""
        if not one.attempts:
            return
        try:
            await self._save(one)
        except StorageError:
            logger.warning("webhook %s: its last deliveries will be repeated", one.webhook.id)

"""Forgets what has had its time: old messages, history, requests, keys, ended sessions, used-up tickets."""

import logging
import time
from collections.abc import Awaitable, Callable

import anyio

from api.services.store import Store, Transaction
from domain.ports.errors import StorageError

EVERY_SECONDS = 3600.0
DAY_MS = 86_400_000

KEEP_HISTORY_DAYS = 90
"""For so long an undo of an import can give events back what they were."""

KEEP_KEYS_MS = DAY_MS
"""For so long at least a request can be repeated under its idempotency key."""

HOLD_SECONDS = 0.02
"""What a step may hold the store for: it has the only writer on SQLite, and others wait for it.

Rows are doubled only below a quarter of that, so that a step stays within it though its rows take twice as
long as those of the step before.
"""
LEAST_STEP, LARGEST_STEP = 20, 5000
"""Rows of one step. The first has the least: nobody knows yet what a row takes here."""

logger = logging.getLogger(__name__)

Step = Callable[[Transaction, int], Awaitable[bool]]
"""Forgets so many rows at most; returns whether there are more."""


class Housekeeping:
    """Deletes expired data at the start and every hour."""

    def __init__(
        self,
        store: Store,
        *,
        now_ms: Callable[[], int],
        feed_keep_days: int,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        """Prepare to tidy a store. `clock` says in seconds how long steps take."""
        self._store = store
        self._now_ms = now_ms
        self._clock = clock
        self._keep_ms = feed_keep_days * DAY_MS

    async def run(self) -> None:
        """Delete expired data until cancelled. If the store does not answer, try again in an hour."""
        while True:
            try:
                await self.tidy()
            except StorageError as error:
                logger.warning("expired data could not be deleted from the store: %s", error)
            await anyio.sleep(EVERY_SECONDS)

    async def tidy(self) -> int:
        """Delete all expired data, in short steps; return the number of deleted messages."""
        now_ms = self._now_ms()

        async def purge_people(tx: Transaction, limit: int) -> bool:
            return await tx.people.purge(at_ms=now_ms, limit=limit) >= limit

        async def purge_requests(tx: Transaction, limit: int) -> bool:
            return await tx.requests.purge(before_ms=now_ms - DAY_MS, limit=limit) >= limit

        async def purge_keys(tx: Transaction, limit: int) -> bool:
            return await tx.keys.purge(before_ms=now_ms - KEEP_KEYS_MS, limit=limit) >= limit

        async def forget_history(tx: Transaction, limit: int) -> bool:
            before_ms = now_ms - KEEP_HISTORY_DAYS * DAY_MS
            return await tx.events.forget_history(before_ms=before_ms, limit=limit) >= limit

        for step in (purge_people, purge_requests, purge_keys, forget_history):
            await self._in_steps(step)
        return await self._prune(now_ms)

    async def _prune(self, now_ms: int) -> int:
        forgotten = 0
        async with self._store.transaction() as tx:
            upto = await tx.messages.expired(before_ms=now_ms - self._keep_ms, now_ms=now_ms)

        async def prune(tx: Transaction, limit: int) -> bool:
            nonlocal forgotten
            gone = await tx.messages.prune(upto=upto, limit=limit)
            forgotten += gone or 0
            return gone is not None

        await self._in_steps(prune)
        return forgotten

    async def _in_steps(self, step: Step) -> None:
        """Repeat a step until nothing is left, and leave the store to others for as long in between."""
        limit, more = LEAST_STEP, True
        while more:
            async with self._store.transaction() as tx:
                began = self._clock()
                more = await step(tx, limit)
            took = self._clock() - began
            if took > HOLD_SECONDS / 2:
                limit = max(LEAST_STEP, limit // 2)
            elif took < HOLD_SECONDS / 4:
                limit = min(LARGEST_STEP, limit * 2)
            await anyio.sleep(took)

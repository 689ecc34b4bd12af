"""Forgets what has had its time: old messages, ended sessions, used-up tickets."""

import logging
from collections.abc import Callable

import anyio

from api.services.store import Store
from domain.ports import StorageError

EVERY_SECONDS = 3600.0
DAY_MS = 86_400_000

logger = logging.getLogger(__name__)


class Housekeeping:
    """Tidies the store at the start and every hour. What is gone is gone for every process."""

    def __init__(self, store: Store, *, now_ms: Callable[[], int], feed_keep_days: int) -> None:
        self._store = store
        self._now_ms = now_ms
        self._keep_ms = feed_keep_days * DAY_MS

    async def run(self) -> None:
        """Tidy until cancelled. A store that does not answer is tried again the next hour."""
        while True:
            try:
                await self.tidy()
            except StorageError as error:
                logger.warning("cannot tidy the store: %s", error)
            await anyio.sleep(EVERY_SECONDS)

    async def tidy(self) -> int:
        """Return how many messages were forgotten."""
        now_ms = self._now_ms()
        async with self._store.transaction() as unit:
            await unit.people.purge(at_ms=now_ms)
            return await unit.messages.prune(before_ms=now_ms - self._keep_ms)

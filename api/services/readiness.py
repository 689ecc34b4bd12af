"""Decides whether this process accepts new work."""

from collections.abc import Callable

import anyio

from api.services.store import Store
from domain.ports.errors import StorageError

PROBE_SECONDS = 5.0


class Readiness:
    """Not ready once the server is stopping, and while the store cannot be written."""

    def __init__(self, store: Store, *, now_ms: Callable[[], int]) -> None:
        self._store = store
        self._now_ms = now_ms
        self.is_draining = False

    def drain(self) -> None:
        """Be not ready from now on, because the server is stopping."""
        self.is_draining = True

    async def obstacle(self) -> str | None:
        """Return the reason why this process is not ready, None if it is."""
        if self.is_draining:
            return "The server is stopping."
        try:
            with anyio.fail_after(PROBE_SECONDS):
                await self._write()
        except (StorageError, TimeoutError):
            return "The store cannot be written."
        return None

    async def _write(self) -> None:
        """Take the writer's place and run a statement that writes, if only what has expired."""
        async with self._store.transaction() as unit:
            await unit.people.purge(at_ms=self._now_ms(), limit=1)

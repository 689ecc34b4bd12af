"""Ends imports whose rest did not come within a day."""

from api.services.imports.completion import end
from api.services.imports.held_imports import HeldImports
from api.services.imports.lease import Clock
from api.services.imports.running_import import RunningImport
from api.services.store import Store, Transaction
from domain.imports import Upload
from domain.problems import problem

KEEP_INTERRUPTED_MS = 24 * 60 * 60 * 1000
EXPIRED_AT_ONCE = 100


class Expiry:
    """Looks for imports that wait for their senders, here and at rest in the store."""

    def __init__(self, held: HeldImports, store: Store, now_ms: Clock) -> None:
        """Look through a store, and through what this process holds."""
        self._held = held
        self._store = store
        self._now_ms = now_ms

    async def expire(self) -> None:
        """End every import whose body broke off and did not come back in time, some of them at once."""
        for running in self._held:
            waits = running.waits_for_its_sender and not running.at_work and not running.ended
            if waits and self._is_too_old(running.upload):
                await self._expire(running)
        async with self._store.snapshot() as snapshot:
            resting = await snapshot.uploads.resting(
                until_ms=self._now_ms() - KEEP_INTERRUPTED_MS, limit=EXPIRED_AT_ONCE
            )
        for upload_id in resting:
            taken = await self._held.take(upload_id)
            if taken is not None and taken.was_at_rest:
                await self._expire(await self._held.take_up(*taken))

    async def _expire(self, running: RunningImport) -> None:
        await running.change(self._store, self._end)
        if running.ended:
            await self._held.forget(running)

    def _is_too_old(self, upload: Upload) -> bool:
        waits = upload.state in ("staged", "receiving", "interrupted")
        return waits and upload.updated_at <= self._now_ms() - KEEP_INTERRUPTED_MS

    async def _end(self, tx: Transaction, upload: Upload) -> Upload:
        if not self._is_too_old(upload):
            return upload  # Its sender came back in this very moment.
        error = problem("interrupted", hours=24)
        if upload.state == "staged":
            error = problem("not_imported", hours=24)
        return await end(tx, upload, "failed", at_ms=self._now_ms(), error=error)

"""The leases of this process on imports of a shared store."""

import logging
from collections.abc import Callable
from typing import NamedTuple

import anyio

from api.services.imports.lease import Clock, ImportElsewhereError, Lease
from api.services.imports.running_import import RunningImport
from api.services.store import Store, Transaction
from domain.imports import Upload
from domain.ports.errors import StorageError
from domain.ports.work_requests import WorkRequest

logger = logging.getLogger("fasttrack.imports")

HAND_OVER_SECONDS = 15.0
"""Longer than a lease lasts: a killed process hands nothing over."""
LOOK_SECONDS = 0.2


class Taken(NamedTuple):
    """A stored import, and whether it was at rest: all staged bytes were read."""

    upload: Upload
    was_at_rest: bool


class Ownership:
    """The imports that this process works on, each under a lease that it renews.

    An import that only waits for its next bytes is put to rest: it costs no process anything, and
    the process that receives the bytes takes it up.

    Attributes:
        held: by their ids.
    """

    def __init__(self, store: Store, lease: Lease, *, now_ms: Clock) -> None:
        self.held: dict[str, RunningImport] = {}
        self._store = store
        self._lease = lease
        self._now_ms = now_ms
        self._strays: set[str] = set()

    async def take(self, upload_id: str) -> Taken | None:
        """Take the lease on an import; None where another process has it."""
        try:
            async with self._store.transaction() as tx:
                return await self._taken(tx, upload_id)
        except ImportElsewhereError:
            return None

    async def obtain(self, upload_id: str) -> Taken:
        """Take the lease on an import over from a process that does not need it, or has died.

        Raises:
            ImportElsewhereError: another process is at work on it.
        """
        if (taken := await self.take(upload_id)) is not None:
            return taken
        await self._ask("hand_over_upload", upload_id)
        with anyio.move_on_after(HAND_OVER_SECONDS):
            while (taken := await self.take(upload_id)) is None:  # noqa: ASYNC110 - it is another process's.
                await anyio.sleep(LOOK_SECONDS)
            return taken
        raise ImportElsewhereError(upload_id)

    async def left_behind(self, limit: int) -> list[Upload]:
        """Claim up to `limit` unfinished imports of dead processes."""
        if limit < 1:
            return []
        async with self._store.transaction() as tx:
            taken: list[Upload] = []
            while len(taken) < limit and (upload := await self._lease.claim(tx)):
                taken.append(upload)
        return [upload for upload in taken if upload.id not in self.held]

    async def look_after(self) -> None:
        """Let go of what only waits, and renew the leases on the rest."""
        await self.let_rest()
        await self.renew()

    async def renew(self) -> None:
        """Renew every lease, in one statement; forget imports that another process has taken meanwhile."""
        if not self.held and not self._strays:
            return
        before = {*self.held}
        async with self._store.transaction() as tx:
            leased = await self._lease.renew_all(tx)
            # Seen twice without an import here: taking the lease did not complete.
            strays = leased - self.held.keys()
            for upload_id in strays & self._strays:
                await self._lease.release(tx, upload_id)
        self._strays = strays
        for upload_id in before - leased:
            running = self.held.get(upload_id)
            if running is not None and not running.is_changing:
                self.lose(running)

    async def let_rest(self) -> None:
        """Put to rest the imports that have only waited for bytes since the last call."""
        waiting = [running for running in self.held.values() if running.only_waits]
        idle = [running for running in waiting if not running.touched]
        for running in waiting:
            running.forget_touch()
        if not idle:
            return
        async with self._store.transaction() as tx:
            await self._lease.rest(tx, [running.upload.id for running in idle])
        for running in idle:
            # An import that a request uses meanwhile takes its lease again with its next change.
            if running.only_waits and not running.touched and self.held.get(running.upload.id) is running:
                del self.held[running.upload.id]

    def lose(self, running: RunningImport) -> None:
        """Drop an import that another process works on."""
        if self.held.get(running.upload.id) is running:
            logger.warning("import %s continues in another process", running.upload.id)
            del self.held[running.upload.id]

    async def ask_to_stop(self, upload_id: str, *, undo_by: str | None = None) -> None:
        """Ask the process that works on an import to end it as cancelled, and to undo it for a person."""
        async with self._store.transaction() as tx:
            await self._put(tx, "stop_upload", upload_id)
            if undo_by is not None:
                await tx.requests.put("undo_upload", upload_id, asker=undo_by, at_ms=self._now_ms())

    async def heed(self, stop: Callable[[RunningImport], None]) -> None:
        """Do what other processes requested."""
        if not self.held:
            return
        since_ms = self._now_ms() - int(HAND_OVER_SECONDS * 1000)
        async with self._store.snapshot() as snapshot:
            owner = self._lease.owner
            stops = await snapshot.requests.pending("stop_upload", owner)
            wanted = await snapshot.requests.pending("hand_over_upload", owner, since_ms=since_ms)
        for running in [running for upload_id, running in self.held.items() if upload_id in stops]:
            stop(running)
        for upload_id, asker in wanted.items():
            if upload_id in self.held:
                await self._hand_over(self.held[upload_id], asker)

    async def release_all(self) -> None:
        """Release all leases at the stop or the start of this process."""
        waiting = [running.upload.id for running in self.held.values() if running.only_waits]
        with anyio.CancelScope(shield=True):
            try:
                async with self._store.transaction() as tx:
                    await self._lease.rest(tx, waiting)
                    await self._lease.release_all(tx)
            except StorageError:
                logger.warning("leases of imports could not be released; they end by themselves")

    async def _taken(self, tx: Transaction, upload_id: str) -> Taken:
        was_at_rest = await tx.uploads.rests(upload_id)
        await self._lease.take(tx, upload_id)
        if upload_id not in self.held:
            # Renewing a lease does not answer the process that asks for it.
            await tx.requests.clear("hand_over_upload", upload_id)
        upload = await tx.uploads.get(upload_id)
        assert upload is not None, "a lease is on a row"
        return Taken(upload, was_at_rest)

    async def _ask(self, request: WorkRequest, upload_id: str) -> None:
        async with self._store.transaction() as tx:
            await self._put(tx, request, upload_id)

    async def _put(self, tx: Transaction, request: WorkRequest, upload_id: str) -> None:
        await tx.requests.put(request, upload_id, asker=self._lease.owner, at_ms=self._now_ms())

    async def _hand_over(self, running: RunningImport, asker: str) -> None:
        # A client may reconnect to another process before this one learns that its connection died.
        running.supersede_body()
        if running.at_work or running.has_body or running.has_work:
            return
        await running.hand_over(self._store, to=asker)
        self.held.pop(running.upload.id, None)

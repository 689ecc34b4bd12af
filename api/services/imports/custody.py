"""Which imports this process works on, of several processes that share a store."""

import logging
from collections.abc import Callable

import anyio

from api.services.imports.live import Clock, ImportElsewhereError, Lease, Live
from api.services.store import Store, Transaction
from domain.imports import Upload
from domain.ports import StorageError, WorkRequest

logger = logging.getLogger("fasttrack.imports")

HAND_OVER_SECONDS = 15.0
"""Longer than a lease lasts: a killed process hands nothing over."""
LOOK_SECONDS = 0.2


class Custody:
    """The imports that this process has, each under a lease that it renews.

    An import that rests until its next bytes come is handed over to the process that they come to.

    Attributes:
        held: by their ids.
    """

    def __init__(self, store: Store, lease: Lease, *, now_ms: Clock) -> None:
        self.held: dict[str, Live] = {}
        self._store = store
        self._lease = lease
        self._now_ms = now_ms

    async def take(self, upload_id: str) -> Upload | None:
        """Take the lease on an import and return it as it is stored; None where another process has it."""
        try:
            async with self._store.transaction() as tx:
                return await self._taken(tx, upload_id)
        except ImportElsewhereError:
            return None

    async def obtain(self, upload_id: str) -> Upload:
        """Take the lease on an import from a process that does not need it now, or has died.

        Raises:
            ImportElsewhereError: another process is at work on it.
        """
        if (upload := await self.take(upload_id)) is not None:
            return upload
        await self._ask("hand_over_upload", upload_id)
        with anyio.move_on_after(HAND_OVER_SECONDS):
            while (upload := await self.take(upload_id)) is None:  # noqa: ASYNC110 - it is another process's.
                await anyio.sleep(LOOK_SECONDS)
            return upload
        raise ImportElsewhereError(upload_id)

    async def left_behind(self) -> list[Upload]:
        """Take what other processes have left unfinished."""
        async with self._store.transaction() as tx:
            taken = []
            while upload := await self._lease.claim(tx):
                taken.append(upload)
        return [upload for upload in taken if upload.id not in self.held]

    async def renew(self) -> None:
        """Renew every lease; forget what another process has taken up meanwhile."""
        for upload_id, live in [*self.held.items()]:
            # A change that is under way has renewed it, and holds the row.
            if not live.lock.locked():
                async with live.lock:
                    if not live.is_as(await self.take(upload_id)):
                        self.lose(live)

    def lose(self, live: Live) -> None:
        """Forget an import that another process works on."""
        if self.held.get(live.upload.id) is live:
            logger.warning("import %s goes on in another process", live.upload.id)
            del self.held[live.upload.id]

    async def ask_to_stop(self, upload_id: str) -> None:
        """Ask the process that works on an import, whichever it is, to end it as cancelled."""
        await self._ask("stop_upload", upload_id)

    async def heed(self, stop: Callable[[Live], None]) -> None:
        """Do what was asked through other processes."""
        if not self.held:
            return
        since_ms = self._now_ms() - int(HAND_OVER_SECONDS * 1000)
        async with self._store.snapshot() as snapshot:
            stops = await snapshot.requests.pending("stop_upload", [*self.held])
            wanted = await snapshot.requests.pending("hand_over_upload", [*self.held], since_ms=since_ms)
        for live in [live for upload_id, live in self.held.items() if upload_id in stops]:
            stop(live)
        for upload_id, asker in wanted.items():
            if upload_id in self.held:
                await self._hand_over(self.held[upload_id], asker)

    async def release_all(self) -> None:
        """Let other processes go on at once: this one stops."""
        with anyio.CancelScope(shield=True):
            try:
                async with self._store.transaction() as tx:
                    for upload_id in self.held:
                        await self._lease.release(tx, upload_id)
            except StorageError:
                logger.warning("leases of imports could not be released; they end by themselves")

    async def _taken(self, tx: Transaction, upload_id: str) -> Upload:
        await self._lease.take(tx, upload_id)
        if upload_id not in self.held:
            # To renew a lease is no answer to whoever asks for it.
            await tx.requests.clear("hand_over_upload", upload_id)
        upload = await tx.uploads.get(upload_id)
        assert upload is not None, "a lease is on a row"
        return upload

    async def _ask(self, request: WorkRequest, upload_id: str) -> None:
        async with self._store.transaction() as tx:
            await tx.requests.put(request, upload_id, asker=self._lease.owner, at_ms=self._now_ms())

    async def _hand_over(self, live: Live, asker: str) -> None:
        if live.intake is not None:
            # A client that comes back is sooner there than the news here that its connection died.
            live.intake.supersede()
        if live.at_work or live.intake is not None or live.has_work:
            return
        async with live.lock, self._store.transaction() as tx:
            await self._lease.hand_over(tx, live.upload.id, to=asker)
        self.held.pop(live.upload.id, None)

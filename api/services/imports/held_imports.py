"""The imports that this process has in hand: found, begun, taken up, set to work, forgotten."""

import logging
from collections.abc import Iterator

import msgspec

from api.services.imports.blob_names import blob_id, table_id
from api.services.imports.errors import refused_by
from api.services.imports.lease import Clock, Lease
from api.services.imports.ownership import Ownership, Taken
from api.services.imports.row_source import OpenSource
from api.services.imports.running_import import Body, RunningImport
from api.services.imports.sentences import log_line
from api.services.imports.undo import Undoing, is_being_taken_out
from api.services.imports.worker import Watch, Worker
from api.services.store import Store, Transaction
from domain.imports import ENDED, Upload
from domain.ports.errors import StorageError
from domain.problems import excerpt

logger = logging.getLogger("fasttrack.imports")


class HeldImports:
    """Every import whose lease this process has, with its worker.

    Attributes:
        ownership: of their leases.
        worker: runs their jobs.
    """

    def __init__(
        self,
        store: Store,
        lease: Lease,
        *,
        open_source: OpenSource,
        now_ms: Clock,
        places: int,
        watch: Watch,
        retry_seconds: float,
        undoing: Undoing,
    ) -> None:
        """Work on up to `places` imports at once; try again `retry_seconds` after the store failed."""
        self._store = store
        self._lease = lease
        self._now_ms = now_ms
        self._undoing = undoing
        self.ownership = Ownership(store, lease, now_ms=now_ms)
        self._held = self.ownership.held
        self.worker = Worker(
            store,
            open_source=open_source,
            now_ms=now_ms,
            places=places,
            watch=watch,
            retry_seconds=retry_seconds,
            ended=self._let_go,
            lost=self.ownership.lose,
        )

    def __iter__(self) -> Iterator[RunningImport]:
        """Yield those that are held now; they may change meanwhile."""
        return iter([*self._held.values()])

    def get(self, upload_id: str) -> RunningImport | None:
        """Return an import if it is held."""
        return self._held.get(upload_id)

    async def find(self, upload_id: str) -> Upload:
        """Return an import, held here or not, with the bytes that are staged now.

        Raises:
            ImportRefusedError: `not_found`.
        """
        if (running := self._held.get(upload_id)) is not None and not running.is_changing:
            return msgspec.structs.replace(running.upload, bytes_received=running.staged)
        # While it changes, its feed may tell already of what is not known here yet.
        async with self._store.snapshot() as snapshot:
            upload = await snapshot.uploads.get(upload_id)
        if running is not None and (upload is None or upload.state not in ENDED):
            return msgspec.structs.replace(upload or running.upload, bytes_received=running.staged)
        if upload is None:
            raise refused_by("not_found.import", value=excerpt(upload_id))
        if upload.state in ENDED:
            return upload
        staged = await self._store.blobs.size(blob_id(upload_id))
        return msgspec.structs.replace(upload, bytes_received=staged)

    def add(self, upload: Upload, *, hold_bytes: int) -> RunningImport:
        """Hold a new import, whose first body is about to come."""
        running = self._held[upload.id] = RunningImport(
            upload, lease=self._lease, body="resting", hold_bytes=hold_bytes
        )
        return running

    async def obtain(self, upload_id: str) -> RunningImport:
        """Return an unfinished import for this process to work on, from another one if that is idle.

        Raises:
            ImportRefusedError: `not_found`; `wrong_state`: it ended.
            ImportElsewhereError: another process is at work on it.
        """
        check_unfinished(await self.find(upload_id))
        if (running := self._held.get(upload_id)) is None:
            taken = await self.ownership.obtain(upload_id)
            check_unfinished(taken.upload)
            running = await self.take_up(*taken)
        running.touch()
        return running

    async def take(self, upload_id: str) -> Taken | None:
        """Take the lease on an import to take it up; None where any process has it, this one included."""
        return None if upload_id in self._held else await self.ownership.take(upload_id)

    async def take_up(self, upload: Upload, was_at_rest: bool = False) -> RunningImport:
        """Hold an import whose lease was taken, and go on with its work."""
        staged = await self._store.blobs.size(blob_id(upload.id))
        if (met := self._held.get(upload.id)) is not None:  # A request and the look after leases met.
            return met
        body: Body = "broken"
        if upload.body_complete:
            body = "complete"
        elif was_at_rest and upload.state != "interrupted":
            body = "resting"
        read = staged if was_at_rest and not upload.body_complete else 0
        running = self._held[upload.id] = RunningImport(
            upload, lease=self._lease, body=body, staged=staged, read=read
        )
        if running.has_work:
            await running.change(self._store, self._report_restart)
            self.worker.start(running)
        return running

    async def set_to_work(self) -> None:
        """Give a job to each import that has work and none: what is stored of it was in doubt."""
        for running in self:
            self.worker.start(running)

    async def forget(self, running: RunningImport) -> None:
        """Let an import go that has ended, and delete what is staged of it."""
        self._held.pop(running.upload.id, None)
        await running.stop_body()  # It would go on writing into what is deleted here.
        try:
            await self.delete_blobs(running.upload.id)
        except StorageError as error:
            logger.warning(
                "the staged file of import %s stays until the next start: %s", running.upload.id, error
            )

    async def _let_go(self, running: RunningImport) -> None:
        """Let an import go that its job has ended; take out its rows, where none may stay."""
        await self.forget(running)
        if not is_being_taken_out(running.upload):
            return
        try:
            await self._undoing.finish(running.upload.id)
        except StorageError as error:
            logger.warning("the undo of import %s waits: %s", running.upload.id, error)

    def drop(self, upload_id: str) -> None:
        """Let go of an import that was changed without its job: what that knows is old."""
        self._held.pop(upload_id, None)

    async def delete_blobs(self, upload_id: str) -> None:
        """Delete what is staged of an import."""
        for blob in (blob_id(upload_id), table_id(upload_id)):
            await self._store.blobs.delete(blob)

    async def _report_restart(self, tx: Transaction, upload: Upload) -> Upload:
        feed, now = f"upload/{upload.id}", self._now_ms()
        await tx.messages.append(
            [log_line(feed, "info", "import.restarted", at_ms=now, record=upload.record)]
        )
        return upload


def check_unfinished(upload: Upload) -> None:
    """Refuse what makes sense only before an import ends.

    Raises:
        ImportRefusedError: `wrong_state`: it ended.
    """
    if upload.state in ENDED:
        raise refused_by("wrong_state", offset=upload.bytes_received, value=upload.id, status=upload.state)

"""Imports as requests see them: begun, gone on with, staged, cancelled, undone."""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

import anyio
import msgspec
from anyio.abc import TaskGroup

from api.services.imports.blob_names import blob_id
from api.services.imports.cancellation import Cancellation
from api.services.imports.errors import refused_by
from api.services.imports.expiry import Expiry
from api.services.imports.held_imports import HeldImports, check_unfinished
from api.services.imports.lease import Clock, Lease
from api.services.imports.new_upload import NewUpload, add, first_state
from api.services.imports.progress import last_row
from api.services.imports.quota import StagingQuota
from api.services.imports.recovery import Recovery
from api.services.imports.repairs import Repairs, repairable
from api.services.imports.retraced_body import RetracedBody
from api.services.imports.row_source import OpenSource
from api.services.imports.running_import import RunningImport
from api.services.imports.sentences import log_line
from api.services.imports.undo import Undoing, fail_without_rows, is_being_taken_out
from api.services.imports.upload_body import UploadBody
from api.services.imports.worker import Watch, unwatched
from api.services.leases import CANCEL_CHECK_SECONDS, LEASE_CHECK_SECONDS
from api.services.outage import Outage
from api.services.store import Store, Transaction
from domain.imports import ENDED, ImportOptions, Upload
from domain.ports.errors import StorageError
from domain.problems import Problem

logger = logging.getLogger("fasttrack.imports")

SWEEP_SECONDS = 60.0
RETRY_SECONDS = 2.0
OPENING_SECONDS = 2.0
"""How long an answer waits for the verdict on a file's head."""

PLACES_AT_WORK = 2
STAGED_BYTES_PER_PERSON = 10 << 30


class Imports:
    """What requests ask of imports; they are worked on within `running()`."""

    def __init__(
        self,
        store: Store,
        *,
        open_source: OpenSource,
        now_ms: Clock,
        max_upload_bytes: int,
        staged_bytes_per_person: int = STAGED_BYTES_PER_PERSON,
        places: int = PLACES_AT_WORK,
        retry_seconds: float = RETRY_SECONDS,
        owner: str = "server",
        watch: Watch = unwatched,
    ) -> None:
        """Prepare to import into a store; `retry_seconds` apart, where the store fails.

        `owner` names this process in leases: another one in each process that shares the store. `watch`
        surrounds each stretch of work.
        """
        self._lease = Lease(owner, now_ms)
        self.max_upload_bytes = max_upload_bytes
        self.quota = StagingQuota(store, staged_bytes_per_person)
        self._store = store
        self._now_ms = now_ms
        # Each takes a process and its memory, as an import does.
        self.workbook_previews = anyio.CapacityLimiter(places)
        self.repairs = Repairs(store, open_source, now_ms)
        self._undoing = Undoing(store, self._lease, now_ms)
        self._held = HeldImports(
            store,
            self._lease,
            open_source=open_source,
            now_ms=now_ms,
            places=places,
            watch=watch,
            retry_seconds=retry_seconds,
            undoing=self._undoing,
        )
        self._recovery = Recovery(self._held, self._undoing, store)
        self._cancellation = Cancellation(self._held)
        self._expiry = Expiry(self._held, store, now_ms)
        self._tasks: TaskGroup | None = None

    @property
    def active(self) -> int:
        """How many imports of this process have not ended."""
        return sum(not running.ended for running in self._held)

    @property
    def rows(self) -> Mapping[str, int]:
        """How many rows this process has read and committed, of imports and of dry runs."""
        return self._held.worker.rows

    @property
    def staged_bytes(self) -> int:
        """Bytes of unfinished imports: the last count, plus bytes received by this process since."""
        return self.quota.staged_bytes

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Imports"]:
        """Run imports for the block; unfinished ones of an earlier process come first."""
        try:
            async with (
                self._held.worker.running(),
                self._recovery.running(),
                anyio.create_task_group() as self._tasks,
            ):
                await _tried(self.quota.count_staged)
                for job, pause in (
                    (self._expiry.expire, SWEEP_SECONDS),
                    (self.quota.count_staged, SWEEP_SECONDS),
                    (self._held.ownership.look_after, LEASE_CHECK_SECONDS),
                    (self._held.set_to_work, LEASE_CHECK_SECONDS),
                    (self._recovery.take_up_left_behind, LEASE_CHECK_SECONDS),
                    (self._cancellation.heed_requests, CANCEL_CHECK_SECONDS),
                ):
                    self._tasks.start_soon(_again_and_again, job, pause)
                yield self
                self._tasks.cancel_scope.cancel()
        finally:
            await self._held.ownership.release_all()

    async def create(self, wanted: NewUpload) -> Upload:
        """Store a new import, at rest until its bytes arrive by `resume`.

        Raises:
            ImportRefusedError: `upload_id_in_use`, `too_large`.
        """
        return await self._created(wanted, rests=True)

    async def begin(self, wanted: NewUpload, *, hold_bytes: int = 0) -> UploadBody:
        """Open a new import and its first body; no row of up to `hold_bytes` is read before its end.

        Raises:
            ImportRefusedError: `upload_id_in_use`, `too_large`.
        """
        upload = await self._created(wanted, rests=False)
        running = self._held.add(upload, hold_bytes=hold_bytes)
        return await self._receive(running, offset=0)

    async def _created(self, wanted: NewUpload, *, rests: bool) -> Upload:
        if (wanted.total_bytes or 0) > self.max_upload_bytes:
            raise refused_by("too_large.file", limit_bytes=self.max_upload_bytes)
        await self.quota.check(wanted.actor, wanted.total_bytes or 0)
        upload = first_state(wanted, at_ms=self._now_ms())
        async with self._store.transaction() as tx:
            await add(tx, upload, self._lease, rests=rests)
        await self._clear(upload.id)
        return upload

    async def _clear(self, upload_id: str) -> None:
        """Delete blobs of this name: they can only be what an import left that a deletion did not reach.

        The import is stored by now, and goes on where nothing was left.

        Raises:
            StorageError: bytes are left that would be taken for the new import's.
        """
        try:
            await self._held.delete_blobs(upload_id)
        except StorageError as error:
            if await self._store.blobs.size(blob_id(upload_id)):
                raise
            logger.warning("what may be left of an earlier import %s stays: %s", upload_id, error)

    async def resume(self, upload_id: str, offset: int) -> UploadBody:
        """Open another body of an incomplete import.

        Raises:
            ImportRefusedError: `not_found`, `wrong_state`, `wrong_offset`.
        """
        running = await self._held.obtain(upload_id)
        if not running.is_sure:
            # The answer that its last body had all may have been lost.
            check_unfinished(await running.reload(self._store))
        if running.upload.body_complete:
            raise refused_by("wrong_state.complete", offset=running.upload.bytes_received)
        upload_body = await self._receive(running, offset=offset)
        try:
            await running.change(self._store, self._resumed)
        except BaseException:
            upload_body.withdraw()
            raise
        return upload_body

    def retrace(self, upload: Upload) -> RetracedBody:
        """Open a body that begins at the start of the file, of an import that may have some of it."""
        return RetracedBody(upload, self._store.blobs, find=self.find, resume=self.resume)

    def leave(self, upload_body: UploadBody | RetracedBody) -> None:
        """End a body as broken off, soon, unless it has ended: its request is gone or has failed."""
        self._group.start_soon(_tried, upload_body.break_off)

    async def cancel(self, upload_id: str, *, undo_by: str | None = None) -> Upload:
        """Stop an import between two batches, in any process; stored rows stay, or are undone for a person.

        Both are stored as one request: whatever becomes of this process, they happen.

        Raises:
            ImportRefusedError: `not_found`, or `wrong_state`: it ended.
        """
        upload = await self._cancellation.cancel(upload_id, undo_by=undo_by)
        return await self._finish_undo(upload_id) if upload.state == "undoing" else upload

    async def start_staged(self, upload_id: str, options: ImportOptions) -> Upload:
        """Import a staged file with these options, and return the import.

        Raises:
            ImportRefusedError: `not_found`; `wrong_state`: it is not staged; the import that its rows are to
                mend cannot be mended.
        """
        _check_staged(await self.find(upload_id))
        running = await self._held.obtain(upload_id)

        async def edit(tx: Transaction, upload: Upload) -> Upload:
            _check_staged(upload)
            if options.repairs_of:
                repairable(await tx.uploads.get(options.repairs_of), options.repairs_of)
            now = self._now_ms()
            upload = msgspec.structs.replace(
                upload,
                state="processing",
                options=options,
                staged_with=upload.options,
                updated_at=now,
                checkpoint=None,
            )
            await tx.uploads.save(upload)
            line = log_line(f"upload/{upload.id}", "info", "import.staged_begun", at_ms=now)
            await tx.messages.append([line])
            return upload

        upload = await running.change(self._store, edit)
        check_unfinished(upload)
        running.read_again()
        self._held.worker.start(running)
        return upload

    async def read_staged(self, upload_id: str, size: int) -> bytes:
        """Return up to `size` first bytes of the staged file."""
        return await self._store.blobs.read(blob_id(upload_id), 0, size)

    async def outcome(self, upload_id: str, wait_seconds: int | None) -> tuple[Upload, bool]:
        """Return an import when its head was read, or when it ended, at most so many seconds later.

        Also return whether it has ended. Without a wait this is the verdict on the file's head, which
        takes a moment; an import in the queue is returned at once.
        """
        running = self._held.get(upload_id)
        if running is not None and not running.upload.options.stage:
            with anyio.move_on_after(OPENING_SECONDS):
                await running.wait_until(lambda: running.is_opened or running.is_queued)
            if wait_seconds is not None:
                with anyio.move_on_after(wait_seconds):
                    await running.wait_for_end()
            upload = running.upload
        else:
            upload = await self.find(upload_id)
        if is_being_taken_out(upload):
            upload = await self._finish_undo(upload_id)
        return upload, upload.state in ENDED

    async def undo(self, upload_id: str, *, actor: str) -> Upload:
        """Undo an ended or interrupted import, and return it.

        Events that it created and that were not edited since are deleted; those that it changed are restored.

        Raises:
            ImportRefusedError: `not_found`; `wrong_state`: it goes on, or has no stored rows.
        """
        if (await self.find(upload_id)).state == "interrupted":
            upload = await self.cancel(upload_id, undo_by=actor)
            if upload.state in ("undoing", "undone"):
                return upload
        await self._undoing.begin(upload_id, actor=actor)
        return await self._finish_undo(upload_id)

    async def give_up(self, upload_body: UploadBody, error: Problem) -> None:
        """End an import as failed, because its request was invalid, and remove its rows.

        Where another body took over, that one decides about the import.
        """
        running = upload_body.running

        async def edit(tx: Transaction, upload: Upload) -> Upload:
            at_ms = self._now_ms()
            last = last_row(upload, at_ms=at_ms)
            return await fail_without_rows(tx, upload, error, at_ms=at_ms, before=last)

        await upload_body.give_up(edit)
        if running.ended and not running.at_work:
            await self._held.forget(running)
        if running.upload.state == "undoing":
            await self._finish_undo(running.upload.id)

    async def _finish_undo(self, upload_id: str) -> Upload:
        """Finish an undo, also when its client goes away."""
        finished: list[Upload] = []
        with anyio.CancelScope(shield=True):
            finished.append(await self._undoing.finish(upload_id))
        self._held.drop(upload_id)
        return finished[0]

    async def find(self, upload_id: str) -> Upload:
        """Return an import, with its current number of staged bytes.

        Raises:
            ImportRefusedError: `not_found`.
        """
        return await self._held.find(upload_id)

    async def by_idempotency_key(self, key: str) -> Upload | None:
        """Return the import that first came with this key."""
        async with self._store.snapshot() as snapshot:
            return await snapshot.uploads.by_idempotency_key(key)

    async def _receive(self, running: RunningImport, *, offset: int) -> UploadBody:
        share = await self.quota.share(running.upload.actor)
        try:
            writer = await running.begin_body(
                self._store.blobs, offset=offset, limit=self.max_upload_bytes, share=share
            )
        except BaseException:
            share.close()
            raise
        self._group.start_soon(writer.run)
        self._group.start_soon(self._follow, running)
        return UploadBody(running, writer, store=self._store, now_ms=self._now_ms)

    async def _resumed(self, tx: Transaction, upload: Upload) -> Upload:
        if upload.state != "interrupted":
            return upload
        now = self._now_ms()
        upload = msgspec.structs.replace(upload, state="receiving", updated_at=now)
        await tx.uploads.save(upload)
        feed, offset = f"upload/{upload.id}", upload.bytes_received
        await tx.messages.append([log_line(feed, "info", "import.resumed", at_ms=now, offset=offset)])
        return upload

    async def _follow(self, running: RunningImport) -> None:
        """Set the import to work whenever there is something to do, until its body is over."""
        while not running.ended:
            changed = running.changed
            self._held.worker.start(running)
            if running.body != "coming":
                return
            await changed.wait()

    @property
    def _group(self) -> TaskGroup:
        assert self._tasks is not None, "imports work only inside `running()`"
        return self._tasks


def _check_staged(upload: Upload) -> None:
    if upload.state != "staged":
        raise refused_by("wrong_state.not_staged", value=upload.id, status=upload.state)


async def _again_and_again(job: Callable[[], Awaitable[None]], pause_seconds: float) -> None:
    outage = Outage(
        logger, "unfinished imports wait until the store answers", first_pause_seconds=pause_seconds
    )
    pause = pause_seconds
    while True:
        await anyio.sleep(pause)
        try:
            await job()
        except StorageError as error:
            pause = outage.pause(error)
        else:
            outage.over()
            pause = pause_seconds


async def _tried(job: Callable[[], Awaitable[None]]) -> None:
    try:
        await job()
    except StorageError as error:
        logger.warning("unfinished imports could not be looked after: %s", error)

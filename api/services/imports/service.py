"""Imports of this process: begun by requests, worked on by jobs, ended whatever happens."""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import anyio
import msgspec
from anyio.abc import TaskGroup
from msgspec import Struct

from api.services.imports.custody import LOOK_SECONDS, Custody
from api.services.imports.endings import ENDED, end
from api.services.imports.live import Body, Clock, Lease, Live, blob_id, table_id
from api.services.imports.narration import log_line
from api.services.imports.portions import OpenSource
from api.services.imports.reception import Reception, open_reception
from api.services.imports.refusals import ImportRefusedError
from api.services.imports.work import Work
from api.services.store import Store, Transaction
from domain.imports import ImportOptions, Upload
from domain.ports import StorageError
from domain.problems import Problem

logger = logging.getLogger("fasttrack.imports")

KEEP_INTERRUPTED_MS = 24 * 60 * 60 * 1000
SWEEP_SECONDS = 60.0
LEASE_CHECK_SECONDS = 3.0
HEED_SECONDS = 0.5
"""A request that came through another process is seen so soon."""
STOPS_WITHIN_SECONDS = 10.0
RETRY_SECONDS = 2.0
PLACES_AT_WORK = 2


class NewUpload(Struct, frozen=True):
    """What a request asks for.

    Attributes:
        total_bytes: of the file, where the request tells it.
    """

    upload_id: str
    filename: str
    options: ImportOptions
    actor: str
    idempotency_key: str | None = None
    total_bytes: int | None = None


class Imports:
    """Begins, continues, cancels imports; `async with` it for as long as it works."""

    def __init__(
        self,
        store: Store,
        *,
        open_source: OpenSource,
        now_ms: Clock,
        max_upload_bytes: int,
        places: int = PLACES_AT_WORK,
        retry_seconds: float = RETRY_SECONDS,
        owner: str = "server",
    ) -> None:
        """Prepare to import into a store; `retry_seconds` apart, where the store fails.

        `owner` names this process in leases: another one in each process that shares the store.
        """
        self._lease = Lease(owner, now_ms)
        self.max_upload_bytes = max_upload_bytes
        self._store = store
        self._now_ms = now_ms
        # Each takes a process and its memory, as an import does.
        self.workbook_previews = anyio.CapacityLimiter(places)
        self._custody = Custody(store, self._lease, now_ms=now_ms)
        self._live = self._custody.held
        self._work = Work(
            store,
            open_source=open_source,
            now_ms=now_ms,
            places=places,
            retry_seconds=retry_seconds,
            ended=self._forget,
            lost=self._custody.lose,
        )
        self._tasks: TaskGroup | None = None

    @property
    def active(self) -> int:
        """How many imports of this process have not ended."""
        return sum(not live.ended.is_set() for live in self._live.values())

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Imports"]:
        """Work for the block: first on what an earlier process left unfinished."""
        try:
            async with anyio.create_task_group() as self._tasks:
                self._work.group = self._tasks
                await self._recover()
                for job, pause in (
                    (self.expire, SWEEP_SECONDS),
                    (self._look_after_leases, LEASE_CHECK_SECONDS),
                    (self._heed_requests, HEED_SECONDS),
                ):
                    self._tasks.start_soon(self._again_and_again, job, pause)
                yield self
                self._tasks.cancel_scope.cancel()
        finally:
            await self._custody.release_all()

    async def create(self, wanted: NewUpload) -> Live:
        """Open a new import; its bytes come by `resume`.

        Raises:
            ImportRefusedError: `upload_id_in_use`, `too_large`.
        """
        if (wanted.total_bytes or 0) > self.max_upload_bytes:
            raise ImportRefusedError("too_large", f"the file is over {self.max_upload_bytes} bytes")
        upload = self._first_state(wanted)
        told = log_line(
            f"upload/{upload.id}", "info", f"Receiving {upload.filename!r}", at_ms=upload.created_at
        )
        async with self._store.transaction() as tx:
            if not await tx.uploads.add(upload):
                raise ImportRefusedError("upload_id_in_use", f"upload_id {upload.id!r} is in use")
            await self._lease.take(tx, upload.id)
            await tx.messages.append([told])
        # A blob of this name can only be what an import left that a deletion did not reach.
        await self._delete_blobs(upload.id)
        live = self._live[upload.id] = Live(upload, staged=0, body="resting", lease=self._lease)
        return live

    async def begin(self, wanted: NewUpload) -> Reception:
        """Open a new import and its first body.

        Raises:
            ImportRefusedError: `upload_id_in_use`, `too_large`.
        """
        return await self._receive(await self.create(wanted), offset=None)

    async def resume(self, upload_id: str, offset: int) -> Reception:
        """Open a further body of an import that is not whole yet.

        Raises:
            ImportRefusedError: `not_found`, `wrong_state`, `wrong_offset`.
        """
        live = await self._obtained(upload_id)
        if live.upload.body_complete:
            raise ImportRefusedError(
                "wrong_state", "the file is whole already", offset=live.upload.bytes_received
            )
        reception = await self._receive(live, offset=offset)
        await live.change(self._store, self._resumed)
        return reception

    async def cancel(self, upload_id: str) -> Upload:
        """Stop an import between two batches, in whichever process it is; rows already in stay.

        Raises:
            ImportRefusedError: `not_found`, or `wrong_state`: it ended.
        """
        _check_unfinished(await self.find(upload_id))
        await self._custody.ask_to_stop(upload_id)
        if upload_id not in self._live and (upload := await self._custody.take(upload_id)) is not None:
            _check_unfinished(upload)
            await self._take_up(upload)
        await self._heed_requests()
        upload = await self._stopped(upload_id)
        if upload.state != "cancelled":
            _check_unfinished(upload)
        return upload

    async def give_up(self, reception: Reception, error: Problem) -> None:
        """End an import as failed, whose body showed that it cannot go on."""
        live = reception.live
        await reception.break_off()

        async def edit(tx: Transaction, upload: Upload) -> Upload:
            if upload.state in ENDED:
                return upload
            return await end(tx, upload, "failed", at_ms=self._now_ms(), error=error)

        await live.change(self._store, edit)
        if not live.at_work:
            await self._forget(live)

    async def find(self, upload_id: str) -> Upload:
        """Return an import, with the bytes that are staged now.

        Raises:
            ImportRefusedError: `not_found`.
        """
        live = self._live.get(upload_id)
        if live is not None:
            return msgspec.structs.replace(live.upload, bytes_received=live.staged)
        async with self._store.snapshot() as snapshot:
            upload = await snapshot.uploads.get(upload_id)
        if upload is None:
            raise ImportRefusedError("not_found", f"there is no import {upload_id!r}")
        if upload.state in ENDED:
            return upload
        return msgspec.structs.replace(
            upload, bytes_received=await self._store.blobs.size(blob_id(upload_id))
        )

    async def by_idempotency_key(self, key: str) -> Upload | None:
        """Return the import that first came with this key."""
        async with self._store.snapshot() as snapshot:
            return await snapshot.uploads.by_idempotency_key(key)

    async def expire(self) -> None:
        """End every import whose body broke off and did not come back within a day."""
        too_old = self._now_ms() - KEEP_INTERRUPTED_MS
        for live in [*self._live.values()]:
            waits = live.body in {"broken", "resting"} and not live.at_work and not live.ended.is_set()
            if waits and live.upload.updated_at <= too_old:
                await live.change(self._store, self._expired)
                await self._forget(live)

    def _first_state(self, wanted: NewUpload) -> Upload:
        now = self._now_ms()
        return Upload(
            id=wanted.upload_id,
            state="receiving",
            filename=wanted.filename,
            options=wanted.options,
            actor=wanted.actor,
            created_at=now,
            updated_at=now,
            idempotency_key=wanted.idempotency_key,
            total_bytes=wanted.total_bytes,
        )

    async def _receive(self, live: Live, *, offset: int | None) -> Reception:
        limit = self.max_upload_bytes
        reception = await open_reception(
            live, store=self._store, now_ms=self._now_ms, limit=limit, offset=offset
        )
        assert live.intake is not None
        self._group.start_soon(live.intake.run)
        self._group.start_soon(self._follow, live)
        return reception

    async def _obtained(self, upload_id: str) -> Live:
        """Return an unfinished import for this process to work on."""
        _check_unfinished(await self.find(upload_id))
        if upload_id not in self._live:
            upload = await self._custody.obtain(upload_id)
            _check_unfinished(upload)
            await self._take_up(upload)
        return self._live[upload_id]

    async def _stopped(self, upload_id: str) -> Upload:
        """Wait for the end of an import that was asked to stop, and return it."""
        with anyio.move_on_after(STOPS_WITHIN_SECONDS):
            while True:
                if (live := self._live.get(upload_id)) is not None:
                    await live.ended.wait()
                    return live.upload
                if (upload := await self.find(upload_id)).state in ENDED:
                    return upload
                await anyio.sleep(LOOK_SECONDS)
        return await self.find(upload_id)

    def _stop(self, live: Live) -> None:
        if live.cancel_requested:
            return
        live.cancel_requested = True
        live.stir()
        if live.intake is not None:
            live.intake.supersede()
        if live.queueing is not None:
            live.queueing.cancel()
        self._work.set_on(live)

    async def _resumed(self, tx: Transaction, upload: Upload) -> Upload:
        if upload.state != "interrupted":
            return upload
        now = self._now_ms()
        upload = msgspec.structs.replace(upload, state="receiving", updated_at=now)
        await tx.uploads.save(upload)
        message = f"The rest of the file is coming, from byte {upload.bytes_received}"
        await tx.messages.append([log_line(f"upload/{upload.id}", "info", message, at_ms=now)])
        return upload

    async def _expired(self, tx: Transaction, upload: Upload) -> Upload:
        error = Problem("", "interrupted", "the rest of the file did not come within 24 hours")
        return await end(tx, upload, "failed", at_ms=self._now_ms(), error=error)

    async def _follow(self, live: Live) -> None:
        """Set the import to work whenever there is something to do, until its body is over."""
        while not live.ended.is_set():
            stirred = live.stirred
            self._work.set_on(live)
            if live.body != "coming":
                return
            await stirred.wait()

    async def _forget(self, live: Live) -> None:
        self._live.pop(live.upload.id, None)
        if live.intake is not None:  # It would go on writing into what is deleted here.
            live.intake.supersede()
            await live.intake.stopped.wait()
        try:
            await self._delete_blobs(live.upload.id)
        except StorageError:
            logger.warning("the staged file of import %s stays until the next start", live.upload.id)

    async def _delete_blobs(self, upload_id: str) -> None:
        for blob in (blob_id(upload_id), table_id(upload_id)):
            await self._store.blobs.delete(blob)

    async def _recover(self) -> None:
        async with self._store.snapshot() as snapshot:
            unfinished = await snapshot.uploads.unfinished()
        for upload in unfinished:
            if (taken := await self._custody.take(upload.id)) is not None:
                await self._take_up(taken)
        await self._sweep_orphans()

    async def _look_after_leases(self) -> None:
        """Renew what this process holds, and take up what a killed one has left."""
        await self._custody.renew()
        for upload in await self._custody.left_behind():
            await self._take_up(upload)

    async def _heed_requests(self) -> None:
        """Stop what is asked to stop, and give what another process needs."""
        await self._custody.heed(self._stop)

    async def _again_and_again(self, job: Callable[[], Awaitable[None]], pause_seconds: float) -> None:
        while True:
            await anyio.sleep(pause_seconds)
            try:
                await job()
            except StorageError as error:
                logger.warning("imports could not be looked through: %s", error)

    async def _take_up(self, upload: Upload) -> None:
        staged = await self._store.blobs.size(blob_id(upload.id))
        body: Body = "complete" if upload.body_complete else "broken"
        if upload.id in self._live:  # A request and the look after leases met.
            return
        live = self._live[upload.id] = Live(upload, staged=staged, body=body, lease=self._lease)
        if upload.state != "interrupted":
            await live.change(self._store, self._tell_restart)
            self._work.set_on(live)

    async def _tell_restart(self, tx: Transaction, upload: Upload) -> Upload:
        message = f"The server was restarted; going on after row {upload.record}"
        now = self._now_ms()
        await tx.messages.append([log_line(f"upload/{upload.id}", "info", message, at_ms=now)])
        return upload

    async def _sweep_orphans(self) -> None:
        """Delete what ended imports left. Blobs first: an import may begin between the two looks."""
        prefix = blob_id("")
        staged = [blob for blob in await self._store.blobs.ids() if blob.startswith(prefix)]
        async with self._store.snapshot() as snapshot:
            unfinished = [upload.id for upload in await snapshot.uploads.unfinished()]
        kept = {name(upload_id) for upload_id in unfinished for name in (blob_id, table_id)}
        for blob in staged:
            if blob not in kept:
                await self._store.blobs.delete(blob)

    @property
    def _group(self) -> TaskGroup:
        assert self._tasks is not None, "imports work only inside `running()`"
        return self._tasks


def _check_unfinished(upload: Upload) -> None:
    if upload.state in ENDED:
        message, had = f"import {upload.id!r} is {upload.state}", upload.bytes_received
        raise ImportRefusedError("wrong_state", message, offset=had)

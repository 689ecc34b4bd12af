"""The export of all events to a file, as a task: for downloads too large to wait for."""

import logging
from collections.abc import AsyncGenerator, Callable, Mapping
from typing import Any

import anyio
import anyio.to_thread
import msgspec

from api.services.exports.formats import EventFile, FileOptions, Wanted
from api.services.store import Store
from api.services.task_report import Clock, Report
from domain.ports.errors import StorageError
from domain.ports.events import EventFilter
from domain.tasks import Task

logger = logging.getLogger(__name__)

DAY_SECONDS = 86_400
BLOB_PREFIX = "export-"
READ_BYTES = 256 * 1024
WRITE_BYTES = 512 * 1024
"""Written at once: each write is made durable, which costs the same for a byte."""


class ExportTask:
    """Writes a blob that `GET /tarefas/{id}/file` serves."""

    def __init__(
        self,
        store: Store,
        begin: Mapping[str, Callable[[Wanted], EventFile]],
        *,
        clock: Clock,
        keep_days: int,
        timezone: str = "UTC",
    ) -> None:
        """Export in the formats that `begin` names; `timezone` is the name of the server's."""
        self._store = store
        self._begin = begin
        self._clock = clock
        self._keep_ms = keep_days * 86_400_000
        self._timezone = timezone

    async def run(self, task: Task, report: Report) -> dict[str, Any]:
        """Return how many events and bytes the file has, and where it is."""
        asked = msgspec.convert(task.params, FileOptions)
        wanted = Wanted(self._store.epoch, asked.lang, asked.delimiter, timezone=self._timezone)
        file = self._begin[asked.format](wanted)
        blob = _Blob(self._store, blob_of(task.id))
        written = 0
        await blob.write(await anyio.to_thread.run_sync(file.opening))
        async with self._store.snapshot() as snapshot:
            total = (await snapshot.events.counts(now_us=self._clock() * 1000)).events
            await report.log("export.writing", events=total, format=task.params["format"])
            async for chunk in snapshot.events.scan(EventFilter()):
                await blob.write(await anyio.to_thread.run_sync(file.part, chunk))
                written += len(chunk)
                await report.progress(98 * written / max(total, written), "export.writing")
        await blob.write(file.closing())
        size = await blob.flush()
        await report.log("export.written", events=written, bytes=size)
        link = f"/api/v1/tarefas/{task.id}/file"
        return {"events": written, "bytes": size, "format": task.params["format"], "links": {"file": link}}

    async def discard(self, task: Task) -> None:
        """Delete what there is of the file."""
        await self._store.blobs.delete(blob_of(task.id))

    async def size(self, task_id: str) -> int:
        """Return the size of a task's file in bytes, 0 if it was deleted."""
        return await self._store.blobs.size(blob_of(task_id))

    async def chunks(self, task_id: str) -> AsyncGenerator[bytes, None]:
        """Yield a task's file."""
        offset = 0
        while chunk := await self._store.blobs.read(blob_of(task_id), offset, READ_BYTES):
            yield chunk
            offset += len(chunk)

    async def sweep_daily(self) -> None:
        """Sweep now and once a day, until cancelled."""
        while True:
            try:
                await self.sweep()
            except StorageError as error:
                logger.warning("expired export files could not be deleted: %s", error)
            await anyio.sleep(DAY_SECONDS)

    async def sweep(self) -> None:
        """Delete files of tasks that ended long ago, and of none."""
        for blob_id in await self._store.blobs.ids():
            if blob_id.startswith(BLOB_PREFIX) and await self._is_over(blob_id.removeprefix(BLOB_PREFIX)):
                await self._delete(blob_id)

    async def _delete(self, blob_id: str) -> None:
        """Delete a file; one that stays keeps none of the others."""
        try:
            await self._store.blobs.delete(blob_id)
        except StorageError as error:
            logger.warning("an expired export file could not be deleted: %s", error)

    async def _is_over(self, task_id: str) -> bool:
        async with self._store.snapshot() as snapshot:
            task = await snapshot.tasks.get(task_id)
        if task is None:
            return True
        return task.finished_at is not None and task.finished_at < self._clock() - self._keep_ms


def blob_of(task_id: str) -> str:
    """Return the id of the blob that holds a task's file."""
    return BLOB_PREFIX + task_id


class _Blob:
    """Gathers bytes into writes of a good size."""

    def __init__(self, store: Store, blob_id: str) -> None:
        self._blobs = store.blobs
        self._id = blob_id
        self._size = 0
        self._pending: list[bytes] = []
        self._pending_bytes = 0

    async def write(self, content: bytes) -> None:
        self._pending.append(content)
        self._pending_bytes += len(content)
        if self._pending_bytes >= WRITE_BYTES:
            await self.flush()

    async def flush(self) -> int:
        """Write what is pending and return the size of the blob."""
        if self._pending_bytes:
            self._size = await self._blobs.append(self._id, self._size, b"".join(self._pending))
            self._pending, self._pending_bytes = [], 0
        return self._size

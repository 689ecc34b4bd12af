"""Reads a staged file ahead of what is being stored, and waits for its next bytes."""

from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from api.services.imports.blob_names import table_id
from api.services.imports.row_source import Portion, RowSource, Table
from api.services.imports.running_import import RunningImport
from domain.ports.blobs import BlobStore

PIECE_BYTES = (16 * 1024, 64 * 1024, 1024 * 1024)
"""Least, first and most that is read at once: the first rows soon, later ones in few commits."""

TOGETHER = 3
"""Portions that are committed at once where they are read quicker than stored: a commit has its own cost."""

IDLE_SECONDS = 5.0
"""Without a new byte for so long, an import gives its place at work to the next in line."""


class StagedReader:
    """Gives the bytes of one import to sources of rows, piece by piece."""

    def __init__(
        self, running: RunningImport, blobs: BlobStore, table: Table | None, *, whole_bytes: int | None = None
    ) -> None:
        """Read what an import staged: the table that was made of its workbook, or else its file.

        `whole_bytes`: what is read has so many, and all are there, whatever its body does meanwhile.
        """
        self._running = running
        self._blobs = blobs
        self._table = table
        self._whole_bytes = whole_bytes

    @asynccontextmanager
    async def portions(self, source: RowSource) -> AsyncIterator[MemoryObjectReceiveStream[Portion]]:
        """Read ahead: the next portions are read while the last ones are being stored."""
        send, receive = anyio.create_memory_object_stream[Portion](TOGETHER - 1)
        async with anyio.create_task_group() as group, receive:
            group.start_soon(self._read, source, send)
            yield receive
            group.cancel_scope.cancel()

    async def _read(self, source: RowSource, send: MemoryObjectSendStream[Portion]) -> None:
        least, size, most = PIECE_BYTES
        given: deque[int] = deque()
        last = False
        async with send:
            while given or await self._has_bytes(source.offset):
                while not last and self._may_give(source, len(given)):
                    given.append(size)
                    last = await self._give(source, size)
                portion = await source.portion()
                await send.send(portion)
                if portion.ended or portion.fault:
                    return
                size = _next_size(given.popleft(), portion.cpu_seconds, least, most)

    def _may_give(self, source: RowSource, given: int) -> bool:
        """Return whether to pass on another piece at once, so that the parser never waits for the next."""
        if given:
            return given < 2 and source.reads_ahead and self._is_readable(source.offset)
        return True

    async def _has_bytes(self, offset: int) -> bool:
        if self._whole_bytes is not None:
            return not self._running.cancel_requested
        return await has_bytes(self._running, offset)

    def _is_readable(self, offset: int) -> bool:
        return self._whole_bytes is not None or self._running.is_readable(offset)

    async def _give(self, source: RowSource, size: int) -> bool:
        """Give the next piece to be read, of at most a size; return whether it is the last."""
        running = self._running
        blob, is_complete, staged = running.blob, running.body == "complete", running.staged
        if self._table is not None:
            blob, staged = table_id(running.upload.id), self._table.size
        if self._whole_bytes is not None:
            is_complete, staged = True, self._whole_bytes
            size = min(size, staged - source.offset)
        piece = await self._blobs.read(blob, source.offset, size)
        end = source.offset + len(piece)
        running.note_read(end)
        last = is_complete and end >= staged
        await source.give(piece, last=last)
        return last


async def has_bytes(running: RunningImport, offset: int) -> bool:
    """Wait until there is something to read after these bytes; False when there is not, for now."""
    while not running.cancel_requested:
        changed = running.changed
        if running.is_readable(offset):
            return True
        if running.body != "coming":
            return False
        with anyio.move_on_after(IDLE_SECONDS) as idle:
            await changed.wait()
        if idle.cancelled_caught:
            return False
    return False


def ready(portions: MemoryObjectReceiveStream[Portion]) -> Iterator[Portion]:
    """Yield those that wait already, as many as may be committed with one more."""
    with suppress(anyio.WouldBlock, anyio.EndOfStream):
        for _ in range(TOGETHER - 1):
            yield portions.receive_nowait()


def _next_size(size: int, cpu_seconds: float, least: int, most: int) -> int:
    """Return how much to read next, for portions of about 30 to 60 ms of work.

    Waits do not count: on a busy machine or a slow store, small portions would make all slower.
    """
    if cpu_seconds < 0.03:
        return min(most, size * 2)
    return max(least, size // 2) if cpu_seconds > 0.06 else size

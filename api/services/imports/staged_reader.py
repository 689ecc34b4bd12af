"""Reads a staged file ahead of what is being stored, and waits for its next bytes."""

from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from functools import partial

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from api.services.imports.row_source import Portion, RowSource
from api.services.imports.running_import import RunningImport
from api.services.imports.staged_file import StagedFile
from domain.csv.dialect import FIRST_LOOK_BYTES, first_doubt
from domain.ports.blobs import BlobStore
from domain.problems import Problem

PIECE_BYTES = (16 * 1024, 64 * 1024, 1024 * 1024)
"""Least, first and most that is read at once: the first rows soon, later ones in few commits."""

TOGETHER = 3
"""Portions that are committed at once where they are read quicker than stored: a commit has its own cost."""


class StagedReader:
    """Gives the bytes of one import to sources of rows, piece by piece."""

    def __init__(self, running: RunningImport, blobs: BlobStore, file: StagedFile) -> None:
        self._running = running
        self._blobs = blobs
        self._file = file

    @asynccontextmanager
    async def portions(self, source: RowSource) -> AsyncIterator[MemoryObjectReceiveStream[Portion]]:
        """Read ahead: the next portions are read while the last ones are being stored."""
        send, receive = anyio.create_memory_object_stream[Portion](TOGETHER - 1)
        async with anyio.create_task_group() as group, receive:
            group.start_soon(self._read, source, send)
            yield receive
            group.cancel_scope.cancel()

    async def first_doubt(self, named: str | None) -> Problem | None:
        """Return the doubt about the encoding of what is there of a CSV, before a row of it goes out.

        `named` is the encoding that the uploader names.
        """
        file = self._file
        is_whole, size = file.is_complete, min(file.size, FIRST_LOOK_BYTES)
        is_whole = is_whole and size == file.size
        content = await self._blobs.read(file.blob, 0, size)
        if content.isascii():
            return None
        look = partial(first_doubt, content, is_whole=is_whole, named=named)
        return await anyio.to_thread.run_sync(look)

    async def _read(self, source: RowSource, send: MemoryObjectSendStream[Portion]) -> None:
        least, size, most = PIECE_BYTES
        given: deque[int] = deque()
        last = False
        async with send:
            while given or await self._file.has_bytes(source.offset):
                while not last and self._may_give(source, len(given)):
                    given.append(size)
                    last = await self._give(source, size)
                portion = await source.portion()
                await send.send(portion)
                if portion.ended or portion.fault:
                    return
                if not portion.has_more:
                    size = _next_size(given.popleft(), portion.cpu_seconds, least, most)

    def _may_give(self, source: RowSource, given: int) -> bool:
        """Return whether to pass on another piece at once, so that the parser never waits for the next."""
        if given:
            return given < 2 and source.reads_ahead and self._file.is_readable(source.offset)
        return True

    async def _give(self, source: RowSource, size: int) -> bool:
        """Give the next piece to be read, of at most a size; return whether it is the last."""
        file = self._file
        is_complete, staged = file.is_complete, file.size
        piece = await self._blobs.read(file.blob, source.offset, min(size, staged - source.offset))
        end = source.offset + len(piece)
        self._running.note_read(end)
        last = is_complete and end >= staged
        await source.give(piece, last=last)
        return last


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

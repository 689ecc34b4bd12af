"""The readers of imports: small files are read here, large ones in processes that are kept for the next."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import monotonic
from zoneinfo import ZoneInfo

import anyio
from anyio import to_thread

from api.reading.process import ReadingProcess
from api.services.imports.csv_source import CsvSource
from api.services.imports.portions import Checkpoint, Portion, RowSource
from domain.imports import ImportOptions
from domain.ports import Pack

logger = logging.getLogger("fasttrack.imports")

READ_HERE_BYTES = 128 * 1024
"""Of a file: to start a process takes longer than to read so much."""

IDLE_SECONDS = 60.0


class Readers:
    """Opens sources of rows; `async with running()` for as long as it does."""

    def __init__(self, timezone: str, pack: Pack, *, read_here_bytes: int = READ_HERE_BYTES) -> None:
        """Prepare to read files whose naive times count in a time zone."""
        self.timezone = timezone
        self.pack = pack
        self.read_here_bytes = read_here_bytes
        self._idle: list[ReadingProcess] = []

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Readers"]:
        """Keep processes for the block, and end every one with it."""
        async with anyio.create_task_group() as group:
            group.start_soon(self._end_idle_ones)
            try:
                yield self
            finally:
                group.cancel_scope.cancel()
                with anyio.CancelScope(shield=True):
                    await self._end(self._idle)

    @asynccontextmanager
    async def open_source(self, options: ImportOptions, checkpoint: Checkpoint) -> AsyncIterator[RowSource]:
        """Read a file from a checkpoint on. Source: `api.services.imports.portions.OpenSource`."""
        source = Source(self, options, checkpoint)
        try:
            yield source
        except BaseException:
            # Nobody knows what it is doing now.
            with anyio.CancelScope(shield=True):
                await self._end(source.processes)
            raise
        for process in source.processes:
            process.idle_since = monotonic()
            self._idle.append(process)

    async def process(self) -> ReadingProcess:
        """Return a process that reads nothing now."""
        while self._idle:
            process = self._idle.pop()
            if process.is_alive:
                return process
            await self._end([process])
        return await to_thread.run_sync(ReadingProcess)

    async def _end_idle_ones(self) -> None:
        while True:
            await anyio.sleep(IDLE_SECONDS / 2)
            too_long = monotonic() - IDLE_SECONDS
            old = [process for process in self._idle if process.idle_since < too_long]
            self._idle = [process for process in self._idle if process not in old]
            await self._end(old)

    async def _end(self, processes: list[ReadingProcess]) -> None:
        while processes:
            await to_thread.run_sync(processes.pop().end)


class Source:
    """The rows of one file: read in a thread at first, in a process from some size on."""

    def __init__(self, readers: Readers, options: ImportOptions, checkpoint: Checkpoint) -> None:
        """Go on at a checkpoint."""
        self.offset = checkpoint.offset
        self.processes: list[ReadingProcess] = []
        self._readers = readers
        self._options = options
        self._checkpoint = checkpoint
        self._may_move = True
        self._read_here: list[bytes] = []
        zone = ZoneInfo(readers.timezone)
        self._here = CsvSource(options, checkpoint, zone, readers.pack)

    async def take(self, piece: bytes, *, last: bool) -> Portion:
        """Return the rows that end in this piece. Source: `api.services.imports.portions.RowSource`."""
        if not self.processes and self._may_move and self.offset + len(piece) > self._readers.read_here_bytes:
            await self._move()
        self.offset += len(piece)
        if self.processes:
            process = self.processes[0]
            return await to_thread.run_sync(lambda: process.take(piece, last=last))
        if self._may_move:
            self._read_here.append(piece)
        return await to_thread.run_sync(lambda: self._here.take(piece, last=last))

    async def _move(self) -> None:
        """Let a process read again what was read here, so that it knows all that is known here."""
        pieces, self._read_here = self._read_here, []
        try:
            process = await self._readers.process()
        except OSError as error:
            logger.warning("no process could be started, the file is read in the server: %s", error)
            self._may_move = False
            return
        self.processes.append(process)

        def catch_up() -> None:
            process.begin(self._options, self._readers.timezone, self._checkpoint)
            for piece in pieces:
                process.take(piece, last=False)

        await to_thread.run_sync(catch_up)

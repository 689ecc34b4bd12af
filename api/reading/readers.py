"""The readers of imports: small files are read here, large ones in processes that stand by for them."""

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

    def __init__(
        self, timezone: str, pack: Pack, *, standby: int = 0, read_here_bytes: int = READ_HERE_BYTES
    ) -> None:
        """Prepare to read files whose naive times count in a time zone; so many processes stand by."""
        self.timezone = timezone
        self.pack = pack
        self.read_here_bytes = read_here_bytes
        self._standby = standby
        self._idle: list[ReadingProcess] = []

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Readers"]:
        """Keep processes for the block, and end every one with it."""
        try:
            async with anyio.create_task_group() as group:
                group.start_soon(self._keep_standby)
                yield self
                group.cancel_scope.cancel()
        finally:
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
        if source.owed:
            await self._end(source.processes)
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

    async def _keep_standby(self) -> None:
        """Start those that stand by, and end what is idle beside them."""
        try:
            for _ in range(self._standby):
                await to_thread.run_sync(self._start)
        except OSError as error:
            logger.warning("no process can stand by to read files: %s", error)
        while True:
            await anyio.sleep(IDLE_SECONDS / 2)
            too_long = monotonic() - IDLE_SECONDS
            old = [process for process in self._idle[self._standby :] if process.idle_since < too_long]
            self._idle = [process for process in self._idle if process not in old]
            await self._end(old)

    def _start(self) -> None:
        """Start one, and keep it even where the server stops meanwhile: it must be ended."""
        self._idle.append(ReadingProcess())

    async def _end(self, processes: list[ReadingProcess]) -> None:
        while processes:
            await to_thread.run_sync(processes.pop().end)


class Source:
    """The rows of one file: read in a thread at first, in a process from some size on.

    Attributes:
        owed: pieces that were given to a process, and whose portions it has not been asked for.
    """

    def __init__(self, readers: Readers, options: ImportOptions, checkpoint: Checkpoint) -> None:
        """Go on at a checkpoint."""
        self.offset = checkpoint.offset
        self.processes: list[ReadingProcess] = []
        self.owed = 0
        self._readers = readers
        self._options = options
        self._checkpoint = checkpoint
        self._may_move = True
        self._read_here: list[bytes] = []
        self._next_here: tuple[bytes, bool] = (b"", False)
        zone = ZoneInfo(readers.timezone)
        self._here = CsvSource(options, checkpoint, zone, readers.pack)

    @property
    def reads_ahead(self) -> bool:
        """A process takes a piece while it reads another one."""
        return bool(self.processes)

    async def give(self, piece: bytes, *, last: bool) -> None:
        """Let the next piece be read. Source: `api.services.imports.portions.RowSource`."""
        if not self.processes and self._may_move and self.offset + len(piece) > self._readers.read_here_bytes:
            await self._move()
        self.offset += len(piece)
        if self.processes:
            await to_thread.run_sync(self._give, piece, last)
            return
        if self._may_move:
            self._read_here.append(piece)
        self._next_here = (piece, last)

    async def portion(self) -> Portion:
        """Return what the first piece gave. Source: `api.services.imports.portions.RowSource`."""
        return await to_thread.run_sync(self._portion)

    # Counted in the thread that speaks: whoever waits for it may be cancelled.
    def _give(self, piece: bytes, last: bool) -> None:
        self.owed += 1
        self.processes[0].give(piece, last=last)

    def _portion(self) -> Portion:
        if not self.processes:
            piece, last = self._next_here
            return self._here.take(piece, last=last)
        portion = self.processes[0].portion()
        self.owed -= 1
        return portion

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
                process.give(piece, last=False)
                process.portion()

        await to_thread.run_sync(catch_up)

"""The pool of parsers: small files are read in this process, large ones in parser processes."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import monotonic
from zoneinfo import ZoneInfo

import anyio
from anyio import to_thread

from api.parsing.process import ParserProcess
from api.services.imports.file_source import FileSource
from api.services.imports.row_source import Checkpoint, Portion, RowSource
from domain.imports import ImportOptions
from domain.ports.events import Pack

logger = logging.getLogger("fasttrack.imports")

READ_HERE_BYTES = 128 * 1024
"""Of a file: to start a process takes longer than to read so much."""

IDLE_SECONDS = 60.0
STANDBY_AFTER_SECONDS = 5.0
"""Everybody comes back at once after a start: a process that loads would take half a core from them."""


class ParserPool:
    """Opens sources of rows, inside `async with running()`."""

    def __init__(
        self, timezone: str, pack: Pack, *, standby: int = 0, read_here_bytes: int = READ_HERE_BYTES
    ) -> None:
        """Prepare to read files whose naive times count in a time zone; so many processes stand by."""
        self.timezone = timezone
        self.pack = pack
        self.read_here_bytes = read_here_bytes
        self._standby = standby
        self._idle: list[ParserProcess] = []

    @asynccontextmanager
    async def running(self) -> AsyncIterator["ParserPool"]:
        """Run the pool for the block; its processes end with it."""
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
        """Read a file from a checkpoint on. Source: `api.services.imports.row_source.OpenSource`."""
        source = Source(self, options, checkpoint)
        try:
            yield source
        except BaseException:
            # What it is doing now is unknown.
            with anyio.CancelScope(shield=True):
                await self._end(source.processes)
            raise
        if source.owed:
            await self._end(source.processes)
        for process in source.processes:
            process.idle_since = monotonic()
            self._idle.append(process)

    async def process(self) -> ParserProcess:
        """Return an idle process."""
        while self._idle:
            process = self._idle.pop()
            if process.is_alive:
                return process
            await self._end([process])
        return await to_thread.run_sync(ParserProcess)

    async def _keep_standby(self) -> None:
        """Start the standby processes, unless others are idle by then, and end what is idle besides them."""
        await anyio.sleep(STANDBY_AFTER_SECONDS)
        try:
            while len(self._idle) < self._standby:
                await to_thread.run_sync(self._start)
        except OSError as error:
            logger.warning("no standby process for reading files could be started: %s", error)
        while True:
            await anyio.sleep(IDLE_SECONDS / 2)
            too_long = monotonic() - IDLE_SECONDS
            old = [process for process in self._idle[self._standby :] if process.idle_since < too_long]
            self._idle = [process for process in self._idle if process not in old]
            await self._end(old)

    def _start(self) -> None:
        """Start one, and keep it even where the server stops meanwhile: it must be ended."""
        self._idle.append(ParserProcess())

    async def _end(self, processes: list[ParserProcess]) -> None:
        while processes:
            await to_thread.run_sync(processes.pop().end)


class Source:
    """The rows of one file: read in a thread at first, in a process from some size on.

    Attributes:
        owed: pieces that were given to a process, and whose last portion it has not been asked for.
    """

    def __init__(self, readers: ParserPool, options: ImportOptions, checkpoint: Checkpoint) -> None:
        """Go on at a checkpoint."""
        self.offset = checkpoint.offset
        self.processes: list[ParserProcess] = []
        self.owed = 0
        self._readers = readers
        self._options = options
        self._checkpoint = checkpoint
        self._may_move = True
        self._read_here: list[bytes] = []
        self._next_here: tuple[bytes, bool] | None = None
        zone = ZoneInfo(readers.timezone)
        self._here = FileSource(options, checkpoint, zone, readers.pack)

    @property
    def reads_ahead(self) -> bool:
        """A process takes a piece while it reads another one."""
        return bool(self.processes)

    async def give(self, piece: bytes, *, last: bool) -> None:
        """Let the next piece be read. Source: `api.services.imports.row_source.RowSource`."""
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
        """Return what the first piece gave. Source: `api.services.imports.row_source.RowSource`."""
        return await to_thread.run_sync(self._portion)

    # Counted in the thread that does it: the task that waits for it may be cancelled.
    def _give(self, piece: bytes, last: bool) -> None:
        self.owed += 1
        self.processes[0].give(piece, last=last)

    def _portion(self) -> Portion:
        if not self.processes:
            (given, self._next_here) = (self._next_here, None)
            return self._here.take(given[0], last=given[1]) if given else self._here.go_on()
        portion = self.processes[0].portion()
        self.owed -= not portion.has_more
        return portion

    async def _move(self) -> None:
        """Let a process read again what was read here, so that it knows all that is known here."""
        pieces, self._read_here = self._read_here, []
        try:
            process = await self._readers.process()
        except OSError as error:
            logger.warning(
                "no process for reading files could be started; the file is read in the server: %s", error
            )
            self._may_move = False
            return
        self.processes.append(process)

        def catch_up() -> None:
            process.begin(self._options, self._readers.timezone, self._checkpoint)
            for piece in pieces:
                process.give(piece, last=False)
                while process.portion().has_more:
                    pass  # These rows were read here already.

        await to_thread.run_sync(catch_up)

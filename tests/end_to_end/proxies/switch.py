"""A TCP address that stays while what is behind it changes, as in front of a database that fails over."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager


class Switch:
    """Passes connections on to a port of this machine."""

    def __init__(self, target: int) -> None:
        self.target = target
        self.port = 0
        self.has_answered = asyncio.Event()
        """What is behind it now has said something to somebody."""
        self._open: set[asyncio.StreamWriter] = set()

    @asynccontextmanager
    async def listening(self) -> AsyncIterator["Switch"]:
        """Listen on a free port."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            self.turn_to(self.target)
            await server.wait_closed()

    def turn_to(self, target: int) -> None:
        """Send new connections elsewhere and cut the open ones."""
        self.target = target
        self.has_answered = asyncio.Event()
        for writer in [*self._open]:
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        has_answered = self.has_answered
        with contextlib.suppress(OSError):
            behind_reader, behind = await asyncio.open_connection("127.0.0.1", self.target)
            with self._kept(writer), self._kept(behind):
                answers = _pass_on(behind_reader, writer, first=has_answered)
                await asyncio.gather(_pass_on(reader, behind), answers)
        writer.close()

    @contextlib.contextmanager
    def _kept(self, writer: asyncio.StreamWriter) -> Iterator[None]:
        self._open.add(writer)
        try:
            yield
        finally:
            self._open.discard(writer)
            writer.close()


async def _pass_on(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, first: asyncio.Event | None = None
) -> None:
    # uvloop's name for a connection that was closed meanwhile is RuntimeError.
    with contextlib.suppress(OSError, RuntimeError):
        while content := await reader.read(1 << 16):
            writer.write(content)
            if first is not None:
                first.set()
            await writer.drain()
    writer.close()

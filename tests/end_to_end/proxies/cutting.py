"""A proxy of bare TCP that cuts each connection after so many bytes of what clients send."""

import asyncio
import contextlib
from collections.abc import Iterator

from tests.end_to_end.proxies.threads import in_a_thread


class CuttingProxy:
    """Passes bytes on to a server, whatever they say.

    Attributes:
        cuts: connections that were cut.
    """

    def __init__(self, upstream_port: int, *, after_bytes: int) -> None:
        self._upstream = upstream_port
        self._after_bytes = after_bytes
        self.port = 0
        self.cuts = 0

    async def listen(self) -> asyncio.Server:
        """Listen on a free port."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        return server

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        back, upstream = await asyncio.open_connection("127.0.0.1", self._upstream)
        upward = asyncio.create_task(_pass_on(reader, upstream, self._after_bytes))
        answers = asyncio.create_task(_pass_on(back, writer))
        try:
            await asyncio.wait({upward, answers}, return_when=asyncio.FIRST_COMPLETED)
            if upward.done() and not upward.exception() and upward.result():
                self.cuts += 1
        finally:
            for task in (upward, answers):
                task.cancel()
            await asyncio.gather(upward, answers, return_exceptions=True)
            # As a proxy that dies does: reset, both ways, with whatever was on its way.
            upstream.transport.abort()
            writer.transport.abort()


async def _pass_on(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, most: int | None = None
) -> bool:
    """Pass bytes on up to the end or to so many; tell whether these were reached."""
    passed = 0
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
        passed += len(data)
        if most is not None and passed >= most:
            return True
    return False


@contextlib.contextmanager
def cutting_proxy(upstream_port: int, *, after_bytes: int) -> Iterator[CuttingProxy]:
    """Run a proxy for the block."""
    proxy = CuttingProxy(upstream_port, after_bytes=after_bytes)
    with in_a_thread(proxy.listen):
        yield proxy

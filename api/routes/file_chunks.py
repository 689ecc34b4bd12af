"""The bytes of a file of events, made while they are sent."""

from collections.abc import AsyncGenerator

from anyio import to_thread

from api.services.events import Events
from api.services.exports.formats import EventFile
from domain.ports.events import EventFilter

FILE_CHUNK = 250
"""Events that are decoded at once: about 3 ms of the loop."""


async def file_chunks(events: Events, where: EventFilter, file: EventFile) -> AsyncGenerator[bytes, None]:
    """Write events chunk by chunk, in a thread: the loop has others to serve. No chunk is empty."""
    async with events.reading() as reading:
        # The first calendar of a process describes its time zone: a twentieth of a second.
        made = await to_thread.run_sync(file.opening)
        async for some in reading.scan(where, chunk=FILE_CHUNK):
            made += await to_thread.run_sync(file.part, some)
            if made:
                yield made
            made = b""
        yield made + file.closing()

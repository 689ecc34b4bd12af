"""What there is to read of an import's file: it grows while its body comes, or it is whole."""

from typing import Protocol

import anyio

from api.services.imports.running_import import RunningImport

IDLE_SECONDS = 5.0
"""Without a new byte for so long, an import gives its place at work to the next in line."""


class StagedFile(Protocol):
    """A staged file, as it is now."""

    @property
    def blob(self) -> str:
        """Its name."""

    @property
    def size(self) -> int:
        """How many bytes of it there are."""

    @property
    def is_complete(self) -> bool:
        """Whether no more come."""

    def is_readable(self, offset: int) -> bool:
        """Return whether one can read on after these bytes: more may be read, or the file has ended."""

    async def has_bytes(self, offset: int) -> bool:
        """Wait until one can read on after these bytes; False when one cannot, for now."""


class GrowingFile:
    """The file of a body. Source: `StagedFile`."""

    def __init__(self, running: RunningImport) -> None:
        self._running = running
        self.blob = running.blob

    @property
    def size(self) -> int:
        """How many bytes of it are durable."""
        return self._running.staged

    @property
    def is_complete(self) -> bool:
        """Whether its body has come to its end."""
        return self._running.body == "complete"

    def is_readable(self, offset: int) -> bool:
        """Return whether one can read on after these bytes."""
        return self._running.is_readable(offset)

    async def has_bytes(self, offset: int) -> bool:
        """Wait for the body; not for one that is broken, slow, or no longer wanted."""
        running = self._running
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


class WholeFile:
    """A file that is known to be whole, whatever a body does meanwhile. Source: `StagedFile`."""

    is_complete = True

    def __init__(self, running: RunningImport, blob: str, size: int) -> None:
        self._running = running
        self.blob = blob
        self.size = size

    def is_readable(self, _offset: int) -> bool:
        """Return True."""
        return True

    async def has_bytes(self, _offset: int) -> bool:
        """Return whether it is still wanted."""
        return not self._running.cancel_requested

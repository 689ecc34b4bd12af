"""Stages the bytes of a body: coalesced writes, one in flight, back-pressure."""

import hashlib
from collections.abc import Awaitable, Callable
from io import BytesIO
from typing import TYPE_CHECKING

import anyio

from api.services.imports.errors import refused_by
from api.services.imports.quota import Share
from domain.ports.blobs import BlobStore
from domain.ports.errors import StorageUnavailableError

if TYPE_CHECKING:
    from hashlib import _Hash

UNIT_BYTES = 1024 * 1024
"""Where so much waits to be written, the body waits, too."""

GAP_SECONDS = 0.01
"""Between two writes of less than a unit: packets that trickle share an fsync."""

_READ_BYTES = 1024 * 1024


class StagingWriter:
    """Stages the bytes of one body durably, from an offset.

    One owner writes; `run` stages in a task of its own, so that a body that stalls still has all
    its bytes on disk and a body that rushes waits for the disk.

    Attributes:
        staged: bytes of the file that are durable, those of earlier bodies included.
    """

    def __init__(
        self,
        blobs: BlobStore,
        blob_id: str,
        *,
        offset: int,
        limit: int,
        share: Share,
        on_staged: Callable[[int], Awaitable[None]],
    ) -> None:
        """Prepare to append to a blob of `offset` bytes up to `limit` bytes.

        `share` counts them for their person, and is closed at the end; `on_staged` is awaited after
        each write with the bytes that are durable.
        """
        self._share = share
        self.staged = offset
        self._blobs = blobs
        self._blob_id = blob_id
        self._limit = limit
        self._on_staged = on_staged
        self._received = offset
        self._waiting = BytesIO()
        self._dirty = anyio.Event()
        self._drained = anyio.Event()
        self._closing = False
        self._superseded = False
        self._failure: Exception | None = None
        self._hash: _Hash | None = hashlib.sha256() if offset == 0 else None
        self.stopped = anyio.Event()

    async def write(self, content: bytes) -> None:
        """Take bytes; waits while a unit is on its way to the disk and another one waits.

        Raises:
            ImportRefusedError: `too_large`; or another body took over.
            StorageError: what was taken could not be staged.
        """
        self._check()
        self._received += len(content)
        if self._received > self._limit:
            raise refused_by("too_large.file", limit_bytes=self._limit)
        self._share.take(len(content))
        self._waiting.write(content)
        self._dirty.set()
        while self._waiting.tell() > UNIT_BYTES:
            drained = self._drained
            await drained.wait()
            self._check()

    async def close(self) -> None:
        """Wait until all that was taken is durable.

        Raises:
            StorageError: some of it could not be staged.
        """
        self._closing = True
        self._dirty.set()
        await self.stopped.wait()
        if self._failure:
            raise self._failure

    def supersede(self) -> None:
        """Stop: another body continues this import."""
        self._superseded = True
        self._closing = True
        self._dirty.set()
        self._wake_writer()

    def may_end_at(self, offset: int) -> bool:
        """Return whether this body may end with the file staged up to this offset."""
        return self.staged <= offset <= self._received

    async def run(self) -> None:
        """Stage until closed, or until storage fails; a failure is kept for the owner."""
        try:
            await self._stage()
        except Exception as failure:  # noqa: BLE001 - raised again where the owner writes or closes.
            self._failure = failure
        except BaseException:
            self._failure = StorageUnavailableError("the server is stopping")
            raise
        finally:
            self._share.close()
            self._waiting = BytesIO()
            self._wake_writer()
            self.stopped.set()

    async def sha256(self) -> str:
        """Return the hex digest of all staged bytes; call it after `close`."""
        if self._hash is None:  # An earlier body began the file: its digest is gone with it.
            self._hash = hashlib.sha256()
            offset = 0
            while piece := await self._blobs.read(self._blob_id, offset, _READ_BYTES):
                await anyio.to_thread.run_sync(self._hash.update, piece)
                offset += len(piece)
        return self._hash.hexdigest()

    async def _stage(self) -> None:
        while True:
            await self._dirty.wait()
            self._dirty = anyio.Event()
            while self._waiting.tell():
                await self._stage_unit()
            if self._closing:
                return
            await self._pause()

    async def _stage_unit(self) -> None:
        unit, self._waiting = self._waiting.getvalue(), BytesIO()
        self._wake_writer()
        self.staged = await self._blobs.append(self._blob_id, self.staged, unit)
        if self._hash is not None:
            await anyio.to_thread.run_sync(self._hash.update, unit)
        await self._on_staged(self.staged)

    async def _pause(self) -> None:
        if self._waiting.tell() < UNIT_BYTES:
            await anyio.sleep(GAP_SECONDS)

    def _check(self) -> None:
        if self._failure:
            raise self._failure
        if self._superseded:
            raise refused_by("in_progress")

    def _wake_writer(self) -> None:
        # Swap before set: a woken writer that must wait again waits on the new event.
        drained, self._drained = self._drained, anyio.Event()
        drained.set()

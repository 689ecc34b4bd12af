"""A file that is sent again from its start, while its import has some of it and waits for the rest."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, nullcontext

import anyio

from api.services.imports.blob_names import blob_id
from api.services.imports.errors import refused_by
from api.services.imports.upload_body import UploadBody
from domain.imports import ENDED, ImportOptions, Upload
from domain.ports.blobs import BlobStore

STALLED_SECONDS = 5.0
"""A body that brought nothing for so long, while its file is sent again, is one whose sender is gone."""

LOOK_SECONDS = 0.05

_READ_BYTES = 1024 * 1024


class RetracedBody:
    """Takes a whole file for an import that has its beginning.

    What is had is compared with what comes, and not stored again. Where it ends, this one goes on as the
    next body of the import, unless an earlier body still comes: that one is followed. Until it goes on, it
    changes nothing.

    Attributes:
        upload: the import, as it was at the last look.
    """

    def __init__(
        self,
        upload: Upload,
        blobs: BlobStore,
        *,
        find: Callable[[str], Awaitable[Upload]],
        resume: Callable[[str, int], Awaitable[UploadBody]],
    ) -> None:
        """Begin at the start of the file; `find` and `resume` are those of `Imports`."""
        self._known = upload
        self._blobs = blobs
        self._find = find
        self._resume = resume
        self._compared = 0
        self._body: UploadBody | None = None

    @property
    def upload(self) -> Upload:
        """The import."""
        return self._known if self._body is None else self._body.upload

    @property
    def ended(self) -> bool:
        """Whether the import ended while this body, which went on, is still arriving."""
        return self._body is not None and self._body.ended

    def on_end(self, act: Callable[[], None]) -> AbstractContextManager[None]:
        """Call `act` when the import ends during the block, if this body went on with it."""
        return nullcontext() if self._body is None else self._body.on_end(act)

    @property
    def staged(self) -> int:
        """Bytes of the file that are durable."""
        return self._known.bytes_received if self._body is None else self._body.staged

    async def write(self, content: bytes) -> None:
        """Take bytes of the file.

        Raises:
            ImportRefusedError: `wrong_offset`: it is another file than the one that is had.
            StorageError: the store does not answer, or has no room.
        """
        rest = memoryview(content)
        while rest and self._body is None and not self._is_whole:
            had = await self._blobs.read(blob_id(self._known.id), self._compared, min(len(rest), _READ_BYTES))
            if had != rest[: len(had)]:
                raise self._other_file()
            self._compared += len(had)
            rest = rest[len(had) :]
            if not had and await self._is_left():
                self._body = await self._resume(self._known.id, self._compared)
        if self._body is not None and rest:
            await self._body.write(bytes(rest))

    async def goes_on(self) -> bool:
        """Return, at the end of the file, whether this body ends it; False where an earlier one brought all.

        Raises:
            ImportRefusedError: `wrong_offset`: more is had than this file has.
        """
        while self._body is None and not self._is_whole:
            if await self._is_left():
                self._body = await self._resume(self._known.id, self._compared)
            elif not self._is_whole:
                raise self._other_file()
        return self._body is not None

    def hold(self) -> bool:
        """Return False: the import goes on with the options that it began with."""
        return False

    async def complete(self, *, options: ImportOptions | None = None) -> None:
        """End the file. Source: `UploadBody.complete`."""
        assert self._body is not None, "only a body that goes on ends the file"
        await self._body.complete(options=options)

    async def break_off(self) -> None:
        """End this body as broken off."""
        if self._body is not None:
            await self._body.break_off()

    @property
    def begun(self) -> UploadBody | None:
        """The body of the import that this became."""
        return self._body

    @property
    def _is_whole(self) -> bool:
        return self._known.body_complete or self._known.state in ENDED

    async def _is_left(self) -> bool:
        """Wait for an earlier body; return True once it brings nothing beyond what was compared."""
        until = anyio.current_time() + STALLED_SECONDS
        while True:
            known = self._known = await self._find(self._known.id)
            if self._is_whole or known.bytes_received > self._compared:
                return False
            if known.state == "interrupted" or anyio.current_time() > until:
                return True
            await anyio.sleep(LOOK_SECONDS)

    def _other_file(self) -> Exception:
        offset = self._known.bytes_received
        return refused_by("wrong_offset.other_file", offset=offset, offset_bytes=offset)

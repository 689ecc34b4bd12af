"""An import that this process works on: the state that its body, its job and its requests share."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import anyio

from api.services.imports.blob_names import blob_id
from api.services.imports.committed_import import CommittedImport, Edit
from api.services.imports.errors import ImportRefusedError, refused_by
from api.services.imports.lease import Lease
from api.services.imports.quota import Share
from api.services.imports.staging import StagingWriter
from api.services.store import Store
from domain.imports import Upload
from domain.ports.blobs import BlobStore
from domain.problems import problem

Body = Literal["coming", "resting", "complete", "broken"]
"""Bytes are coming; none are, as agreed (tus, between two PATCHes); all have come; the rest is lost."""


class RunningImport(CommittedImport):
    """Shared by one job and one body at a time; all on one event loop.

    What is stored changes by `change`. What only this process knows changes by the verbs of a
    body (`begin_body`, `hold` …), of a job (`begin_job`, `note_read` …) and of requests (`ask_to_cancel` …).
    """

    def __init__(
        self, upload: Upload, *, lease: Lease, body: Body, staged: int = 0, read: int = 0, hold_bytes: int = 0
    ) -> None:
        """Start from an import as it is stored.

        `staged` bytes of its file are durable, of which a job has `read` some. Of a file of up to
        `hold_bytes` nothing is read before its body ends.
        """
        super().__init__(upload, lease)
        self._last_body: Body = body
        self._writer: StagingWriter | None = None
        self._staged = staged
        self._read = read
        self._hold_bytes = hold_bytes
        self._needs_whole = False
        self._cancel_requested = False
        self._at_work = False
        self._touched = True
        self._parsers_lost = 0
        self._queued: anyio.CancelScope | None = None
        # Held while a body begins or ends, so that of two at once one speaks for the import.
        self._handover = anyio.Lock()

    @property
    def blob(self) -> str:
        """Name of the staged file."""
        return blob_id(self._upload.id)

    @property
    def body(self) -> Body:
        """How its body is, or how the last one ended."""
        return "coming" if self._writer is not None else self._last_body

    @property
    def staged(self) -> int:
        """Bytes of the file that are durable."""
        return self._staged

    @property
    def has_body(self) -> bool:
        """Whether a request is sending bytes, or did a moment ago."""
        return self._writer is not None

    @property
    def waits_for_its_sender(self) -> bool:
        """Whether the client has to send bytes, or the request to import what is staged."""
        return self.body in {"resting", "broken"} or self._upload.state == "staged"

    async def begin_body(self, blobs: BlobStore, *, offset: int, limit: int, share: Share) -> StagingWriter:
        """Begin a body, taking over from one that is still there, and return what takes its bytes.

        `offset` is where the sender believes that it goes on, `limit` the bytes that the whole file
        may have; `share` counts those of the person.

        Raises:
            ImportRefusedError: `wrong_offset`, with the right one.
        """
        async with self._handover:
            if self._writer is not None:
                if not self._writer.may_end_at(offset):
                    raise _wrong_offset(self._writer.staged)
                # A client may reconnect before we learn that its old connection died.
                await self.stop_body()
            # After a write whose answer was lost, more is staged than the client knows.
            self._staged = staged = await blobs.size(self.blob)
            if staged != offset:
                # The earlier body stays that of the import: it may have the whole file.
                raise _wrong_offset(staged)
            if self._writer is not None:
                # Its rest does not come any more.
                self._last_body = "broken"
            self._writer = writer = StagingWriter(
                blobs, self.blob, offset=staged, limit=limit, share=share, on_staged=self._note_staged
            )
        return writer

    async def end_body(self, writer: StagingWriter, body: Body, store: Store, edit: Edit) -> None:
        """End a body with a change of the import, unless another one took over.

        Raises:
            ImportRefusedError: `in_progress`: another one did, and may not have the whole file.
        """
        async with self._handover:
            if self._writer is not writer:
                # The other body decides about the import from now on.
                if body == "complete" and not self.ended:
                    raise refused_by("in_progress")
                return
            self._staged = writer.staged
            try:
                if not self.ended:
                    await self.change(store, edit)
            finally:
                self._writer = None
                self._last_body = body
                self._wake()

    def withdraw_body(self, writer: StagingWriter) -> None:
        """End a body before it took a byte, as if it had never begun, unless another one took over."""
        writer.supersede()
        if self._writer is writer:
            self._writer = None
            self._wake()

    def supersede_body(self) -> None:
        """Take no more bytes of the body that is coming, if one is."""
        if self._writer is not None:
            self._writer.supersede()

    async def stop_body(self) -> None:
        """Take no more bytes of the body that is coming, and wait until none is being written."""
        if (writer := self._writer) is not None:
            writer.supersede()
            await writer.stopped.wait()

    def hold(self) -> bool:
        """Let no row be read before the body ends; return False if rows were read already."""
        if self._at_work or self._read or self._upload.checkpoint is not None:
            return False
        self._hold_bytes = sys.maxsize
        return True

    async def _note_staged(self, size: int) -> None:
        self._staged = size
        self._wake()

    @property
    def at_work(self) -> bool:
        """Whether it has a job: one that runs, or waits for its turn."""
        return self._at_work

    @property
    def is_queued(self) -> bool:
        """Whether its job waits for its turn."""
        return self._queued is not None

    @property
    def read(self) -> int:
        """Bytes of the file that a job has read."""
        return self._read

    @property
    def has_work(self) -> bool:
        """Whether there is work for a job."""
        if not self.is_sure:
            # It begins with a look at what is stored.
            return True
        if self._upload.options.stage and not self._cancel_requested:
            return self.body == "broken" and self._upload.state != "interrupted"
        if self._cancel_requested or self.body == "complete":
            return True
        if self.body == "broken":
            return self._upload.state != "interrupted"
        return self._may_read_after(self._read) and not self._needs_whole

    @property
    def only_waits(self) -> bool:
        """Whether nothing happens until the next bytes arrive."""
        is_quiet = not (self._at_work or self._writer or self.ended or self.is_changing)
        return is_quiet and self.waits_for_its_sender and not self.has_work

    def is_readable(self, offset: int) -> bool:
        """Return whether a job can go on after these bytes: some more may be read, or the file has ended."""
        return self.body == "complete" or self._may_read_after(offset)

    def begin_job(self) -> None:
        """Give the import a job."""
        self._at_work = True

    def end_job(self) -> None:
        """Free the import for another job."""
        self._at_work = False
        self._wake()

    @contextmanager
    def queued(self) -> Iterator[None]:
        """Wait in the block for a turn, until `leave_queue`; a request to cancel ends the block."""
        with anyio.CancelScope() as scope:
            self._queued = scope
            try:
                yield
            finally:
                self._queued = None

    def leave_queue(self) -> None:
        """Note that the turn of its job has come: it is asked to cancel from now on, not thrown out."""
        self._queued = None

    def note_read(self, offset: int) -> None:
        """Note that a job has read the file up to there."""
        self._read = offset

    def read_again(self) -> None:
        """Note that what was read and not stored has to be read again, though no more may come."""
        self._read = 0

    def wait_for_whole(self) -> None:
        """Note that nothing can be read before the file is complete."""
        self._needs_whole = True

    def note_lost_parser(self) -> int:
        """Note that a parser died while it read this file; return how often that happened."""
        self._parsers_lost += 1
        return self._parsers_lost

    def _may_read_after(self, offset: int) -> bool:
        if self.body == "coming":
            # With all announced bytes there, only the end of the body is missing; then all can be read.
            is_about_to_end = self._staged == self._upload.total_bytes
            # A small file is read only after the options that follow it.
            is_held = self._staged <= self._hold_bytes
            if is_about_to_end or is_held:
                return False
        return self._staged > offset

    @property
    def cancel_requested(self) -> bool:
        """Whether somebody asked to end it as cancelled."""
        return self._cancel_requested

    @property
    def is_to_stop(self) -> bool:
        """Whether a job has nothing more to read: somebody asked to cancel it, or it ended."""
        return self._cancel_requested or self.ended

    @property
    def touched(self) -> bool:
        """Whether a request has asked for it since `forget_touch`."""
        return self._touched

    def ask_to_cancel(self) -> bool:
        """Ask its job to end it as cancelled; return False where somebody did before."""
        if self._cancel_requested:
            return False
        self._cancel_requested = True
        self._wake()
        self.supersede_body()
        if self._queued is not None:
            self._queued.cancel()
        return True

    def touch(self) -> None:
        """Note that a request asks for it."""
        self._touched = True

    def forget_touch(self) -> None:
        """Begin to watch anew whether requests ask for it."""
        self._touched = False


def _wrong_offset(staged: int) -> ImportRefusedError:
    why = problem("wrong_offset", offset_bytes=staged)
    return ImportRefusedError("wrong_offset", why.message, offset=staged, errors=[why])

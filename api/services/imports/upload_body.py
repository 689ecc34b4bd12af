"""One body of an import while it is received, by a POST or a tus PATCH."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import msgspec

from api.services.imports.committed_import import Edit
from api.services.imports.errors import ImportRefusedError
from api.services.imports.lease import Clock
from api.services.imports.progress import DUPLICATE_FILE
from api.services.imports.running_import import RunningImport
from api.services.imports.sentences import log_line, warning_line
from api.services.imports.staging import StagingWriter
from api.services.store import Store, Transaction
from domain.imports import ImportOptions, Upload, UploadState
from streams.messages import Draft


class UploadBody:
    """Takes the bytes of one body; ended by one of `complete`, `rest`, `break_off`, `give_up`, `withdraw`."""

    def __init__(self, running: RunningImport, writer: StagingWriter, *, store: Store, now_ms: Clock) -> None:
        """Receive into an import; `writer` is running."""
        self.running = running
        self._writer = writer
        self._store = store
        self._now_ms = now_ms

    @property
    def upload(self) -> Upload:
        """The import as last committed."""
        return self.running.upload

    @property
    def ended(self) -> bool:
        """Whether the import ended while its body is still arriving."""
        return self.running.ended

    def on_end(self, act: Callable[[], None]) -> AbstractContextManager[None]:
        """Call `act` when the import ends during the block."""
        return self.running.on_end(act)

    @property
    def staged(self) -> int:
        """Bytes of the file that are durable."""
        return self._writer.staged

    async def write(self, content: bytes) -> None:
        """Take bytes of the file.

        Raises:
            ImportRefusedError: over the limit, or another body took over.
            StorageError: there is no room, or the store does not answer.
        """
        try:
            await self._writer.write(content)
        except ImportRefusedError:
            if not self.running.is_to_stop:
                raise
            await self.running.wait_for_end()

    def hold(self) -> bool:
        """Let no row be read before the body ends; return False if rows were read already."""
        return self.running.hold()

    async def complete(self, *, options: ImportOptions | None = None) -> None:
        """End the body with the whole file. `options` replace those that it is read by, unless None.

        Raises:
            ImportRefusedError: `in_progress`: another body took over, and may not have the whole file.
        """
        await self._writer.close()
        sha256 = await self._writer.sha256()

        async def edit(tx: Transaction, upload: Upload) -> Upload:
            options_now = options or upload.options
            upload = self._received(upload, "staged" if options_now.stage else "processing")
            upload = msgspec.structs.replace(
                upload,
                body_complete=True,
                sha256=sha256,
                total_bytes=self.staged,
                options=options_now,
            )
            warnings = await _known_before(tx, upload)
            upload = msgspec.structs.replace(upload, warnings=[*upload.warnings, *warnings])
            await tx.uploads.save(upload)
            drafts = [self._warning(warning) for warning in warnings]
            if upload.state == "staged":
                drafts.append(log_line(f"upload/{upload.id}", "info", "import.staged", at_ms=self._now_ms()))
            await tx.messages.append(drafts)
            return upload

        await self.running.end_body(self._writer, "complete", self._store, edit)

    async def rest(self) -> None:
        """End the body as announced; another one will continue the file."""
        await self._writer.close()
        await self.running.end_body(self._writer, "resting", self._store, self._save_receiving)

    async def break_off(self) -> None:
        """End the body as broken off; the received bytes are kept and read."""
        self._writer.supersede()
        await self._writer.stopped.wait()
        await self.running.end_body(self._writer, "broken", self._store, self._save_receiving)

    async def give_up(self, edit: Edit) -> None:
        """End the body, and its import by the same change: no further row of it is read in between."""
        self._writer.supersede()
        await self._writer.stopped.wait()

        async def ended(tx: Transaction, upload: Upload) -> Upload:
            return await edit(tx, self._received(upload, "receiving"))

        await self.running.end_body(self._writer, "broken", self._store, ended)

    def withdraw(self) -> None:
        """End the body before it took a byte, as if it had never begun."""
        self.running.withdraw_body(self._writer)

    async def settled(self) -> Upload:
        """Return the import after its body; one that was asked to stop, when it has."""
        if self.running.is_to_stop:
            await self.running.wait_for_end()
        return self.upload

    async def _save_receiving(self, tx: Transaction, upload: Upload) -> Upload:
        upload = self._received(upload, "receiving")
        await tx.uploads.save(upload)
        return upload

    def _received(self, upload: Upload, state: UploadState) -> Upload:
        return msgspec.structs.replace(
            upload, state=state, bytes_received=self.staged, updated_at=self._now_ms()
        )

    def _warning(self, warning: dict[str, Any]) -> Draft:
        feed = f"upload/{self.upload.id}"
        return warning_line(feed, warning, at_ms=self._now_ms(), counted=False)


async def _known_before(tx: Transaction, upload: Upload) -> list[dict[str, Any]]:
    """Return the warning of an earlier import of the same bytes, and sheet, if there is one."""
    assert upload.sha256 is not None
    sheet = upload.options.sheet
    earlier = await tx.uploads.by_sha256(upload.sha256, other_than=upload.id, sheet=sheet)
    if earlier is None:
        return []
    message = f"The same file was imported before as {earlier.id!r}"
    return [{"code": DUPLICATE_FILE, "message": message, "count": 1, "params": {"upload_id": earlier.id}}]

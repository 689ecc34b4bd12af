"""One body of an import on its way in: what a request (or a tus PATCH) holds while it sends."""

from collections.abc import Sequence
from typing import Any

import msgspec

from api.services.imports.endings import ENDED
from api.services.imports.intake import Intake
from api.services.imports.live import Body, Clock, Edit, Live
from api.services.imports.narration import DUPLICATE_FILE, LATE_OPTION, log_line
from api.services.imports.refusals import ImportRefusedError
from api.services.store import Store, Transaction
from domain.imports import Upload, UploadState
from streams.messages import Draft


class Reception:
    """Takes the bytes of one body and says how it ended: `complete`, `rest` or `break_off`."""

    def __init__(self, live: Live, intake: Intake, *, store: Store, now_ms: Clock) -> None:
        """Receive into an import; `intake` is running."""
        self.live = live
        self._intake = intake
        self._store = store
        self._now_ms = now_ms

    @property
    def ended(self) -> bool:
        """The import ended while its body is still coming: the rest is not needed."""
        return self.live.ended.is_set()

    @property
    def staged(self) -> int:
        """Bytes of the file that are durable."""
        return self._intake.staged

    async def write(self, content: bytes) -> None:
        """Take bytes of the file.

        Raises:
            ImportRefusedError: over the limit, or another body took over.
            StorageError: there is no room, or the store does not answer.
        """
        try:
            await self._intake.write(content)
        except ImportRefusedError:
            if not (self.live.cancel_requested or self.ended):
                raise
            await self.live.ended.wait()

    async def complete(self, *, late_options: Sequence[str] = ()) -> None:
        """Say that the file is whole, and which options came behind it, too late to be obeyed.

        Raises:
            ImportRefusedError: `in_progress`; another body took over, so that it is not known to be.
        """
        await self._intake.close()
        sha256 = await self._intake.sha256()

        async def edit(tx: Transaction, upload: Upload) -> Upload:
            if upload.state in ENDED:
                return upload
            upload = self._received(upload, "processing")
            upload = msgspec.structs.replace(
                upload, body_complete=True, sha256=sha256, total_bytes=self.staged
            )
            warnings = [*_late(late_options), *await _known_before(tx, upload)]
            upload = msgspec.structs.replace(upload, warnings=[*upload.warnings, *warnings])
            await tx.uploads.save(upload)
            await tx.messages.append([self._told(warning) for warning in warnings])
            return upload

        await self._leave("complete", edit)

    async def rest(self) -> None:
        """Say that this body is over and another one will go on: nothing is wrong."""
        await self._intake.close()
        await self._leave("resting", self._save_receiving)

    async def break_off(self) -> None:
        """Say that the body is lost from here on; what came is kept and read."""
        self._intake.supersede()
        await self._intake.stopped.wait()
        await self._leave("broken", self._save_receiving)

    async def _leave(self, body: Body, edit: Edit) -> None:
        async with self.live.handover:
            if self.live.intake is not self._intake:
                # Another body took over, and speaks for the import from now on.
                if body == "complete" and not self.ended:
                    raise ImportRefusedError("in_progress", "another body went on with this upload")
                return
            self.live.staged = self.staged
            try:
                if not self.ended:
                    await self.live.change(self._store, edit)
            finally:
                self.live.intake = None
                self.live.body = body
                self.live.stir()

    async def _save_receiving(self, tx: Transaction, upload: Upload) -> Upload:
        if upload.state not in ENDED:
            upload = self._received(upload, "receiving")
            await tx.uploads.save(upload)
        return upload

    def _received(self, upload: Upload, state: UploadState) -> Upload:
        return msgspec.structs.replace(
            upload, state=state, bytes_received=self.staged, updated_at=self._now_ms()
        )

    def _told(self, warning: dict[str, Any]) -> Draft:
        feed = f"upload/{self.live.upload.id}"
        return log_line(feed, "warning", warning["message"], at_ms=self._now_ms())


def _late(options: Sequence[str]) -> list[dict[str, Any]]:
    """Warn of options that were not obeyed."""
    if not options:
        return []
    message = f"{', '.join(options)} came behind the file and was not obeyed; options go before it"
    return [{"code": LATE_OPTION, "message": message, "count": len(options)}]


async def _known_before(tx: Transaction, upload: Upload) -> list[dict[str, Any]]:
    """Warn of an earlier import of the same bytes."""
    assert upload.sha256 is not None
    earlier = await tx.uploads.by_sha256(upload.sha256, other_than=upload.id)
    if earlier is None:
        return []
    message = f"The same file was imported before, as {earlier.id!r}"
    return [{"code": DUPLICATE_FILE, "message": message, "count": 1}]


async def open_reception(
    live: Live, *, store: Store, now_ms: Clock, limit: int, offset: int | None
) -> Reception:
    """Begin a body of an unfinished import, taking over from a body that is still there.

    `limit` is the bytes that the whole file may have; `offset` where the sender believes that it
    goes on, None where it begins the file.

    Raises:
        ImportRefusedError: `wrong_offset`, which tells the right one.
    """

    async def on_staged(size: int) -> None:
        live.staged = size
        live.stir()

    async with live.handover:
        if live.intake is not None:
            if not live.intake.may_end_at(offset or 0):
                raise _wrong_offset(live.intake.staged)
            # A client that comes back is sooner here than the news that its old connection died.
            live.intake.supersede()
            await live.intake.stopped.wait()
        # After a write whose answer was lost, more is staged than anybody was told.
        live.staged = staged = await store.blobs.size(live.blob)
        if staged != (offset or 0):
            # The body before remains the import's: what it has may be the whole file.
            raise _wrong_offset(staged)
        intake = Intake(store.blobs, live.blob, offset=staged, limit=limit, on_staged=on_staged)
        live.intake, live.body = intake, "coming"
    return Reception(live, intake, store=store, now_ms=now_ms)


def _wrong_offset(staged: int) -> ImportRefusedError:
    message = f"the file is staged up to byte {staged}, go on from there"
    return ImportRefusedError("wrong_offset", message, offset=staged)

"""What is kept of imports: history, rejected rows, and undoing one."""

from collections.abc import AsyncIterator

import msgspec

from api.services.imports.live import Clock
from api.services.imports.refusals import ImportRefusedError
from api.services.notifications import notification
from api.services.store import Store
from domain.imports import RejectedRow, Upload
from streams.messages import Draft, EventsChanged, draft, timestamp

KEPT_IDS_TOLD = 100
_CHUNK = 500


class ImportRecords:
    """Reads what imports left behind, and takes one back."""

    def __init__(self, store: Store, now_ms: Clock) -> None:
        """Read from a store."""
        self._store = store
        self._now_ms = now_ms

    async def page(
        self, *, limit: int, before: tuple[int, str] | None
    ) -> tuple[list[Upload], tuple[int, str] | None]:
        """Return imports, newest first, and the position of the next page."""
        async with self._store.snapshot() as snapshot:
            return await snapshot.uploads.page(limit=limit, before=before)

    async def rejected(self, upload_id: str, *, after_record: int, limit: int) -> list[RejectedRow]:
        """Return rejected rows in file order."""
        async with self._store.snapshot() as snapshot:
            return await snapshot.uploads.rejected(upload_id, after_record=after_record, limit=limit)

    async def all_rejected(self, upload_id: str) -> AsyncIterator[list[RejectedRow]]:
        """Yield every rejected row in file order, in chunks, in constant memory."""
        after = 0
        while rows := await self.rejected(upload_id, after_record=after, limit=_CHUNK):
            yield rows
            after = rows[-1].record

    async def undo(self, upload_id: str, *, actor: str) -> Upload:
        """Delete the events of an import that nobody has edited since, and return it as undone.

        Raises:
            ImportRefusedError: `not_found`; `wrong_state`: it is not `completed`, or was a dry run.
        """
        now = self._now_ms()
        async with self._store.transaction() as tx:
            upload = _undoable(await tx.uploads.get(upload_id, to_change=True), upload_id)
            deleted, kept = await tx.events.delete_untouched(upload_id)
            undone = {
                "deleted": deleted,
                "kept": len(kept),
                "kept_ids": kept[:KEPT_IDS_TOLD],
                "at": timestamp(now),
            }
            upload = msgspec.structs.replace(upload, state="undone", updated_at=now, undone=undone)
            await tx.uploads.save(upload)
            bounds = (upload.first_event_id, upload.last_event_id)
            changed = EventsChanged("eventos", timestamp(now), "undo", deleted, upload_id, *bounds)
            await tx.messages.append([draft(changed), _undo_notice(upload_id, deleted, kept, actor, now)])
        return upload


def _undo_notice(upload_id: str, deleted: int, kept: list[int], actor: str, at_ms: int) -> Draft:
    named = f": {', '.join(map(str, kept[:KEPT_IDS_TOLD]))}" if kept else ""
    more = ", …" if len(kept) > KEPT_IDS_TOLD else ""
    return notification(
        "bulk_change",
        f"{deleted} events deleted: import {upload_id} undone",
        f"{actor} undid the import; {len(kept)} events edited since were kept{named}{more}",
        actor=actor,
        at_ms=at_ms,
        link=f"/api/v1/uploads/{upload_id}",
        severity="warning",
    )


def _undoable(upload: Upload | None, upload_id: str) -> Upload:
    if upload is None:
        raise ImportRefusedError("not_found", f"there is no import {upload_id!r}")
    if upload.state != "completed":
        raise ImportRefusedError(
            "wrong_state", f"import {upload_id!r} is {upload.state}; only a completed one can be undone"
        )
    if upload.options.dry_run:
        raise ImportRefusedError("wrong_state", f"import {upload_id!r} was a dry run: it stored nothing")
    return upload

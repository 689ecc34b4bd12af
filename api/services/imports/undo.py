"""Undoes an import in steps of one transaction each, which any process can continue."""

from collections.abc import Iterable
from typing import Any

import anyio
import msgspec

from api.services.imports.completion import end
from api.services.imports.errors import refused_by
from api.services.imports.lease import Clock, ImportElsewhereError, Lease
from api.services.imports.sentences import log_line
from api.services.links import stored_link
from api.services.notifications import notification, reason_params
from api.services.store import Store, Transaction
from domain.imports import AT_THE_END, MergeCounts, Undo, Upload
from domain.messages import EventsChanged
from domain.ports.events import TakeBackPosition
from domain.problems import Problem, excerpt
from streams.messages import Draft, draft, timestamp

KEPT_IDS_REPORTED = 100
EVENTS_A_STEP = 2_000
ELSEWHERE_SECONDS = 30.0
"""So long an undo that another process works on is waited for."""
LOOK_SECONDS = 0.2


class Undoing:
    """Undoes imports."""

    def __init__(self, store: Store, lease: Lease, now_ms: Clock) -> None:
        """Work on a store; the lease decides which process does."""
        self._store = store
        self._lease = lease
        self._now_ms = now_ms

    async def begin(self, upload_id: str, *, actor: str) -> Upload:
        """Store that an ended import is being undone, and return it.

        Raises:
            ImportRefusedError: `not_found`; `wrong_state`: it has not ended, or has no stored rows.
        """
        async with self._store.transaction() as tx:
            # Under the row's lock first: who asks while another process undoes it learns that. The process
            # that ended it may have its lease still, which holds nobody up.
            upload = _undoable(await tx.uploads.get(upload_id, to_change=True), upload_id)
            await self._lease.take(tx, upload_id)
            upload = msgspec.structs.replace(
                upload, state="undoing", undo=Undo(by=actor), updated_at=self._now_ms()
            )
            await tx.uploads.save(upload)
        return upload

    async def finish(self, upload_id: str) -> Upload:
        """Run the remaining steps of an undo, and return the import.

        Where another process runs them, wait for it; `undoing` is what takes it very long.
        """
        until = anyio.current_time() + ELSEWHERE_SECONDS
        while True:
            try:
                upload = await self._step(upload_id)
            except ImportElsewhereError:
                upload = await self._stored(upload_id)
                if anyio.current_time() > until:
                    return upload
                await anyio.sleep(LOOK_SECONDS)
            if upload.state != "undoing":
                return upload

    async def _stored(self, upload_id: str) -> Upload:
        async with self._store.snapshot() as snapshot:
            upload = await snapshot.uploads.get(upload_id)
        assert upload is not None, "a lease is on a row"
        return upload

    async def _step(self, upload_id: str) -> Upload:
        at_ms = self._now_ms()
        async with self._store.transaction() as tx:
            await self._lease.take(tx, upload_id)
            upload = await tx.uploads.get(upload_id, to_change=True)
            assert upload is not None, "a lease is on a row"
            if upload.undo is None:  # Another process came to the end.
                return upload
            position = TakeBackPosition(upload.undo.changed_after, upload.undo.created_after)
            part = await tx.events.take_back(upload_id, position, limit=EVENTS_A_STEP, at_ms=at_ms)
            undo = _advanced(upload.undo, part.position, part.deleted, part.restored, part.kept)
            upload = msgspec.structs.replace(upload, undo=undo)
            if count := part.deleted + part.restored:
                bounds = (part.first_id, part.last_id)
                changed = EventsChanged("eventos", timestamp(at_ms), "undo", count, upload_id, *bounds)
                await tx.messages.append([draft(changed)])
            if part.position is not None:
                await tx.uploads.save(upload)
                return upload
            upload = await self._ended(tx, upload, undo, at_ms)
            await self._lease.release(tx, upload_id)
        return upload

    async def _ended(self, tx: Transaction, upload: Upload, undo: Undo, at_ms: int) -> Upload:
        if undo.ends_as == "failed":
            await tx.uploads.clear_rejected(upload.id)
            upload = msgspec.structs.replace(with_nothing(upload), undone=_outcome(undo, at_ms))
            return await end(tx, upload, "failed", at_ms=at_ms, error=upload.error)
        upload = msgspec.structs.replace(
            upload, state="undone", updated_at=at_ms, undo=None, undone=_outcome(undo, at_ms)
        )
        await tx.uploads.save(upload)
        await tx.messages.append([_notice(upload.id, undo, at_ms)])
        return upload


async def fail_without_rows(
    tx: Transaction, upload: Upload, error: Problem, *, at_ms: int, before: Iterable[Draft]
) -> Upload:
    """End an import as failed with nothing of it in, and return it.

    Where rows are in, it is `undoing` until `Undoing.finish` has taken them out. `before`: messages that go
    ahead of what this tells.
    """
    if not upload.has_rows_in:
        await tx.uploads.clear_rejected(upload.id)
        return await end(tx, with_nothing(upload), "failed", at_ms=at_ms, error=error, before=before)
    undo = Undo(by=upload.actor, ends_as="failed")
    upload = msgspec.structs.replace(
        upload, state="undoing", undo=undo, error=error, updated_at=at_ms, checkpoint=None
    )
    await tx.uploads.save(upload)
    why = reason_params(error)
    line = log_line(f"upload/{upload.id}", "error", "import.taking_out", at_ms=at_ms, **why)
    await tx.messages.append([*before, line])
    return upload


def is_being_taken_out(upload: Upload) -> bool:
    """Return whether an import will end as failed once its rows are taken out."""
    return upload.undo is not None and upload.undo.ends_as == "failed"


def _advanced(
    undo: Undo, position: TakeBackPosition | None, deleted: int, restored: int, kept: list[int]
) -> Undo:
    position = position or TakeBackPosition(None, undo.created_after)
    return msgspec.structs.replace(
        undo,
        changed_after=position.changed_after,
        created_after=position.created_after,
        deleted=undo.deleted + deleted,
        restored=undo.restored + restored,
        kept=undo.kept + len(kept),
        kept_ids=[*undo.kept_ids, *kept][:KEPT_IDS_REPORTED],
    )


def with_nothing(upload: Upload) -> Upload:
    """Return an import as one of which nothing is in."""
    nothing = msgspec.structs.asdict(MergeCounts())
    return msgspec.structs.replace(
        upload, accepted=0, rejected=0, first_event_id=None, last_event_id=None, **nothing
    )


def _outcome(undo: Undo, at_ms: int) -> dict[str, Any]:
    return {
        "deleted": undo.deleted,
        "restored": undo.restored,
        "kept": undo.kept,
        "kept_ids": undo.kept_ids,
        "at": timestamp(at_ms),
    }


def _notice(upload_id: str, undo: Undo, at_ms: int) -> Draft:
    named = f": {', '.join(map(str, undo.kept_ids))}" if undo.kept else ""
    more = ", …" if undo.kept > len(undo.kept_ids) else ""
    return notification(
        "bulk_change",
        f"{undo.deleted} events deleted, {undo.restored} restored: import {upload_id} undone",
        f"{undo.by} undid the import; {undo.kept} events edited since were kept{named}{more}",
        actor=undo.by,
        at_ms=at_ms,
        link=stored_link(f"/api/v1/uploads/{upload_id}"),
        severity="warning",
        params={
            "change": "undo",
            "upload_id": upload_id,
            "deleted": undo.deleted,
            "restored": undo.restored,
            "kept": undo.kept,
        },
    )


def _undoable(upload: Upload | None, upload_id: str) -> Upload:
    if upload is None:
        raise refused_by("not_found.import", value=excerpt(upload_id))
    if upload.state not in AT_THE_END:
        raise refused_by("wrong_state.not_ended", value=upload_id, status=upload.state)
    if upload.options.dry_run:
        raise refused_by("wrong_state.dry_run", value=upload_id)
    if upload.state != "completed" and not upload.has_rows_in:
        raise refused_by("wrong_state.no_rows", value=upload_id)
    return upload

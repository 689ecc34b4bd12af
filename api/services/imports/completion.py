"""Ends an import: its last state, and `finished` on its feed."""

from collections.abc import Iterable
from typing import Any

import msgspec

from api.services.imports.batch_totals import with_nothing_in
from api.services.imports.progress import last_row
from api.services.imports.views import rows_read, seconds_taken, stored_links
from api.services.notifications import import_notification
from api.services.store import Transaction
from domain.imports import EndState, Undo, Upload
from domain.messages import Finished, end_error
from domain.problems import Problem
from domain.remembered import header_shape, worth_remembering
from streams.messages import Draft, draft, timestamp


async def end(
    tx: Transaction,
    upload: Upload,
    state: EndState,
    *,
    at_ms: int,
    error: Problem | None = None,
    before: Iterable[Draft] | None = None,
) -> Upload:
    """Save an import as ended, publish `finished`, and return it. Every end of an import goes through here.

    One that was cancelled together with its undo goes on as `undoing`.

    `before`: messages of this transaction that go ahead of `finished`, that of the last row among them;
    by default only that one, unless the feed has it.
    """
    before = last_row(upload, at_ms=at_ms) if before is None else before
    if upload.options.mode == "atomic" and state != "completed":
        upload = with_nothing_in(upload)
    ended = msgspec.structs.replace(
        upload, state=state, error=error, finished_at=at_ms, updated_at=at_ms, checkpoint=None, undo=None
    )
    await tx.uploads.save(ended)
    await _remember(tx, ended, at_ms)
    await tx.messages.append([*before, draft(_finished(ended, state, at_ms)), _notice(ended, at_ms)])
    return await _undone_if_asked(tx, ended) if state == "cancelled" else ended


async def _undone_if_asked(tx: Transaction, upload: Upload) -> Upload:
    """Begin the undo that was asked for with the cancellation, in its transaction.

    So none can be forgotten between the two, and any process can finish it.
    """
    actor = await tx.requests.asker("undo_upload", upload.id)
    if actor is None:
        return upload
    await tx.requests.clear("undo_upload", upload.id)
    if not upload.has_rows_in:
        return upload
    upload = msgspec.structs.replace(upload, state="undoing", undo=Undo(by=actor))
    await tx.uploads.save(upload)
    await tx.uploads.free(upload.id)
    return upload


async def _remember(tx: Transaction, upload: Upload, at_ms: int) -> None:
    """Keep how the file of an import was read, for the next one with its header."""
    is_of_use = upload.state == "completed" and upload.accepted and not upload.options.dry_run
    if not is_of_use or upload.options.repairs_of:
        return
    shape = header_shape([column["name"] for column in upload.columns or ()])
    options = worth_remembering(upload.options)
    if shape and options:
        await tx.uploads.remember(shape, options, at_ms=at_ms)


def _notice(upload: Upload, at_ms: int) -> Draft:
    return import_notification(
        upload.id,
        upload.filename,
        upload.state,
        accepted=upload.accepted,
        rejected=upload.rejected,
        actor=upload.actor,
        at_ms=at_ms,
        error=upload.error,
    )


def _finished(upload: Upload, state: EndState, at_ms: int) -> Finished:
    error = upload.error
    return Finished(
        feed=f"upload/{upload.id}",
        at=timestamp(at_ms),
        status=state,
        accepted=upload.accepted,
        rejected=upload.rejected,
        rows=rows_read(upload),
        seconds=seconds_taken(upload, at_ms),
        error=end_error(error, **_counts(upload)) if error else None,
        links=stored_links(upload.id),
        created=upload.created,
        updated=upload.updated,
        unchanged=upload.unchanged,
        skipped=upload.skipped,
        rows_stay=upload.has_rows_in,
    )


def _counts(upload: Upload) -> dict[str, Any]:
    return {"rejected": upload.rejected, "rows": rows_read(upload)}

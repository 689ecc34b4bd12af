"""How an import ends: its last state, and the one `finished` of its feed."""

from collections.abc import Iterable
from typing import Literal

import msgspec

from api.services.imports.answers import links, rows_read, seconds_taken
from api.services.notifications import import_notification
from api.services.store import Transaction
from domain.imports import Upload, UploadState
from domain.problems import Problem
from streams.messages import Draft, EndError, Finished, draft, timestamp

EndState = Literal["completed", "failed", "cancelled"]
ENDED: frozenset[UploadState] = frozenset({"completed", "failed", "cancelled", "undone"})


async def end(
    tx: Transaction,
    upload: Upload,
    state: EndState,
    *,
    at_ms: int,
    error: Problem | None = None,
    told_before: Iterable[Draft] = (),
) -> Upload:
    """Save an import as ended, tell it, and return it. Everything that ends an import comes here.

    `told_before` are messages of this transaction that go ahead of `finished`.
    """
    ended = msgspec.structs.replace(
        upload, state=state, error=error, finished_at=at_ms, updated_at=at_ms, checkpoint=None
    )
    await tx.uploads.save(ended)
    await tx.messages.append([*told_before, draft(_finished(ended, state, at_ms)), _notice(ended, at_ms)])
    return ended


def _notice(upload: Upload, at_ms: int) -> Draft:
    return import_notification(
        upload.id,
        upload.filename,
        upload.state,
        accepted=upload.accepted,
        rejected=upload.rejected,
        actor=upload.actor,
        at_ms=at_ms,
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
        error=EndError(error.code, error.message) if error else None,
        links=links(upload.id),
    )

"""A new import: what a request asks for, and its first state in the store."""

from msgspec import Struct

from api.services.imports.errors import refused_by
from api.services.imports.lease import Lease
from api.services.imports.repairs import repairable
from api.services.imports.sentences import log_line
from api.services.store import Transaction
from domain.imports import ImportOptions, Upload


class NewUpload(Struct, frozen=True):
    """The import that a request asks for.

    Attributes:
        total_bytes: of the file, where the request has it.
        metadata: `Upload-Metadata` of a client, which it gets back as it is.
    """

    upload_id: str
    filename: str
    options: ImportOptions
    actor: str
    idempotency_key: str | None = None
    total_bytes: int | None = None
    metadata: str | None = None


def first_state(wanted: NewUpload, *, at_ms: int) -> Upload:
    """Return a new import as it is before its first byte."""
    return Upload(
        id=wanted.upload_id,
        state="receiving",
        filename=wanted.filename,
        options=wanted.options,
        actor=wanted.actor,
        created_at=at_ms,
        updated_at=at_ms,
        idempotency_key=wanted.idempotency_key,
        total_bytes=wanted.total_bytes,
        metadata=wanted.metadata,
    )


async def add(tx: Transaction, upload: Upload, lease: Lease, *, rests: bool) -> None:
    """Store a new import and publish that; unless it `rests`, take its lease.

    Raises:
        ImportRefusedError: `upload_id_in_use`; the import that its rows are to mend cannot be mended.
    """
    if mended := upload.options.repairs_of:
        repairable(await tx.uploads.get(mended), mended)
    if not await tx.uploads.add(upload, rests_since_ms=upload.created_at if rests else None):
        raise refused_by("upload_id_in_use", value=upload.id)
    if not rests:
        await lease.take(tx, upload.id)
    feed, at_ms = f"upload/{upload.id}", upload.created_at
    await tx.messages.append(
        [log_line(feed, "info", "import.receiving", at_ms=at_ms, filename=upload.filename)]
    )

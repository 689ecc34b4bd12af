"""The store of imports and their rejected rows."""

from collections.abc import Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from api.storage.leases import claim, hand_over, hold, release
from api.storage.schema import rejected_rows, uploads
from api.storage.unit import Row, Unit
from domain.imports import RejectedRow, Upload, UploadState

_upload = msgspec.json.Decoder(Upload).decode
_rejected = msgspec.json.Decoder(RejectedRow).decode
_encode = msgspec.json.Encoder().encode

_OPEN_STATES = ("receiving", "processing", "interrupted")


def _cells(upload: Upload) -> dict[str, Any]:
    body = msgspec.structs.replace(upload, checkpoint=None)
    return {
        "state": upload.state,
        "sha256": upload.sha256,
        "body": _encode(body).decode(),
        "checkpoint": upload.checkpoint,
    }


def _of(row: Row) -> Upload:
    """The columns that `save` leaves alone are the ones that count."""
    return msgspec.structs.replace(
        _upload(row.body),
        checkpoint=row.checkpoint,
        idempotency_key=row.idempotency_key,
        created_at=row.created_ms,
    )


class SqlUploads:
    """Imports of one unit of work. Source: `domain.ports.UploadStore`."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit

    async def add(self, upload: Upload) -> bool:
        """Store a new import; False when its id or idempotency key is in use (nothing is stored)."""
        statement = self._unit.insert(uploads).on_conflict_do_nothing()
        key = {"id": upload.id, "idempotency_key": upload.idempotency_key, "created_ms": upload.created_at}
        return await self._unit.run(statement.values(**key, **_cells(upload))) == 1

    async def get(self, upload_id: str, *, to_change: bool = False) -> Upload | None:
        """Return one import; where it is read to be changed, nobody else can until the transaction ends."""
        own = sa.select(uploads).where(uploads.c.id == upload_id)
        return await self._one(own.with_for_update() if to_change else own)

    async def by_idempotency_key(self, key: str) -> Upload | None:
        """Return the import that first came with this key."""
        return await self._one(sa.select(uploads).where(uploads.c.idempotency_key == key))

    async def by_sha256(self, sha256: str, *, other_than: str) -> Upload | None:
        """Return the latest earlier import of the same bytes that completed."""
        same = sa.select(uploads).where(
            uploads.c.sha256 == sha256, uploads.c.id != other_than, uploads.c.state == "completed"
        )
        return await self._one(same.order_by(uploads.c.created_ms.desc(), uploads.c.id.desc()).limit(1))

    async def save(self, upload: Upload) -> None:
        """Overwrite every member of an import but `idempotency_key` and `created_at`."""
        await self._unit.run(sa.update(uploads).where(uploads.c.id == upload.id).values(**_cells(upload)))

    async def page(
        self, *, limit: int, before: tuple[int, str] | None
    ) -> tuple[list[Upload], tuple[int, str] | None]:
        """Return imports, newest first, and the position for the next page."""
        rows, position = await self._unit.newest(uploads, limit=limit, before=before)
        return [_of(row) for row in rows], position

    async def unfinished(self) -> list[Upload]:
        """Return imports in `receiving`, `processing` or `interrupted`, oldest first."""
        statement = sa.select(uploads).where(uploads.c.state.in_(_OPEN_STATES))
        rows = await self._unit.rows(statement.order_by(uploads.c.created_ms, uploads.c.id))
        return [_of(row) for row in rows]

    async def add_rejected(self, upload_id: str, rows: Sequence[RejectedRow]) -> None:
        """Keep rejected rows."""
        cells = [(upload_id, row.record, _encode(row).decode()) for row in rows]
        await self._unit.insert_rows(rejected_rows, cells)

    async def rejected(self, upload_id: str, *, after_record: int, limit: int) -> list[RejectedRow]:
        """Return rejected rows in file order."""
        own = sa.select(rejected_rows.c.body).where(
            rejected_rows.c.upload_id == upload_id, rejected_rows.c.record > after_record
        )
        rows = await self._unit.rows(own.order_by(rejected_rows.c.record).limit(limit))
        return [_rejected(row.body) for row in rows]

    async def clear_rejected(self, upload_id: str) -> None:
        """Forget an import's rejected rows."""
        await self._unit.run(sa.delete(rejected_rows).where(rejected_rows.c.upload_id == upload_id))

    async def claim(
        self, owner: str, *, states: Sequence[UploadState], now_ms: int, lease_ms: int
    ) -> Upload | None:
        """Lease the oldest import in one of these states that nobody holds; None when there is none."""
        row = await claim(self._unit, uploads, owner, states=states, now_ms=now_ms, ends_ms=now_ms + lease_ms)
        return _of(row) if row else None

    async def hold(self, upload_id: str, owner: str, *, now_ms: int, lease_ms: int) -> bool:
        """Take or renew the lease on one import; False when another holds it."""
        return await hold(self._unit, uploads, upload_id, owner, now_ms=now_ms, ends_ms=now_ms + lease_ms)

    async def release(self, upload_id: str, owner: str) -> None:
        """Let others have it at once; not held is fine."""
        await release(self._unit, uploads, upload_id, owner)

    async def hand_over(self, upload_id: str, owner: str, *, to: str, now_ms: int, lease_ms: int) -> None:
        """Make the lease on an import another's, if `owner` has it."""
        await hand_over(self._unit, uploads, upload_id, owner, to=to, ends_ms=now_ms + lease_ms)

    async def _one(self, statement: sa.Select[Any]) -> Upload | None:
        row = await self._unit.first(statement)
        return _of(row) if row else None

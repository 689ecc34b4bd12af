"""The store of imports and their rejected rows."""

from collections.abc import Collection, Mapping, Sequence
from functools import cache
from typing import Any

import msgspec
import sqlalchemy as sa

from api.storage.event_counts import counts_of
from api.storage.leases import claim, hand_over, hold, release, release_all, renew_all
from api.storage.schema import rejected_rows, remembered_shapes, uploads
from api.storage.statements import kept, upsert
from api.storage.unit_of_work import Row, Unit
from domain.imports import AT_THE_END, OPEN, UNFINISHED, RejectedRow, Upload, UploadState
from domain.remembered import MAX_SHAPES, Remembered

_upload = msgspec.json.Decoder(Upload).decode
_rejected = msgspec.json.Decoder(RejectedRow).decode
_remembered = msgspec.json.Decoder(Remembered).decode
_encode = msgspec.json.Encoder().encode

_SAME_FILES = 50
"""Earlier imports of one file that are looked through for one whose rows are in."""
_AT_A_TIME = 500
"""Ids in one statement."""

_CELLS = ("state", "sha256", "body", "checkpoint", "actor", "staged_bytes")
"""What `save` writes: the names of `_cells`."""
_NEW: dict[str, Any] = {
    name: sa.bindparam(name) for name in ("id", "idempotency_key", "created_ms", "rests_since_ms", *_CELLS)
}
_ADD = upsert(uploads, lambda insert: insert.values(_NEW).on_conflict_do_nothing())
_GET = kept(sa.select(uploads).where(uploads.c.id == sa.bindparam("of_id")))
_GET_TO_CHANGE = kept(_GET.with_for_update())
_BY_KEY = kept(sa.select(uploads).where(uploads.c.idempotency_key == sa.bindparam("of_key")))
_SAVE = kept(
    sa.update(uploads)
    .where(uploads.c.id == sa.bindparam("of_id"))
    .values({name: sa.bindparam(f"new_{name}") for name in _CELLS})
)
_UNFINISHED_IDS = kept(sa.select(uploads.c.id).where(uploads.c.state.in_(OPEN)))


@cache
def _count(states: tuple[str, ...]) -> sa.Select[int]:
    return kept(sa.select(sa.func.count()).select_from(uploads).where(uploads.c.state.in_(states)))


def _cells(upload: Upload) -> dict[str, Any]:
    body = msgspec.structs.replace(upload, checkpoint=None)
    return {
        "state": upload.state,
        "sha256": upload.sha256,
        "body": _encode(body).decode(),
        "checkpoint": upload.checkpoint,
        "actor": upload.actor,
        "staged_bytes": upload.bytes_received if upload.state in OPEN else 0,
    }


def _of(row: Row) -> Upload:
    """The columns that `save` leaves alone are the ones that count."""
    upload = _upload(row.body)
    # 0.1 counted no outcomes: each row that it accepted created an event.
    is_counted = not upload.accepted or upload.created or '"created":' in row.body
    return msgspec.structs.replace(
        upload,
        created=upload.created if is_counted else upload.accepted,
        checkpoint=row.checkpoint,
        idempotency_key=row.idempotency_key,
        created_at=row.created_ms,
    )


class SqlUploads:
    """Imports of one unit of work. Source: `domain.ports.uploads.UploadStore`."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit

    async def add(self, upload: Upload, *, rests_since_ms: int | None = None) -> bool:
        """Store a new import; False when its id or idempotency key is in use (nothing is stored).

        `rests_since_ms`: it is at rest from the beginning, as `rest` leaves it.
        """
        key = {
            "id": upload.id,
            "idempotency_key": upload.idempotency_key,
            "created_ms": upload.created_at,
            "rests_since_ms": rests_since_ms,
        }
        return await self._unit.run(_ADD[self._unit.dialect.name], {**key, **_cells(upload)}) == 1

    async def get(self, upload_id: str, *, to_change: bool = False) -> Upload | None:
        """Return one import; read to be changed, it is locked until the transaction ends."""
        return await self._one(_GET_TO_CHANGE if to_change else _GET, {"of_id": upload_id})

    async def by_idempotency_key(self, key: str) -> Upload | None:
        """Return the import that first came with this key."""
        return await self._one(_BY_KEY, {"of_key": key})

    async def by_sha256(self, sha256: str, *, other_than: str, sheet: str | None = None) -> Upload | None:
        """Return the latest earlier import of the same bytes, and sheet, whose rows are still stored."""
        same = sa.select(uploads).where(
            uploads.c.sha256 == sha256,
            uploads.c.id != other_than,
            uploads.c.state.in_((*AT_THE_END, "undone")),
        )
        newest = same.order_by(uploads.c.created_ms.desc(), uploads.c.id.desc()).limit(_SAME_FILES)
        earlier = [one for one in map(_of, await self._unit.rows(newest)) if one.may_have_read(sheet)]
        stored = await self.stored_events([upload.id for upload in earlier if upload.has_rows_in])
        still_in = (upload for upload in earlier if upload.still_has_rows_in(stored.get(upload.id, 0)))
        return next(still_in, None)

    async def stored_events(self, upload_ids: Collection[str]) -> dict[str, int]:
        """Return how many of the events that each import created are stored; those without one are left out.

        Changes of the unit of work itself are not counted yet.
        """
        if not upload_ids:
            return {}
        counts = await counts_of(self._unit, [("upload", upload_id) for upload_id in upload_ids])
        return {upload_id: n for upload_id, n in zip(upload_ids, counts, strict=True) if n}

    async def save(self, upload: Upload) -> None:
        """Overwrite every member of an import but `idempotency_key` and `created_at`."""
        new = {f"new_{name}": cell for name, cell in _cells(upload).items()}
        await self._unit.run(_SAVE, {"of_id": upload.id, **new})

    async def page(
        self, *, limit: int, before: tuple[int, str] | None
    ) -> tuple[list[Upload], tuple[int, str] | None]:
        """Return imports, newest first, and the position for the next page."""
        rows, position = await self._unit.newest(uploads, limit=limit, before=before)
        return [_of(row) for row in rows], position

    async def unfinished_ids(self) -> list[str]:
        """Return the ids of imports in `staged`, `receiving`, `processing` or `interrupted`."""
        rows = await self._unit.rows(_UNFINISHED_IDS)
        return [row.id for row in rows]

    async def count(self, states: Collection[UploadState]) -> int:
        """Return how many imports are in one of these states."""
        row = await self._unit.first(_count(tuple(sorted(states))))
        assert row is not None, "an aggregate has a row"
        return int(row[0])

    async def staged_bytes(self, actor: str | None = None) -> int:
        """Return the bytes staged for unfinished imports, of a person or of all."""
        some = uploads.c.staged_bytes > sa.literal_column("0")
        own = sa.select(sa.func.sum(uploads.c.staged_bytes)).where(some)
        row = await self._unit.first(own if actor is None else own.where(uploads.c.actor == actor))
        return int(row[0] or 0) if row else 0

    async def add_rejected(self, upload_id: str, rows: Sequence[RejectedRow]) -> None:
        """Store rejected rows."""
        cells = [(upload_id, row.record, _encode(row).decode()) for row in rows]
        await self._unit.insert_rows(rejected_rows, cells)

    async def rejected(self, upload_id: str, *, after_record: int, limit: int) -> list[RejectedRow]:
        """Return rejected rows in file order."""
        own = sa.select(rejected_rows.c.body).where(
            rejected_rows.c.upload_id == upload_id, rejected_rows.c.record > after_record
        )
        rows = await self._unit.rows(own.order_by(rejected_rows.c.record).limit(limit))
        return [_rejected(row.body) for row in rows]

    async def rejected_at(self, upload_id: str, lines: Sequence[int]) -> list[RejectedRow]:
        """Return the rejected rows that start on these lines of the file."""
        is_sqlite = self._unit.dialect.name == "sqlite"
        body = rejected_rows.c.body if is_sqlite else sa.cast(rejected_rows.c.body, sa.JSON)
        line = sa.cast(body.op("->>")(sa.literal("line", sa.Text)), sa.BigInteger)
        found: list[RejectedRow] = []
        for start in range(0, len(lines), _AT_A_TIME):
            some = sa.select(rejected_rows.c.body).where(
                rejected_rows.c.upload_id == upload_id, line.in_(lines[start : start + _AT_A_TIME])
            )
            found += [_rejected(row.body) for row in await self._unit.rows(some)]
        return found

    async def rejected_records(self, upload_id: str, records: Sequence[int]) -> list[RejectedRow]:
        """Return the rejected rows of these records, of which there may be fewer."""
        found: list[RejectedRow] = []
        for start in range(0, len(records), _AT_A_TIME):
            some = sa.select(rejected_rows.c.body).where(
                rejected_rows.c.upload_id == upload_id,
                rejected_rows.c.record.in_(records[start : start + _AT_A_TIME]),
            )
            found += [_rejected(row.body) for row in await self._unit.rows(some)]
        return found

    async def replace_rejected(self, upload_id: str, rows: Sequence[RejectedRow]) -> None:
        """Overwrite the cells and errors of rejected rows, by their record."""
        await self.forget_rejected(upload_id, [row.record for row in rows])
        await self.add_rejected(upload_id, rows)

    async def forget_rejected(self, upload_id: str, records: Sequence[int]) -> None:
        """Delete some rejected rows, by their record."""
        own = rejected_rows.c.upload_id == upload_id
        for start in range(0, len(records), _AT_A_TIME):
            some = rejected_rows.c.record.in_(records[start : start + _AT_A_TIME])
            await self._unit.run(sa.delete(rejected_rows).where(own, some))

    async def clear_rejected(self, upload_id: str) -> None:
        """Delete an import's rejected rows."""
        await self._unit.run(sa.delete(rejected_rows).where(rejected_rows.c.upload_id == upload_id))

    async def remember(self, shape: str, options: Remembered, *, at_ms: int) -> None:
        """Store the options of a header, replacing earlier ones; delete all but the newest headers."""
        cells = {"body": _encode(options).decode(), "at_ms": at_ms}
        new = self._unit.insert(remembered_shapes).values(shape=shape, **cells)
        await self._unit.run(new.on_conflict_do_update(index_elements=["shape"], set_=cells))
        at, name = remembered_shapes.c.at_ms, remembered_shapes.c.shape
        oldest_kept = sa.select(at).order_by(at.desc()).offset(MAX_SHAPES - 1).limit(1).scalar_subquery()
        # Imports that end at once must not wait for each other's rows: what is locked stays for the next.
        older = sa.select(name).where(at < oldest_kept).with_for_update(skip_locked=True)
        await self._unit.run(sa.delete(remembered_shapes).where(name.in_(older)))

    async def remembered(self, shape: str) -> Remembered | None:
        """Return the options stored for a header."""
        own = sa.select(remembered_shapes.c.body).where(remembered_shapes.c.shape == shape)
        row = await self._unit.first(own)
        return _remembered(row.body) if row else None

    async def claim(
        self, owner: str, *, states: Sequence[UploadState], now_ms: int, lease_ms: int
    ) -> Upload | None:
        """Lease the oldest import in one of these states without a lease; None when there is none."""
        works = uploads.c.rests_since_ms.is_(None)
        ends_ms = now_ms + lease_ms
        row = await claim(self._unit, uploads, owner, works, states=states, now_ms=now_ms, ends_ms=ends_ms)
        return _of(row) if row else None

    async def hold(self, upload_id: str, owner: str, *, now_ms: int, lease_ms: int) -> bool:
        """Take or renew the lease on one import, ending its rest; False if another process holds it.

        The lease of an import at its end holds nobody up: its holder does nothing more.
        """
        return await hold(
            self._unit,
            uploads,
            upload_id,
            owner,
            now_ms=now_ms,
            ends_ms=now_ms + lease_ms,
            needless=AT_THE_END,
            rests_since_ms=None,
        )

    async def renew_all(self, owner: str, *, now_ms: int, lease_ms: int) -> list[str]:
        """Renew every lease of a process, in one statement, and return the ids of its imports."""
        ends_ms = now_ms + lease_ms
        return await renew_all(self._unit, uploads, owner, states=UNFINISHED, ends_ms=ends_ms)

    async def rest(self, upload_ids: Sequence[str], owner: str, *, since_ms: int) -> None:
        """Put the imports of `owner` that wait for bytes to rest; nobody claims them until bytes arrive."""
        at_rest = {"lease_owner": None, "lease_ends_ms": None, "rests_since_ms": since_ms}
        for first in range(0, len(upload_ids), _AT_A_TIME):
            own = (uploads.c.id.in_(upload_ids[first : first + _AT_A_TIME]), uploads.c.lease_owner == owner)
            await self._unit.run(sa.update(uploads).where(*own).values(at_rest))

    async def rests(self, upload_id: str) -> bool:
        """Return whether an import is at rest."""
        own = sa.select(uploads.c.rests_since_ms).where(uploads.c.id == upload_id)
        row = await self._unit.first(own)
        return row is not None and row.rests_since_ms is not None

    async def resting(self, *, until_ms: int, limit: int) -> list[str]:
        """Return the ids of some imports at rest since this time or longer."""
        idle = (uploads.c.state.in_(OPEN), uploads.c.rests_since_ms <= until_ms)
        rows = await self._unit.rows(sa.select(uploads.c.id).where(*idle).limit(limit))
        return [row.id for row in rows]

    async def release(self, upload_id: str, owner: str) -> None:
        """Release the lease, if `owner` has it."""
        await release(self._unit, uploads, upload_id, owner)

    async def free(self, upload_id: str) -> None:
        """Release the lease, whoever has it."""
        no_lease = {"lease_owner": None, "lease_ends_ms": None}
        await self._unit.run(sa.update(uploads).where(uploads.c.id == upload_id).values(no_lease))

    async def release_all(self, owner: str) -> None:
        """Release the leases of a process on all imports."""
        await release_all(self._unit, uploads, owner, states=UNFINISHED)

    async def hand_over(self, upload_id: str, owner: str, *, to: str, now_ms: int, lease_ms: int) -> None:
        """Transfer the lease on an import to another process, if `owner` has it."""
        await hand_over(self._unit, uploads, upload_id, owner, to=to, ends_ms=now_ms + lease_ms)

    async def _one(
        self, statement: sa.Select[Any], parameters: Mapping[str, Any] | None = None
    ) -> Upload | None:
        row = await self._unit.first(statement, parameters)
        return _of(row) if row else None

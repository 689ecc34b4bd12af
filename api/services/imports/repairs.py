"""Corrects rejected rows of an import: valid ones join it, the rest stays rejected."""

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from api.services.imports.errors import ImportRefusedError, refused_by
from api.services.imports.lease import Clock
from api.services.imports.row_source import Checkpoint, OpenSource, Portion
from api.services.links import stored_link
from api.services.notifications import notification
from api.services.store import Store, Transaction
from domain.csv.writer import csv_lines
from domain.imports import AT_THE_END, ImportOptions, RejectedRow, Upload
from domain.limits import STORED_INTEGER
from domain.merge import Merged, MergeRule, merge_rule
from domain.messages import EventsChanged
from domain.ports.events import EventBatch
from domain.problems import Problem, excerpt
from domain.rows.cells import full_field
from domain.rows.columns import FIELDS
from domain.rows.names import column_key
from streams.messages import Draft, draft, timestamp

LINE_COLUMN = "_line"
"""Of a rejected file: the line of each row in the file that it comes from."""

ROWS_LIMIT = 5_000
"""Of one call."""


class Repair(Struct, frozen=True, forbid_unknown_fields=True):
    """A corrected row: new cells, by field or by the file's own column name."""

    line: Annotated[int, Meta(ge=1, le=STORED_INTEGER)]
    cells: dict[str, str | int | float | bool | None]


class Repaired(Struct, frozen=True):
    """The outcome of corrected rows.

    Attributes:
        rejected: rows that still break rules, with every error, as they are kept now.
        unknown: lines on which no rejected row starts.
    """

    accepted: int
    rejected: list[RejectedRow]
    unknown: list[int]
    upload: Upload


class Repairs:
    """Corrects rejected rows of ended imports."""

    def __init__(self, store: Store, open_source: OpenSource, now_ms: Clock) -> None:
        """Read mended rows as an import reads its file."""
        self._store = store
        self._open_source = open_source
        self._now_ms = now_ms

    async def apply(
        self,
        upload_id: str,
        rows: Sequence[Repair],
        values: dict[str, dict[str, str]] | None,
        *,
        actor: str,
    ) -> Repaired:
        """Validate corrected rows by the rules of their import, and store the valid ones.

        Raises:
            ImportRefusedError: `not_found`; `wrong_state`: the import takes no more rows.
        """
        new = {row.line: row.cells for row in rows}
        async with self._store.snapshot() as snapshot:
            upload = repairable(await snapshot.uploads.get(upload_id), upload_id)
            kept = await snapshot.uploads.rejected_at(upload_id, [*new])
        unknown = sorted(new.keys() - {row.line for row in kept})
        mended = [_mended(row, new[row.line], upload) for row in sorted(kept, key=lambda row: row.record)]
        portions = await self._read(upload, mended, values) if mended else []
        async with self._store.transaction() as tx:
            upload = repairable(await tx.uploads.get(upload_id, to_change=True), upload_id)
            drafts: list[Draft] = []
            still: list[RejectedRow] = []
            accepted = 0
            for portion in portions:
                joined = await join(tx, upload, portion.rows.events, at_ms=self._now_ms())
                upload, accepted = joined.upload, accepted + joined.accepted
                drafts += joined.drafts
                still += [_kept(row, mended) for row in portion.rows.rejected]
            await tx.uploads.replace_rejected(upload_id, still)
            await tx.uploads.save(upload)
            if accepted:
                drafts.append(_notice(upload, accepted, actor, self._now_ms()))
            await tx.messages.append(drafts)
        return Repaired(accepted, still, unknown, upload)

    async def _read(
        self, upload: Upload, rows: Sequence["_Mended"], values: dict[str, dict[str, str]] | None
    ) -> list[Portion]:
        """Return what a reader makes of rows, as if they were a file of their own."""
        names = [column["name"] for column in upload.columns or ()]
        extra = list(dict.fromkeys(name for row in rows for name in row.extra))
        table = [[LINE_COLUMN, *(f"{n} {name}" for n, name in enumerate([*names, *extra], 1))]]
        for row in rows:
            cells = [*row.cells, *[""] * (len(names) - len(row.cells))]
            table.append([str(row.row.line), *cells, *(row.extra.get(name, "") for name in extra)])
        options = _reading(upload, extra, values)
        content = csv_lines(table)
        portions: list[Portion] = []
        async with self._open_source(options, Checkpoint()) as source:
            await source.give(content, last=True)
            while not portions or portions[-1].has_more:
                portion = await source.portion()
                if portion.fault is not None:
                    raise ImportRefusedError("bad_option", portion.fault.message, errors=[portion.fault])
                portions.append(portion)
        return portions


class Joined(Struct, frozen=True):
    """What joined an import: the import as it is now, how many rows, and the messages that report it."""

    upload: Upload
    accepted: int
    drafts: list[Draft]
    merged: Merged


def _line_in(text: str) -> int:
    """Return the line that a row names; 0, which no row has, for anything that is none."""
    digits = text.strip()
    is_line = digits.isascii() and digits.isdigit() and len(digits) < len(str(STORED_INTEGER))
    return int(digits) if is_line else 0


async def join(tx: Transaction, upload: Upload, batch: EventBatch, *, at_ms: int) -> Joined:
    """Store corrected rows as rows of their import; the batch's ids are their lines.

    A row that is not among the rejected ones is in already, and is passed over. The caller saves the
    import.
    """
    lines = [*map(_line_in, batch.ids)]
    kept = {row.line: row.record for row in await tx.uploads.rejected_at(upload.id, lines)}
    places = [*{line: at for at, line in enumerate(lines) if line in kept}.values()]
    part = tx.events.part_of(batch, places)
    rule = _rule(upload)
    if not part.count:
        merged = Merged(b"")
    elif rule is not None:
        merged = await tx.events.merge_batch(part, rule, upload_id=upload.id, at_ms=at_ms)
    else:
        ids = await tx.events.insert_batch(part, upload_id=upload.id, at_ms=at_ms)
        merged = Merged(bytes(part.count), ids[0], ids[-1], ids[0], ids[-1])
    await tx.uploads.forget_rejected(upload.id, [kept[lines[place]] for place in places])
    counts = upload.counts + merged.counts()
    upload = msgspec.structs.replace(
        upload,
        accepted=upload.accepted + part.count,
        rejected=max(0, upload.rejected - part.count),
        updated_at=at_ms,
        first_event_id=merged.first_created if upload.first_event_id is None else upload.first_event_id,
        last_event_id=upload.last_event_id if merged.last_created is None else merged.last_created,
        **msgspec.structs.asdict(counts),
    )
    drafts = []
    if merged.first_id is not None:
        changed = merged.counts()
        count, bounds = changed.created + changed.updated, (merged.first_id, merged.last_id)
        drafts = [draft(EventsChanged("eventos", timestamp(at_ms), "import", count, upload.id, *bounds))]
    return Joined(upload, part.count, drafts, merged)


def repairable(upload: Upload | None, upload_id: str) -> Upload:
    """Return an import whose rejected rows can be corrected.

    Raises:
        ImportRefusedError: `not_found`; `wrong_state`: it has not ended, or stored nothing on purpose.
    """
    if upload is None:
        raise refused_by("not_found.import", value=excerpt(upload_id))
    if upload.state not in AT_THE_END:
        raise refused_by("wrong_state", value=upload_id, status=upload.state)
    if upload.options.dry_run:
        raise refused_by("wrong_state.dry_run", value=upload_id)
    if upload.options.mode == "atomic":
        raise refused_by("wrong_state.atomic", value=upload_id)
    return upload


class _Mended(Struct, frozen=True):
    """A rejected row with its new cells; `extra` has those of fields that the file has no column for."""

    row: RejectedRow
    cells: list[str]
    extra: dict[str, str]


def _mended(row: RejectedRow, new: dict[str, Any], upload: Upload) -> _Mended:
    columns = upload.columns or []
    cells = [*row.cells, *[""] * (len(columns) - len(row.cells))]
    # Cells beyond the header's width are what the row was rejected for, and go when it is mended.
    del cells[len(columns) :]
    extra: dict[str, str] = {}
    for name, value in new.items():
        at = _column(full_field(name), columns)
        at = _column(name, columns) if at is None else at
        text = (
            "" if value is None else value if isinstance(value, str) else msgspec.json.encode(value).decode()
        )
        if at is not None:
            cells[at] = text
        elif full_field(name) in FIELDS:
            extra[full_field(name)] = text
        else:
            message = f"the file has no column and events have no field {name!r}"
            raise ImportRefusedError("bad_option", message, errors=[Problem(name, "unknown_field", message)])
    return _Mended(row, cells, extra)


def _column(name: str, columns: Sequence[dict[str, Any]]) -> int | None:
    """Return the place of the column that is this field, or has this name."""
    by_field = [at for at, column in enumerate(columns) if column["field"] == name]
    by_name = [at for at, column in enumerate(columns) if column["name"] == name]
    alike = [at for at, column in enumerate(columns) if column_key(column["name"]) == column_key(name)]
    return next(iter([*by_field, *by_name, *alike]), None)


def _kept(row: RejectedRow, mended: Sequence[_Mended]) -> RejectedRow:
    """Return a row that still breaks rules as its import keeps it: its own line, record and columns."""
    own = mended[row.record - 1]
    return RejectedRow(own.row.line, own.row.record, tuple(own.cells), row.errors)


def _reading(upload: Upload, extra: Sequence[str], values: dict[str, dict[str, str]] | None) -> ImportOptions:
    """Return how mended rows are read: as the import's file was, by the places of its columns."""
    options = upload.options
    columns = upload.columns or []
    mapping: dict[str, str | None] = dict.fromkeys(FIELDS)
    places = [(column["field"], at) for at, column in enumerate(columns, 2) if column["field"]]
    places += [(name, at) for at, name in enumerate(extra, len(columns) + 2)]
    # A column that has JSON or a name is read as the name of the place, or as JSON where it is that.
    mapping |= {field if field in FIELDS else "local_info.location_name": f"#{at}" for field, at in places}
    mapping["id"] = "#1"
    order = (upload.dialect or {}).get("date_format", options.date_format)
    merged = {full_field(field): pairs for field, pairs in (options.values or {}).items()}
    for field, pairs in (values or {}).items():
        merged[full_field(field)] = {**merged.get(full_field(field), {}), **pairs}
    return ImportOptions(
        date_format=order,
        encoding="utf-8",
        delimiter=",",
        mapping=mapping,
        defaults=options.defaults,
        values=merged or None,
        header_row=1,
        repairs_of=upload.id,
    )


def _rule(upload: Upload) -> MergeRule | None:
    """Return the rule of the import, by its key alone: the ids of mended rows are their lines."""
    fields = [column["field"] for column in upload.columns or () if column["field"] not in (None, "id")]
    return merge_rule(upload.options.on_duplicate, upload.options.key, fields)


def _notice(upload: Upload, accepted: int, actor: str, at_ms: int) -> Draft:
    return notification(
        "import.repaired",
        f"{accepted} rows of {upload.filename or upload.id} corrected",
        f"{actor} corrected {accepted} rejected rows of import {upload.id}; {upload.rejected} are left",
        actor=actor,
        at_ms=at_ms,
        link=stored_link(f"/api/v1/uploads/{upload.id}"),
        params={
            "upload_id": upload.id,
            "filename": upload.filename or upload.id,
            "accepted": accepted,
            "rejected": upload.rejected,
        },
    )

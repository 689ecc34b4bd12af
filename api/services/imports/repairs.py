"""Corrects rejected rows of an import: valid ones join it, the rest stays rejected."""

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from api.services.imports.batch_totals import with_batch
from api.services.imports.errors import ImportRefusedError, refused_by
from api.services.imports.lease import Clock
from api.services.imports.mended_rows import Given, Mended, Rules, judge, kept_cells, rules_of
from api.services.imports.row_source import OpenSource
from api.services.links import stored_link
from api.services.notifications import notification
from api.services.store import Store, Transaction
from domain.imports import AT_THE_END, RejectedRow, Upload
from domain.limits import STORED_INTEGER
from domain.merge import OUTCOMES, Merged, MergeRule
from domain.messages import EventsChanged
from domain.ports.events import EventBatch
from domain.ports.uploads import UploadStore
from domain.problems import Problem, excerpt, problem
from domain.rows.cells import full_field
from domain.rows.columns import FIELDS
from domain.rows.names import EITHER, column_key
from domain.rows.venue_members import with_member
from streams.messages import Draft, draft, timestamp

_VENUE = "local_info."

ROWS_LIMIT = 5_000
"""Of one call."""

ENTRIES_AT_ONCE = 5_000
"""Of indexes that catch up before keys are looked up by them."""

_SKIPPED = OUTCOMES.index("skipped")
_Number = Annotated[int, Meta(ge=1, le=STORED_INTEGER)]


class Repair(Struct, frozen=True, forbid_unknown_fields=True):
    """A corrected row: new cells, by field or by the file's own column name.

    Attributes:
        record: of the row, as its errors tell it; needed where several rejected rows begin on the line.
    """

    line: _Number
    cells: dict[str, str | int | float | bool | None]
    record: _Number | None = None


class Repaired(Struct, frozen=True):
    """The outcome of corrected rows.

    Attributes:
        rejected: rows that still break rules, with every error, as they are kept now.
        unknown: lines on which no rejected row starts, or not the record that was named.
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
            ImportRefusedError: `not_found`; `wrong_state`: the import takes no more rows; `bad_option`: a
                column that is none, or a row that is named twice, or by a line that has several.
        """
        async with self._store.snapshot() as snapshot:
            upload = repairable(await snapshot.uploads.get(upload_id), upload_id)
            rules = await rules_of(snapshot.uploads, upload)
            lines, records = [row.line for row in rows], [row.record or 0 for row in rows]
            kept = await find_kept(snapshot.uploads, upload_id, lines, records)
        _refuse_unclear(rows, kept)
        unknown = sorted({row.line for row, there in zip(rows, kept, strict=True) if not there})
        named = [(there[0], row.cells) for row, there in zip(rows, kept, strict=True) if there]
        mended = [_mended(row, cells, rules) for row, cells in sorted(named, key=lambda one: one[0].record)]
        done = await judge(self._open_source, rules, mended, Given(values=values or {}))
        still = [
            RejectedRow(row.kept.line, row.kept.record, tuple(row.cells), done.errors[at])
            for at, row in enumerate(mended)
            if at in done.errors and row.kept
        ]
        rule, more = rules.merge_rule, bool(done.good and rules.merge_rule)
        while more:
            async with self._store.transaction() as tx:
                more = await tx.events.prepare_to_merge(ENTRIES_AT_ONCE)
        async with self._store.transaction() as tx:
            upload = repairable(await tx.uploads.get(upload_id, to_change=True), upload_id)
            good = [mended[at].kept for at in done.good]
            joined = await join(tx, upload, done.events, good, rule, at_ms=self._now_ms())
            upload, drafts = joined.upload, joined.drafts
            await tx.uploads.replace_rejected(upload_id, still)
            await tx.uploads.save(upload)
            if joined.accepted:
                drafts.append(_notice(upload, joined.accepted, actor, self._now_ms()))
            await tx.messages.append(drafts)
        return Repaired(joined.accepted, still, unknown, upload)


async def find_kept(
    uploads: UploadStore, upload_id: str, lines: Sequence[int], records: Sequence[int]
) -> list[list[RejectedRow]]:
    """Return for each line the rejected rows that it names; at most one where a record is given, not 0."""
    of_records = await uploads.rejected_records(upload_id, [*filter(None, records)])
    by_record = {row.record: row for row in of_records}
    by_line: dict[int, list[RejectedRow]] = {}
    open_lines = [line for line, record in zip(lines, records, strict=True) if line and not record]
    for row in await uploads.rejected_at(upload_id, [*dict.fromkeys(open_lines)]):
        by_line.setdefault(row.line, []).append(row)
    found: list[list[RejectedRow]] = []
    for line, record in zip(lines, records, strict=True):
        row_named = by_record.get(record)
        named = [row_named] if row_named is not None and row_named.line == line else []
        found.append(named if record else by_line.get(line, []))
    return found


def _refuse_unclear(rows: Sequence[Repair], kept: Sequence[Sequence[RejectedRow]]) -> None:
    """Refuse rows of which it is not clear which rejected row they are, or that are one and the same."""
    errors = [
        ambiguous_row(f"rows[{at}].line", row.line, len(there))
        for at, (row, there) in enumerate(zip(rows, kept, strict=True))
        if len(there) > 1
    ]
    records = [there[0].record for there in kept if len(there) == 1]
    if len(records) != len(set(records)):
        errors.append(Problem("rows", "repeated", "each row may be corrected once per request"))
    if errors:
        raise ImportRefusedError("bad_option", errors[0].message, errors=errors)


def ambiguous_row(field: str, line: int, count: int) -> Problem:
    """Return the problem of a line on which several rejected rows begin."""
    return problem("ambiguous_row", field, value=str(line), count=count)


class Joined(Struct, frozen=True):
    """What joined an import.

    Attributes:
        upload: the import as it is now.
        accepted: how many rows joined it.
        drafts: the messages that report it.
        merged: what became of all the rows that were to join.
    """

    upload: Upload
    accepted: int
    drafts: list[Draft]
    merged: Merged


async def join(
    tx: Transaction,
    upload: Upload,
    batch: EventBatch,
    rows: Sequence[RejectedRow | None],
    rule: MergeRule | None,
    *,
    at_ms: int,
) -> Joined:
    """Store corrected rows as rows of their import.

    `rows` has for each row of the batch the rejected row that it is. One that is not among the rejected ones
    any more is in already, and is passed over; the last counts where several are the same. `rule` is how they
    meet stored events. The caller saves the import.
    """
    records = [row.record for row in rows if row]
    left = {row.record for row in await tx.uploads.rejected_records(upload.id, records)}
    places = [*{row.record: at for at, row in enumerate(rows) if row and row.record in left}.values()]
    places.sort()
    part = tx.events.part_of(batch, places)
    if not part.count:
        merged = Merged(b"")
    elif rule is not None:
        merged = await tx.events.merge_batch(part, rule, upload_id=upload.id, at_ms=at_ms)
    else:
        ids = await tx.events.insert_batch(part, upload_id=upload.id, at_ms=at_ms)
        merged = Merged.all_created(ids)
    await tx.uploads.forget_rejected(upload.id, [*left])
    counts = upload.counts + merged.counts()
    upload = with_batch(upload, merged)
    upload = msgspec.structs.replace(
        upload,
        accepted=upload.accepted + part.count,
        rejected=max(0, upload.rejected - part.count),
        updated_at=at_ms,
        **msgspec.structs.asdict(counts),
    )
    drafts = []
    if merged.first_id is not None:
        bounds = (merged.first_id, merged.last_id)
        changed = EventsChanged("eventos", timestamp(at_ms), "import", merged.changed, upload.id, *bounds)
        drafts = [draft(changed)]
    outcomes = bytearray([_SKIPPED]) * len(rows)
    for place, outcome in zip(places, merged.outcomes, strict=True):
        outcomes[place] = outcome
    return Joined(upload, part.count, drafts, msgspec.structs.replace(merged, outcomes=bytes(outcomes)))


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


def _mended(row: RejectedRow, new: dict[str, Any], rules: Rules) -> Mended:
    # Cells beyond the header's width are what the row was rejected for, and go when it is mended.
    cells, extra = kept_cells(row, rules), dict[str, str]()
    for name, value in new.items():
        at = _column(full_field(name), rules.columns)
        at = _column(name, rules.columns) if at is None else at
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
        field = full_field(name) if at is None else rules.columns[at]["field"]
        if field and field.startswith(_VENUE) and _mend_member(field, text, cells, rules):
            extra.pop(field, None)
    return Mended(row, cells, extra)


def _mend_member(field: str, text: str, cells: list[str], rules: Rules) -> bool:
    """Correct a member of the venue in the JSON of a row, where no column counts; False without JSON."""
    fields = [column["field"] for column in rules.columns]
    at = next((at for at, name in enumerate(fields) if name in ("local_info", EITHER)), None)
    mended = with_member(cells[at], field.removeprefix(_VENUE), text) if at is not None else None
    if at is None or mended is None:
        return False
    cells[at] = mended
    return True


def _column(name: str, columns: Sequence[dict[str, Any]]) -> int | None:
    """Return the place of the column that is this field, or has this name."""
    by_field = [at for at, column in enumerate(columns) if column["field"] == name]
    by_name = [at for at, column in enumerate(columns) if column["name"] == name]
    alike = [at for at, column in enumerate(columns) if column_key(column["name"]) == column_key(name)]
    return next(iter([*by_field, *by_name, *alike]), None)


def _notice(upload: Upload, accepted: int, actor: str, at_ms: int) -> Draft:
    rows = "row" if accepted == 1 else "rows"
    left = "1 is left" if upload.rejected == 1 else f"{upload.rejected} are left"
    return notification(
        "import.repaired",
        f"{accepted} {rows} of {upload.filename or upload.id} corrected",
        f"{actor} corrected {accepted} rejected {rows} of import {upload.id}; {left}",
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

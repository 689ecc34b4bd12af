"""Previews the beginning of a file, with a proposed mapping."""

from collections.abc import Mapping, Sequence
from datetime import tzinfo
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from domain.csv.dialect import first_doubt
from domain.csv.reader import CsvReader
from domain.files.proposals import propose_mapping, unused_columns, without_twins
from domain.files.record_reader import MemberReader
from domain.files.sheet_reader import SheetReader
from domain.imports import ImportOptions
from domain.problems import Problem, excerpt
from domain.rows.columns import FIELDS, REQUIRED, match_columns
from domain.rows.looks import column_of
from domain.rows.row_parser import Row
from domain.text import required

Reader = CsvReader | SheetReader | MemberReader
Kind = type[CsvReader] | type[SheetReader] | type[MemberReader]

PREVIEW_BYTES = 64 * 1024
PREVIEW_ROWS = 20
EXAMPLES = 3
"""Cells of each column that are shown."""

_STAND_INS = {"title": "-", "event_date": "2000-01-01", "city": "-"}
"""Read where a required field has no column, and taken out of the rows again."""


class Preview(Struct, frozen=True):
    """The beginning of a file, as it would be read with `mapping`.

    Attributes:
        dialect: `encoding` and `delimiter`, of a workbook `format` and `sheet`; None without a header.
        columns: `name`, `field` (None: ignored) and first cells (`examples`) of each column.
        mapping: field -> column name, to be used as the import's option after a look at it.
        rows: the first 20, with their errors; where a required field has no column and no default, with
            the rest of the event and that error.
        encodings: by which the file reads better than by the one that is assumed, best first.
        fault: why the file cannot be imported as it is; still there when the mapping mends it.
        unused: `column` (from 1), `name` and first `values` of each column that the mapping leaves out.
    """

    dialect: dict[str, Any] | None
    columns: list[dict[str, Any]]
    mapping: dict[str, str]
    rows: list[Row]
    warnings: list[dict[str, Any]]
    fault: Problem | None = None
    unused: list[dict[str, Any]] = []
    encodings: tuple[str, ...] = ()


def preview(
    head: bytes,
    *,
    truncated: bool,
    options: ImportOptions,
    timezone: tzinfo,
    kind: Kind = CsvReader,
) -> Preview:
    """Return the preview of the first bytes of a file; `truncated` means that there are more."""
    reader, rows = _read(kind(options, timezone), head, truncated=truncated)
    fault = _fault(reader, truncated=truncated) or _doubt(reader, head, options, truncated=truncated)
    if fault and fault.code == "unclear_encoding" and fault.suggestion:
        # The columns and rows are those of the proposal: that is how one sees whether it is right.
        options = replace(options, encoding=fault.suggestion)
        reader, rows = _read(kind(options, timezone), head, truncated=truncated)
    if fault and fault.field == "key":
        # Rows are read in the same way whatever they are matched by.
        options = replace(options, key=None)
        reader, rows = _read(kind(options, timezone), head, truncated=truncated)
    names, sample = reader.names, reader.sample
    lacking = fault if fault and fault.code == "missing_columns" else reader.fault
    missing: list[str] = []
    asked = _asked(lacking, options)
    kinds_own = reader.mapping_of_kind() if isinstance(reader, MemberReader) else options.mapping
    proposal = propose_mapping(names, sample, replace(options, mapping=kinds_own), timezone)
    mapping = {field: column for field, column in proposal.items() if field not in asked}
    if lacking and lacking.code in ("missing_columns", "duplicate_columns"):
        mended, missing = _mended(options, {**mapping, **asked}, names, sample, timezone)
        reader, rows = _read(kind(mended, timezone), head, truncated=truncated)
        rows = [_without_stand_ins(row, missing) for row in rows]
    read = {at for at, column in enumerate(reader.columns or ()) if column["field"]}
    return Preview(
        reader.dialect,
        _with_examples(reader.columns or [{"name": name, "field": None} for name in names], sample),
        mapping,
        rows,
        _true_warnings(reader, missing),
        fault,
        [
            {"column": at + 1, "name": excerpt(name), "values": [excerpt(value) for value in values]}
            for at, name, values in unused_columns(names, sample, mapping)
            if at not in reader.stand_ins and at not in read
        ],
        _encodings(fault),
    )


def _asked(fault: Problem | None, options: ImportOptions) -> dict[str, None]:
    """Return the field of which two columns may be meant: it has none until the uploader says which."""
    target = (fault.params or {}).get("target") if fault and fault.code == "duplicate_columns" else None
    return {} if target is None or target in (options.mapping or {}) else {str(target): None}


def _mended(
    options: ImportOptions,
    proposal: Mapping[str, str | None],
    names: Sequence[str],
    sample: Sequence[Sequence[str]],
    timezone: tzinfo,
) -> tuple[ImportOptions, list[str]]:
    """Return options by which rows can be shown, and the required fields that have nothing but stand-ins.

    What the uploader mapped stays; the proposal counts where nothing was mapped.
    """
    mapping: dict[str, str | None] = {
        **without_twins(names, options),
        **({} if options.mapping else proposal),
    }
    matched = match_columns(names, mapping, dict.fromkeys(FIELDS, "any"), sample, timezone)
    if isinstance(matched, Problem):
        return options, []
    given = {name: text for name, text in (options.defaults or {}).items() if text.strip()}
    missing = [name for name in REQUIRED if name not in matched.index and name not in given]
    defaults = {**{name: _STAND_INS[name] for name in missing}, **given}
    return replace(options, mapping=mapping, defaults=defaults), missing


def _without_stand_ins(row: Row, missing: Sequence[str]) -> Row:
    """Return a row with the missing fields empty, and reported."""
    fields = row.fields and replace(row.fields, **dict.fromkeys(missing, ""))
    return replace(row, fields=fields, errors=(*map(required, missing), *row.errors))


def _true_warnings(reader: Reader, missing: Sequence[str]) -> list[dict[str, Any]]:
    """Return the warnings but for that of a date which nobody gave: it only stands in for one."""
    found = reader.warnings
    return [each for each in found if each["code"] != "date_in_heading"] if "event_date" in missing else found


def _with_examples(
    columns: Sequence[Mapping[str, Any]], sample: Sequence[Sequence[str]]
) -> list[dict[str, Any]]:
    """Return columns with the first cells of each that differ."""
    return [
        {**column, "examples": [excerpt(cell) for cell in [*dict.fromkeys(column_of(sample, at))][:EXAMPLES]]}
        for at, column in enumerate(columns)
    ]


def _fault(reader: Reader, *, truncated: bool) -> Problem | None:
    """Return why the file cannot be imported; that its rest is missing is no fault of one that was cut."""
    if truncated and isinstance(reader, MemberReader) and reader.ends_early:
        return None
    return reader.fault


def _doubt(reader: Reader, head: bytes, options: ImportOptions, *, truncated: bool) -> Problem | None:
    """Return why the encoding has to be named, by all of the head, as an import asks before its first row."""
    if not isinstance(reader, CsvReader):
        return None
    # A letter of UTF-8 may be cut where the head ends, and is none of another encoding.
    whole_lines = head[: max(head.rfind(b"\n"), head.rfind(b"\r")) + 1] if truncated else head
    return first_doubt(whole_lines, is_whole=True, named=options.encoding)


def _read(reader: Reader, head: bytes, *, truncated: bool) -> tuple[Reader, list[Row]]:
    reader.feed(head)
    reader.close()
    rows: list[Row] = []
    while not reader.is_hungry and len(rows) <= PREVIEW_ROWS:
        rows.extend(reader.rows(max_rows=PREVIEW_ROWS + 1 - len(rows)))
    # The last row of a file that was cut is not what it would be.
    whole = rows[:-1] if truncated and reader.has_ended else rows
    return reader, whole[:PREVIEW_ROWS]


def _encodings(fault: Problem | None) -> tuple[str, ...]:
    if fault is None or fault.code != "unclear_encoding" or not fault.suggestion:
        return ()
    return tuple(fault.suggestions or (fault.suggestion,))

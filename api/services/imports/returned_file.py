"""Reads a file of rejected rows that came back: its cells alone, which the rules of their import judge."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from api.services.imports.mended_rows import (
    Given,
    Judged,
    Mended,
    Rules,
    judge,
    kept_cells,
    rules_of,
    same_text,
)
from api.services.imports.rejected_file import names_in_file
from api.services.imports.repairs import ambiguous_row, find_kept, repairable
from api.services.imports.row_source import Notable, OpenSource, Portion, Rows
from domain import limits
from domain.files.member_values import cell_text
from domain.files.nested_members import name_of
from domain.files.sheet_lines import NO_VALUE
from domain.imports import ImportOptions, RejectedRow, Upload
from domain.json_text import decode_json
from domain.limits import STORED_INTEGER
from domain.ports.events import EventBatch
from domain.ports.uploads import UploadStore
from domain.problems import Problem, excerpt, problem
from domain.rows.cells import full_field
from domain.rows.columns import (
    EXTRA_COLUMN,
    FIELDS,
    LINE_COLUMN,
    RECORD_COLUMN,
    find_column,
    is_own_column,
)
from domain.rows.formula_guard import exported, imported
from domain.rows.names import EITHER, LOCATION_NAME, column_key, meaning
from domain.rows.options import option_fault
from domain.rows.rejected_before import extra_cells

_NO_DATE = "-"
_JSON = ("json", "ndjson")
_SHAPED = frozenset({"missing_cells", "extra_cells"})
_OF_NO_EVENT = frozenset(limits.REQUIRED)
"""Fields of the errors that `as_cells` makes."""
_OF_THE_FILE = frozenset({"rows_above_header", "other_sheets", "other_arrays"})
_ABSENT = "absent"


def as_cells(options: ImportOptions) -> ImportOptions:
    """Return options by which each row of a file is rejected, and so kept as its cells.

    No column is a field but that of lines, and no row has a date.
    """
    return msgspec.structs.replace(
        options,
        date_format="iso",
        mapping={**dict.fromkeys(FIELDS), "title": LINE_COLUMN, "id": LINE_COLUMN},
        defaults={"event_date": _NO_DATE, "city": _NO_DATE},
        values=None,
        on_duplicate="insert",
        key=None,
    )


class Returned(msgspec.Struct, frozen=True):
    """A portion of a returned file, judged.

    Attributes:
        kept: the rejected row that each good one of the portion is; None where none is left that it can be.
    """

    portion: Portion
    kept: list[RejectedRow | None]


class ReturnedFile:
    """Judges the rows of one file, portion by portion."""

    def __init__(self, upload: Upload, mended: Upload, rules: Rules, open_source: OpenSource) -> None:
        """Go on with an upload whose rows are mended ones of another."""
        self._upload = upload
        self._mended = mended
        self._rules = rules
        self._open_source = open_source
        self._names = [column["name"] for column in upload.columns or ()]
        self._columns: _Columns | None = None
        self._kind = (upload.dialect or {}).get("format")
        self._counts = {
            warning["code"]: warning
            for warning in upload.warnings
            if warning["code"] not in _OF_THE_FILE and "names" not in warning
        }

    @classmethod
    async def open(cls, upload: Upload, uploads: UploadStore, open_source: OpenSource) -> "ReturnedFile":
        """Find the import whose rows a file has.

        Raises:
            ImportRefusedError: it takes no more rows.
        """
        mended_id, own = upload.options.repairs_of or "", upload.options
        mended = repairable(await uploads.get(mended_id), mended_id)
        rules = await rules_of(uploads, mended)
        options = rules.options
        if own.on_duplicate != "insert":
            options = msgspec.structs.replace(options, on_duplicate=own.on_duplicate, key=own.key)
        return cls(upload, mended, msgspec.structs.replace(rules, options=options), open_source)

    @property
    def rules(self) -> Rules:
        """The rules of the import whose rows are mended."""
        return self._rules

    async def judged(self, portion: Portion, uploads: UploadStore) -> Returned:
        """Return a portion with its valid rows and with all errors of the others.

        Raises:
            ImportRefusedError: `bad_option`.
        """
        if portion.facts or self._columns is None:
            if portion.facts:
                self._names = [column["name"] for column in portion.facts.columns]
                self._kind = portion.facts.dialect.get("format")
            own = self._upload.options
            self._columns = _Columns(self._names, self._kind, self._mended, self._rules, own)
        columns = self._columns
        fault = option_fault(self._upload.options) or columns.fault
        if portion.rows.events.count:
            # It goes on from a checkpoint of version 0.1, which read the rows by themselves.
            fault = problem("wrong_state.earlier_version", value=self._upload.id)
        if fault:
            nothing = Rows(EventBatch(0, [], []), [], [])
            return Returned(msgspec.structs.replace(portion, rows=nothing, facts=None, fault=fault), [])
        addressed = await self._addressed(portion.rows.rejected, columns, uploads)
        read = [(at, row) for at, row in enumerate(addressed) if isinstance(row, Mended)]
        done = await judge(self._open_source, self._rules, [row for _, row in read], columns.given)
        places = {read[good][0]: good for good in done.good}
        errors = {read[at][0]: found for at, found in done.errors.items()}
        errors |= {at: (row,) for at, row in enumerate(addressed) if isinstance(row, Problem)}
        rows = _rows(portion.rows, done, places, errors, columns)
        facts = portion.facts and msgspec.structs.replace(
            portion.facts,
            columns=columns.described(portion.facts.columns),
            dialect=self._dialect(portion.facts.dialect),
        )
        warnings = [warning for warning in portion.warnings if warning["code"] in _OF_THE_FILE]
        warnings = [*columns.warnings(), *warnings, *self._counted(done.warnings)]
        judged = msgspec.structs.replace(portion, rows=rows, facts=facts, warnings=tuple(warnings))
        return Returned(judged, [read[good][1].kept for good in done.good])

    def _dialect(self, dialect: dict[str, Any]) -> dict[str, Any]:
        """Return what a file turned out to be, with the order of dates by which its rows are judged."""
        told = {name: value for name, value in dialect.items() if not name.startswith("date_format")}
        own = self._upload.options.date_format
        order = self._rules.options.date_format if own == "auto" else own
        return told if order == "auto" else {**told, "date_format": order}

    def _counted(self, found: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """Return the warnings of rows up to here."""
        for warning in found:
            before = self._counts.get(warning["code"], {"count": 0})
            self._counts[warning["code"]] = {**warning, "count": before["count"] + warning["count"]}
        return [*self._counts.values()]

    async def _addressed(
        self, rows: Sequence[RejectedRow], columns: "_Columns", uploads: UploadStore
    ) -> list[Mended | Problem]:
        """Return the mended row that each row is, or why it cannot be told which."""
        lines, records = [columns.line(row) for row in rows], [columns.record(row) for row in rows]
        kept = await find_kept(uploads, self._mended.id, lines, records)
        # In a table each row begins on a line of its own: of two with one line the last counts.
        times = Counter() if self._rules.is_table else Counter(zip(lines, records, strict=True))
        found: list[Mended | Problem] = []
        for row, line, record, there in zip(rows, lines, records, kept, strict=True):
            if not line:
                found.append(problem("unknown_row", LINE_COLUMN, value=excerpt(columns.shown_line(row))))
            elif (count := max(len(there), times[line, 0])) > 1 and not record:
                found.append(ambiguous_row(LINE_COLUMN, line, count))
            else:
                found.append(columns.mended(row, next(iter(there), None)))
        return found


class _Columns:
    """What the columns of a returned file are: columns of the import's file, or further fields."""

    def __init__(
        self, names: Sequence[str], kind: str | None, mended: Upload, rules: Rules, options: ImportOptions
    ) -> None:
        self._names = names
        self._rules = rules
        self._kind = kind
        self._line_at = _own_place(names, LINE_COLUMN)
        self._record_at = _own_place(names, RECORD_COLUMN)
        self._extra_at = _own_place(names, EXTRA_COLUMN)
        self._places = _placed(names, mended)
        self.fault: Problem | None = None
        self._fields, mapped = self._mapped(options, mended)
        self._extra = self._extra_fields(mended.options, taken={*self._places.values()}) | mapped
        fields = {at: field for field, at in rules.fields.items()}
        fields |= {at: field for field, at in self._fields.items() if at is not None}
        self._field_at = {own: fields[at] for own, at in self._places.items() if at in fields} | self._extra
        self._title_at = next((own for own, field in self._field_at.items() if field == "title"), len(names))
        self.given = Given(
            values=options.values or {},
            defaults=options.defaults or {},
            date_format=None if options.date_format == "auto" else options.date_format,
            fields=self._fields,
        )

    def line(self, row: RejectedRow) -> int:
        """Return the line that a row names; 0 for none."""
        return _number(_cell(row, self._line_at))

    def record(self, row: RejectedRow) -> int:
        """Return the record that a row names; 0 for none."""
        return _number(_cell(row, self._record_at))

    def shown_line(self, row: RejectedRow) -> str:
        """Return what a row has in its column of lines."""
        return _cell(row, self._line_at)

    def title(self, row: RejectedRow) -> str:
        """Return the title of a row, as it is shown while it is imported."""
        return excerpt(_cell(row, self._title_at).strip())

    def mended(self, row: RejectedRow, kept: RejectedRow | None) -> Mended:
        """Return a row with its cells where the import's file has them.

        Of a column that the returned file no longer has, the cells are those that were kept; but a record
        of JSON that lacks a member has nothing there.
        """
        cells = kept_cells(kept, self._rules) if kept else [""] * len(self._rules.columns)
        was = [*cells]
        if self._kind in _JSON:
            cells = [
                cell if is_own_column(column["name"]) else ""
                for cell, column in zip(cells, self._rules.columns, strict=True)
            ]
        problems = [found for error in row.errors if (found := self._own_error(error))]
        for own, place in self._places.items():
            text = _cell(row, own)
            if kept is not None and same_text(text, was[place], is_table=self._rules.is_table):
                cells[place] = was[place]
            else:
                cells[place] = self._text(text, self._field_at.get(own), problems)
        extra = {field: self._text(_cell(row, own), field, problems) for own, field in self._extra.items()}
        surplus = [cell for cell in row.cells[len(self._names) :] if cell.strip()]
        surplus += extra_cells(_cell(row, self._extra_at))
        return Mended(kept, cells, extra, surplus, tuple(problems))

    def _own_error(self, error: Problem) -> Problem | None:
        """Return an error of the row itself; None of one that the options make which keep its cells.

        An error of a cell has the name of the column.
        """
        if error.code not in NO_VALUE:
            return None if error.code in _SHAPED or error.field in _OF_NO_EVENT else error
        own = next((own for own, name in enumerate(self._names) if name == error.field), None)
        field = None if own is None else self._field_at.get(own)
        return msgspec.structs.replace(error, field=field) if field else None

    def _text(self, text: str, field: str | None, problems: list[Problem]) -> str:
        """Return a cell as the import's file would have it.

        A guard is one in tables alone; and a list of names, which JSON may have, is one text elsewhere.
        """
        if self._kind not in _JSON:
            return text if self._rules.is_table else imported(text)
        read = decode_json(text) if field == "participants" and text.startswith("[") else None
        if not isinstance(read, list):
            return exported(text) if self._rules.is_table else text
        names = [name_of(person) if isinstance(person, dict) else person for person in read]
        cell, wrong = cell_text(field, [name for name in names if name is not None])
        problems.extend(wrong)
        return cell

    def described(self, told: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """Return the columns as an import reports them: with the field that each is."""
        found = []
        for own, column in enumerate(told):
            field = self._field_at.get(own)
            found.append({"name": column["name"], "field": field} if field else {**column, "field": None})
        return found

    def warnings(self) -> list[dict[str, Any]]:
        """Return the warning of columns that are neither of the import's file nor a field."""
        known = self._places.keys() | self._extra.keys()
        left = [
            name.strip()
            for own, name in enumerate(self._names)
            if own not in known and name.strip() and not is_own_column(name)
        ]
        if not left:
            return []
        message = f"columns that match no field were ignored: {', '.join(left[:20])}"
        return [{"code": "ignored_columns", "message": message, "count": len(left), "names": left[:20]}]

    def _mapped(self, options: ImportOptions, mended: Upload) -> tuple[dict[str, int | None], dict[int, str]]:
        """Return what the uploader says of columns: fields of those of the import's file, and of others."""
        fields: dict[str, int | None] = {}
        extra: dict[int, str] = {}
        theirs = [name or "" for name in names_in_file(mended)[0]]
        for field, name in (options.mapping or {}).items():
            if name is None:
                fields[field] = None
            elif own := find_column(self._names, name):
                if own[0] in self._places:
                    fields[field] = self._places[own[0]]
                else:
                    extra[own[0]] = field
            elif place := find_column(theirs, name):
                # JSON has no members without a value.
                fields[field] = place[0]
            elif self._names:
                self.fault = self.fault or problem("missing_columns.mapping", value=excerpt(name))
        # What is said once more changes nothing.
        was = self._rules.fields
        return {field: at for field, at in fields.items() if was.get(field) != at}, extra

    def _extra_fields(self, options: ImportOptions, *, taken: set[int]) -> dict[int, str]:
        """Return the fields of columns that the first file did not have, by their names."""
        fields, mapping = self._rules.fields, options.mapping or {}
        found: dict[int, str] = {}
        for own, name in enumerate(self._names):
            if own in self._places or is_own_column(name) or not name.strip():
                continue
            known = meaning(name)
            field: str | None = full_field(name.strip())
            if field not in FIELDS:
                field = known.field if known else None
            field = LOCATION_NAME if field == EITHER else field
            if field is None or field in found.values():
                continue
            if field not in fields and mapping.get(field, _ABSENT) is not None:
                found[own] = field
            elif field in fields and fields[field] not in taken:
                self._places[own] = fields[field]
                taken.add(fields[field])
        return found


def _placed(names: Sequence[str], mended: Upload) -> dict[int, int]:
    """Return the place in the import's file of each column of a returned one, by their names in order."""
    found: dict[int, int] = {}
    as_written: Callable[[str], str] = str
    for form in (as_written, column_key):
        for candidates in names_in_file(mended):
            taken = {*found.values()}
            left: dict[str, list[int]] = {}
            for at in reversed(range(len(candidates))):
                name = candidates[at]
                if name is not None and at not in taken:
                    left.setdefault(form(name), []).append(at)
            for own, name in enumerate(names):
                if own not in found and not is_own_column(name) and (places := left.get(form(name))):
                    found[own] = places.pop()
    return found


def _own_place(names: Sequence[str], own: str) -> int:
    return next((at for at, name in enumerate(names) if column_key(name) == column_key(own)), len(names))


def _cell(row: RejectedRow, at: int) -> str:
    return row.cells[at] if at < len(row.cells) else ""


def _number(text: str) -> int:
    """Return the number that a cell has; 0, which no row has, for anything that is none."""
    digits = text.strip().removesuffix(".0")
    is_number = digits.isascii() and digits.isdigit() and len(digits) < len(str(STORED_INTEGER))
    return int(digits) if is_number else 0


def _rows(
    rows: Rows,
    done: Judged,
    good: dict[int, int],
    errors: dict[int, tuple[Problem, ...]],
    columns: _Columns,
) -> Rows:
    """Return the outcome of rows, each with its own place in the returned file."""
    at = {row.record: place for place, row in enumerate(rows.rejected)}
    rejected = [
        msgspec.structs.replace(row, errors=errors[place])
        for place, row in enumerate(rows.rejected)
        if place in errors
    ]
    notable: list[Notable] = []
    accepted = refused = 0
    for one in rows.notable:
        place = at[one.row.record]
        accepted, refused = accepted + (place in good), refused + (place in errors)
        title = columns.title(rows.rejected[place]) if place in good else None
        read = msgspec.structs.replace(one.row, title=title, errors=errors.get(place, ()))
        notable.append(Notable(read, accepted, refused))
    return Rows(done.events, rejected, notable)

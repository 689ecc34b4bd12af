"""Judges mended rows by the rules of the import that rejected them, however they came back.

The rules are those by which its file was read: the fields of its columns, the order of its dates, and its
options. What a request says itself stands above them.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from api.services.imports.errors import ImportRefusedError
from api.services.imports.row_source import Checkpoint, OpenSource, Portion, Rows, joined
from domain.csv.writer import csv_lines
from domain.imports import ImportOptions, RejectedRow, Upload
from domain.json_text import decode_json
from domain.merge import MergeRule, merge_rule
from domain.ports.events import EventBatch
from domain.ports.uploads import UploadStore
from domain.problems import Problem, problem
from domain.rows.cells import full_field, held_in_cell, is_cut
from domain.rows.columns import FIELDS, REQUIRED
from domain.rows.formula_guard import exported, unguarded
from domain.rows.names import EITHER, LOCATION_NAME
from domain.text import folded

NOT_TABLES = ("json", "ndjson", "ics")
"""Formats of files whose cells are texts: none of them is a guard, or an error of a spreadsheet."""

_OF_COLUMNS = frozenset({"ignored_columns", "time_not_used", "rows_above_header"})
"""Warnings of the table in which mended rows are read, which nobody sent."""

_CHAIN = 20
"""So many imports, each of mended rows of the next, are followed to the options of the first."""


class Given(Struct, frozen=True):
    """What a request says itself.

    Attributes:
        values: field -> cells that are replaced.
        defaults: field -> text of cells that are empty or absent.
        date_format: None where the order of the import's dates counts.
        fields: field -> place among the import's columns; None for no column.
    """

    values: Mapping[str, Mapping[str, str]] = {}
    defaults: Mapping[str, str] = {}
    date_format: Any = None
    fields: Mapping[str, int | None] = {}

    @property
    def is_nothing(self) -> bool:
        """Whether the rules of the import stand as they are."""
        return not (self.values or self.defaults or self.date_format or self.fields)


class Rules(Struct, frozen=True):
    """The rules of an import.

    Attributes:
        columns: name and field of each column of its file.
        is_table: its cells were those of a table, and not members of JSON or a calendar.
    """

    upload_id: str
    columns: list[dict[str, Any]]
    options: ImportOptions
    is_table: bool
    has_header: bool

    @property
    def fields(self) -> dict[str, int]:
        """Field -> place of its column, by the names that options use."""
        return {
            LOCATION_NAME if column["field"] == EITHER else column["field"]: at
            for at, column in enumerate(self.columns)
            if column["field"]
        }

    @property
    def merge_rule(self) -> MergeRule | None:
        """How rows meet stored events; None where each is a new one."""
        fields = [column["field"] for column in self.columns if column["field"]]
        return merge_rule(self.options.on_duplicate, self.options.key, fields, self.options.defaults)


class Mended(Struct, frozen=True):
    """A row as it came back.

    Attributes:
        kept: the row that was rejected; None where none is left that it can be.
        cells: one for each column of the import's file.
        extra: field -> cell, of fields that this file has no column for.
        surplus: cells beyond the columns.
        problems: what is wrong with the row before any rule of a field is asked.
    """

    kept: RejectedRow | None
    cells: list[str]
    extra: dict[str, str] = {}
    surplus: list[str] = []
    problems: tuple[Problem, ...] = ()


class Judged(Struct, frozen=True):
    """The outcome of mended rows.

    Attributes:
        good: places among the mended rows of those that are valid; `events` has them in this order.
        errors: place -> all errors of a row that is not.
        warnings: about the good ones, as an import has them.
    """

    events: EventBatch
    good: list[int]
    errors: dict[int, tuple[Problem, ...]]
    warnings: list[dict[str, Any]]


async def rules_of(uploads: UploadStore, upload: Upload) -> Rules:
    """Return the rules of an import; those of one of mended rows are its own and then the first one's."""
    dialect, options, earlier = upload.dialect or {}, upload.options, upload
    for _ in range(_CHAIN):
        found = await uploads.get(earlier.options.repairs_of) if earlier.options.repairs_of else None
        if found is None:
            break
        earlier = found
        options = msgspec.structs.replace(
            options,
            on_duplicate=earlier.options.on_duplicate,
            key=earlier.options.key,
            mapping={**(earlier.options.mapping or {}), **(options.mapping or {})},
            defaults={**(earlier.options.defaults or {}), **(options.defaults or {})},
            values=_merged(earlier.options.values or {}, options.values or {}),
            date_format=earlier.options.date_format if options.date_format == "auto" else options.date_format,
        )
    if options.date_format == "auto":
        options = msgspec.structs.replace(options, date_format=dialect.get("date_format", "auto"))
    is_table = dialect.get("format") not in NOT_TABLES
    return Rules(upload.id, upload.columns or [], options, is_table, dialect.get("header_row") != 0)


def _merged(
    first: Mapping[str, Mapping[str, str]], above: Mapping[str, Mapping[str, str]]
) -> dict[str, dict[str, str]]:
    """Return replacements of both, by the whole names of fields; the second stand above the first."""
    merged = {full_field(field): dict(pairs) for field, pairs in first.items()}
    for field, pairs in above.items():
        said, before = {*map(folded, pairs)}, merged.get(full_field(field), {})
        kept = {old: new for old, new in before.items() if folded(old) not in said}
        merged[full_field(field)] = {**kept, **pairs}
    return merged


async def judge(open_source: OpenSource, rules: Rules, rows: Sequence[Mended], given: Given) -> Judged:
    """Read mended rows by the rules of their import.

    A row that came back as it was is rejected with the errors that it had. Of one that was changed, errors
    stand whose cause its cells never showed, such as a time zone that nobody knows, or a formula without a
    value: they are those that the cells as they were do not have by themselves. They stand until a cell of
    their field is changed; where they name no field, until any is.

    Raises:
        ImportRefusedError: `bad_option`.
    """
    errors: dict[int, tuple[Problem, ...]] = {}
    sought: dict[int, Mended] = {}
    for at, row in enumerate(rows):
        if (
            row.kept
            and row.kept.errors
            and given.is_nothing
            and not row.problems
            and _is_as_it_was(row, rules)
        ):
            errors[at] = row.kept.errors
        elif row.surplus:
            errors[at] = (*row.problems, _extra_cells(row, rules))
        else:
            sought[at] = row
    reader = _Reader(open_source, rules)
    read = await reader.read([*sought.values()], given)
    found = dict(zip(sought, read.errors, strict=True))
    standing = await reader.standing(sought, found, given)
    for at, row in sought.items():
        stood = standing.get(at, _NOTHING_STANDS)
        first = [*row.problems, *stood.errors]
        told = {one.field for one in first}
        if first or found[at]:
            others = [one for one in found[at] if one.field not in told and _key(one) not in stood.untold]
            errors[at] = (*first, *others)
    good = [at for at in sought if at not in errors]
    if any(at in errors and not found[at] for at in sought):
        # What is read once more is only what is valid, so that a batch holds nothing else.
        read = await reader.read([sought[at] for at in good], given)
    return Judged(read.events, good, errors, read.warnings)


class _Read(Struct, frozen=True):
    """What a reader made of rows: the errors of each, none of a good one; the good ones; warnings."""

    events: EventBatch
    errors: list[tuple[Problem, ...]]
    warnings: list[dict[str, Any]]


class _Standing(Struct, frozen=True):
    """Earlier errors that stand.

    Attributes:
        untold: field and code of further ones that the cells show, and that were not told beside these:
            what is left of a row that could not be read says little.
    """

    errors: list[Problem]
    untold: set[tuple[str, str]]


_NOTHING_STANDS = _Standing([], set())


class _Reader:
    """Reads rows of an import as its file was read: in a table with the same columns."""

    def __init__(self, open_source: OpenSource, rules: Rules) -> None:
        self._open_source = open_source
        self._rules = rules

    async def read(self, rows: Sequence[Mended], given: Given) -> _Read:
        """Return what becomes of rows."""
        if not rows:
            return _Read(EventBatch(0, [], []), [], [])
        names = [column["name"] for column in self._rules.columns]
        extra = list(dict.fromkeys(name for row in rows for name in row.extra))
        # What has no column at all is empty in each row, and no fault of the file.
        extra += [name for name in REQUIRED if name not in {*self._fields(given), *extra}]
        # The first cell keeps a row without any text from being passed over as a blank line.
        table = [["0 row", *(f"{n} {name}" for n, name in enumerate([*names, *extra], 1))]]
        for number, row in enumerate(rows, 1):
            cells = [*row.cells, *(row.extra.get(name, "") for name in extra)]
            table.append([str(number), *(cells if self._rules.is_table else map(exported, cells))])
        done, warnings = await self._portions(csv_lines(table), self._options(extra, given))
        errors = {row.record: row.errors for row in done.rejected}
        if done.events.count + len(errors) != len(rows):
            raise RuntimeError(f"{len(rows)} mended rows were read as {done.events.count + len(errors)}")
        told = [warning for warning in warnings if warning["code"] not in _OF_COLUMNS]
        return _Read(done.events, [errors.get(n, ()) for n in range(1, len(rows) + 1)], told)

    async def standing(
        self, rows: Mapping[int, Mended], found: Mapping[int, tuple[Problem, ...]], given: Given
    ) -> dict[int, "_Standing"]:
        """Return the earlier errors that stand, though the cells of a row do not show them."""
        suspected: dict[int, list[Problem]] = {}
        for at, row in rows.items():
            told = {*map(_key, found[at])}
            earlier = row.kept.errors if row.kept else ()
            left = [one for one in earlier if _key(one) not in told]
            if left := [one for one in left if not _is_changed(one, row, self._rules, given)]:
                suspected[at] = left
        if not suspected:
            return {}
        before = [_as_it_was(rows[at], self._rules) for at in suspected]
        shown = await self.read(before, Given())
        standing: dict[int, _Standing] = {}
        for (at, left), errors, was in zip(suspected.items(), shown.errors, before, strict=True):
            by_cells = {*map(_key, errors)}
            if hidden := [one for one in left if _key(one) not in by_cells]:
                before_told = {*map(_key, was.kept.errors)} if was.kept else set[tuple[str, str]]()
                as_it_was = _is_as_it_was(rows[at], self._rules)
                standing[at] = _Standing(hidden, by_cells - before_told if as_it_was else set())
        return standing

    async def _portions(
        self, content: bytes, options: ImportOptions
    ) -> tuple[Rows, Sequence[dict[str, Any]]]:
        portions: list[Portion] = []
        async with self._open_source(options, Checkpoint()) as source:
            await source.give(content, last=True)
            while not portions or portions[-1].has_more:
                portion = await source.portion()
                if portion.fault is not None:
                    raise ImportRefusedError("bad_option", portion.fault.message, errors=[portion.fault])
                portions.append(portion)
        whole = joined(portions)
        return whole.rows, whole.warnings

    def _fields(self, given: Given) -> dict[str, int]:
        """Return field -> place of its column, as a request has it."""
        fields = dict(self._rules.fields)
        for field, place in given.fields.items():
            fields = {name: at for name, at in fields.items() if name != field and at != place}
            fields |= {} if place is None else {field: place}
        return fields

    def _options(self, extra: Sequence[str], given: Given) -> ImportOptions:
        """Return how the table is read: by the places of its columns."""
        rules = self._rules
        fields = self._fields(given) | {name: at for at, name in enumerate(extra, len(rules.columns))}
        mapping: dict[str, str | None] = dict.fromkeys(FIELDS)
        mapping |= {field: f"#{at + 2}" for field, at in fields.items()}
        values = _merged(rules.options.values or {}, given.values)
        return ImportOptions(
            date_format=given.date_format or rules.options.date_format,
            encoding="utf-8",
            delimiter=",",
            mapping=mapping,
            defaults={**(rules.options.defaults or {}), **given.defaults} or None,
            values=values or None,
            header_row=1,
            repairs_of=rules.upload_id,
        )


def kept_cells(kept: RejectedRow, rules: Rules) -> list[str]:
    """Return the cells of a rejected row, one for each column of its file."""
    width = len(rules.columns)
    return [*kept.cells[:width], *[""] * (width - len(kept.cells))]


def same_text(one: str, kept: str, *, is_table: bool) -> bool:
    """Return whether a cell came back as it was kept: guards, ends of lines and spaces in JSON aside."""
    if one == kept:
        return True
    stood = unguarded(kept) if is_table else kept
    one, stood = _plain(unguarded(one)), _plain(stood)
    if one == stood or (is_cut(one) and one == _plain(held_in_cell(stood))):
        return True
    if not (one[:1] in "{[" and stood[:1] in "{["):
        return False
    now, before = decode_json(one), decode_json(stood)
    if isinstance(now, Problem) or isinstance(before, Problem):
        return False
    # Written, because 1 and true are equal in Python, and 1 may be what was wrong.
    return _as_written(now) == _as_written(before)


_as_written = msgspec.json.Encoder(order="sorted").encode


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


def _as_it_was(row: Mended, rules: Rules) -> Mended:
    assert row.kept is not None, "only a row that was kept has errors that may stand"
    return Mended(row.kept, kept_cells(row.kept, rules))


def _is_as_it_was(row: Mended, rules: Rules) -> bool:
    """Return whether nothing in a row was changed; cells beyond the columns count where they came back."""
    assert row.kept is not None, "it is asked only of a row that was kept"
    if row.extra and any(map(str.strip, row.extra.values())):
        return False
    surplus = [cell for cell in row.kept.cells[len(rules.columns) :] if cell.strip()]
    if row.surplus and len(row.surplus) != len(surplus):
        return False
    return not _changed_places(row, rules)


def _changed_places(row: Mended, rules: Rules) -> set[int]:
    assert row.kept is not None, "it is asked only of a row that was kept"
    pairs = zip(row.cells, kept_cells(row.kept, rules), strict=True)
    return {at for at, (one, kept) in enumerate(pairs) if not same_text(one, kept, is_table=rules.is_table)}


def _is_changed(error: Problem, row: Mended, rules: Rules, given: Given) -> bool:
    """Return whether what an error speaks of was changed: the cells of its field, or any of the row."""
    if row.kept is None or not (field := error.field.partition("[")[0]):
        return row.kept is None or not _is_as_it_was(row, rules)
    if row.extra.get(field, "").strip() or field in given.fields:
        return True
    names = [field, "local_info"] if field.startswith("local_info.") else [field]
    fields = rules.fields
    if field.startswith("local_info"):
        names += [LOCATION_NAME]
    places = {fields[name] for name in names if name in fields}
    changed = _changed_places(row, rules)
    return not places.isdisjoint(changed) if places else not _is_as_it_was(row, rules)


def _key(error: Problem) -> tuple[str, str]:
    return error.field, error.code


def _extra_cells(row: Mended, rules: Rules) -> Problem:
    count, width = len(row.cells) + len(row.surplus), len(rules.columns)
    sentence = "extra_cells" if rules.has_header else "extra_cells.no_header"
    return problem(sentence, value=str(count), count=count, width=width)

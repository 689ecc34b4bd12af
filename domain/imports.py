"""An import as a value: state, options, progress."""

from typing import Any, Literal, get_args

from msgspec import Struct, field

from domain.problems import Problem

UploadState = Literal[
    "staged",
    "receiving",
    "processing",
    "completed",
    "failed",
    "cancelled",
    "interrupted",
    "undoing",
    "undone",
]
EndState = Literal["completed", "failed", "cancelled"]

UNDER_WAY: tuple[UploadState, ...] = ("receiving", "processing")
"""Bytes come, or rows are read."""
OPEN: tuple[UploadState, ...] = ("staged", *UNDER_WAY, "interrupted")
"""More rows may go in."""
UNFINISHED: tuple[UploadState, ...] = (*OPEN, "undoing")
"""Some process still has to do something."""
UNSETTLED: tuple[UploadState, ...] = ("staged", *UNDER_WAY, "undoing")
"""What is stored of it may change without anybody's doing: one that is interrupted waits for its sender."""
AT_THE_END: tuple[EndState, ...] = get_args(EndState)
"""It has come to its end, which was not undone since."""
ENDED: tuple[UploadState, ...] = (*AT_THE_END, "undoing", "undone")
"""No more rows go in. An undo that goes on is ended and unfinished."""

ImportMode = Literal["partial", "atomic"]
DateFormat = Literal["auto", "iso", "dmy", "mdy"]
OnDuplicate = Literal["insert", "skip", "update"]


class ImportOptions(Struct, frozen=True):
    """The options of an import. Documented in docs/files.md, "Options".

    Attributes:
        mapping: field to the name of its column, to "#3" for the third column, or to None where the
            column that has the field's name is not that field.
        defaults: field to the text that an empty or absent cell is read as.
        sheet: of a workbook, by name or by number from 1.
        header_row: line of the file, or row of the sheet, that has the column names; 0 where none has; found
            otherwise.
        values: field to cell texts that are replaced before the rules, such as
            {"venue_type": {"Auditorium": "Auditório"}}.
        on_duplicate: what to do with a row whose key belongs to a stored event.
        key: fields that make two rows the same event; None for the id where the file has that
            column, else title, event_date and city.
        stage: stage the file without importing it yet.
        repairs_of: the import whose rejected rows these are, mended.
    """

    mode: ImportMode = "partial"
    dry_run: bool = False
    date_format: DateFormat = "auto"
    encoding: str | None = None
    delimiter: str | None = None
    mapping: dict[str, str | None] | None = None
    defaults: dict[str, str] | None = None
    sheet: str | None = None
    header_row: int | None = None
    values: dict[str, dict[str, str]] | None = None
    on_duplicate: OnDuplicate = "insert"
    key: tuple[str, ...] | None = None
    stage: bool = False
    repairs_of: str | None = None


class MergeCounts(Struct, frozen=True):
    """How many rows created an event, changed one, found it unchanged, or were skipped."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    skipped: int = 0

    def __add__(self, other: "MergeCounts") -> "MergeCounts":
        """Return both together."""
        return MergeCounts(*(a + b for a, b in zip(self.all(), other.all(), strict=True)))

    def all(self) -> tuple[int, int, int, int]:
        """Return the four numbers in this order."""
        return self.created, self.updated, self.unchanged, self.skipped


class Undo(Struct, frozen=True):
    """The progress of an undo.

    Attributes:
        by: who asked for it.
        ends_as: `failed` where its own request broke a rule after rows were in.
        changed_after, created_after: events up to these ids were looked at; see `TakeBackPosition`.
        kept_ids: some of the events that others changed since; `kept` counts all.
    """

    by: str
    ends_as: Literal["undone", "failed"] = "undone"
    changed_after: int | None = 0
    created_after: int = 0
    deleted: int = 0
    restored: int = 0
    kept: int = 0
    kept_ids: list[int] = field(default_factory=list)


class Upload(Struct, frozen=True):
    """One import, as stored.

    Attributes:
        bytes_received: staged durably; also the `Upload-Offset`.
        total_bytes: size of the file, None while unknown.
        body_complete: the whole file is staged.
        checkpoint: what the row reader needs to go on after the last committed batch: its own
            `dump()`ed state, opaque here; None before the first.
        record, line: of the last committed record.
        created, updated, unchanged, skipped: what became of the accepted rows.
        undo: while it is being undone.
        undone: what the undo did; also of one that a failed request made necessary.
        dialect: encoding, delimiter, … as reported to the uploader.
        warnings: sentences (dicts of code, message, count) about the file as a whole.
        error: why it failed.
        sha256: hex digest of the whole file; None until complete.
        created_at, started_at, finished_at, updated_at: milliseconds since 1970, UTC.
        first_event_id, last_event_id: bounds of what it created.
        metadata: `Upload-Metadata` of a tus client, as it came.
        staged_with: the options that a staged file came with, once it is imported with others.
    """

    id: str
    state: UploadState
    filename: str
    options: ImportOptions
    actor: str
    created_at: int
    updated_at: int
    idempotency_key: str | None = None
    bytes_received: int = 0
    total_bytes: int | None = None
    body_complete: bool = False
    checkpoint: bytes | None = None
    line: int = 0
    record: int = 0
    accepted: int = 0
    rejected: int = 0
    started_at: int | None = None
    finished_at: int | None = None
    dialect: dict[str, Any] | None = None
    columns: list[dict[str, Any]] | None = None
    warnings: list[dict[str, Any]] = field(default_factory=list)
    error: Problem | None = None
    sha256: str | None = None
    first_event_id: int | None = None
    last_event_id: int | None = None
    undone: dict[str, Any] | None = None
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    skipped: int = 0
    undo: Undo | None = None
    metadata: str | None = None
    staged_with: ImportOptions | None = None

    @property
    def came_with(self) -> ImportOptions:
        """The options of the request that began it."""
        return self.staged_with or self.options

    @property
    def rows(self) -> int:
        """The number of data rows, accepted or rejected."""
        return self.accepted + self.rejected

    @property
    def counts(self) -> MergeCounts:
        """The outcomes of the accepted rows."""
        return MergeCounts(self.created, self.updated, self.unchanged, self.skipped)

    @property
    def has_rows_in(self) -> bool:
        """Whether it left rows stored: its undo, if there was one, kept some."""
        if self.undone is not None:
            return bool(self.undone["kept"])
        is_in = self.first_event_id is not None or self.updated > 0
        return is_in and not self.options.dry_run and self.state not in ("undoing", "undone")

    def still_has_rows_in(self, stored_events: int) -> bool:
        """Return whether rows that it left are still stored, where so many of the events that it created are.

        Of the events that it changed nobody counts which were deleted since: they are taken to be there.
        """
        has_changed = self.updated > 0 or self.first_event_id is None
        return self.has_rows_in and (stored_events > 0 or has_changed)

    def may_have_read(self, sheet: str | None) -> bool:
        """Return whether it may have read the sheet that the option of a later import names.

        Which one is read without the option, or was by an import that ended before it told, is not known.
        """
        read = (self.dialect or {}).get("sheet")
        if sheet is None or not isinstance(read, str):
            return True
        number = str((self.dialect or {}).get("sheet_number", "1")).partition(" ")[0]
        wanted = sheet.strip().casefold()
        return wanted in (read.strip().casefold(), number)


class RejectedRow(Struct, frozen=True):
    """A rejected row: its original cells, and all its errors."""

    line: int
    record: int
    cells: tuple[str, ...]
    errors: tuple[Problem, ...]

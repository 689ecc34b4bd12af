"""An import as a value: its states, what was asked of it, how far it has come."""

from typing import Any, Literal

from msgspec import Struct, field

from domain.problems import Problem

UploadState = Literal["receiving", "processing", "completed", "failed", "cancelled", "interrupted", "undone"]
ImportMode = Literal["partial", "atomic"]
DateFormat = Literal["iso", "dmy"]


class ImportOptions(Struct, frozen=True):
    """What the uploader asked for. contract: docs/csv.md, "Options"."""

    mode: ImportMode = "partial"
    dry_run: bool = False
    date_format: DateFormat = "iso"
    encoding: str | None = None
    delimiter: str | None = None
    mapping: dict[str, str] | None = None
    defaults: dict[str, str] | None = None
    sheet: str | None = None


class Upload(Struct, frozen=True):
    """One import, as stored.

    Attributes:
        bytes_received: staged durably; also the `Upload-Offset`.
        total_bytes: size of the file, None while unknown.
        body_complete: the whole file is staged.
        checkpoint: what the row reader needs to go on after the last committed batch: its own
            `dump()`ed state, opaque here; None before the first.
        record, line: of the last committed record.
        rows = accepted + rejected.
        dialect: encoding, delimiter, … as reported to the uploader.
        warnings: sentences (dicts of code, message, count) about the file as a whole.
        error: why it failed.
        sha256: hex digest of the whole file; None until complete.
        created_at, started_at, finished_at, updated_at: milliseconds since 1970, UTC.
        first_event_id, last_event_id: bounds of what it created.
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

    @property
    def rows(self) -> int:
        """Data rows that ended either way."""
        return self.accepted + self.rejected


class RejectedRow(Struct, frozen=True):
    """A row that did not go in: its original cells, and every reason."""

    line: int
    record: int
    cells: tuple[str, ...]
    errors: tuple[Problem, ...]

"""The API's views of an import."""

from typing import Any

import msgspec
from msgspec import Struct

from api.services.links import link, stored_link
from domain.imports import UNSETTLED, ImportOptions, Upload
from domain.problems import Problem
from streams.messages import timestamp

BASE = "/api/v1/uploads"


class UploadSummary(Struct, frozen=True):
    """The answer to an upload: its state and links.

    `accepted` is the sum of `created`, `updated`, `unchanged` and `skipped`. `rows_stay`: whether rows of an
    ended or interrupted import stay in the store; null while it goes on.
    """

    upload_id: str
    status: str
    rows: int
    accepted: int
    rejected: int
    links: dict[str, str]
    created: int
    updated: int
    unchanged: int
    skipped: int
    rows_stay: bool | None


class UploadDetails(Struct, frozen=True):
    """Everything about one import. Times are RFC 3339 UTC; `seconds` from its first byte to its end.

    Of a staged file, `seconds` count from when its rows were first read: nobody waited before that.

    `rows_stay`: whether rows of an ended or interrupted import are in the store; null while it goes on.
    """

    upload_id: str
    status: str
    filename: str
    options: ImportOptions
    rows: int
    accepted: int
    rejected: int
    line: int
    bytes: int
    total_bytes: int | None
    dialect: dict[str, Any] | None
    columns: list[dict[str, Any]] | None
    mapping: dict[str, str]
    warnings: list[dict[str, Any]]
    error: Problem | None
    sha256: str | None
    actor: str
    created_at: str
    started_at: str | None
    finished_at: str | None
    seconds: float | None
    first_event_id: int | None
    last_event_id: int | None
    undone: dict[str, Any] | None
    created: int
    updated: int
    unchanged: int
    skipped: int
    rows_stay: bool | None
    links: dict[str, str]


def links(upload_id: str) -> dict[str, str]:
    """Return the paths at which an import is read and watched, for an answer."""
    return {name: link(path) for name, path in _paths(upload_id).items()}


def stored_links(upload_id: str) -> dict[str, str]:
    """Return the paths at which an import is read and watched, for a message."""
    return {name: stored_link(path) for name, path in _paths(upload_id).items()}


def _paths(upload_id: str) -> dict[str, str]:
    return {
        "self": f"{BASE}/{upload_id}",
        "sse": f"/sse/upload/{upload_id}",
        "ws": f"/ws/upload/{upload_id}",
        "poll": f"/poll/upload/{upload_id}",
        "rejected": f"{BASE}/{upload_id}/rejected.csv",
    }


def summary(upload: Upload) -> UploadSummary:
    """Return the summary of an import."""
    return UploadSummary(
        upload.id,
        upload.state,
        rows_read(upload),
        upload.accepted,
        upload.rejected,
        links(upload.id),
        *upload.counts.all(),
        rows_stay(upload),
    )


def rows_stay(upload: Upload, stored_events: int | None = None) -> bool | None:
    """Return whether rows of an import stay stored; None while that changes by itself.

    One that is interrupted may be continued; until it is, its rows stay, and can be undone.
    `stored_events` that it created are stored now; None at its end, when all that it left are.
    """
    if upload.state in UNSETTLED:
        return None
    return upload.has_rows_in if stored_events is None else upload.still_has_rows_in(stored_events)


def rows_read(upload: Upload) -> int:
    """Return how many rows were read; an atomic import that failed read more than it kept."""
    return max(upload.rows, upload.record)


def seconds_taken(upload: Upload, end_ms: int) -> float:
    """Return seconds from the first byte, or of a staged file from its first row, to an instant."""
    began = upload.created_at if upload.staged_with is None else upload.started_at
    return round(max(0, end_ms - (began or upload.created_at)) / 1000, 3)


def details(upload: Upload, stored_events: int | None = None) -> UploadDetails:
    """Return everything about an import; `stored_events` as `rows_stay` takes it."""
    return UploadDetails(
        upload_id=upload.id,
        status=upload.state,
        filename=upload.filename,
        options=upload.options,
        rows=rows_read(upload),
        accepted=upload.accepted,
        rejected=upload.rejected,
        line=upload.line,
        bytes=upload.bytes_received,
        total_bytes=upload.total_bytes,
        dialect=upload.dialect,
        columns=upload.columns,
        mapping=_mapping(upload),
        warnings=upload.warnings,
        error=upload.error,
        sha256=upload.sha256,
        actor=upload.actor,
        created_at=timestamp(upload.created_at),
        started_at=_moment(upload.started_at),
        finished_at=_moment(upload.finished_at),
        seconds=None if upload.finished_at is None else seconds_taken(upload, upload.finished_at),
        first_event_id=upload.first_event_id,
        last_event_id=upload.last_event_id,
        undone=upload.undone,
        created=upload.created,
        updated=upload.updated,
        unchanged=upload.unchanged,
        skipped=upload.skipped,
        rows_stay=rows_stay(upload, stored_events),
        links=links(upload.id),
    )


def encode(answer: Any) -> bytes:
    """Return an answer as JSON."""
    return msgspec.json.encode(answer)


def _mapping(upload: Upload) -> dict[str, str]:
    columns = upload.columns or []
    return {column["field"]: column["name"] for column in columns if column.get("field")}


def _moment(at_ms: int | None) -> str | None:
    return None if at_ms is None else timestamp(at_ms)

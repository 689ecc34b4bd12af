"""Imports over HTTP: send a file, go on with one, read, cancel and undo."""

import re
from typing import Any

import anyio
from litestar import Request, Response, get, head, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from msgspec import Struct

from api.openapi import Answer, Body, Query, describe
from api.problems import HttpProblem, invalid_query
from api.routes.uploads_body import may_change, receive_upload
from api.routes.uploads_problems import refused, unusable_file
from api.services.identity import Identity
from api.services.imports.answers import UploadDetails, UploadSummary, details, encode, summary
from api.services.imports.live import Live
from api.services.imports.reception import Reception
from api.services.imports.records import ImportRecords
from api.services.imports.refusals import ImportRefusedError
from api.services.imports.service import Imports
from domain.imports import Upload
from domain.problems import Problem

TAG = "imports"
PATH = "/api/v1/uploads"
ONE = PATH + "/{upload_id:str}"
PAGE_LIMIT = 100
OPENING_SECONDS = 2.0
"""How long an answer waits for the verdict on the file's head."""

WAIT_LIMIT_SECONDS = 300
_WAIT = re.compile(r"(?:^|[,;\s])wait\s*=\s*\"?(\d{1,4})", re.ASCII | re.IGNORECASE)
_POSITION = re.compile(r"(\d{1,15})\.([A-Za-z0-9_-]{1,64})", re.ASCII)

HttpRequest = Request[Identity, Any, Any]

OPTIONS = [
    Query("upload_id", "chosen by the caller, to watch before sending; drawn otherwise"),
    Query("mode", "all good rows, or all or nothing", {"enum": ["partial", "atomic"]}),
    Query("dry_run", "check everything, store nothing", {"type": "boolean"}),
    Query("date_format", "how dates are written", {"enum": ["iso", "dmy"]}),
    Query("encoding", "of the text; detected otherwise"),
    Query("delimiter", "between cells; detected otherwise"),
    Query("mapping", "JSON object: field to column"),
    Query("defaults", "JSON object: field to value where the cell is empty"),
    Query("sheet", "of a workbook; the first otherwise"),
]
HEADERS = [
    Query("Idempotency-Key", "a repeat answers with the first import", place="header"),
    Query("Upload-Offset", "bytes of the file that the server has: go on behind them", place="header"),
    Query("Prefer", "`wait=30`: answer when finished, at most so many seconds on", place="header"),
]
FORM = Body(
    {
        "multipart/form-data": {
            "type": "object",
            "required": ["file"],
            "properties": {"file": {"type": "string", "contentMediaType": "text/csv"}},
        }
    },
    about="One part `file`; options may be fields before it.",
)


class UploadPage(Struct, frozen=True):
    """Imports, newest first, and the cursor of the next page."""

    items: list[UploadDetails]
    next: str | None


@post(
    [PATH, "/api/v1/eventos/upload"],
    request_max_body_size=None,
    opt=describe(
        "Import a CSV or XLSX file",
        TAG,
        {
            202: Answer("Taken in; the feed tells the rest", UploadSummary),
            201: Answer("Finished, under `Prefer: wait`", UploadSummary),
            200: Answer("A repeat: the first import", UploadSummary),
        },
        problems=[
            "bad-request",
            "request-timeout",
            "conflict",
            "too-large",
            "unsupported-media-type",
            "validation",
            "storage-full",
        ],
        parameters=[*OPTIONS, *HEADERS],
        body=FORM,
        role="editor",
        is_upload=True,
    ),
)
async def start_upload(request: HttpRequest, imports: NamedDependency[Imports]) -> Response[bytes]:
    """Read the body as it arrives; its rows are being stored meanwhile."""
    received = await receive_upload(request, imports)
    if isinstance(received, Upload):
        return _json(summary(received))
    return await _outcome(received, _wait_seconds(request))


@get(
    PATH,
    opt=describe(
        "The history of imports, newest first",
        TAG,
        {200: Answer("A page", UploadPage, headers={"Link": 'The next page, `rel="next"`.'})},
        problems=["invalid-query"],
        parameters=[
            Query("limit", "imports a page", {"type": "integer", "minimum": 1, "maximum": PAGE_LIMIT}),
            Query("cursor", "`next` of the page before"),
        ],
    ),
)
async def list_uploads(
    request: HttpRequest, import_records: NamedDependency[ImportRecords]
) -> Response[bytes]:
    """Return one page."""
    limit = page_limit(request, default=50, most=PAGE_LIMIT)
    uploads, position = await import_records.page(limit=limit, before=_position(request))
    cursor = f"{position[0]}.{position[1]}" if position else None
    link = {"Link": f'<{PATH}?limit={limit}&cursor={cursor}>; rel="next"'} if cursor else {}
    return _json(UploadPage([details(upload) for upload in uploads], cursor), headers=link)


@get(
    ONE,
    opt=describe("One import", TAG, {200: Answer("The import", UploadDetails)}, problems=["not-found"]),
)
async def show_upload(upload_id: FromPath[str], imports: NamedDependency[Imports]) -> Response[bytes]:
    """Return status, counts, what was detected, warnings and timings."""
    return _json(details(await find(imports, upload_id)))


@head(
    ONE,
    opt=describe(
        "How much of the file the server has",
        TAG,
        {200: Answer("Nothing", headers={"Upload-Offset": "Bytes of the file that are staged."})},
        problems=["not-found"],
    ),
)
async def show_offset(upload_id: FromPath[str], imports: NamedDependency[Imports]) -> Response[None]:
    """Tell `Upload-Offset`: bytes of the file itself, not of the form around it."""
    upload = await find(imports, upload_id)
    told = {"Upload-Offset": str(upload.bytes_received), "Cache-Control": "no-store"}
    if upload.total_bytes is not None:
        told["Upload-Length"] = str(upload.total_bytes)
    return Response(None, headers=told)


@post(
    ONE + "/cancel",
    status_code=200,
    opt=describe(
        "Stop an import between two batches",
        TAG,
        {200: Answer("Stopped; rows already in stay", UploadSummary)},
        problems=["not-found", "conflict"],
        role="editor",
    ),
)
async def cancel_upload(
    request: HttpRequest, upload_id: FromPath[str], imports: NamedDependency[Imports]
) -> Response[bytes]:
    """Stop an import; editors their own, administrators any."""
    await _allowed(request, upload_id, imports)
    try:
        return _json(summary(await imports.cancel(upload_id)))
    except ImportRefusedError as refusal:
        raise refused(refusal) from None


@post(
    ONE + "/undo",
    status_code=200,
    opt=describe(
        "Delete the events of an import that nobody has edited since",
        TAG,
        {200: Answer("Undone; `undone` says how many, and which were kept", UploadDetails)},
        problems=["not-found", "conflict"],
        role="editor",
    ),
)
async def undo_upload(
    request: HttpRequest,
    upload_id: FromPath[str],
    imports: NamedDependency[Imports],
    import_records: NamedDependency[ImportRecords],
) -> Response[bytes]:
    """Undo an import; editors their own, administrators any."""
    await _allowed(request, upload_id, imports)
    try:
        return _json(details(await import_records.undo(upload_id, actor=request.user.name)))
    except ImportRefusedError as refusal:
        raise refused(refusal) from None


async def find(imports: Imports, upload_id: str) -> Upload:
    """Return an import, or raise the 404."""
    try:
        return await imports.find(upload_id)
    except ImportRefusedError as refusal:
        raise refused(refusal) from None


def page_limit(request: HttpRequest, *, default: int, most: int) -> int:
    """Return the `limit` of a page, or raise what is wrong with it."""
    text = request.query_params.get("limit", str(default))
    if not (text.isascii() and text.isdigit() and len(text) < 6 and 1 <= int(text) <= most):
        message = f"limit must be a whole number from 1 to {most}"
        raise invalid_query([Problem("limit", "out_of_range", message, text[:80])])
    return int(text)


def invalid_cursor(text: str) -> HttpProblem:
    """Return the refusal of a cursor that no page gave."""
    message = "cursor must be `next` of the page before"
    return invalid_query([Problem("cursor", "invalid_cursor", message, text[:80])])


async def _allowed(request: HttpRequest, upload_id: str, imports: Imports) -> None:
    if not may_change(request.user, await find(imports, upload_id)):
        raise HttpProblem("forbidden", "Another person's import: this needs the role admin.")


async def _outcome(reception: Reception, wait_seconds: int | None) -> Response[bytes]:
    live = reception.live
    await _head_known(live)
    if wait_seconds is not None:
        with anyio.move_on_after(wait_seconds):
            await live.ended.wait()
    upload = live.upload
    if upload.state == "failed" and upload.error is not None and upload.dialect is None:
        raise unusable_file(upload.error)
    if upload.state == "cancelled":
        raise HttpProblem("conflict", "The import was cancelled.")
    is_over = wait_seconds is not None and live.ended.is_set()
    applied = {} if wait_seconds is None else {"Preference-Applied": f"wait={wait_seconds}"}
    location = {"Location": f"{PATH}/{upload.id}", **applied}
    return _json(summary(upload), status=201 if is_over else 202, headers=location)


async def _head_known(live: Live) -> None:
    """Wait a moment for the verdict on the file's head; not in the queue, where it takes longer."""
    with anyio.move_on_after(OPENING_SECONDS):
        while not live.opened.is_set() and live.queueing is None:
            stirred = live.stirred
            await stirred.wait()


def _wait_seconds(request: HttpRequest) -> int | None:
    """Return `wait` of the `Prefer` header. Source: RFC 7240 §4.3."""
    found = _WAIT.search(request.headers.get("Prefer", ""))
    return min(int(found[1]), WAIT_LIMIT_SECONDS) if found else None


def _position(request: HttpRequest) -> tuple[int, str] | None:
    text = request.query_params.get("cursor")
    if text is None:
        return None
    found = _POSITION.fullmatch(text)
    if found is None:
        raise invalid_cursor(text)
    return int(found[1]), found[2]


def _json(answer: Any, *, status: int = 200, headers: dict[str, str] | None = None) -> Response[bytes]:
    return Response(encode(answer), status_code=status, media_type="application/json", headers=headers or {})


HANDLERS = (
    start_upload,
    list_uploads,
    show_upload,
    show_offset,
    cancel_upload,
    undo_upload,
)

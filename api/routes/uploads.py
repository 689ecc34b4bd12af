"""Imports over HTTP: send a file, resume, read, cancel and undo."""

import re
from typing import Any

from litestar import Request, Response, get, post, route
from litestar.params import FromPath
from litestar.types import ASGIApp
from msgspec import Struct

from api.http.app_services import services_of
from api.http.openapi import BYTES, Answer, Body, Query, describe
from api.http.problems import refusal
from api.routes.answers import head_answer
from api.routes.uploads_body import receive_upload
from api.routes.uploads_problems import cancelled, refused, refused_before, unusable_file
from api.routes.url_parameters import UrlParameters, newest_first
from api.security.origins import header_list
from api.services.exports.formats import XLSX_TYPE
from api.services.identity import Identity
from api.services.imports.errors import ImportRefusedError
from api.services.imports.service import Imports
from api.services.imports.views import UploadDetails, UploadSummary, details, encode, summary
from domain.imports import Upload
from domain.people import may_change

TAG = "imports"
PATH = "/api/v1/uploads"
ONE = PATH + "/{upload_id:str}"
PAGE_LIMIT = 100
WAIT_LIMIT_SECONDS = 300
_WAIT = re.compile(r"(?:^|,)\s*wait\s*=\s*(\"?)(\d{1,18})\1\s*(?=[,;]|$)", re.ASCII | re.IGNORECASE)

HttpRequest = Request[Identity, Any, Any]

OPTIONS = [
    Query(
        "upload_id",
        "id of the import, to open its feed before the file is sent; chosen by the server by default",
    ),
    Query("mode", "import all valid rows, or all rows or none", {"enum": ["partial", "atomic"]}),
    Query("dry_run", "check everything, store nothing", {"type": "boolean"}),
    Query(
        "date_format",
        "order of day and month; `auto` finds it in the file",
        {"enum": ["auto", "iso", "dmy", "mdy"], "default": "auto"},
    ),
    Query("encoding", "text encoding; detected by default"),
    Query("delimiter", "delimiter between cells; detected by default"),
    Query("mapping", 'JSON object: field to column, by name or as "#3"; null for no column'),
    Query("defaults", "JSON object: field to value where the cell is empty"),
    Query("sheet", "sheet of a workbook, by name or number; by default the first one with a header"),
    Query(
        "header_row",
        "line or row with the column names, 0 for a file without; detected by default",
        {"type": "integer", "minimum": 0},
    ),
    Query("values", 'JSON object: field to replaced cells, `{"venue_type":{"Auditorium":"Auditório"}}`'),
    Query(
        "on_duplicate",
        "what to do with a row whose key belongs to a stored event",
        {"enum": ["insert", "skip", "update"], "default": "insert"},
    ),
    Query("key", "fields that make two rows the same event, separated by commas"),
    Query("stage", "stage the file without importing it yet", {"type": "boolean"}),
    Query("repairs_of", "id of the import whose corrected rows these are"),
]
HEADERS = [
    Query("Idempotency-Key", "a repeat of this key returns the first import", place="header"),
    Query(
        "Upload-Offset", "number of bytes that the server has; the body continues after them", place="header"
    ),
    Query(
        "Prefer",
        "`wait=30`: answer when the import has finished, at latest after this many seconds",
        place="header",
    ),
]
FILE_TYPES = (
    *("text/csv", "text/tab-separated-values", "text/plain", XLSX_TYPE),
    *("application/vnd.ms-excel", "application/vnd.oasis.opendocument.spreadsheet"),
    *("application/json", "application/x-ndjson", "text/calendar"),
    *("application/zip", "application/octet-stream"),
)
"""Of files that are read; the bytes tell what a file is, whatever type it is sent with."""

FORM = Body(
    {
        "multipart/form-data": {
            "type": "object",
            "required": ["file"],
            "properties": {"file": BYTES},
        }
    },
    about="One part `file`; options may be fields before or after it.",
    parts={"file": ", ".join(FILE_TYPES)},
)


class UploadPage(Struct, frozen=True):
    """Imports, newest first, and the cursor of the next page."""

    items: list[UploadDetails]
    next: str | None


@post(
    [PATH, "/api/v1/eventos/upload"],
    request_max_body_size=None,
    opt=describe(
        "Import a file of events",
        TAG,
        {
            202: Answer("Accepted; the feed reports the progress", UploadSummary),
            201: Answer("Finished, under `Prefer: wait`", UploadSummary),
            200: Answer("A repeated key: the first import, whose file came whole", UploadSummary),
        },
        problems=[
            "bad-request",
            "not-found",
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
async def start_upload(request: HttpRequest) -> Response[bytes]:
    """Read the body as it arrives; its rows are being stored meanwhile."""
    services = services_of(request.app)
    received = await receive_upload(request, services.imports)
    if isinstance(received, Upload):
        if why := refused_before(received):
            raise why
        return _json(summary(received))
    return await outcome(services.imports, received.upload.id, wait_seconds(request))


@get(
    PATH,
    opt=describe(
        "The history of imports, newest first",
        TAG,
        {200: Answer("A page", UploadPage, headers={"Link": 'The next page, `rel="next"`.'})},
        problems=["invalid-query"],
        parameters=[
            Query("limit", "imports per page", {"type": "integer", "minimum": 1, "maximum": PAGE_LIMIT}),
            Query("cursor", "`next` of the previous page"),
        ],
    ),
)
async def list_uploads(request: HttpRequest) -> Response[bytes]:
    """Return one page."""
    services = services_of(request.app)
    limit, before = newest_first(request.scope["query_string"], most=PAGE_LIMIT)
    uploads, position = await services.import_history.page(limit=limit, before=before)
    cursor = f"{position[0]}.{position[1]}" if position else None
    link = {"Link": f'<{PATH}?limit={limit}&cursor={cursor}>; rel="next"'} if cursor else {}
    return _json(UploadPage([details(*upload) for upload in uploads], cursor), headers=link)


@get(
    ONE,
    opt=describe("One import", TAG, {200: Answer("The import", UploadDetails)}, problems=["not-found"]),
)
async def show_upload(upload_id: FromPath[str], request: Request[Any, Any, Any]) -> Response[bytes]:
    """Return status, counts, what was detected, warnings and timings."""
    services = services_of(request.app)
    upload = await find(services.imports, upload_id)
    return _json(details(upload, await services.import_history.stored_events(upload)))


@route(
    ONE,
    http_method=["HEAD"],
    opt=describe(
        "How many bytes of the file the server has",
        TAG,
        {200: Answer("Nothing", headers={"Upload-Offset": "Bytes of the file that are staged."})},
        problems=["not-found"],
    ),
)
async def show_offset(upload_id: FromPath[str], request: Request[Any, Any, Any]) -> ASGIApp:
    """Answer with `Upload-Offset`: bytes of the file itself, not of the form around it."""
    services = services_of(request.app)
    upload = await find(services.imports, upload_id)
    headers = {"Upload-Offset": str(upload.bytes_received), "Cache-Control": "no-store"}
    # Of a form that has not ended, it is what the length of its body lets one expect.
    if upload.body_complete and upload.total_bytes is not None:
        headers["Upload-Length"] = str(upload.total_bytes)
    return head_answer(headers)


@post(
    ONE + "/cancel",
    status_code=200,
    opt=describe(
        "Stop an import between two batches",
        TAG,
        {200: Answer("Stopped; `rows_stay` says whether stored rows remain", UploadSummary)},
        problems=["not-found", "conflict", "invalid-query"],
        parameters=[Query("undo", "remove the rows that are already stored", {"type": "boolean"})],
        role="editor",
    ),
)
async def cancel_upload(request: HttpRequest, upload_id: FromPath[str]) -> Response[bytes]:
    """Stop an import; editors their own, administrators any."""
    services = services_of(request.app)
    parameters = UrlParameters(request.scope["query_string"], frozenset({"undo"}))
    undo = parameters.choice("undo", ("true", "false"), "false") == "true"
    parameters.finish()
    await _allowed(request, upload_id, services.imports)
    try:
        undo_by = request.user.name if undo else None
        return _json(summary(await services.imports.cancel(upload_id, undo_by=undo_by)))
    except ImportRefusedError as refusal:
        raise refused(refusal) from None


@post(
    ONE + "/undo",
    status_code=200,
    opt=describe(
        "Undo an import, except for events that were edited since",
        TAG,
        {
            200: Answer(
                "Undone: `undone` counts the events that were deleted, restored and kept", UploadDetails
            )
        },
        problems=["not-found", "conflict"],
        role="editor",
    ),
)
async def undo_upload(
    request: HttpRequest,
    upload_id: FromPath[str],
) -> Response[bytes]:
    """Undo an import; editors their own, administrators any."""
    services = services_of(request.app)
    await _allowed(request, upload_id, services.imports)
    try:
        return _json(details(await services.imports.undo(upload_id, actor=request.user.name)))
    except ImportRefusedError as refusal:
        raise refused(refusal) from None


async def find(imports: Imports, upload_id: str) -> Upload:
    """Return an import, or raise the 404."""
    try:
        return await imports.find(upload_id)
    except ImportRefusedError as refusal:
        raise refused(refusal) from None


async def _allowed(request: HttpRequest, upload_id: str, imports: Imports) -> None:
    if not may_change(request.user, (await find(imports, upload_id)).actor):
        raise refusal("forbidden.import", role="admin")


async def outcome(imports: Imports, upload_id: str, wait_seconds: int | None) -> Response[bytes]:
    """Return the answer to a request that began an import, or staged one."""
    upload, has_ended = await imports.outcome(upload_id, wait_seconds)
    if upload.state == "failed" and upload.error is not None and upload.dialect is None:
        raise unusable_file(upload.error)
    if upload.state in ("cancelled", "undoing", "undone"):  # Cancelled with its undo, or without.
        raise cancelled(upload)
    is_over = wait_seconds is not None and has_ended
    applied = {} if wait_seconds is None else {"Preference-Applied": f"wait={wait_seconds}"}
    location = {"Location": f"{PATH}/{upload.id}", **applied}
    return _json(summary(upload), status=201 if is_over else 202, headers=location)


def wait_seconds(request: HttpRequest) -> int | None:
    """Return `wait` of the `Prefer` header. Source: RFC 7240 §4.3."""
    found = _WAIT.search(header_list(request.scope, b"prefer") or "")
    return min(int(found[2]), WAIT_LIMIT_SECONDS) if found else None


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

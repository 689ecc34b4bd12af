"""Resumable uploads as tus 1.0 clients send them. Source: tus.io/protocols/resumable-upload.

Core, creation, creation-with-upload, expiration and termination. An upload is an import like any
other: its rows are read and reported while later PATCHes are still to come.
"""

from typing import Any

from litestar import HttpMethod, MediaType, Request, Response, delete, patch, post, route
from litestar.params import FromPath
from litestar.types import ASGIApp
from msgspec import structs

from api.http.app_services import services_of
from api.http.openapi import BYTES, Answer, Body, Query, describe
from api.http.problems import HttpProblem
from api.routes.answers import head_answer
from api.routes.uploads import OPTIONS
from api.routes.uploads_body import check_mended, new_upload
from api.routes.uploads_form import clean_filename
from api.routes.uploads_options import option_texts
from api.routes.uploads_problems import refused
from api.routes.uploads_tus_body import append, check_announced, check_open, has_bytes
from api.routes.uploads_tus_headers import (
    ABOUT_THE_FILE,
    EXTENSIONS,
    NAME_OF_VERSION,
    OFFSET_TYPE,
    OVERRIDE,
    VERSION,
    HttpRequest,
    check_method,
    check_offered,
    check_unchanged,
    check_version,
    expiry,
    metadata,
    metadata_text,
    number,
    overriding_method,
)
from api.services.imports.errors import ImportRefusedError
from api.services.imports.service import Imports
from domain.imports import Upload
from domain.people import may_change

TAG = "imports"
PATH = "/api/v1/uploads/tus"
ONE = PATH + "/{upload_id:str}"

_TUS = Query(NAME_OF_VERSION, "version of the protocol: 1.0.0", place="header", required=True)
_OFFSET = Query("Upload-Offset", "bytes that the server has", {"type": "integer"}, place="header")
_BYTES = Body({OFFSET_TYPE: BYTES})
_HELD = {
    "Upload-Offset": "Bytes had.",
    "Upload-Length": "Size of the file in bytes.",
    "Upload-Metadata": "The metadata as it was sent, if it was sent.",
}
_REFUSALS = ["not-found", "conflict", "gone", "tus-version"]


@route(
    PATH,
    http_method=HttpMethod.OPTIONS,
    status_code=204,
    opt=describe(
        "The supported version and extensions of tus",
        TAG,
        {204: Answer("Nothing; the headers say it")},
        role=None,
    ),
)
async def tell_protocol(request: Request[Any, Any, Any]) -> Response[None]:
    """Answer with the version, the extensions and the largest file."""
    services = services_of(request.app)
    headers = {
        "Allow": "OPTIONS, POST",
        "Tus-Version": VERSION,
        "Tus-Extension": EXTENSIONS,
        "Tus-Max-Size": str(services.imports.max_upload_bytes),
    }
    return Response(None, status_code=204, headers=headers)


@post(
    PATH,
    request_max_body_size=None,
    opt=describe(
        "Create a tus upload",
        TAG,
        {201: Answer("Created", headers={"Location": "Where its bytes are sent."})},
        problems=[
            "bad-request",
            "conflict",
            "tus-version",
            "too-large",
            "unsupported-media-type",
            "validation",
            "storage-full",
        ],
        parameters=[
            _TUS,
            Query("Upload-Length", "bytes of the file", {"type": "integer"}, place="header", required=True),
            Query("Upload-Metadata", "`filename` and the options of an import", place="header"),
            *OPTIONS,
        ],
        role="editor",
        is_upload=True,
    ),
)
async def create_upload(request: HttpRequest) -> Response[bytes]:
    """Create an import, and store its first bytes if the request has any."""
    services = services_of(request.app)
    check_version(request)
    check_method(request)
    check_offered(request, {"upload-length", "upload-metadata", "upload-offset"})
    check_unchanged(request, "Upload-Offset", "0")
    length = number(request, "Upload-Length")
    pairs = metadata(request)
    texts = option_texts(request, [pair for pair in pairs if pair[0] not in ABOUT_THE_FILE])
    about = dict(pairs)
    filename = clean_filename((about.get("filename") or about.get("name") or "").encode())
    wanted = new_upload(
        texts, filename=filename, actor=request.user.name, idempotency_key=None, total_bytes=length
    )
    wanted = structs.replace(wanted, metadata=metadata_text(request))
    brings_bytes = request.headers.get("Content-Type") == OFFSET_TYPE or not length
    if brings_bytes:
        check_announced(request, length)
    try:
        await check_mended(services.imports, request.user, wanted.options)
        await services.imports.create(wanted)
    except ImportRefusedError as refusal:
        raise refused(refusal) from None
    staged = await append(request, services.imports, wanted.upload_id, 0) if brings_bytes else 0
    location = {"Location": f"{PATH}/{wanted.upload_id}", "Upload-Offset": str(staged)}
    # Of no media type that makes JSON's `null` of nothing.
    headers = location | expiry(await services.imports.find(wanted.upload_id))
    return Response(b"", status_code=201, media_type=MediaType.TEXT, headers=headers)


@route(
    ONE,
    http_method=["HEAD"],
    opt=describe(
        "The offset of a tus upload",
        TAG,
        {200: Answer("Nothing", headers=_HELD)},
        problems=_REFUSALS,
        parameters=[_TUS],
    ),
)
async def show_tus_offset(request: HttpRequest, upload_id: FromPath[str]) -> ASGIApp:
    """Answer with the offset to resume from."""
    services = services_of(request.app)
    check_version(request)
    check_method(request)
    return head_answer(await _held(services.imports, upload_id))


@patch(
    ONE,
    status_code=204,
    request_max_body_size=None,
    opt=describe(
        "Send bytes of a tus upload",
        TAG,
        {204: Answer("Taken", headers={"Upload-Offset": "Number of bytes that the server has now."})},
        problems=[*_REFUSALS, "bad-request", "too-large", "unsupported-media-type", "storage-full"],
        parameters=[_TUS, _OFFSET],
        body=_BYTES,
        role="editor",
    ),
)
async def append_bytes(request: HttpRequest, upload_id: FromPath[str]) -> Response[None]:
    """Append to an upload."""
    services = services_of(request.app)
    check_method(request)
    return await _patch(request, services.imports, upload_id)


@delete(
    ONE,
    status_code=204,
    opt=describe(
        "Terminate a tus upload",
        TAG,
        {204: Answer("Terminated; rows that are already stored stay")},
        problems=_REFUSALS,
        parameters=[_TUS],
        role="editor",
    ),
)
async def terminate_upload(request: HttpRequest, upload_id: FromPath[str]) -> Response[None]:
    """Cancel the import."""
    services = services_of(request.app)
    check_method(request)
    return await _terminate(request, services.imports, upload_id)


@post(
    ONE,
    status_code=204,
    request_max_body_size=None,
    opt=describe(
        "PATCH, DELETE or HEAD for clients that can only POST",
        TAG,
        {
            204: Answer("The answer of the method in `X-HTTP-Method-Override`"),
            200: Answer("That of HEAD", headers=_HELD),
        },
        problems=[
            *_REFUSALS,
            "bad-request",
            "method-not-allowed",
            "too-large",
            "unsupported-media-type",
            "storage-full",
        ],
        parameters=[_TUS, Query(OVERRIDE, "PATCH, DELETE or HEAD", place="header", required=True)],
        body=_BYTES,
        role="editor",
    ),
)
async def override_method(request: HttpRequest, upload_id: FromPath[str]) -> Response[None]:
    """Act as the overriding method."""
    services = services_of(request.app)
    method = overriding_method(request)
    if method == "PATCH":
        return await _patch(request, services.imports, upload_id)
    if method == "DELETE":
        return await _terminate(request, services.imports, upload_id)
    if method == "HEAD":
        check_version(request)
        held = await _held(services.imports, upload_id)
        return Response(None, status_code=200, media_type=MediaType.TEXT, headers=held)
    raise HttpProblem("method-not-allowed", f"{OVERRIDE} must be PATCH, DELETE or HEAD.")


async def _held(imports: Imports, upload_id: str) -> dict[str, str]:
    """Return the headers that say what the server has of an upload."""
    upload = await _find(imports, upload_id)
    headers = {"Upload-Offset": str(upload.bytes_received), "Cache-Control": "no-store"}
    if upload.metadata is not None:
        headers["Upload-Metadata"] = upload.metadata
    if upload.total_bytes is not None:
        headers["Upload-Length"] = str(upload.total_bytes)
    return headers | expiry(upload)


async def _patch(request: HttpRequest, imports: Imports, upload_id: str) -> Response[None]:
    check_version(request)
    if request.headers.get("Content-Type") != OFFSET_TYPE:
        raise HttpProblem("unsupported-media-type", f"Content-Type must be {OFFSET_TYPE}")
    check_offered(request, {"upload-length", "upload-metadata", "upload-offset"})
    offset = number(request, "Upload-Offset")
    upload = await _find(imports, upload_id)
    _check_owner(request, upload)
    check_unchanged(request, "Upload-Length", str(upload.total_bytes))
    check_unchanged(request, "Upload-Metadata", upload.metadata)
    # Clients ask once more when the answer to the last bytes was lost.
    is_whole = upload.body_complete and offset == upload.bytes_received
    if is_whole and not await has_bytes(request):
        staged = offset
    else:
        staged = await append(request, imports, upload_id, offset)
    headers = {"Upload-Offset": str(staged)} | expiry(await imports.find(upload_id))
    return Response(None, status_code=204, headers=headers)


async def _terminate(request: HttpRequest, imports: Imports, upload_id: str) -> Response[None]:
    check_version(request)
    _check_owner(request, await _find(imports, upload_id))
    try:
        await imports.cancel(upload_id)
    except ImportRefusedError as refusal:
        raise refused(refusal) from None
    return Response(None, status_code=204)


def _check_owner(request: HttpRequest, upload: Upload) -> None:
    if not may_change(request.user, upload.actor):
        raise HttpProblem("forbidden", "Another person's upload: this needs the role admin.")


async def _find(imports: Imports, upload_id: str) -> Upload:
    """Return an import whose bytes are had or may still come."""
    try:
        upload = await imports.find(upload_id)
    except ImportRefusedError as refusal:
        raise refused(refusal) from None
    check_open(upload)
    return upload


HANDLERS = (
    tell_protocol,
    create_upload,
    show_tus_offset,
    append_bytes,
    terminate_upload,
    override_method,
)

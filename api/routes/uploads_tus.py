"""Resumable uploads as tus 1.0 clients send them. Source: tus.io/protocols/resumable-upload.

Core, creation, creation-with-upload, expiration and termination. An upload is an import like any
other: its rows are read and told while later PATCHes are still to come.
"""

import binascii
import re
from base64 import b64decode
from email.utils import formatdate
from typing import Any

from litestar import HttpMethod, Request, Response, delete, head, patch, post, route
from litestar.di import NamedDependency
from litestar.params import FromPath

from api.openapi import Answer, Body, Query, describe
from api.problems import HttpProblem
from api.routes.uploads_body import (
    BodyBrokenOffError,
    body_chunks,
    content_length,
    may_change,
    new_upload,
)
from api.routes.uploads_form import clean_filename
from api.routes.uploads_options import option_texts
from api.routes.uploads_problems import refused, unusable_file
from api.services.identity import Identity
from api.services.imports.reception import Reception
from api.services.imports.refusals import ImportRefusedError
from api.services.imports.service import KEEP_INTERRUPTED_MS, Imports
from domain.imports import Upload
from domain.ports import StorageError

TAG = "imports"
PATH = "/api/v1/uploads/tus"
ONE = PATH + "/{upload_id:str}"
VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,expiration,termination"
OFFSET_TYPE = "application/offset+octet-stream"
_NUMBER = re.compile(r"\d{1,18}", re.ASCII)
_PROTOCOL = {"Tus-Resumable": VERSION}
_TUS = Query("Tus-Resumable", "version of the protocol: 1.0.0", place="header", required=True)
_OFFSET = Query("Upload-Offset", "bytes that the server has", {"type": "integer"}, place="header")
_BYTES = Body({OFFSET_TYPE: {"type": "string", "format": "binary"}})
_REFUSALS = ["not-found", "conflict", "gone", "precondition-failed"]

HttpRequest = Request[Identity, Any, Any]


@route(
    PATH,
    http_method=HttpMethod.OPTIONS,
    status_code=204,
    opt=describe("What of tus is spoken here", TAG, {204: Answer("Told in headers")}, role=None),
)
async def tell_protocol(imports: NamedDependency[Imports]) -> Response[None]:
    """Tell version, extensions and the largest file."""
    told = {
        "Tus-Version": VERSION,
        "Tus-Extension": EXTENSIONS,
        "Tus-Max-Size": str(imports.max_upload_bytes),
    }
    return Response(None, status_code=204, headers=_PROTOCOL | told)


@post(
    PATH,
    request_max_body_size=None,
    opt=describe(
        "Create a tus upload",
        TAG,
        {201: Answer("Created", headers={"Location": "Where its bytes go."})},
        problems=[
            "bad-request",
            "conflict",
            "precondition-failed",
            "too-large",
            "validation",
            "storage-full",
        ],
        parameters=[
            _TUS,
            Query("Upload-Length", "bytes of the file", {"type": "integer"}, place="header", required=True),
            Query("Upload-Metadata", "`filename` and the options of an import", place="header"),
        ],
        role="editor",
        is_upload=True,
    ),
)
async def create_upload(request: HttpRequest, imports: NamedDependency[Imports]) -> Response[None]:
    """Create an import, and take its first bytes when they come along."""
    _check_version(request)
    length = _number(request, "Upload-Length")
    texts = option_texts(request, _metadata(request))
    filename = clean_filename((texts.get("filename") or texts.get("name") or "").encode())
    wanted = new_upload(
        texts, filename=filename, actor=request.user.name, idempotency_key=None, total_bytes=length
    )
    try:
        await imports.create(wanted)
    except ImportRefusedError as refusal:
        raise _refused(refusal) from None
    has_bytes = request.headers.get("Content-Type") == OFFSET_TYPE
    staged = await _append(request, imports, wanted.upload_id, 0) if has_bytes or not length else 0
    location = {"Location": f"{PATH}/{wanted.upload_id}", "Upload-Offset": str(staged)}
    return Response(None, status_code=201, headers=location | await _expiry(imports, wanted.upload_id))


@head(
    ONE,
    opt=describe(
        "How far a tus upload has come",
        TAG,
        {200: Answer("Nothing", headers={"Upload-Offset": "Bytes had.", "Upload-Length": "Bytes in all."})},
        problems=_REFUSALS,
        parameters=[_TUS],
    ),
)
async def show_tus_offset(
    request: HttpRequest, upload_id: FromPath[str], imports: NamedDependency[Imports]
) -> Response[None]:
    """Tell the offset to go on from."""
    _check_version(request)
    upload = await _find(imports, upload_id)
    told = {"Upload-Offset": str(upload.bytes_received), "Cache-Control": "no-store"}
    if upload.total_bytes is not None:
        told["Upload-Length"] = str(upload.total_bytes)
    return Response(None, headers=told | await _expiry(imports, upload_id))


@patch(
    ONE,
    status_code=204,
    request_max_body_size=None,
    opt=describe(
        "Send bytes of a tus upload",
        TAG,
        {204: Answer("Taken", headers={"Upload-Offset": "Bytes had now."})},
        problems=[*_REFUSALS, "bad-request", "too-large", "unsupported-media-type", "storage-full"],
        parameters=[_TUS, _OFFSET],
        body=_BYTES,
        role="editor",
    ),
)
async def append_bytes(
    request: HttpRequest, upload_id: FromPath[str], imports: NamedDependency[Imports]
) -> Response[None]:
    """Append to an upload."""
    return await _patch(request, imports, upload_id)


@delete(
    ONE,
    status_code=204,
    opt=describe(
        "End a tus upload before its end",
        TAG,
        {204: Answer("Ended; rows already in stay")},
        problems=_REFUSALS,
        parameters=[_TUS],
        role="editor",
    ),
)
async def terminate_upload(
    request: HttpRequest, upload_id: FromPath[str], imports: NamedDependency[Imports]
) -> Response[None]:
    """Cancel the import."""
    return await _terminate(request, imports, upload_id)


@post(
    ONE,
    status_code=204,
    request_max_body_size=None,
    opt=describe(
        "PATCH or DELETE for clients that can only POST",
        TAG,
        {204: Answer("As the method in `X-HTTP-Method-Override`")},
        problems=[*_REFUSALS, "method-not-allowed"],
        parameters=[_TUS, Query("X-HTTP-Method-Override", "PATCH or DELETE", place="header", required=True)],
        body=_BYTES,
        role="editor",
    ),
)
async def override_method(
    request: HttpRequest, upload_id: FromPath[str], imports: NamedDependency[Imports]
) -> Response[None]:
    """Do what the overriding method says."""
    method = request.headers.get("X-HTTP-Method-Override", "").upper()
    if method == "PATCH":
        return await _patch(request, imports, upload_id)
    if method == "DELETE":
        return await _terminate(request, imports, upload_id)
    raise HttpProblem("method-not-allowed", "X-HTTP-Method-Override must be PATCH or DELETE.")


async def _patch(request: HttpRequest, imports: Imports, upload_id: str) -> Response[None]:
    _check_version(request)
    if request.headers.get("Content-Type") != OFFSET_TYPE:
        raise HttpProblem("unsupported-media-type", f"Content-Type must be {OFFSET_TYPE}", headers=_PROTOCOL)
    offset = _number(request, "Upload-Offset")
    _check_owner(request, await _find(imports, upload_id))
    staged = await _append(request, imports, upload_id, offset)
    told = {"Upload-Offset": str(staged)}
    return Response(None, status_code=204, headers=told | await _expiry(imports, upload_id))


async def _terminate(request: HttpRequest, imports: Imports, upload_id: str) -> Response[None]:
    _check_version(request)
    _check_owner(request, await _find(imports, upload_id))
    try:
        await imports.cancel(upload_id)
    except ImportRefusedError as refusal:
        raise _refused(refusal) from None
    return Response(None, status_code=204, headers=_PROTOCOL)


async def _append(request: HttpRequest, imports: Imports, upload_id: str, offset: int) -> int:
    """Take a body in and return the bytes had then."""
    try:
        reception = await imports.resume(upload_id, offset)
    except ImportRefusedError as refusal:
        raise _refused(refusal) from None
    try:
        await _take(request, reception, offset)
    except ImportRefusedError as refusal:
        await reception.break_off()
        raise _refused(refusal) from None
    except BodyBrokenOffError:
        await reception.break_off()
        raise HttpProblem("request-timeout", "the body broke off; what arrived is kept") from None
    except StorageError:
        await reception.break_off()
        raise
    _check_usable(reception.live.upload)
    return reception.staged


async def _take(request: HttpRequest, reception: Reception, offset: int) -> None:
    length = reception.live.upload.total_bytes
    assert length is not None
    at = offset + (content_length(request) or 0)
    _check_within(at, length)
    at = offset
    async for chunk in body_chunks(request):
        at += len(chunk)
        _check_within(at, length)
        await reception.write(chunk)
        if reception.ended:
            return
    if at == length:
        await reception.complete()
    else:
        await reception.rest()


def _check_within(at: int, length: int) -> None:
    if at > length:
        raise ImportRefusedError("too_large", f"the upload was announced with {length} bytes, not {at}")


def _check_usable(upload: Upload) -> None:
    if upload.state == "failed" and upload.error is not None:
        problem = unusable_file(upload.error)
        problem.headers = {**(problem.headers or {}), **_PROTOCOL}
        raise problem


def _check_version(request: HttpRequest) -> None:
    version = request.headers.get("Tus-Resumable")
    if version != VERSION:
        told = _PROTOCOL | {"Tus-Version": VERSION}
        raise HttpProblem("precondition-failed", f"Tus-Resumable must be {VERSION}", headers=told)


def _check_owner(request: HttpRequest, upload: Upload) -> None:
    if not may_change(request.user, upload):
        raise HttpProblem("forbidden", "Another person's upload: this needs the role admin.")


def _number(request: HttpRequest, name: str) -> int:
    text = request.headers.get(name, "")
    if not _NUMBER.fullmatch(text):
        raise HttpProblem("bad-request", f"{name} must be a whole number of bytes", headers=_PROTOCOL)
    return int(text)


def _metadata(request: HttpRequest) -> dict[str, str]:
    """Return `Upload-Metadata`: pairs of a key and a base64 value, separated by commas."""
    pairs = [pair.split() for pair in request.headers.get("Upload-Metadata", "").split(",") if pair.strip()]
    try:
        return {
            pair[0]: b64decode(pair[1] if len(pair) > 1 else "", validate=True).decode("utf-8", "replace")
            for pair in pairs
        }
    except binascii.Error:
        raise HttpProblem(
            "bad-request", "Upload-Metadata must be keys with base64 values", headers=_PROTOCOL
        ) from None


async def _find(imports: Imports, upload_id: str) -> Upload:
    """Return an import whose bytes are had or may still come."""
    try:
        upload = await imports.find(upload_id)
    except ImportRefusedError as refusal:
        raise _refused(refusal) from None
    if upload.state in {"cancelled", "failed"}:
        why = f": {upload.error.message}" if upload.error else ""
        raise HttpProblem("gone", f"The upload {upload_id} is {upload.state}{why}.", headers=_PROTOCOL)
    return upload


async def _expiry(imports: Imports, upload_id: str) -> dict[str, str]:
    """Return the headers of every good answer, with the time until which the rest may come."""
    upload = await imports.find(upload_id)
    if upload.body_complete:
        return _PROTOCOL
    expires = (upload.updated_at + KEEP_INTERRUPTED_MS) / 1000
    return _PROTOCOL | {"Upload-Expires": formatdate(expires, usegmt=True)}


def _refused(refusal: ImportRefusedError) -> HttpProblem:
    problem = refused(refusal)
    problem.headers = {**(problem.headers or {}), **_PROTOCOL}
    return problem


HANDLERS = (
    tell_protocol,
    create_upload,
    show_tus_offset,
    append_bytes,
    terminate_upload,
    override_method,
)

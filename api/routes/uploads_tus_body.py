"""The bytes of a tus upload: taken from a POST or PATCH, up to the length that was announced."""

from api.http.problems import HttpProblem
from api.routes.uploads_body import BodyBrokenOffError, body_chunks, content_length
from api.routes.uploads_problems import refused, unusable_file
from api.routes.uploads_tus_headers import HttpRequest
from api.services.imports.errors import ImportRefusedError
from api.services.imports.service import Imports
from api.services.imports.upload_body import UploadBody
from domain.imports import Upload
from domain.ports.errors import StorageError


async def append(request: HttpRequest, imports: Imports, upload_id: str, offset: int) -> int:
    """Take a body in and return the bytes had then."""
    try:
        upload_body = await imports.resume(upload_id, offset)
    except ImportRefusedError as refusal:
        check_open(await imports.find(upload_id))
        raise refused(refusal) from None
    try:
        await _take(request, upload_body, offset)
    except ImportRefusedError as refusal:
        await upload_body.break_off()
        check_open(await upload_body.settled())
        raise refused(refusal) from None
    except BodyBrokenOffError as broken:
        await upload_body.break_off()
        check_open(await upload_body.settled())
        raise broken.problem from None
    except StorageError:
        await upload_body.break_off()
        raise
    except BaseException:
        # Whatever it was: an import whose body neither comes nor ends would wait for ever.
        imports.leave(upload_body)
        raise
    upload = await upload_body.settled()
    _check_usable(upload)
    check_open(upload)
    return upload_body.staged


def check_announced(request: HttpRequest, length: int) -> None:
    """Refuse a body that is longer than its upload, before there is one.

    Raises:
        HttpProblem: it is longer by its Content-Length.
    """
    try:
        _check_within(content_length(request) or 0, length)
    except ImportRefusedError as refusal:
        raise refused(refusal) from None


def check_open(upload: Upload) -> None:
    """Raise the 410 of an upload that ended early: its client has to begin another one."""
    if upload.state in {"cancelled", "failed", "undoing", "undone"}:
        why = f": {upload.error.message}" if upload.error else ""
        raise HttpProblem("gone", f"The upload {upload.id} is {upload.state}{why}.")


async def _take(request: HttpRequest, upload_body: UploadBody, offset: int) -> None:
    length = upload_body.upload.total_bytes
    assert length is not None
    at = offset + (content_length(request) or 0)
    _check_within(at, length)
    at = offset
    async for chunk in body_chunks(request, lambda: upload_body):
        at += len(chunk)
        _check_within(at, length)
        await upload_body.write(chunk)
        if upload_body.ended:
            return
    if upload_body.ended:
        return
    if at == length:
        await upload_body.complete()
    else:
        await upload_body.rest()


def _check_within(at: int, length: int) -> None:
    if at > length:
        raise ImportRefusedError("too_large", f"the upload was announced with {length} bytes, not {at}")


def _check_usable(upload: Upload) -> None:
    if upload.state == "failed" and upload.error is not None:
        raise unusable_file(upload.error)


async def has_bytes(request: HttpRequest) -> bool:
    """Return whether a request brings any bytes."""
    if content_length(request) == 0:
        return False
    async for chunk in body_chunks(request):
        if chunk:
            return True
    return False

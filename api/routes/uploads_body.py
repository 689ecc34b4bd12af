"""An upload's body: read as it arrives, handed on as it is read, ended one way or the other."""

import re
from collections.abc import AsyncIterator
from contextlib import aclosing
from secrets import token_urlsafe
from typing import Any

import anyio
from litestar import Request
from litestar.exceptions import ClientException, InternalServerException

from api.problems import HttpProblem, invalid_fields
from api.routes.content_encoding import refuse_encoded
from api.routes.uploads_form import FileForm, FormError
from api.routes.uploads_options import UPLOAD_OPTION_NAMES, option_texts
from api.routes.uploads_problems import malformed, refused
from api.services.identity import Identity
from api.services.imports.options import OPTION_NAMES, check_upload_id, parse_options
from api.services.imports.reception import Reception
from api.services.imports.refusals import ImportRefusedError
from api.services.imports.service import Imports, NewUpload
from domain.imports import Upload
from domain.ports import StorageError
from domain.problems import Problem

SILENCE_SECONDS = 60.0
"""Without a byte for so long, a body counts as broken off."""

FORM_BYTES = 64 * 1024
"""What a form may weigh beside its file, for an early look at Content-Length."""

_KEY = re.compile(r"[\x21-\x7e]{1,255}", re.ASCII)
_OFFSET = re.compile(r"\d{1,18}", re.ASCII)

HttpRequest = Request[Identity, Any, Any]


class BodyBrokenOffError(Exception):
    """The client went away, or fell silent, before the end of the body."""


async def body_chunks(request: HttpRequest) -> AsyncIterator[bytes]:
    """Yield the body as it arrives.

    Raises:
        BodyBrokenOffError: there will be no more of it.
    """
    async with aclosing(request.stream()) as stream:
        while True:
            try:
                with anyio.fail_after(SILENCE_SECONDS):
                    chunk = await anext(stream, None)
            # Litestar tells a client that went away as an error of the server's.
            except (TimeoutError, ClientException, InternalServerException):
                raise BodyBrokenOffError from None
            if chunk is None:
                return
            yield chunk


async def receive_upload(request: HttpRequest, imports: Imports) -> Reception | Upload:
    """Take a whole body in; return the import that it went to, or the one that it repeats.

    Raises:
        HttpProblem: the request, the form or the file cannot be taken.
    """
    refuse_encoded(request)
    option_texts(request, {})
    refuse_too_large(request, imports.max_upload_bytes + FORM_BYTES)
    if (known := await _repeated(request, imports)) is not None:
        return known
    content_type = request.headers.get("Content-Type")
    try:
        return await _Intaking(request, imports, FileForm(content_type)).run()
    except FormError as fault:
        raise malformed(fault, content_type) from None
    except ImportRefusedError as refusal:
        # Of requests with one key at the same time, all saw no import and one began it.
        if refusal.code == "upload_id_in_use" and (known := await _repeated(request, imports)) is not None:
            return known
        raise refused(refusal) from None


def refuse_too_large(request: HttpRequest, limit: int) -> None:
    """Refuse by Content-Length, before the first byte of the body is read."""
    length = content_length(request)
    if length is not None and length > limit:
        message = f"the body has {length} bytes; the file may have {limit - FORM_BYTES} at most"
        raise HttpProblem("too-large", message, errors=[Problem("file", "too_large", message)])


def content_length(request: HttpRequest) -> int | None:
    """Return the body's length, where it is told."""
    text = request.headers.get("Content-Length", "")
    return int(text) if _OFFSET.fullmatch(text) else None


def idempotency_key(request: HttpRequest) -> str | None:
    """Return the `Idempotency-Key` as it is kept: two people may draw the same one."""
    key = request.headers.get("Idempotency-Key")
    if key is not None and not _KEY.fullmatch(key):
        message = "Idempotency-Key must be 1 to 255 visible ASCII characters"
        raise invalid_fields([Problem("Idempotency-Key", "invalid_option", message)])
    return None if key is None else f"{request.user.name} {key}"


def upload_offset(request: HttpRequest) -> int | None:
    """Return the `Upload-Offset`: bytes of the file, not of the form, that the server has."""
    text = request.headers.get("Upload-Offset")
    if text is None:
        return None
    if not _OFFSET.fullmatch(text):
        message = "Upload-Offset must be a whole number of bytes"
        raise invalid_fields([Problem("Upload-Offset", "invalid_option", message, text[:80])])
    return int(text)


async def _repeated(request: HttpRequest, imports: Imports) -> Upload | None:
    key = idempotency_key(request)
    if key is None or upload_offset(request) is not None:
        return None
    return await imports.by_idempotency_key(key)


class _Intaking:
    """One request's way through: form, options, bytes, end."""

    def __init__(self, request: HttpRequest, imports: Imports, form: FileForm) -> None:
        self._request = request
        self._imports = imports
        self._identity = request.user
        self._form = form
        self._reception: Reception | None = None

    async def run(self) -> Reception:
        try:
            await self._read()
            return await self._ended()
        except FormError as fault:
            await self._give_up(Problem("file", fault.code, str(fault)))
            raise
        except ImportRefusedError as refusal:
            if refusal.code == "too_large":
                await self._give_up(Problem("file", refusal.code, str(refusal)))
            await self._break_off()
            raise
        except (BodyBrokenOffError, StorageError) as broken:
            await self._break_off()
            if isinstance(broken, StorageError):
                raise
            raise HttpProblem("request-timeout", "the body broke off; what arrived is kept") from None

    async def _read(self) -> None:
        async with aclosing(body_chunks(self._request)) as chunks:  # type: ignore[type-var]  # it is a generator
            async for chunk in chunks:
                content = self._form.receive(chunk)
                if self._reception is None and self._begins():
                    self._reception = await self._open()
                if self._reception is not None and content:
                    await self._reception.write(content)
                if self._reception is not None and self._reception.ended:
                    return
        self._form.finish()
        if self._reception is None:  # A file of no bytes, in a form that was cut right there.
            self._reception = await self._open()

    def _begins(self) -> bool:
        return self._form.file_start is not None or self._form.file_ended

    async def _ended(self) -> Reception:
        reception = self._reception
        assert reception is not None
        if not (self._form.file_ended or reception.ended):
            await reception.break_off()
            raise ImportRefusedError(
                "broken_off",
                "the body ended before the boundary behind the file; what arrived is kept",
                offset=reception.staged,
            )
        late = [name for name in self._form.late_fields if name in UPLOAD_OPTION_NAMES]
        await reception.complete(late_options=late)
        return reception

    async def _give_up(self, error: Problem) -> None:
        if self._reception is not None:
            await self._imports.give_up(self._reception, error)
            self._reception = None

    async def _break_off(self) -> None:
        if self._reception is not None:
            await self._reception.break_off()

    async def _open(self) -> Reception:
        texts = option_texts(self._request, self._form.fields)
        offset = upload_offset(self._request)
        if offset is not None and (upload_id := await self._known_id(texts.get("upload_id"))):
            return await self._imports.resume(upload_id, offset)
        return await self._imports.begin(self._wanted(texts, offset))

    async def _known_id(self, upload_id: str | None) -> str | None:
        """Return the id of the import that goes on, by its own name or its key."""
        key = idempotency_key(self._request)
        known = await self._imports.by_idempotency_key(key) if key else None
        if known is None and upload_id is not None:
            try:
                known = await self._imports.find(upload_id)
            except ImportRefusedError:
                return None
        if known is not None and not may_change(self._identity, known):
            raise HttpProblem("forbidden", "Only its sender and administrators may go on with an upload.")
        return known.id if known else None

    def _wanted(self, texts: dict[str, str], offset: int | None) -> NewUpload:
        if offset:
            raise ImportRefusedError("not_found", "there is no such upload to go on with")
        length = content_length(self._request)
        return new_upload(
            texts,
            filename=self._form.filename or "",
            actor=self._identity.name,
            idempotency_key=idempotency_key(self._request),
            total_bytes=None if length is None else self._form.file_bytes(length),
        )


def new_upload(
    texts: dict[str, str],
    *,
    filename: str,
    actor: str,
    idempotency_key: str | None,
    total_bytes: int | None,
) -> NewUpload:
    """Return what is asked for in these texts, or raise everything that is wrong with them."""
    upload_id = texts.get("upload_id", "") or token_urlsafe(12)
    options = parse_options({name: text for name, text in texts.items() if name in OPTION_NAMES})
    errors = options if isinstance(options, list) else []
    if wrong_id := check_upload_id(upload_id):
        errors.append(wrong_id)
    if errors or isinstance(options, list):
        raise invalid_fields(errors)
    return NewUpload(upload_id, filename, options, actor, idempotency_key, total_bytes)


def may_change(identity: Identity, upload: Upload) -> bool:
    """Tell whether someone may go on with, cancel or undo an import."""
    return identity.role == "admin" or identity.name == upload.actor

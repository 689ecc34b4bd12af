"""Reads the body of an upload as it arrives, and passes it on."""

import re
import time
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, nullcontext
from secrets import token_urlsafe
from typing import Any

from litestar import Request
from litestar.exceptions import ClientException, InternalServerException

from api.http.app_services import services_of
from api.http.problems import HttpProblem, invalid_fields, problem_of, refusal
from api.routes import idempotency
from api.routes.content_encoding import refuse_encoded
from api.routes.uploads_form import FileForm, FormError
from api.routes.uploads_options import LateOption, changed_options, option_texts, options_of
from api.routes.uploads_problems import kept, malformed, refused
from api.security.guards import unauthorized
from api.services.identity import Identity
from api.services.imports.errors import ImportRefusedError, refused_by
from api.services.imports.new_upload import NewUpload
from api.services.imports.repairs import repairable
from api.services.imports.retraced_body import RetracedBody
from api.services.imports.service import Imports
from api.services.imports.upload_body import UploadBody
from domain.imports import ENDED, ImportOptions, Upload
from domain.people import may_change
from domain.ports.errors import StorageError
from domain.problems import Problem, problem

SILENCE_SECONDS = 60.0
"""Without a byte for so long, a body counts as broken off."""

HOLD_BYTES = 1024 * 1024
"""A file up to this size waits for the end of its form, where an option may stand."""

FORM_BYTES = 64 * 1024
"""Bytes that a form may have besides its file, for an early look at Content-Length."""

_OF_THE_BODY = frozenset({"in_progress", "broken_off"})
"""The import goes on after these, by another body; any other refusal is one of the whole request."""

_OFFSET = re.compile(r"\d{1,18}", re.ASCII)

HttpRequest = Request[Identity, Any, Any]


class BodyBrokenOffError(Exception):
    """The client disconnected or stalled before the end of the body."""

    @property
    def problem(self) -> HttpProblem:
        """The answer."""
        return HttpProblem("request-timeout", "the body broke off; the received bytes are kept")


class SenderGoneError(BodyBrokenOffError):
    """The sender was disabled, or signed out, before the end of the body: nothing more of it is taken."""

    @property
    def problem(self) -> HttpProblem:
        """The answer."""
        return unauthorized(presented=True)


def _no_import() -> None:
    """Return the body of no import."""


async def body_chunks(
    request: HttpRequest, into: Callable[[], UploadBody | RetracedBody | None] = _no_import
) -> AsyncIterator[bytes]:
    """Yield the body as it arrives, until the import ends that it goes `into`: nothing more is waited for.

    Raises:
        BodyBrokenOffError: there will be no more of it.
    """
    bodies, begun = services_of(request.app).bodies, time.monotonic()
    with bodies.receive(request.user) as body:
        async with aclosing(request.stream()) as stream:
            while True:
                taker = into()
                ending = nullcontext() if taker is None else taker.on_end(body.stop_waiting)
                try:
                    with body.wait_within(SILENCE_SECONDS), ending:
                        chunk = await anext(stream, None)
                # Litestar reports a client that went away as an error of the server's.
                except (TimeoutError, ClientException, InternalServerException):
                    if taker is not None and taker.ended and not body.is_over:
                        return
                    raise (SenderGoneError if body.is_over else BodyBrokenOffError) from None
                if chunk is None:
                    break
                yield chunk
        if await bodies.is_sender_gone(request.user, begun=begun):
            raise SenderGoneError


async def receive_upload(request: HttpRequest, imports: Imports) -> UploadBody | Upload:
    """Receive a whole body; return its import, or the import that the request repeats.

    Raises:
        HttpProblem: the request, the form or the file cannot be taken.
    """
    refuse_encoded(request)
    refuse_too_large(request, imports.max_upload_bytes + FORM_BYTES)
    known = await _repeated(request, imports)
    content_type = request.headers.get("Content-Type")
    try:
        form = FileForm(content_type)
        if known is not None and (known.body_complete or known.state in ENDED):
            await _read_options(request, form)
            return _as_before(request, form, known)
        return await _FormUpload(request, imports, form).run()
    except FormError as fault:
        raise malformed(fault, content_type) from None
    except BodyBrokenOffError as broken:
        raise broken.problem from None
    except ImportRefusedError as refusal:
        raise refused(refusal) from None


def refuse_too_large(request: HttpRequest, limit: int) -> None:
    """Refuse by Content-Length, before the first byte of the body is read."""
    length = content_length(request)
    if length is not None and length > limit:
        why = problem("too_large.body", "file", length_bytes=length, limit_bytes=limit - FORM_BYTES)
        raise HttpProblem("too-large", why.message, errors=[why])


def content_length(request: HttpRequest) -> int | None:
    """Return the body's length, where the head has it."""
    text = request.headers.get("Content-Length", "")
    return int(text) if _OFFSET.fullmatch(text) else None


def idempotency_key(request: HttpRequest) -> str | None:
    """Return the `Idempotency-Key` with its person: two people may use the same key."""
    key = idempotency.idempotency_key(request.scope)
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


async def _read_options(request: HttpRequest, form: FileForm) -> None:
    """Read the fields of a repeated form: all of them, but for those after a file that is not held for them.

    What comes after a larger file could not change an import: its rows are read by then.
    """
    passed = 0
    async with aclosing(body_chunks(request)) as chunks:  # type: ignore[type-var]  # it is a generator
        async for chunk in chunks:
            passed += len(form.receive(chunk))
            if passed > HOLD_BYTES:
                return


def _as_before(request: HttpRequest, form: FileForm, known: Upload) -> Upload:
    """Return the import that a request repeats.

    Raises:
        HttpProblem: it asks for other options, which would have no effect.
    """
    # Until its body has ended, an import has the options that came before its file.
    fields = form.fields if known.body_complete else form.fields[: form.fields_before_file]
    texts = option_texts(request, fields)
    if other := changed_options(texts, known.came_with, known.id, sentence="late_option.repeated"):
        raise invalid_fields(other)
    return known


class _FormUpload:
    """One request's way through: form, options, bytes, end."""

    def __init__(self, request: HttpRequest, imports: Imports, form: FileForm) -> None:
        self._request = request
        self._imports = imports
        self._identity = request.user
        self._form = form
        self._held = bytearray()
        self._hold_bytes = min(HOLD_BYTES, imports.max_upload_bytes)
        self._body: UploadBody | RetracedBody | None = None
        self._goes_on = False

    async def run(self) -> UploadBody | Upload:
        try:
            return await self._run()
        except BaseException:
            # Whatever it was: an import whose body neither comes nor ends would wait for ever.
            if self._body is not None:
                self._imports.leave(self._body)
            raise

    async def _run(self) -> UploadBody | Upload:
        try:
            await self._read()
            return await self._ended()
        except (FormError, HttpProblem) as fault:
            await self._give_up(_fault_of(fault))
            raise
        except ImportRefusedError as refusal:
            if refusal.code in _OF_THE_BODY:
                await self._break_off()
            else:
                await self._give_up(*refusal.errors[:1] or [Problem("file", refusal.code, str(refusal))])
            raise
        except (BodyBrokenOffError, StorageError) as broken:
            if (answer := await self._end_of(broken)) is broken:
                raise
            raise answer from broken

    async def _read(self) -> None:
        chunks = body_chunks(self._request, lambda: self._body)
        async with aclosing(chunks):  # type: ignore[type-var]  # it is a generator
            async for chunk in chunks:
                await self._take(self._form.receive(chunk))
                if self._has_ended:
                    return
        if self._has_ended:
            return
        self._form.finish()
        await self._begin()

    @property
    def _has_ended(self) -> bool:
        """Whether the import ended before its body."""
        return self._body is not None and self._body.ended

    async def _take(self, content: bytes) -> None:
        """Stage what came; hold a small file that has no name yet: its `upload_id` may follow it."""
        if self._body is not None:
            if content:
                await self._body.write(content)
            return
        self._held += content
        if len(self._held) > self._hold_bytes or (self._begins and self._has_a_name()):
            await self._begin()

    @property
    def _begins(self) -> bool:
        return self._form.file_start is not None or self._form.file_ended

    def _has_a_name(self) -> bool:
        """Return whether the import can be requested while it is received."""
        names = {name for name, _ in self._form.fields} | {*self._request.query_params}
        return "upload_id" in names or idempotency_key(self._request) is not None

    async def _begin(self) -> None:
        if self._body is None:
            self._body = await self._open()
            await self._body.write(bytes(self._held))
            self._held.clear()

    async def _ended(self) -> UploadBody | Upload:
        body = self._body
        assert body is not None
        if not body.ended:
            if not self._form.ended:
                await body.break_off()
                raise refused_by("broken_off", offset=body.staged)
            if isinstance(body, RetracedBody) and not await body.goes_on():
                return _as_before(self._request, self._form, body.upload)
            options = self._final_options(body)
            await check_mended(self._imports, self._identity, options)
            await body.complete(options=options)
        if isinstance(body, RetracedBody):
            assert body.begun is not None, "it ended with the file, or the import with it"
            return body.begun
        return body

    def _final_options(self, body: UploadBody | RetracedBody) -> ImportOptions:
        """Return the options with those that came after the file; refuse them where rows were read."""
        upload = body.upload
        texts = option_texts(self._request, self._form.fields)
        given = options_of(texts)
        # A body that goes on keeps the options that the import began with: it need not name them again.
        is_held = not self._goes_on and body.hold()
        sentence: LateOption = "late_option.resumed" if self._goes_on else "late_option"
        late = changed_options(texts, upload.options, upload.id, may_change=is_held, sentence=sentence)
        if late:
            raise invalid_fields(late)
        return given if is_held else upload.options

    async def _keep_what_came(self, broken: Exception) -> None:
        # Of a sender who is gone nothing begins any more.
        is_to_resume = isinstance(broken, BodyBrokenOffError) and not isinstance(broken, SenderGoneError)
        if is_to_resume and self._form.filename is not None:
            await self._begin()
        await self._break_off()

    async def _end_of(self, broken: BodyBrokenOffError | StorageError) -> Exception:
        """Keep what came of a body that ended early, and return the answer, which names its upload."""
        try:
            await self._keep_what_came(broken)
        except StorageError as failure:
            broken = failure
        if self._body is None and isinstance(broken, StorageError):
            return broken
        problem = problem_of(broken) if isinstance(broken, StorageError) else broken.problem
        if self._body is None or isinstance(broken, SenderGoneError):
            return problem
        return kept(problem, self._body.upload, self._body.staged)

    async def _give_up(self, error: Problem) -> None:
        body = self._body.begun if isinstance(self._body, RetracedBody) else self._body
        if body is not None:
            await self._imports.give_up(body, error)
        self._body = None

    async def _break_off(self) -> None:
        if self._body is not None:
            await self._body.break_off()

    async def _open(self) -> UploadBody | RetracedBody:
        texts = option_texts(self._request, self._form.fields)
        offset = upload_offset(self._request)
        if offset is not None and (known := await self._known(texts.get("upload_id"))):
            if late := changed_options(texts, known.options, known.id, sentence="late_option.resumed"):
                raise invalid_fields(late)
            self._goes_on = True
            return await self._imports.resume(known.id, offset)
        if (known := await _repeated(self._request, self._imports)) is not None:
            return self._retraced(texts, known)
        wanted = self._wanted(texts, offset)
        await check_mended(self._imports, self._identity, wanted.options)
        try:
            return await self._imports.begin(wanted, hold_bytes=self._hold_bytes)
        except ImportRefusedError as refusal:
            # Of requests with one key at the same time, all saw no import and one began it.
            known = await _repeated(self._request, self._imports)
            if refusal.code != "upload_id_in_use" or known is None:
                raise
            return self._retraced(texts, known)

    def _retraced(self, texts: dict[str, str], known: Upload) -> RetracedBody:
        """Return a body for the import that a key has begun, whose file comes again from its start.

        Whoever repeats a request knows nothing of what arrived: to answer as if all had would lose the rest.
        """
        if other := changed_options(texts, known.came_with, known.id, sentence="late_option.repeated"):
            raise invalid_fields(other)
        self._goes_on = True
        return self._imports.retrace(known)

    async def _known(self, upload_id: str | None) -> Upload | None:
        """Return the import that goes on, by its own name or its key."""
        key = idempotency_key(self._request)
        known = await self._imports.by_idempotency_key(key) if key else None
        if known is None and upload_id is not None:
            try:
                known = await self._imports.find(upload_id)
            except ImportRefusedError:
                return None
        if known is not None and not may_change(self._identity, known.actor):
            raise refusal("forbidden.upload")
        return known

    def _wanted(self, texts: dict[str, str], offset: int | None) -> NewUpload:
        if offset:
            raise refused_by("not_found.upload")
        return new_upload(
            texts,
            filename=self._form.filename or "",
            actor=self._identity.name,
            idempotency_key=idempotency_key(self._request),
            total_bytes=self._file_bytes(),
        )

    def _file_bytes(self) -> int | None:
        """Return the size of the file: had already, or from Content-Length if nothing follows it."""
        if self._form.file_ended:
            return len(self._held)
        length = content_length(self._request)
        return None if length is None else self._form.file_bytes(length)


def _fault_of(fault: FormError | HttpProblem) -> Problem:
    if isinstance(fault, FormError):
        return Problem("file", fault.code, str(fault))
    return fault.errors[0] if fault.errors else Problem("", "bad_option", fault.detail)


async def check_mended(imports: Imports, identity: Identity, options: ImportOptions) -> None:
    """Raise if the import of corrected rows is missing, or is another person's."""
    if options.repairs_of is None:
        return
    mended = repairable(await imports.find(options.repairs_of), options.repairs_of)
    if not may_change(identity, mended.actor):
        raise refusal("forbidden.import", role="admin")


def new_upload(
    texts: dict[str, str],
    *,
    filename: str,
    actor: str,
    idempotency_key: str | None,
    total_bytes: int | None,
) -> NewUpload:
    """Return the upload with these options, as `option_texts` returned them."""
    options = options_of(texts)
    upload_id = texts.get("upload_id") or token_urlsafe(12)
    return NewUpload(upload_id, filename, options, actor, idempotency_key, total_bytes)

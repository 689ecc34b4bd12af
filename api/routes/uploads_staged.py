"""A staged file over HTTP: preview, check and import, with any options."""

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath

from api.http.app_services import services_of
from api.http.openapi import Answer, Body, describe
from api.http.problems import HttpProblem, invalid_fields, refusal
from api.routes.answers import ReadyAnswer, json_answer
from api.routes.json_body import PROBLEMS, read_optional_json, refuse_half_characters
from api.routes.tasks import TaskView, task_view
from api.routes.uploads import ONE, OPTIONS, TAG, HttpRequest, find, outcome, wait_seconds
from api.routes.uploads_body import check_mended
from api.routes.uploads_options import (
    STAGED_IMPORT_NAMES,
    STAGED_OPTION_NAMES,
    UPLOAD_OPTION_NAMES,
    changes_of,
)
from api.routes.uploads_preview import SHAPE, previewed, sendable
from api.routes.uploads_problems import refused
from api.services.imports.check import KIND
from api.services.imports.container_preview import PREVIEW_WORKBOOK_BYTES
from api.services.imports.errors import ImportRefusedError
from api.services.imports.views import UploadSummary
from api.services.services import Services
from domain.files.kinds import MARKUP_BYTES, sniff
from domain.files.preview import PREVIEW_BYTES
from domain.imports import ImportOptions, Upload
from domain.people import may_change
from domain.problems import Problem, excerpt, problem

_PARAMETERS = [option for option in OPTIONS if option.name in STAGED_OPTION_NAMES]
_IMPORT_PARAMETERS = [option for option in OPTIONS if option.name in STAGED_IMPORT_NAMES]
_BODY = Body(
    {"application/json": {"type": "object"}},
    about="Options as members, instead of or in addition to parameters.",
    required=False,
)


@get(
    ONE + "/preview",
    opt=describe(
        "Preview a staged file; nothing is stored",
        TAG,
        {200: Answer("As for POST /uploads/preview, with the sheets and their row counts", SHAPE)},
        problems=["not-found", "conflict", "validation"],
        parameters=_PARAMETERS,
        role="editor",
    ),
)
async def preview_staged(request: HttpRequest, upload_id: FromPath[str]) -> ReadyAnswer:
    """Preview the staged file."""
    services = services_of(request.app)
    upload = await _staged(request, upload_id, services)
    options = changes_of(request, upload.options)
    head = await services.imports.read_staged(upload_id, MARKUP_BYTES)
    is_packed = sniff(head, closed=True, filename=upload.filename) == "packed"
    size = PREVIEW_WORKBOOK_BYTES + 1 if is_packed else PREVIEW_BYTES
    head = await services.imports.read_staged(upload_id, size)
    answer, sheets = await previewed(head, upload.filename, options, services)
    return json_answer(await sendable(answer, sheets, services))


@post(
    ONE + "/check",
    status_code=202,
    opt=describe(
        "Check a whole staged file as a task; an earlier check of it ends",
        TAG,
        {202: Answer("Queued or running", TaskView, headers={"Location": "Where the task is read."})},
        problems=["not-found", "conflict", *PROBLEMS],
        parameters=_PARAMETERS,
        body=_BODY,
        role="editor",
    ),
)
async def check_staged(request: HttpRequest, upload_id: FromPath[str]) -> ReadyAnswer:
    """Start the check task; its result has counts, grouped problems and existing events."""
    services = services_of(request.app)
    upload = await _staged(request, upload_id, services)
    options = await _options(request, upload)
    await _end_checks(services, upload_id)
    params = {
        "upload_id": upload_id,
        "filename": upload.filename,
        "options": msgspec.to_builtins(options),
    }
    task = await services.tasks.start(KIND, params, actor=request.user.name)
    return json_answer(task_view(task), status=202, headers={"Location": f"/api/v1/tarefas/{task.id}"})


@post(
    ONE + "/import",
    status_code=202,
    opt=describe(
        "Import a staged file without sending it again",
        TAG,
        {
            202: Answer("Started; the feed reports the progress", UploadSummary),
            201: Answer("Finished, under `Prefer: wait`", UploadSummary),
        },
        problems=["not-found", "conflict", *PROBLEMS],
        parameters=_IMPORT_PARAMETERS,
        body=_BODY,
        role="editor",
    ),
)
async def import_staged(request: HttpRequest, upload_id: FromPath[str]) -> Response[bytes]:
    """Start the import; its feed is `upload/{id}`."""
    services = services_of(request.app)
    upload = await _staged(request, upload_id, services)
    options = await _options(request, upload, STAGED_IMPORT_NAMES)
    try:
        await check_mended(services.imports, request.user, options)
        # What it would find out is found out by the import itself; others wait for its place.
        await _end_checks(services, upload_id)
        await services.imports.start_staged(upload_id, options)
    except ImportRefusedError as refusal:
        raise refused(refusal) from None
    return await outcome(services.imports, upload_id, wait_seconds(request))


async def _staged(request: HttpRequest, upload_id: str, services: Services) -> Upload:
    upload = await find(services.imports, upload_id)
    if not may_change(request.user, upload.actor):
        raise refusal("forbidden.import", role="admin")
    if upload.state != "staged":
        why = problem("wrong_state.not_staged", value=upload_id, status=upload.state)
        raise HttpProblem("conflict", why.message, errors=[why])
    return upload


async def _end_checks(services: Services, upload_id: str) -> None:
    """Stop whatever checks an upload."""
    async with services.store.snapshot() as snapshot:
        unfinished = await snapshot.tasks.unfinished()
    for task in unfinished:
        if task.kind == KIND and task.params.get("upload_id") == upload_id:
            await services.tasks.cancel(task.id)


async def _options(
    request: HttpRequest, upload: Upload, known: frozenset[str] = STAGED_OPTION_NAMES
) -> ImportOptions:
    """Return the options that the file was staged with, with those of the URL and the body."""
    members = await read_optional_json(request, _texts)
    return changes_of(request, upload.options, (members or {}).items(), known)


def _texts(value: object) -> dict[str, str]:
    """Return the members of a JSON object as texts, as they would stand in a form.

    An option of null is left out; a misspelt one is not: it will be refused.
    """
    refuse_half_characters(value)
    if not isinstance(value, dict):
        raise invalid_fields([Problem("", "invalid_type", "the body must be an object", excerpt(value))])
    return {
        name: item if isinstance(item, str) else msgspec.json.encode(item).decode()
        for name, item in value.items()
        if item is not None or name not in UPLOAD_OPTION_NAMES
    }


HANDLERS = (preview_staged, check_staged, import_staged)

"""Long tasks over HTTP: start, list, read, cancel, fetch the file."""

from functools import partial
from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath
from litestar.response.base import ASGIResponse
from msgspec import Struct

from api.http.app_services import services_of
from api.http.openapi import Answer, Body, Query, describe
from api.http.problems import HttpProblem, refusal
from api.routes import export_options
from api.routes.answers import ReadyAnswer, json_answer
from api.routes.json_body import PROBLEMS, read_optional_json
from api.routes.streamed import StreamedAnswer
from api.routes.url_parameters import UrlParameters, newest_first
from api.services.exports.formats import FORMATS, OTHER_MEDIA_TYPES, DocumentedEvent
from api.services.identity import Identity
from api.services.task_report import END_STATUS, task_links
from api.services.task_sentences import step_words
from domain.people import may_change
from domain.problems import Problem, excerpt
from domain.tasks import Task, TaskState
from streams.messages import timestamp

TAG = "tasks"
PAGE_LIMIT = 100

TaskRequest = Request[Identity, Any, Any]


class TaskView(Struct):
    """A task as it is sent. Times are RFC 3339, UTC."""

    task_id: str
    kind: str
    status: TaskState
    progresso: int
    step: str | None
    step_code: str | None
    actor: str
    params: dict[str, Any]
    result: dict[str, Any] | None
    error: Problem | None
    created_at: str
    started_at: str | None
    finished_at: str | None
    links: dict[str, str]


class TaskPage(Struct):
    """Tasks, newest first, and the cursor of the next page."""

    items: list[TaskView]
    next: str | None


_STARTED = {202: Answer("Queued or running", TaskView, headers={"Location": "Where the task is read."})}


@post(
    "/api/v1/eventos/analise",
    opt=describe(
        "Start the analysis of all events", TAG, _STARTED, problems=["invalid-query"], role="editor"
    ),
)
async def start_analysis(request: TaskRequest) -> ReadyAnswer:
    """Start a task; its log lines and progress are on `tarefas/{id}`."""
    services = services_of(request.app)
    return _accepted(await services.tasks.start("analysis", {}, actor=request.user.name))


@post(
    "/api/v1/eventos/exportar",
    opt=describe(
        "Start the export of all events to a file",
        TAG,
        _STARTED,
        problems=[*PROBLEMS, "invalid-query"],
        parameters=export_options.PARAMETERS,
        body=Body(
            {
                "application/json": {
                    "type": "object",
                    "properties": export_options.SCHEMAS,
                    "additionalProperties": False,
                }
            },
            about="The same, instead of parameters.",
            required=False,
        ),
        role="editor",
    ),
)
async def start_export(request: TaskRequest) -> ReadyAnswer:
    """Start an export; its result links to the file."""
    services = services_of(request.app)
    parameters = UrlParameters(request.scope["query_string"], export_options.NAMES)
    asked = await read_optional_json(request, lambda value: export_options.of_body(value, parameters))
    if asked is None:
        asked = export_options.of_url(parameters)
    parameters.finish()
    return _accepted(await services.tasks.start("export", asked.kept(), actor=request.user.name))


@get(
    "/api/v1/tarefas",
    opt=describe(
        "Tasks, newest first",
        TAG,
        {200: Answer("A page", TaskPage, headers={"Link": 'The next page, `rel="next"`.'})},
        problems=["invalid-query"],
        parameters=[
            Query("limit", "tasks per page, 1 to 100", {"type": "integer", "minimum": 1, "maximum": 100}),
            Query("cursor", "`next` of the previous page"),
        ],
    ),
)
async def list_tasks(request: TaskRequest) -> ReadyAnswer:
    """Return one page."""
    services = services_of(request.app)
    limit, before = newest_first(request.scope["query_string"], most=PAGE_LIMIT)
    some, after = await services.tasks.page(limit=limit, before=before)
    cursor = f"{after[0]}.{after[1]}" if after else None
    link = {"Link": f'</api/v1/tarefas?limit={limit}&cursor={cursor}>; rel="next"'} if cursor else {}
    return json_answer(TaskPage([task_view(task) for task in some], cursor), headers=link)


@get(
    "/api/v1/tarefas/{task_id:str}",
    opt=describe(
        "One task, with its result", TAG, {200: Answer("The task", TaskView)}, problems=["not-found"]
    ),
)
async def show_task(task_id: FromPath[str], request: Request[Any, Any, Any]) -> ReadyAnswer:
    """Return a task."""
    services = services_of(request.app)
    return json_answer(task_view(_known(await services.tasks.get(task_id), task_id)))


@post(
    "/api/v1/tarefas/{task_id:str}/cancel",
    opt=describe(
        "Stop a task",
        TAG,
        {202: Answer("The task stops at its next step", TaskView)},
        problems=["not-found", "conflict"],
        role="editor",
    ),
)
async def cancel_task(request: TaskRequest, task_id: FromPath[str]) -> ReadyAnswer:
    """Ask a task to stop. Editors stop their own, administrators any."""
    services = services_of(request.app)
    task = _known(await services.tasks.get(task_id), task_id)
    if not may_change(request.user, task.actor):
        raise refusal("forbidden.task", role="admin")
    if task.state in END_STATUS:
        raise refusal("conflict.task_over", status=task.state)
    return _accepted(_known(await services.tasks.cancel(task_id), task_id))


@get(
    "/api/v1/tarefas/{task_id:str}/file",
    opt=describe(
        "The file that an export wrote",
        TAG,
        {
            200: Answer(
                "An attachment, streamed; CSV begins with a byte order mark",
                list[DocumentedEvent],
                headers={"Content-Disposition": "The name of the file."},
                other_media_types=OTHER_MEDIA_TYPES,
            )
        },
        problems=["not-found", "conflict"],
    ),
)
async def task_file(task_id: FromPath[str], request: Request[Any, Any, Any]) -> ASGIResponse:
    """Stream the file; it is kept for as long as the feed is."""
    services = services_of(request.app)
    task = _known(await services.tasks.get(task_id), task_id)
    if task.kind != "export":
        raise HttpProblem("not-found", "This kind of task writes no file.")
    if task.state != "completed":
        raise refusal("conflict.no_file", status=task.state)
    size = await services.exports.size(task.id)
    if not size:
        raise refusal("not-found.file")
    form = FORMATS[task.params["format"]]
    headers = {
        "Content-Disposition": f'attachment; filename="{form.file_name}"',
        "Content-Length": str(size),
        "Cache-Control": "no-store",
    }
    return StreamedAnswer(
        partial(services.exports.chunks, task.id), media_type=form.media_type, headers=headers
    )


def task_view(task: Task) -> TaskView:
    """Return a task as it is sent."""
    step, step_code = step_words(task.step)
    return TaskView(
        task_id=task.id,
        kind=task.kind,
        status=task.state,
        progresso=task.percent,
        step=step,
        step_code=step_code,
        actor=task.actor,
        params=task.params,
        result=task.result,
        error=task.error,
        created_at=timestamp(task.created_at),
        started_at=_moment(task.started_at),
        finished_at=_moment(task.finished_at),
        links=task_links(task),
    )


def _moment(at_ms: int | None) -> str | None:
    return None if at_ms is None else timestamp(at_ms)


def _known(task: Task | None, task_id: str) -> Task:
    if task is None:
        raise refusal("not-found.task", id=excerpt(task_id[:64]))
    return task


def _accepted(task: Task) -> ReadyAnswer:
    return json_answer(task_view(task), status=202, headers={"Location": f"/api/v1/tarefas/{task.id}"})


HANDLERS = (start_analysis, start_export, list_tasks, show_task, cancel_task, task_file)

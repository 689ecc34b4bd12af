"""Long tasks over HTTP: start, list, read, cancel."""

import re
from typing import Any, Literal

import msgspec
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, SkipValidation
from msgspec import Struct

from api.openapi import Answer, Query, describe
from api.problems import HttpProblem, invalid_query
from api.services.identity import Identity
from api.services.store import Store
from api.services.tasks import END_STATUS, Tasks, task_links
from domain.people import at_least
from domain.problems import Problem
from domain.tasks import Task, TaskState
from streams.messages import timestamp

TAG = "tasks"

HttpRequest = Request[Identity, Any, Any]
PAGE_LIMIT = 100
_POSITION = re.compile(r"(\d{1,18})\.([A-Za-z0-9_-]{1,64})")

ExportFormat = Literal["json", "csv", "ndjson", "ics"]
EXPORT_FORMATS: tuple[ExportFormat, ...] = ("json", "csv", "ndjson", "ics")


class TaskView(Struct):
    """A task as it is sent. Times are RFC 3339, UTC."""

    id: str
    kind: str
    state: TaskState
    progresso: int
    step: str | None
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
    "/api/v1/eventos/analise", opt=describe("Start the analysis of all events", TAG, _STARTED, role="editor")
)
async def start_analysis(request: HttpRequest, tasks: NamedDependency[Tasks]) -> Response[bytes]:
    """Start a task; its log lines and progress are on `tarefas/{id}`."""
    return _accepted(await tasks.start("analysis", {}, actor=request.user.name))


@post(
    "/api/v1/eventos/exportar",
    opt=describe(
        "Start the export of all events to a file",
        TAG,
        _STARTED,
        problems=["invalid-query"],
        parameters=[Query("format", "of the file", {"type": "string", "enum": list(EXPORT_FORMATS)})],
        role="editor",
    ),
)
async def start_export(request: HttpRequest, tasks: NamedDependency[Tasks]) -> Response[bytes]:
    """Start a task whose end links to the file."""
    kind = request.query_params.get("format", "json")
    if kind not in EXPORT_FORMATS:
        message = f"format must be one of {', '.join(EXPORT_FORMATS)}, not {kind[:80]!r}"
        raise invalid_query([Problem("format", "unknown_format", message, kind[:80])])
    return _accepted(await tasks.start("export", {"format": kind}, actor=request.user.name))


@get(
    "/api/v1/tarefas",
    opt=describe(
        "Tasks, newest first",
        TAG,
        {200: Answer("A page", TaskPage, headers={"Link": 'The next page, `rel="next"`.'})},
        problems=["invalid-query"],
        parameters=[
            Query("limit", "tasks a page, 1 to 100", {"type": "integer", "minimum": 1, "maximum": 100}),
            Query("cursor", "`next` of the page before"),
        ],
    ),
)
async def list_tasks(request: HttpRequest, store: NamedDependency[SkipValidation[Store]]) -> Response[bytes]:
    """Return one page."""
    limit, before = _limit(request.query_params), _position(request.query_params.get("cursor"))
    async with store.snapshot() as snapshot:
        found, after = await snapshot.tasks.page(limit=limit, before=before)
    cursor = f"{after[0]}.{after[1]}" if after else None
    link = {"Link": f'</api/v1/tarefas?limit={limit}&cursor={cursor}>; rel="next"'} if cursor else {}
    return _json(TaskPage([task_view(task) for task in found], cursor), headers=link)


@get(
    "/api/v1/tarefas/{task_id:str}",
    opt=describe(
        "One task, with its result", TAG, {200: Answer("The task", TaskView)}, problems=["not-found"]
    ),
)
async def show_task(task_id: FromPath[str], store: NamedDependency[SkipValidation[Store]]) -> Response[bytes]:
    """Return a task."""
    async with store.snapshot() as snapshot:
        task = await snapshot.tasks.get(task_id)
    return _json(task_view(_known(task, task_id)))


@post(
    "/api/v1/tarefas/{task_id:str}/cancel",
    opt=describe(
        "Stop a task",
        TAG,
        {202: Answer("It stops at its next step", TaskView)},
        problems=["not-found", "conflict"],
        role="editor",
    ),
)
async def cancel_task(
    request: HttpRequest,
    task_id: FromPath[str],
    store: NamedDependency[SkipValidation[Store]],
    tasks: NamedDependency[Tasks],
) -> Response[bytes]:
    """Ask a task to stop. Editors stop their own, administrators any."""
    async with store.snapshot() as snapshot:
        task = _known(await snapshot.tasks.get(task_id), task_id)
    if task.actor != request.user.name and not at_least(request.user.role, "admin"):
        raise HttpProblem("forbidden", "Stopping another person's task needs the role admin.")
    if task.state in END_STATUS:
        raise HttpProblem("conflict", f"The task is {task.state} already.")
    return _accepted(_known(await tasks.cancel(task_id), task_id))


def task_view(task: Task) -> TaskView:
    """Return a task as it is sent."""
    return TaskView(
        id=task.id,
        kind=task.kind,
        state=task.state,
        progresso=task.progresso,
        step=task.step,
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
        raise HttpProblem("not-found", f"There is no task {task_id[:64]!r}.")
    return task


def _limit(params: Any) -> int:
    text = params.get("limit", "50")
    if not (text.isascii() and text.isdigit() and len(text) < 4 and 1 <= int(text) <= PAGE_LIMIT):
        message = f"limit must be a whole number from 1 to {PAGE_LIMIT}, not {text[:80]!r}"
        raise invalid_query([Problem("limit", "out_of_range", message, text[:80])])
    return int(text)


def _position(cursor: str | None) -> tuple[int, str] | None:
    if cursor is None:
        return None
    found = _POSITION.fullmatch(cursor)
    if found is None:
        message = f"cursor must be the `next` of another page, not {cursor[:80]!r}"
        raise invalid_query([Problem("cursor", "invalid_cursor", message, cursor[:80])])
    return int(found[1]), found[2]


def _accepted(task: Task) -> Response[bytes]:
    return _json(task_view(task), status=202, headers={"Location": f"/api/v1/tarefas/{task.id}"})


def _json(content: Struct, *, status: int = 200, headers: dict[str, str] | None = None) -> Response[bytes]:
    return Response(
        msgspec.json.encode(content), status_code=status, media_type="application/json", headers=headers
    )


HANDLERS = (start_analysis, start_export, list_tasks, show_task, cancel_task)

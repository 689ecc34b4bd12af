"""Which handlers are called without the framework's way to them, and that they answer as by it."""

from pathlib import Path
from typing import Any

import pytest
from litestar import Litestar, Request, get, post
from litestar.connection import ASGIConnection
from litestar.di import NamedDependency, Provide
from litestar.handlers import BaseRouteHandler, HTTPRouteHandler
from litestar.params import FromPath, FromQuery
from litestar.testing import TestClient
from litestar.types import ASGIApp

from api.app import create_app
from api.http.problems import problem_response, refusal
from api.routes.answers import ReadyAnswer, json_answer
from api.routes.at_once import AnswersAtOnce, ready_handler
from api.settings import Settings

Asked = Request[Any, Any, Any]


@get("/ready/{name:str}")
async def ready(request: Asked, name: FromPath[str]) -> ReadyAnswer:
    if name == "nobody":
        raise refusal("not-found.event", id=name)
    return json_answer({"name": name, "method": request.method})


@post("/app")
async def app_answer(request: Asked) -> ASGIApp:
    return json_answer([request.scope["path"]], status=202)


@get("/struct")
async def struct_answer(request: Asked) -> dict[str, str]:
    return {"path": request.scope["path"]}


@get("/without")
async def without_request() -> ReadyAnswer:
    return json_answer("nothing asked")


@get("/query")
async def with_query(request: Asked, number: FromQuery[int] = 7) -> ReadyAnswer:
    return json_answer([number, request.method])


@get("/number/{number:int}")
async def with_number(request: Asked, number: FromPath[int]) -> ReadyAnswer:
    return json_answer([number, request.method])


@get("/sync", sync_to_thread=False)
def sync_answer(request: Asked) -> ReadyAnswer:
    return json_answer(request.method)


async def _service() -> str:
    return "injected"


@get("/injected", dependencies={"service": Provide(_service)})
async def injected(request: Asked, service: NamedDependency[str]) -> ReadyAnswer:
    return json_answer([service, request.method])


def _nobody(_connection: ASGIConnection[Any, Any, Any, Any], _handler: BaseRouteHandler) -> None:
    raise refusal("not-found.event", id="guarded")


@get("/guarded", guards=[_nobody])
async def guarded(request: Asked) -> ReadyAnswer:
    return json_answer(request.method)


async def _before(_request: Asked) -> ReadyAnswer:
    return json_answer("before")


@get("/before", before_request=_before)
async def preceded(request: Asked) -> ReadyAnswer:
    return json_answer(request.method)


READY = [ready, app_answer]
OTHERS = [struct_answer, without_request, with_query, with_number, sync_answer, injected, guarded, preceded]


def an_app(*, is_at_once: bool) -> Litestar:
    return Litestar(
        [*READY, *OTHERS],
        middleware=[AnswersAtOnce] if is_at_once else [],
        exception_handlers={Exception: problem_response},
        openapi_config=None,
    )


def handlers_of(app: Litestar) -> dict[str, HTTPRouteHandler]:
    handlers = [handler for route in app.routes for handler in getattr(route, "route_handlers", [])]
    return {f"{min(one.http_methods)} {min(one.paths)}": one for one in handlers}


def test_only_what_needs_nothing_of_the_framework_is_called_at_once() -> None:
    called = {
        name for name, handler in handlers_of(an_app(is_at_once=True)).items() if ready_handler(handler)
    }
    assert called == {"GET /ready/{name:str}", "POST /app"}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/ready/ana"),
        ("GET", "/ready/nobody"),
        ("GET", "/ready/S%C3%A3o%20Jo%C3%A3o"),
        ("HEAD", "/ready/ana"),
        ("POST", "/ready/ana"),
        ("POST", "/app"),
        ("GET", "/struct"),
        ("GET", "/without"),
        ("GET", "/query?number=8"),
        ("GET", "/query?number=x"),
        ("GET", "/number/9"),
        ("GET", "/number/x"),
        ("GET", "/sync"),
        ("GET", "/injected"),
        ("GET", "/guarded"),
        ("GET", "/before"),
    ],
)
def test_every_answer_is_the_one_that_the_framework_would_give(method: str, path: str) -> None:
    answers = []
    for is_at_once in (True, False):
        with TestClient(an_app(is_at_once=is_at_once), raise_server_exceptions=False) as client:
            answer = client.request(method, path)
        answers.append((answer.status_code, answer.headers.get("content-type"), answer.content))
    assert answers[0] == answers[1]


def test_what_users_do_all_day_is_called_at_once(tmp_path: Path) -> None:
    handlers = handlers_of(create_app(Settings(data_dir=tmp_path)))
    event = "/api/v1/eventos/{event_id:str}"
    daily = ["GET /api/v1/eventos", "POST /api/v1/eventos", f"GET {event}", f"PUT {event}", f"PATCH {event}"]
    for name in [*daily, "GET /sse", "GET /api/v1/dashboard"]:
        assert ready_handler(handlers[name]) is not None, name

"""The short way to a handler answers as Litestar's router does."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from litestar import Litestar, Request, get, post, websocket
from litestar.connection import WebSocket
from litestar.exceptions import ClientException, LitestarException
from litestar.params import FromPath
from litestar.response import Response, Stream
from litestar.testing import TestClient
from litestar.types import ASGIApp, Receive, Scope, Send

from api.app import create_app
from api.http.problems import problem_response, refusal
from api.http.routing import Routing
from api.settings import Settings
from domain.ports.errors import StorageFullError, StorageUnavailableError

Asked = Request[Any, Any, Any]


@get("/things/{name:str}")
async def thing(request: Asked, name: FromPath[str]) -> dict[str, Any]:
    """Return what handlers and layers see of the route."""
    scope = request.scope
    return {
        "name": name,
        "template": scope["path_template"],
        "path": scope["path"],
        "to": str(scope["route_handler"]),
    }


@post("/things/{name:str}", status_code=202)
async def made(name: FromPath[str]) -> str:
    return name


@get(["/deep", "/deep/{rest:path}"])
async def deep(request: Asked) -> dict[str, Any]:
    return {key: str(value) for key, value in request.path_params.items()}


def _away(_request: Asked, error: StorageUnavailableError) -> Response[dict[str, str]]:
    return Response({"away": str(error)}, status_code=503, headers={"Retry-After": "3"})


def _streamed(_request: Asked, _error: Exception) -> Stream:
    return Stream(iter([b"one ", b"two"]), status_code=409)


FAILURES: dict[str, Exception] = {
    "problem": refusal("not-found.event", id="x"),
    "framework": ClientException("no"),
    "bug": ZeroDivisionError("nobody thought of it"),
    "away": StorageUnavailableError("gone"),
    "full": StorageFullError("full"),
    "text": UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad"),
}


@get("/fails/{kind:str}", exception_handlers={StorageUnavailableError: _away, UnicodeError: _streamed})
async def fails(kind: FromPath[str]) -> None:
    raise FAILURES[kind]


@get("/breaks-off")
async def breaks_off() -> Stream:
    async def parts() -> Any:
        yield b"begun"
        raise ZeroDivisionError

    return Stream(parts())


@websocket("/socket")
async def socket(socket: WebSocket[Any, Any, Any]) -> None:
    await socket.accept()
    await socket.send_text(socket.scope["path_template"])
    await socket.close()


class Guarding:
    """A layer around handlers: Litestar answers errors inside it, and those of its own outside."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if b"guard=" in scope.get("query_string", b""):
            raise FAILURES[scope["query_string"].decode().removeprefix("guard=")]
        await self.app(scope, receive, send)


LAYERS = pytest.mark.parametrize("layers", [[], [Guarding]], ids=["plain", "layered"])


def an_app(*, is_short: bool, layers: Sequence[Any] = ()) -> Litestar:
    app = Litestar(
        [thing, made, deep, fails, breaks_off, socket],
        exception_handlers={Exception: problem_response},
        middleware=layers,
        openapi_config=None,
        logging_config=None,
    )
    if is_short:
        app.asgi_handler = Routing(app)
    return app


IS_SHORT = pytest.mark.parametrize("is_short", [True, False], ids=["short", "framework"])


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/things/ana"),
        ("GET", "/things/S%C3%A3o%20Jo%C3%A3o"),
        ("POST", "/things/ana"),
        ("PUT", "/things/ana"),
        ("BREW", "/things/ana"),
        ("OPTIONS", "/things/ana"),
        ("HEAD", "/things/ana"),
        ("GET", "/things"),
        ("GET", "/nothing"),
        ("GET", "/"),
        ("GET", "/deep"),
        ("GET", "/deep/a/b%2Fc"),
        ("GET", "/socket"),
        *(("GET", f"/fails/{kind}") for kind in FAILURES),
        *(("GET", f"/fails/bug?guard={kind}") for kind in FAILURES),
    ],
)
@LAYERS
def test_every_answer_is_the_one_that_the_framework_gives(
    method: str, path: str, layers: Sequence[Any]
) -> None:
    answers = []
    for is_short in (True, False):
        with TestClient(an_app(is_short=is_short, layers=layers), raise_server_exceptions=False) as client:
            answer = client.request(method, path)
        answers.append((answer.status_code, sorted(answer.headers.items()), answer.content))
    assert answers[0] == answers[1]


@IS_SHORT
def test_an_answer_that_has_begun_is_not_begun_again(is_short: bool) -> None:
    sent: list[Any] = []
    app = an_app(is_short=is_short)

    async def noting(scope: Any, receive: Any, send: Any) -> None:
        async def noted(message: Any) -> None:
            sent.append(message)
            await send(message)

        await app(scope, receive, noted)

    with TestClient(noting) as client, pytest.raises((ExceptionGroup, LitestarException)):
        client.get("/breaks-off")
    assert [
        message.get("body", message.get("status"))
        for message in sent
        if "headers" in message or "body" in message
    ] == [200, b"begun"]


@IS_SHORT
def test_a_websocket_is_routed(is_short: bool) -> None:
    with TestClient(an_app(is_short=is_short)) as client, client.websocket_connect("/socket") as opened:
        assert opened.receive_text() == "/socket"


def test_the_router_is_left_out_of_what_is_served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = create_app(Settings(data_dir=tmp_path))
    monkeypatch.delattr(type(app.asgi_router), "__call__")
    with TestClient(app, base_url="http://127.0.0.1") as client:
        assert client.get("/healthz").status_code == 200

"""Liveness, readiness and metrics, for operators."""

from typing import Any

from anyio import to_thread
from litestar import Request, Response, get

from api.http.app_services import metrics_of, services_of
from api.http.metrics import MEDIA_TYPE
from api.http.openapi import Answer, describe
from api.http.problems import HttpProblem
from api.routes.answers import NO_STORE

TAG = "operation"
STATUS_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"status": {"type": "string"}},
    "required": ["status"],
}
TEXT: dict[str, Any] = {"type": "string"}


@get(
    "/healthz",
    opt=describe("The process is alive", TAG, {200: Answer("Alive", STATUS_SCHEMA)}, role=None),
)
async def healthz() -> dict[str, str]:
    """Answer without checking anything."""
    return {"status": "ok"}


@get(
    "/readyz",
    opt=describe(
        "The server accepts requests",
        TAG,
        {200: Answer("The store can be written and the server is not stopping", STATUS_SCHEMA)},
        problems=["unavailable"],
        role=None,
    ),
)
async def readyz(request: Request[Any, Any, Any]) -> dict[str, str]:
    """Answer whether this server accepts new work."""
    services = services_of(request.app)
    if (obstacle := await services.readiness.obstacle()) is not None:
        raise HttpProblem("unavailable", obstacle, headers={"Retry-After": "5"})
    return {"status": "ready"}


@get(
    "/metrics",
    opt=describe(
        "Prometheus metrics",
        TAG,
        {200: Answer("Exposition format 0.0.4", TEXT, ["text/plain"])},
    ),
)
async def metrics(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Return the counts of all processes of this server."""
    counts = metrics_of(request.app)
    counts.refresh()
    text = await to_thread.run_sync(counts.render)
    return Response(text, media_type=MEDIA_TYPE, headers=NO_STORE)


HANDLERS = (healthz, readyz, metrics)

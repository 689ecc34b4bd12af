"""Liveness, readiness and metrics, for whoever operates the server."""

from typing import Any

from litestar import Response, get
from litestar.di import NamedDependency

from api.metrics import MEDIA_TYPE, Metrics
from api.openapi import Answer, describe
from api.problems import HttpProblem
from api.services.readiness import Readiness

TAG = "operation"
STATUS_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"status": {"type": "string"}},
    "required": ["status"],
}
TEXT: dict[str, Any] = {"type": "string"}


@get(
    "/healthz",
    opt=describe("The process answers", TAG, {200: Answer("Alive", STATUS_SCHEMA)}, role=None),
)
async def healthz() -> dict[str, str]:
    """Answer without touching anything else."""
    return {"status": "ok"}


@get(
    "/readyz",
    opt=describe(
        "The server takes work",
        TAG,
        {200: Answer("The store can be written and the server is not stopping", STATUS_SCHEMA)},
        problems=["unavailable"],
        role=None,
    ),
)
async def readyz(readiness: NamedDependency[Readiness]) -> dict[str, str]:
    """Answer whether new work should be sent here."""
    if (obstacle := await readiness.obstacle()) is not None:
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
async def metrics(metrics: NamedDependency[Metrics]) -> Response[str]:
    """Return counts of this process."""
    return Response(metrics.render(), media_type=MEDIA_TYPE, headers={"Cache-Control": "no-store"})


HANDLERS = (healthz, readyz, metrics)

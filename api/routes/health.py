"""Liveness, readiness and metrics, for whoever operates the server."""

from typing import Any

from litestar import Response, get
from litestar.di import NamedDependency

from api.metrics import MEDIA_TYPE, Metrics
from api.openapi import Answer, describe

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


HANDLERS = (healthz, metrics)

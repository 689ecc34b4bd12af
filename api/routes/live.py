"""State feeds by REST."""

from litestar import Response, get
from litestar.di import NamedDependency

from api.openapi import Answer, describe
from api.routes.answers import json_answer
from api.services.live import Dashboard
from streams.messages import DashboardState

TAG = "live"


@get("/api/v1/dashboard", opt=describe("Live counts", TAG, {200: Answer("The counts now", DashboardState)}))
async def show_dashboard(dashboard: NamedDependency[Dashboard]) -> Response[bytes]:
    """Return what the feed `dashboard` last told, or would tell now."""
    return json_answer(await dashboard.current(), headers={"Cache-Control": "no-store"})


HANDLERS = (show_dashboard,)

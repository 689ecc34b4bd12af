"""State feeds by REST."""

from typing import Any

from litestar import Request, get

from api.http.app_services import services_of
from api.http.openapi import Answer, describe
from api.routes.answers import NO_STORE, ReadyAnswer, json_answer
from domain.messages import DashboardState

TAG = "live"


@get(
    "/api/v1/dashboard", opt=describe("Live counts", TAG, {200: Answer("The current counts", DashboardState)})
)
async def show_dashboard(request: Request[Any, Any, Any]) -> ReadyAnswer:
    """Return the state of the feed `dashboard`."""
    services = services_of(request.app)
    return json_answer(await services.dashboard.current(), headers=NO_STORE)


HANDLERS = (show_dashboard,)

"""State feeds by REST."""

from litestar import get
from litestar.di import NamedDependency

from api.http.openapi import Answer, describe
from api.routes.answers import ReadyAnswer, json_answer
from api.services.services import Services
from domain.messages import DashboardState

TAG = "live"


@get(
    "/api/v1/dashboard", opt=describe("Live counts", TAG, {200: Answer("The current counts", DashboardState)})
)
async def show_dashboard(services: NamedDependency[Services]) -> ReadyAnswer:
    """Return the state of the feed `dashboard`."""
    return json_answer(await services.dashboard.current(), headers={"Cache-Control": "no-store"})


HANDLERS = (show_dashboard,)

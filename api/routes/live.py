"""State feeds by REST."""

from litestar import Response, get
from litestar.di import NamedDependency

from api.openapi import Answer, describe
from api.routes.answers import json_answer
from api.services.live import Dashboard
from api.services.presence import Presence
from streams.messages import DashboardState, PresenceState

TAG = "live"


@get("/api/v1/dashboard", opt=describe("Live counts", TAG, {200: Answer("The counts now", DashboardState)}))
async def show_dashboard(dashboard: NamedDependency[Dashboard]) -> Response[bytes]:
    """Return what the feed `dashboard` last told, or would tell now."""
    return json_answer(await dashboard.current(), headers={"Cache-Control": "no-store"})


@get("/api/v1/presenca", opt=describe("Who is online", TAG, {200: Answer("The people now", PresenceState)}))
async def show_presence(presence: NamedDependency[Presence]) -> Response[bytes]:
    """Return people, not tabs."""
    return json_answer(presence.state(), headers={"Cache-Control": "no-store"})


HANDLERS = (show_dashboard, show_presence)

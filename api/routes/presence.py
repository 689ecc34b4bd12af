"""Who is online, by REST."""

from typing import Any

from litestar import Request, get

from api.http.app_services import services_of
from api.http.openapi import Answer, describe
from api.routes.answers import NO_STORE, ReadyAnswer, json_answer
from domain.messages import PresenceState


@get(
    "/api/v1/presenca",
    opt=describe("Who is online", "live", {200: Answer("People, not tabs", PresenceState)}),
)
async def show_presence(request: Request[Any, Any, Any]) -> ReadyAnswer:
    """Return the state of the feed `presenca`."""
    services = services_of(request.app)
    return json_answer(services.presence.state(), headers=NO_STORE)


HANDLERS = (show_presence,)

"""Who is online, by REST."""

from litestar import get
from litestar.di import NamedDependency

from api.http.openapi import Answer, describe
from api.routes.answers import ReadyAnswer, json_answer
from api.services.services import Services
from domain.messages import PresenceState


@get(
    "/api/v1/presenca",
    opt=describe("Who is online", "live", {200: Answer("People, not tabs", PresenceState)}),
)
async def show_presence(services: NamedDependency[Services]) -> ReadyAnswer:
    """Return the state of the feed `presenca`."""
    return json_answer(services.presence.state(), headers={"Cache-Control": "no-store"})


HANDLERS = (show_presence,)

"""Who is online, by REST."""

from litestar import Response, get
from litestar.di import NamedDependency

from api.openapi import Answer, describe
from api.routes.answers import json_answer
from api.services.presence import Presence
from streams.messages import PresenceState


@get(
    "/api/v1/presenca",
    opt=describe("Who is online", "live", {200: Answer("People, not tabs", PresenceState)}),
)
async def show_presence(presence: NamedDependency[Presence]) -> Response[bytes]:
    """Return what the feed `presenca` last told, or would tell now."""
    return json_answer(presence.state(), headers={"Cache-Control": "no-store"})


HANDLERS = (show_presence,)

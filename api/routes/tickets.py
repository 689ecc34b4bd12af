"""Tickets: the one secret that may stand in a URL, because it is worthless at once."""

from typing import Any

from litestar import Request, Response, post
from litestar.di import NamedDependency
from msgspec import Struct

from api.openapi import Answer, describe
from api.services.identity import Identity
from api.services.people import TICKET_SECONDS, People


class Ticket(Struct, frozen=True):
    """A single-use secret for `?ticket=` of `/sse`, `/ws` and `/poll`."""

    ticket: str
    expires_in: int


@post(
    "/api/v1/tickets",
    status_code=201,
    opt=describe(
        "A ticket for one stream of a page of another origin",
        "access",
        {201: Answer("A ticket that works once, within 30 s", Ticket)},
    ),
)
async def issue_ticket(
    request: Request[Identity, Any, Any], people: NamedDependency[People]
) -> Response[Ticket]:
    """Return a ticket that stands for the caller."""
    ticket = Ticket(await people.issue_ticket(request.user), TICKET_SECONDS)
    return Response(ticket, status_code=201, headers={"Cache-Control": "no-store"})


HANDLERS = (issue_ticket,)

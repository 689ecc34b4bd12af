"""Tickets: secrets that may be in a URL, because they open only feeds and expire soon."""

from typing import Any, cast

from litestar import Request, Response, delete, get, post
from litestar.params import FromPath
from msgspec import Struct

from api.http.app_services import services_of
from api.http.openapi import Answer, Body, describe
from api.http.problems import HttpProblem, invalid_fields
from api.routes.answers import NO_STORE
from api.routes.json_body import PROBLEMS, read_optional_json
from api.security.guards import require
from api.security.origins import OriginPolicy, header, origin_of, own_origins
from api.services.feeds import FEEDS
from api.services.identity import Identity
from api.services.people import TICKET_SECONDS
from domain.people import ReusableTicket
from domain.problems import Problem, excerpt
from domain.text import invalid_type
from streams.feeds import MAX_FEEDS
from streams.messages import timestamp

TAG = "access"
MAX_HOURS = 12


class TicketView(Struct, frozen=True):
    """A reusable ticket without its secret. `feeds` is empty for every one that its owner may read.

    `user` is the owner's name, null for a ticket of an open server.
    """

    id: str
    user: str | None
    feeds: list[str]
    origin: str | None
    created_at: str
    expires_at: str


class Ticket(Struct, frozen=True, omit_defaults=True):
    """A secret for `?ticket=` of `/sse`, `/ws` and `/poll`; `reusable` describes a reusable one."""

    ticket: str
    expires_in: int
    reusable: TicketView | None = None


class Wanted(Struct, frozen=True):
    """The requested properties of a ticket."""

    reusable: bool = False
    hours: float = MAX_HOURS
    feeds: list[str] | None = None
    origin: str | None = None


WANTED_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "reusable": {
            "type": "boolean",
            "default": False,
            "description": "The ticket can be used for every reconnect.",
        },
        "hours": {
            "type": "number",
            "exclusiveMinimum": 0,
            "maximum": MAX_HOURS,
            "default": MAX_HOURS,
            "description": "Lifetime of a reusable ticket.",
        },
        "feeds": {
            "type": ["array", "null"],
            "items": {"type": "string"},
            "minItems": 1,
            "maxItems": MAX_FEEDS,
            "description": "Feeds that a reusable ticket opens; by default, all that the caller may read.",
        },
        "origin": {
            "type": "string",
            "description": "Origin that may use a reusable ticket; by default, the origin of this request.",
        },
    },
    "additionalProperties": False,
}


@post(
    "/api/v1/tickets",
    request_max_body_size=4096,
    status_code=201,
    opt=describe(
        "Get a ticket that opens streams, for a page of another origin",
        TAG,
        {201: Answer("A ticket that works once within 30 s, or a reusable ticket", Ticket)},
        problems=PROBLEMS,
        body=Body({"application/json": WANTED_SCHEMA}, about="The body is optional.", required=False),
    ),
)
async def issue_ticket(request: Request[Identity, Any, Any]) -> Response[Ticket]:
    """Return a ticket that stands for the caller."""
    services = services_of(request.app)
    wanted = await read_optional_json(request, _read_wanted) or Wanted()
    if not wanted.reusable:
        ticket = Ticket(await services.people.issue_ticket(request.user), TICKET_SECONDS)
        return Response(ticket, status_code=201, headers=NO_STORE)
    _check_origin(request, wanted.origin)
    feeds = wanted.feeds or []
    for name in feeds:
        require(request.user, FEEDS.least_role(name))
    seconds = max(1, int(wanted.hours * 3600))
    owner = None if request.user.user_id is None else request.user.name
    secret, made = await services.people.issue_reusable_ticket(
        request.user, feeds=feeds, origin=_origin(request, wanted), seconds=seconds
    )
    return Response(Ticket(secret, seconds, _view(made, owner)), status_code=201, headers=NO_STORE)


@get(
    "/api/v1/tickets",
    opt=describe(
        "Your reusable tickets; everyone's, for administrators",
        TAG,
        {200: Answer("Without secrets, oldest first", list[TicketView])},
    ),
)
async def list_tickets(request: Request[Identity, Any, Any]) -> Response[list[TicketView]]:
    """Return the caller's reusable tickets; everyone's, for administrators."""
    services = services_of(request.app)
    found = await services.people.reusable_tickets(request.user)
    names = await services.people.names()
    return Response([_view(one, names.get(one.user_id or 0)) for one in found], headers=NO_STORE)


@delete(
    "/api/v1/tickets/{ticket_id:str}",
    status_code=204,
    opt=describe(
        "Revoke a reusable ticket",
        TAG,
        {204: Answer("Revoked; its open streams end within 5 s")},
        problems=["not-found"],
        role="viewer",
    ),
)
async def revoke_ticket(request: Request[Identity, Any, Any], ticket_id: FromPath[str]) -> Response[None]:
    """End a ticket of the caller; of anyone, for administrators."""
    services = services_of(request.app)
    if not await services.people.revoke_ticket(request.user, ticket_id):
        raise HttpProblem("not-found", f"You have no ticket {excerpt(ticket_id)}.")
    return Response(None, status_code=204, headers=NO_STORE)


def _read_wanted(value: object) -> Wanted:
    """Return what is asked for, or refuse what would not be obeyed."""
    if not isinstance(value, dict):
        raise invalid_fields([invalid_type("", "object", value)])
    problems = [one for name, item in value.items() if (one := _problem(name, item)) is not None]
    if not value.get("reusable"):
        alone = value.keys() & {"hours", "feeds", "origin"}
        problems += [
            _wrong(name, "is for reusable tickets only: send `reusable: true`", value[name])
            for name in sorted(alone)
        ]
    if problems:
        raise invalid_fields(problems)
    return Wanted(**value)


def _problem(name: str, value: object) -> Problem | None:
    match name, value:
        case "reusable", bool():
            return None
        case "hours", int() | float() if not isinstance(value, bool) and 0 < value <= MAX_HOURS:
            return None
        case "feeds", list() | None if value is None or _are_feeds(value):
            return None
        case "origin", str() if origin_of(value) is not None:
            return None
        case (("reusable" | "hours" | "feeds" | "origin"), _):
            return _wrong(name, RULES[name], value)
    return Problem(excerpt(name), "unknown_member", f"a ticket has no {excerpt(name)}")


RULES = {
    "reusable": "must be true or false",
    "hours": f"must be a number above 0, at most {MAX_HOURS}",
    "feeds": f"must be 1 to {MAX_FEEDS} names of feeds, or be left out for all",
    "origin": "must be an origin such as https://example.org",
}


def _wrong(name: str, rule: str, value: object) -> Problem:
    return Problem(name, "invalid_value", f"{name} {rule}", excerpt(value))


def _are_feeds(names: list[object]) -> bool:
    # An empty list is no way to ask for every feed: it may be what is left of a list of names.
    return 1 <= len(names) <= MAX_FEEDS and all(map(_is_feed, names))


def _is_feed(name: object) -> bool:
    return isinstance(name, str) and FEEDS.find(name) is not None


def _origin(request: Request[Identity, Any, Any], wanted: Wanted) -> str | None:
    """Return the origin that a ticket is bound to: the one that is named, else that of a foreign page."""
    scope: Any = request.scope
    if wanted.origin is not None:
        return origin_of(wanted.origin)
    requesting = origin_of(header(scope, b"origin") or "")
    return None if requesting in own_origins(scope) else requesting


def _check_origin(request: Request[Identity, Any, Any], named: str | None) -> None:
    """Refuse a ticket for pages that could not use it: no page of that origin may read the feeds."""
    settings, scope = services_of(request.app).settings, cast("dict[str, Any]", request.scope)
    policy = OriginPolicy(settings.allowed_origins, ambient=settings.is_open)
    if named is not None and not policy.admits(named, scope):
        rule = "must be the server's own, or in FASTTRACK_ALLOWED_ORIGINS"
        raise invalid_fields([_wrong("origin", rule, named)])


def _view(ticket: ReusableTicket, owner: str | None) -> TicketView:
    return TicketView(
        ticket.id,
        owner,
        list(ticket.feeds),
        ticket.origin,
        timestamp(ticket.created_at),
        timestamp(ticket.expires_at),
    )


HANDLERS = (issue_ticket, list_tickets, revoke_ticket)

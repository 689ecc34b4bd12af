"""Secret calendar addresses of a person: create, list, revoke."""

from datetime import tzinfo
from typing import Any
from urllib.parse import urlencode

from litestar import Request, Response, delete, get, post
from litestar.params import FromPath
from msgspec import Struct, structs

from api.http.app_services import services_of
from api.http.openapi import Answer, Body, Query, describe
from api.http.problems import HttpProblem, invalid_fields, refusal
from api.routes.answers import NO_STORE
from api.routes.event_query import read_only_filter
from api.routes.json_body import read_json, refuse_half_characters
from api.routes.json_form import unknown_member
from api.routes.url_parameters import UrlParameters
from api.security.guards import require
from api.services.identity import Identity
from api.services.links import link
from domain.personal import MAX_CALENDARS, CalendarAddress
from domain.problems import Problem, excerpt, problem
from domain.text import invalid_type
from streams.messages import timestamp

TAG = "access"
FILTERS = ("q", "city", "venue_type", "from", "to")

NEW_CALENDAR_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "filters": {
            "type": "object",
            "properties": {name: {"type": "string", "minLength": 1, "maxLength": 200} for name in FILTERS},
            "additionalProperties": False,
        }
    },
    "additionalProperties": False,
}


class Calendar(Struct, frozen=True):
    """An address as its owner sees it, without the secret."""

    id: int
    filters: dict[str, str]
    created_at: str
    last_used_at: str | None


class MadeCalendar(Struct, frozen=True):
    """An address with its secret, shown only once."""

    id: int
    url: str
    filters: dict[str, str]
    created_at: str


class Calendars(Struct, frozen=True):
    """Addresses of one person, the newest first."""

    items: list[Calendar]


@get(
    "/api/v1/calendars",
    opt=describe(
        "Your calendar addresses; those of any user, for administrators",
        TAG,
        {200: Answer("Addresses", Calendars)},
        problems=["not-found"],
        parameters=[Query("user", "whose addresses to list; your own by default")],
    ),
)
async def list_calendars(request: Request[Identity, Any, Any]) -> Response[Calendars]:
    """Return the caller's addresses, or those of the user that an administrator names, without secrets."""
    parameters = UrlParameters(request.scope["query_string"], frozenset({"user"}))
    name = parameters.text("user")
    parameters.finish()
    found = await (_of_user(request, name) if name else _own(request))
    return Response(Calendars([_shown(one) for one in found]), headers=NO_STORE)


async def _own(request: Request[Identity, Any, Any]) -> list[CalendarAddress]:
    return await services_of(request.app).personal.calendars(request.user)


async def _of_user(request: Request[Identity, Any, Any], name: str) -> list[CalendarAddress]:
    require(request.user, "admin")
    services = services_of(request.app)
    user = next((one for one in await services.people.users() if one.name == name), None)
    if user is None:
        raise HttpProblem("not-found", f"There is no user {excerpt(name)}.")
    return await services.personal.calendars_of_user(user.id)


@post(
    "/api/v1/calendars",
    status_code=201,
    request_max_body_size=16384,
    opt=describe(
        "Create a secret address for a calendar program",
        TAG,
        {201: Answer("The address; it is shown only once", MadeCalendar)},
        problems=["invalid-json", "unsupported-media-type", "too-large", "validation", "conflict"],
        body=Body({"application/json": NEW_CALENDAR_SCHEMA}),
    ),
)
async def make_calendar(request: Request[Identity, Any, Any]) -> Response[MadeCalendar]:
    """Return a new address with its secret in the URL, as calendar programs need it."""
    services = services_of(request.app)
    filters = await read_json(request, lambda value: _filters(value, services.timezone))
    made = await services.personal.add_calendar(request.user, filters)
    if made is None:
        raise refusal("conflict.calendars", limit=MAX_CALENDARS)
    calendar, secret = made
    base = str(request.base_url).rstrip("/")
    prefix = link("")
    origin = base.removesuffix(prefix) if prefix else base
    url = f"{origin}{link('/eventos.ics')}?{urlencode({'key': secret})}"
    shown = MadeCalendar(calendar.id, url, calendar.filters, timestamp(calendar.created_at))
    return Response(shown, status_code=201, headers=NO_STORE)


@delete(
    "/api/v1/calendars/{calendar_id:str}",
    status_code=204,
    opt=describe("Revoke a calendar address", TAG, {204: Answer("Revoked")}, problems=["not-found"]),
)
async def revoke_calendar(request: Request[Identity, Any, Any], calendar_id: FromPath[str]) -> None:
    """Delete an address of the caller, or of anyone for administrators; it then answers 401."""
    services = services_of(request.app)
    is_number = calendar_id.isascii() and calendar_id.isdigit() and len(calendar_id) < 16
    if not is_number or not await services.personal.remove_calendar(request.user, int(calendar_id)):
        raise refusal("not-found.calendar")


def _filters(value: object, timezone: tzinfo) -> dict[str, str]:
    """Return the filters of a new address. Raises HttpProblem with every error."""
    refuse_half_characters(value)
    members = value if isinstance(value, dict) else {"filters": value}
    filters = members.get("filters", {})
    problems = [unknown_member(name, ("filters",)) for name in members if name != "filters"]
    if not isinstance(value, dict) or not isinstance(filters, dict):
        message = "filters must be an object of strings by name"
        problems.append(Problem("filters", "invalid_type", message, excerpt(filters)))
        filters = {}
    problems += [unknown_member(name, FILTERS, "filters") for name in filters if name not in FILTERS]
    known = {name: text for name, text in filters.items() if name in FILTERS}
    texts = {name: text for name, text in known.items() if isinstance(text, str)}
    problems += [invalid_type(f"filters.{name}", "text", known[name]) for name in known if name not in texts]
    # An empty filter would make an address that shows everything, where a filter was meant.
    problems += [problem("required", f"filters.{name}") for name, text in texts.items() if not text]
    problems += _broken_rules({name: text for name, text in texts.items() if text}, timezone)
    if problems:
        raise invalid_fields(problems)
    return filters


def _broken_rules(filters: dict[str, str], timezone: tzinfo) -> list[Problem]:
    """Return what is wrong with filters by the rules of those of a list: there they would be parameters."""
    try:
        read_only_filter(urlencode(filters).encode(), timezone)
    except HttpProblem as refused:
        return [structs.replace(one, field=f"filters.{one.field}") for one in refused.errors or ()]
    return []


def _shown(calendar: CalendarAddress) -> Calendar:
    used = calendar.last_used_at
    return Calendar(
        id=calendar.id,
        filters=calendar.filters,
        created_at=timestamp(calendar.created_at),
        last_used_at=None if used is None else timestamp(used),
    )


HANDLERS = (list_calendars, make_calendar, revoke_calendar)

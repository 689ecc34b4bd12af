"""One event at a time, and pages of them."""

from datetime import tzinfo
from typing import Any

from litestar import Request, Response, delete, get, patch, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath
from msgspec import Struct

from api.openapi import Answer, Body, Query, describe
from api.problems import HttpProblem, invalid_fields
from api.routes import event_input
from api.routes.answers import json_answer
from api.routes.event_query import FILTERS, PAGING, format_cursor, next_link, read_list_query
from api.routes.json_body import PATCH_TYPES, read_json
from api.routes.preconditions import etag_of, if_match, is_known
from api.routes.url_parameters import UrlParameters
from api.services.catalogue import Catalogue
from api.services.identity import Identity
from domain.events import Event
from domain.problems import Problem

TAG = "events"
PATH = "/api/v1/eventos"
IF_MATCH = Query("If-Match", "Change only these versions.", place="header")
IF_NONE_MATCH = Query("If-None-Match", "Answer 304 for these versions.", place="header")
ETAG = {"ETag": "The version of the event."}
READING_BODY = ("invalid-json", "invalid-query", "too-large", "unsupported-media-type", "validation")

HttpRequest = Request[Identity, Any, Any]


class EventPage(Struct, frozen=True):
    """A page of a list; `next` is the cursor of the one after it."""

    items: list[Event]
    next: str | None
    total: int


@get(
    PATH,
    opt=describe(
        "A page of events",
        TAG,
        {200: Answer("The page", EventPage, headers={"Link": "The next page, `rel=next`."})},
        problems=["invalid-query"],
        parameters=(*FILTERS, *PAGING),
    ),
)
async def list_events(
    request: HttpRequest, catalogue: NamedDependency[Catalogue], timezone: NamedDependency[tzinfo]
) -> Response[bytes]:
    """Return a page, and where the next one starts."""
    query_string = request.scope["query_string"]
    query = read_list_query(query_string, timezone, catalogue.epoch)
    page = await catalogue.page(query.where, sort=query.sort, limit=query.limit, after=query.after)
    cursor = format_cursor(page.next, query.binding) if page.next else None
    headers = {"Link": next_link(PATH, query_string, cursor)} if cursor else {}
    return json_answer(EventPage(page.items, cursor, page.total), headers=headers)


@post(
    PATH,
    opt=describe(
        "Create an event",
        TAG,
        {201: Answer("The event", Event, headers={"Location": "Where it is.", **ETAG})},
        problems=[*READING_BODY, "storage-full"],
        body=Body({"application/json": event_input.EVENT_SCHEMA}),
        role="editor",
    ),
)
async def create_event(
    request: HttpRequest, catalogue: NamedDependency[Catalogue], timezone: NamedDependency[tzinfo]
) -> Response[bytes]:
    """Store one event."""
    no_parameters(request)
    fields = await read_json(request, lambda value: event_input.one_event(value, timezone))
    event = await catalogue.create(fields, request.user)
    return event_answer(event, status=201, headers={"Location": f"{PATH}/{event.id}"})


@get(
    PATH + "/{event_id:str}",
    opt=describe(
        "One event",
        TAG,
        {200: Answer("The event", Event, headers=ETAG), 304: Answer("The caller's copy is still true")},
        problems=["not-found", "invalid-query"],
        parameters=[IF_NONE_MATCH],
    ),
)
async def show_event(
    request: HttpRequest, event_id: FromPath[str], catalogue: NamedDependency[Catalogue]
) -> Response[bytes]:
    """Return one event."""
    no_parameters(request)
    event = await catalogue.get(id_in(event_id))
    if event is None:
        raise absent(event_id)
    if is_known(request.headers.get("if-none-match"), event):
        return Response(b"", status_code=304, headers={"ETag": etag_of(event)})
    return event_answer(event)


@put(
    PATH + "/{event_id:str}",
    opt=describe(
        "Replace an event",
        TAG,
        {200: Answer("The event as it is now", Event, headers=ETAG)},
        problems=[*READING_BODY, "not-found", "precondition-failed", "storage-full"],
        parameters=[IF_MATCH],
        body=Body({"application/json": event_input.EVENT_SCHEMA}),
        role="editor",
    ),
)
async def replace_event(
    request: HttpRequest,
    event_id: FromPath[str],
    catalogue: NamedDependency[Catalogue],
    timezone: NamedDependency[tzinfo],
) -> Response[bytes]:
    """Overwrite an event's own members."""
    no_parameters(request)
    changed = await read_json(request, lambda value: event_input.replacement(value, timezone))
    allowed = if_match(request.headers.get("if-match"))
    return _changed(event_id, await catalogue.change(id_in(event_id), allowed, changed, request.user))


@patch(
    PATH + "/{event_id:str}",
    opt=describe(
        "Change members of an event",
        TAG,
        {200: Answer("The event as it is now", Event, headers=ETAG)},
        problems=[*READING_BODY, "not-found", "precondition-failed", "storage-full"],
        parameters=[IF_MATCH],
        body=Body(dict.fromkeys(PATCH_TYPES, event_input.PATCH_SCHEMA), "A JSON merge patch (RFC 7396)."),
        role="editor",
    ),
)
async def patch_event(
    request: HttpRequest,
    event_id: FromPath[str],
    catalogue: NamedDependency[Catalogue],
    timezone: NamedDependency[tzinfo],
) -> Response[bytes]:
    """Overwrite the members that are given; null removes one."""
    no_parameters(request)
    changed = await read_json(request, lambda value: event_input.patch(value, timezone), PATCH_TYPES)
    allowed = if_match(request.headers.get("if-match"))
    return _changed(event_id, await catalogue.change(id_in(event_id), allowed, changed, request.user))


@delete(
    PATH + "/{event_id:str}",
    status_code=204,
    opt=describe(
        "Delete an event",
        TAG,
        {204: Answer("It is gone")},
        problems=["not-found", "precondition-failed", "invalid-query"],
        parameters=[IF_MATCH],
        role="editor",
    ),
)
async def delete_event(
    request: HttpRequest, event_id: FromPath[str], catalogue: NamedDependency[Catalogue]
) -> None:
    """Delete one event."""
    no_parameters(request)
    allowed = if_match(request.headers.get("if-match"))
    missed = await catalogue.delete(id_in(event_id), allowed, request.user)
    if missed == "absent":
        raise absent(event_id)
    if missed == "stale":
        raise _stale()


def no_parameters(request: HttpRequest) -> None:
    """Refuse any parameter of the URL: the caller means something that would not happen."""
    UrlParameters(request.scope["query_string"], frozenset()).finish()


def id_in(text: str) -> int:
    """Return the id in a path. Raises HttpProblem 404: what is no id names nothing."""
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise absent(text)
    return int(text)


def absent(event_id: str) -> HttpProblem:
    """Return the refusal for an event that is not there."""
    return HttpProblem("not-found", f"There is no event {event_id[:20]}.")


def event_answer(
    event: Event, *, status: int = 200, headers: dict[str, str] | None = None
) -> Response[bytes]:
    """Return one event with its tag."""
    return json_answer(event, status=status, headers={"ETag": etag_of(event), **(headers or {})})


def _changed(event_id: str, outcome: Event | str | list[Problem]) -> Response[bytes]:
    match outcome:
        case Event():
            return event_answer(outcome)
        case list():
            raise invalid_fields(outcome)
        case "absent":
            raise absent(event_id)
    raise _stale()


def _stale() -> HttpProblem:
    return HttpProblem("precondition-failed", "The event was changed meanwhile; fetch it and decide again.")


HANDLERS = (list_events, create_event, show_event, replace_event, patch_event, delete_event)

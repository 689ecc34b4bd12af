"""Single events and pages of events."""

from typing import Any

from litestar import Request, delete, get, patch, post, put
from litestar.params import FromPath
from msgspec import Struct

from api.http.app_services import services_of
from api.http.openapi import Answer, Body, Query, describe
from api.http.problems import HttpProblem, refusal
from api.routes import event_input
from api.routes.answers import ReadyAnswer, json_answer, not_modified
from api.routes.event_query import FILTERS, PAGING, format_cursor, next_link, read_list_query
from api.routes.idempotency import IDEMPOTENCY_KEY, idempotency_key, keyed, other_request
from api.routes.json_body import PATCH_TYPES, PROBLEMS, read_json
from api.routes.preconditions import etag_of, is_known, may_be_changed
from api.routes.url_parameters import UrlParameters
from api.security.origins import header
from api.services.identity import Identity
from domain.events import Event, EventFields
from domain.problems import Problem, excerpt

TAG = "events"
PATH = "/api/v1/eventos"
IF_MATCH = Query("If-Match", "Change the event only if it has one of these versions.", place="header")
IF_NONE_MATCH = Query("If-None-Match", "Answer 304 if the event has one of these versions.", place="header")
CONDITIONS = (
    IF_MATCH,
    Query("If-None-Match", "Change the event only if it has none of these versions.", place="header"),
)
ETAG = {"ETag": "The version of the event."}
READING_BODY = (*PROBLEMS, "invalid-query")

TEXT_PARAMETER: dict[str, Any] = {"type": "string", "maxLength": 200}

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
async def list_events(request: HttpRequest) -> ReadyAnswer:
    """Return a page, and where the next one starts."""
    services = services_of(request.app)
    query_string = request.scope["query_string"]
    query = read_list_query(query_string, services.timezone, services.events.epoch)
    page = await services.events.page(
        query.where, sort=query.sort, limit=query.limit, after=query.after, skip=query.skip
    )
    cursor = format_cursor(page.next, query.binding) if page.next else None
    headers = {"Link": next_link(PATH, query_string, cursor)} if cursor else {}
    return json_answer(EventPage(page.items, cursor, page.total), headers=headers)


@post(
    PATH,
    opt=describe(
        "Create an event",
        TAG,
        {
            201: Answer("The event", Event, headers={"Location": "Where it is.", **ETAG}),
            200: Answer(
                "A request with this `Idempotency-Key` has stored it: the event as it is now",
                Event,
                headers={"Location": "Where it is.", **ETAG},
            ),
        },
        problems=[*READING_BODY, "not-found", "storage-full"],
        parameters=[IDEMPOTENCY_KEY],
        body=Body({"application/json": event_input.EVENT_SCHEMA}),
        role="editor",
    ),
)
async def create_event(request: HttpRequest) -> ReadyAnswer:
    """Store one event."""
    services = services_of(request.app)
    key = idempotency_key(request.scope)
    fields = await read_json(request, lambda value: event_input.one_event(value, services.timezone))
    if key is not None:
        return await _create_once(request, fields, key)
    event = await services.events.create(fields, request.user)
    return _created(event, status=201)


async def _create_once(request: HttpRequest, fields: EventFields, key: str) -> ReadyAnswer:
    """Store one event, or find the one that a request with this key has stored."""
    events = services_of(request.app).events
    once = await events.create_once(fields, request.user, keyed(key, "event", [fields]))
    if once is None:
        raise other_request()
    if not once.events:
        raise absent(str(once.ids[0]))
    return _created(once.events[0], status=200 if once.is_repeat else 201)


def _created(event: Event, *, status: int) -> ReadyAnswer:
    return event_answer(event, status=status, headers={"Location": f"{PATH}/{event.id}"})


@get(
    PATH + "/{event_id:str}",
    opt=describe(
        "One event",
        TAG,
        {200: Answer("The event", Event, headers=ETAG), 304: Answer("The caller's copy is current")},
        problems=["bad-request", "not-found", "precondition-failed", "invalid-query"],
        parameters=[
            Query("If-Match", "Answer only if the event has one of these versions.", place="header"),
            IF_NONE_MATCH,
        ],
    ),
)
async def show_event(request: HttpRequest, event_id: FromPath[str]) -> ReadyAnswer:
    """Return one event."""
    services = services_of(request.app)
    event = await services.events.get(id_in(event_id))
    if event is None:
        raise absent(event_id)
    if is_known(request.scope, etag_of(event)):
        return not_modified({"ETag": etag_of(event)})
    return event_answer(event)


@put(
    PATH + "/{event_id:str}",
    opt=describe(
        "Replace an event",
        TAG,
        {200: Answer("The event after the change", Event, headers=ETAG)},
        problems=[*READING_BODY, "bad-request", "not-found", "precondition-failed", "storage-full"],
        parameters=CONDITIONS,
        body=Body({"application/json": event_input.EVENT_SCHEMA}),
        role="editor",
    ),
)
async def replace_event(
    request: HttpRequest,
    event_id: FromPath[str],
) -> ReadyAnswer:
    """Overwrite an event's own members."""
    services = services_of(request.app)
    changed = await read_json(request, lambda value: event_input.replacement(value, services.timezone))
    allowed = may_be_changed(request.scope)
    return _changed(
        request, event_id, await services.events.change(id_in(event_id), allowed, changed, request.user)
    )


@patch(
    PATH + "/{event_id:str}",
    opt=describe(
        "Change members of an event",
        TAG,
        {200: Answer("The event after the change", Event, headers=ETAG)},
        problems=[*READING_BODY, "bad-request", "not-found", "precondition-failed", "storage-full"],
        parameters=CONDITIONS,
        body=Body(dict.fromkeys(PATCH_TYPES, event_input.PATCH_SCHEMA), "A JSON merge patch (RFC 7396)."),
        role="editor",
    ),
)
async def patch_event(
    request: HttpRequest,
    event_id: FromPath[str],
) -> ReadyAnswer:
    """Overwrite the members that are given; null removes one."""
    services = services_of(request.app)
    changed = await read_json(request, lambda value: event_input.patch(value, services.timezone), PATCH_TYPES)
    allowed = may_be_changed(request.scope)
    return _changed(
        request, event_id, await services.events.change(id_in(event_id), allowed, changed, request.user)
    )


@delete(
    PATH + "/{event_id:str}",
    status_code=204,
    opt=describe(
        "Delete an event",
        TAG,
        {204: Answer("It is gone")},
        problems=["bad-request", "not-found", "precondition-failed", "invalid-query"],
        parameters=CONDITIONS,
        role="editor",
    ),
)
async def delete_event(request: HttpRequest, event_id: FromPath[str]) -> None:
    """Delete one event."""
    services = services_of(request.app)
    allowed = may_be_changed(request.scope)
    missed = await services.events.delete(id_in(event_id), allowed, request.user)
    if missed == "absent":
        raise absent(event_id)
    if missed == "stale":
        raise _stale(request)


def id_in(text: str) -> int:
    """Return the id in a path. Raises HttpProblem 404 for text that is not an id."""
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise absent(text)
    return int(text)


def absent(event_id: str) -> HttpProblem:
    """Return the 404 for an unknown event."""
    return refusal("not-found.event", id=excerpt(event_id[:20]))


def event_answer(event: Event, *, status: int = 200, headers: dict[str, str] | None = None) -> ReadyAnswer:
    """Return one event with its ETag."""
    return json_answer(event, status=status, headers={"ETag": etag_of(event), **(headers or {})})


def _changed(request: HttpRequest, event_id: str, outcome: Event | str | list[Problem]) -> ReadyAnswer:
    match outcome:
        case Event():
            return event_answer(outcome)
        case list():
            raise event_input.invalid_event(outcome)
        case "absent":
            raise absent(event_id)
    raise _stale(request)


def _stale(request: HttpRequest) -> HttpProblem:
    if header(request.scope, b"if-match") is None:
        return HttpProblem("precondition-failed", "If-None-Match excludes the event as it is.")
    return refusal("precondition-failed.event")


class CityEvents(Struct, frozen=True):
    """A city and how many events it has."""

    city: str
    count: int


class Cities(Struct, frozen=True):
    """Cities, the ones with most events first."""

    items: list[CityEvents]


@get(
    PATH + "/cidades",
    opt=describe(
        "The cities of all events",
        TAG,
        {200: Answer("Cities, the ones with most events first", Cities)},
        problems=["invalid-query"],
        parameters=(
            Query(
                "q", "Only cities with this text in their name, ignoring case and accents.", TEXT_PARAMETER
            ),
            Query("limit", "How many.", {"type": "integer", "minimum": 1, "maximum": 500, "default": 50}),
        ),
    ),
)
async def list_cities(request: HttpRequest) -> ReadyAnswer:
    """Return suggestions for a city field."""
    services = services_of(request.app)
    parameters = UrlParameters(request.scope["query_string"], frozenset({"q", "limit"}))
    like, limit = parameters.text("q") or "", parameters.whole("limit", 50, low=1, high=500)
    parameters.finish()
    found = await services.events.cities(like, limit)
    return json_answer(Cities([CityEvents(city, count) for city, count in found]))


HANDLERS = (list_cities, list_events, create_event, show_event, replace_event, patch_event, delete_event)

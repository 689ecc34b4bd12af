"""Many events at once: batches, the whole collection, downloads."""

from collections.abc import AsyncGenerator
from functools import partial
from typing import cast
from urllib.parse import parse_qsl, urlencode

from anyio import to_thread
from litestar import delete, get, post, put
from litestar.response.base import ASGIResponse
from msgspec import Struct

from api.http.app_services import services_of
from api.http.openapi import Answer, Body, Query, describe
from api.http.problems import invalid_query
from api.routes import event_input
from api.routes.answers import ReadyAnswer, json_answer
from api.routes.event_query import (
    FILTER_NAMES,
    FILTERS,
    read_deletion,
    read_filter,
    read_narrowed,
    read_only_filter,
)
from api.routes.events import PATH, READING_BODY, TAG, HttpRequest, no_parameters
from api.routes.json_body import read_json_items
from api.routes.streamed import StreamedAnswer
from api.routes.url_parameters import UrlParameters
from api.security.guards import too_many, unauthorized
from api.services.credentials import digest
from api.services.events import Events
from api.services.exports.formats import FORMATS, OTHER_MEDIA_TYPES, DocumentedEvent, EventFile, Joint, Wanted
from api.services.exports.table import LANGUAGES, Language
from api.services.imports.options import DELIMITERS
from api.services.services import Services
from domain.events import Event
from domain.ports.events import EventFilter
from domain.problems import Problem
from streams.frames import line_safe

FILE_CHUNK = 250
"""Events that are decoded at once: about 3 ms of the loop."""

CALENDAR_CALLS_PER_MINUTE = 30
"""Calendar programs ask each quarter of an hour or so."""


class StoredBatch(Struct, frozen=True):
    """The stored events of an array: their ids are consecutive."""

    count: int
    first_id: int | None
    last_id: int | None
    items: list[Event]


class Deleted(Struct, frozen=True):
    """How many events are gone."""

    deleted: int


@post(
    PATH + "/lote",
    opt=describe(
        "Create many events: all of them or none",
        TAG,
        {201: Answer("The events in order", StoredBatch)},
        problems=[*READING_BODY, "storage-full"],
        body=Body({"application/json": event_input.LIST_SCHEMA}),
        role="editor",
    ),
)
async def create_batch(
    request: HttpRequest,
) -> ReadyAnswer:
    """Store an array of events in one transaction."""
    services = services_of(request.app)
    no_parameters(request)
    batch = await read_json_items(
        request,
        lambda values: event_input.many_events(values, services.timezone, services.settings.max_batch_events),
    )
    return json_answer(_stored(await services.events.create_all(batch, request.user)), status=201)


@put(
    PATH,
    opt=describe(
        "Replace all events",
        TAG,
        {200: Answer("The events in order", StoredBatch)},
        problems=[*READING_BODY, "storage-full"],
        body=Body({"application/json": event_input.LIST_SCHEMA}),
        role="admin",
    ),
)
async def replace_all(
    request: HttpRequest,
) -> ReadyAnswer:
    """Replace all events with an array of events."""
    services = services_of(request.app)
    no_parameters(request)
    batch = await read_json_items(
        request,
        lambda values: event_input.many_events(values, services.timezone, services.settings.max_batch_events),
    )
    return json_answer(_stored(await services.events.replace_all(batch, request.user)))


@delete(
    PATH,
    status_code=200,
    opt=describe(
        "Delete all events, or those that match filters",
        TAG,
        {200: Answer("How many", Deleted)},
        problems=["invalid-query"],
        parameters=FILTERS,
        role="admin",
    ),
)
async def delete_events(request: HttpRequest) -> ReadyAnswer:
    """Delete in one transaction."""
    services = services_of(request.app)
    where = read_deletion(request.scope["query_string"], services.timezone)
    return json_answer(Deleted(await services.events.delete_matching(where, request.user)))


@get(
    PATH + "/download",
    opt=describe(
        "Every event as a file",
        TAG,
        {
            200: Answer(
                "An attachment, streamed; CSV begins with a byte order mark",
                list[DocumentedEvent],
                ["application/json"],
                headers={"Content-Disposition": "The name of the file."},
                other_media_types=OTHER_MEDIA_TYPES,
            )
        },
        problems=["invalid-query"],
        parameters=(
            *FILTERS,
            Query("format", "Format of the file.", {"enum": [*FORMATS], "default": "json"}),
            Query(
                "lang",
                "Language of the column titles of an XLSX, or of a CSV that opens in Excel.",
                {"enum": [*LANGUAGES]},
            ),
            Query("delimiter", "Delimiter between the cells of a CSV: `,` `;` `|` or `tab`."),
        ),
    ),
)
async def download(request: HttpRequest) -> ASGIResponse:
    """Stream all events that match, by id."""
    services = services_of(request.app)
    parameters = UrlParameters(request.scope["query_string"], FILTER_NAMES | {"format", "lang", "delimiter"})
    where = read_filter(parameters, services.timezone)
    form = FORMATS[parameters.choice("format", tuple(FORMATS), "json")]
    wanted = _wanted(parameters, services.events.epoch)
    parameters.finish()
    headers = {
        "Content-Disposition": f'attachment; filename="{form.file_name}"',
        "Cache-Control": "no-store",
    }
    chunks = (
        partial(_document_chunks, services.events, where, form.joint)
        if form.joint
        else partial(_file_chunks, services.events, where, form.begin(wanted))
    )
    return StreamedAnswer(chunks, media_type=form.media_type, headers=headers)


@get(
    ["/api/v1/eventos.ics", "/eventos.ics"],
    opt=describe(
        "The events as a calendar to subscribe to",
        TAG,
        {200: Answer("iCalendar, streamed", {"type": "string"}, ["text/calendar"])},
        problems=["invalid-query", "unauthorized", "too-many-requests"],
        parameters=(
            *FILTERS,
            Query("key", "Secret of a calendar address, instead of a sign-in.", {"type": "string"}),
        ),
        role=None,
    ),
)
async def calendar(request: HttpRequest) -> ASGIResponse:
    """Stream the matching events as a calendar, for calendar programs that poll it.

    A calendar program signs in by the secret of its address, which shows no more than it was made for.
    """
    services = services_of(request.app)
    where = await _calendar_filter(request, services)
    form = FORMATS["ics"]
    chunks = partial(_file_chunks, services.events, where, form.begin(Wanted(services.events.epoch)))
    return StreamedAnswer(chunks, media_type=form.media_type, headers={"Cache-Control": "no-cache"})


def _wanted(parameters: UrlParameters, epoch: str) -> Wanted:
    """Return the options of an export besides its format."""
    language = parameters.choice("lang", ("", *LANGUAGES), "") or None
    text = parameters.raw("delimiter")
    delimiter = None if text is None else DELIMITERS.get(text.lower())
    if text is not None and delimiter is None:
        parameters.refuse("delimiter", "unknown_value", "delimiter must be one of , ; | or tab", text)
    return Wanted(epoch, cast("Language | None", language), delimiter)


async def _calendar_filter(request: HttpRequest, services: Services) -> EventFilter:
    """Return what to show: of an address no more than it was made for, else what the caller asks."""
    query_string: bytes = request.scope["query_string"]
    given = parse_qsl(
        query_string.decode("latin-1"),
        keep_blank_values=True,
        encoding="utf-8",
        errors="replace",
        max_num_fields=64,
    )
    keys = [value for name, value in given if name == "key"]
    key = keys[0] if keys else None
    if key is None:
        if request.scope["user"] is None:
            raise unauthorized(presented=request.scope["auth"] is not None)
        return read_only_filter(query_string, services.timezone)
    if len(keys) > 1:
        # Neither is named in the answer: both are secrets.
        raise invalid_query([Problem("key", "repeated", "key must be given once")])
    if seconds := await services.rate_limiter.take(f"calendar:{digest(key)}", CALENDAR_CALLS_PER_MINUTE):
        raise too_many("calendar", seconds, limit=CALENDAR_CALLS_PER_MINUTE)
    found = await services.personal.calendar_of(key)
    if found is None:
        raise unauthorized(presented=True)
    asked = urlencode([(name, value) for name, value in given if name != "key"]).encode()
    return read_narrowed(asked, found.filters, services.timezone)


async def _document_chunks(events: Events, where: EventFilter, joint: Joint) -> AsyncGenerator[bytes, None]:
    """Pass on the JSON that the store writes."""
    async with events.reading() as reading:
        opening, closing = joint.opening.encode(), joint.closing_empty
        async for part in reading.scan_documents(where, separator=joint.separator):
            yield opening + line_safe(part)
            opening, closing = b"", joint.closing
        yield opening + closing.encode()


async def _file_chunks(events: Events, where: EventFilter, file: EventFile) -> AsyncGenerator[bytes, None]:
    """Write events chunk by chunk, in a thread: the loop has others to serve."""
    async with events.reading() as reading:
        opening = file.opening()
        async for some in reading.scan(where, chunk=FILE_CHUNK):
            yield opening + await to_thread.run_sync(file.part, some)
            opening = b""
        yield opening + file.closing()


def _stored(events: list[Event]) -> StoredBatch:
    first, last = (events[0].id, events[-1].id) if events else (None, None)
    return StoredBatch(len(events), first, last, events)


HANDLERS = (create_batch, replace_all, delete_events, download, calendar)

"""Many events at once: batches, the whole collection, downloads."""

from collections.abc import AsyncGenerator
from datetime import tzinfo
from functools import partial

from anyio import to_thread
from litestar import Response, delete, get, post, put
from litestar.di import NamedDependency
from litestar.response.base import ASGIResponse
from msgspec import Struct

from api.openapi import Answer, Body, Query, describe
from api.routes import event_input
from api.routes.answers import json_answer
from api.routes.event_formats import FORMATS, DocumentedEvent, EventFile, Joint
from api.routes.event_query import FILTER_NAMES, FILTERS, read_deletion, read_filter, read_only_filter
from api.routes.events import PATH, READING_BODY, TAG, HttpRequest, no_parameters
from api.routes.json_body import read_json
from api.routes.streamed import StreamedAnswer
from api.routes.url_parameters import UrlParameters
from api.services.catalogue import Catalogue
from domain.events import Event
from domain.ports import EventFilter

FILE_CHUNK = 250
"""Events that are decoded at once: about 3 ms of the loop."""


class StoredBatch(Struct, frozen=True):
    """What became of an array of events: their ids are consecutive."""

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
        "Create many events, all or none",
        TAG,
        {201: Answer("The events in order", StoredBatch)},
        problems=[*READING_BODY, "storage-full"],
        body=Body({"application/json": event_input.LIST_SCHEMA}),
        role="editor",
    ),
)
async def create_batch(
    request: HttpRequest,
    catalogue: NamedDependency[Catalogue],
    timezone: NamedDependency[tzinfo],
    max_batch_events: NamedDependency[int],
) -> Response[bytes]:
    """Store an array of events in one transaction."""
    no_parameters(request)
    batch = await read_json(request, lambda value: event_input.many_events(value, timezone, max_batch_events))
    return json_answer(_stored(await catalogue.create_all(batch, request.user)), status=201)


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
    catalogue: NamedDependency[Catalogue],
    timezone: NamedDependency[tzinfo],
    max_batch_events: NamedDependency[int],
) -> Response[bytes]:
    """Store an array of events in the place of all others."""
    no_parameters(request)
    batch = await read_json(request, lambda value: event_input.many_events(value, timezone, max_batch_events))
    return json_answer(_stored(await catalogue.replace_all(batch, request.user)))


@delete(
    PATH,
    status_code=200,
    opt=describe(
        "Delete all events, or those that filters match",
        TAG,
        {200: Answer("How many", Deleted)},
        problems=["invalid-query"],
        parameters=FILTERS,
        role="admin",
    ),
)
async def delete_events(
    request: HttpRequest, catalogue: NamedDependency[Catalogue], timezone: NamedDependency[tzinfo]
) -> Response[bytes]:
    """Delete in one transaction."""
    where = read_deletion(request.scope["query_string"], timezone)
    return json_answer(Deleted(await catalogue.delete_matching(where, request.user)))


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
                other_media_types=["text/csv", "application/x-ndjson", "text/calendar"],
            )
        },
        problems=["invalid-query"],
        parameters=(*FILTERS, Query("format", "Form of the file.", {"enum": [*FORMATS], "default": "json"})),
    ),
)
async def download(
    request: HttpRequest, catalogue: NamedDependency[Catalogue], timezone: NamedDependency[tzinfo]
) -> ASGIResponse:
    """Stream all events that match, by id."""
    parameters = UrlParameters(request.scope["query_string"], FILTER_NAMES | {"format"})
    where = read_filter(parameters, timezone)
    form = FORMATS[parameters.choice("format", tuple(FORMATS), "json")]
    parameters.finish()
    headers = {
        "Content-Disposition": f'attachment; filename="{form.file_name}"',
        "Cache-Control": "no-store",
    }
    chunks = (
        partial(_document_chunks, catalogue, where, form.joint)
        if form.joint
        else partial(_file_chunks, catalogue, where, form.begin(catalogue.epoch))
    )
    return StreamedAnswer(chunks, media_type=form.media_type, headers=headers)


@get(
    ["/api/v1/eventos.ics", "/eventos.ics"],
    opt=describe(
        "The events as a calendar to subscribe to",
        TAG,
        {200: Answer("iCalendar, streamed", {"type": "string"}, ["text/calendar"])},
        problems=["invalid-query"],
        parameters=FILTERS,
    ),
)
async def calendar(
    request: HttpRequest, catalogue: NamedDependency[Catalogue], timezone: NamedDependency[tzinfo]
) -> ASGIResponse:
    """Stream what the filters match, for a calendar program that asks again now and then."""
    where = read_only_filter(request.scope["query_string"], timezone)
    form = FORMATS["ics"]
    chunks = partial(_file_chunks, catalogue, where, form.begin(catalogue.epoch))
    return StreamedAnswer(chunks, media_type=form.media_type, headers={"Cache-Control": "no-cache"})


async def _document_chunks(
    catalogue: Catalogue, where: EventFilter, joint: Joint
) -> AsyncGenerator[bytes, None]:
    """Pass on the JSON that the store writes."""
    async with catalogue.reading() as events:
        opening, closing = joint.opening.encode(), joint.closing_empty
        async for part in events.scan_documents(where, separator=joint.separator):
            yield opening + part
            opening, closing = b"", joint.closing
        yield opening + closing.encode()


async def _file_chunks(
    catalogue: Catalogue, where: EventFilter, file: EventFile
) -> AsyncGenerator[bytes, None]:
    """Write events chunk by chunk, in a thread: the loop has others to serve."""
    async with catalogue.reading() as events:
        opening = file.opening()
        async for some in events.scan(where, chunk=FILE_CHUNK):
            yield opening + await to_thread.run_sync(file.part, some)
            opening = b""
        yield opening + file.closing()


def _stored(events: list[Event]) -> StoredBatch:
    first, last = (events[0].id, events[-1].id) if events else (None, None)
    return StoredBatch(len(events), first, last, events)


HANDLERS = (create_batch, replace_all, delete_events, download, calendar)

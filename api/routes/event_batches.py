"""Many events at once: batches, the whole collection, downloads."""

from collections.abc import AsyncGenerator, Iterator, Sequence
from functools import partial

from litestar import delete, get, post, put
from litestar.response.base import ASGIResponse
from msgspec import Struct

from api.http.app_services import services_of
from api.http.openapi import Answer, Body, describe
from api.routes import event_input, export_options
from api.routes.answers import ReadyAnswer, json_answer
from api.routes.event_query import (
    FILTER_NAMES,
    FILTERS,
    read_deletion,
    read_filter,
)
from api.routes.events import PATH, READING_BODY, TAG, HttpRequest
from api.routes.file_chunks import file_chunks
from api.routes.idempotency import IDEMPOTENCY_KEY, idempotency_key, keyed, other_request
from api.routes.json_body import read_json_items
from api.routes.streamed import StreamedAnswer
from api.routes.url_parameters import UrlParameters
from api.services.events import Events, Keyed
from api.services.exports.formats import FORMATS, OTHER_MEDIA_TYPES, DocumentedEvent, Joint, Wanted
from api.services.services import Services
from domain.events import Event, EventFields
from domain.ports.events import EventFilter
from streams.frames import line_safe


class StoredBatch(Struct, frozen=True):
    """The stored events of an array: their ids are consecutive.

    In the answer to a repeat, `items` has those that there still are.
    """

    count: int
    first_id: int | None
    last_id: int | None
    items: Sequence[Event]


class Deleted(Struct, frozen=True):
    """How many events are gone."""

    deleted: int


@post(
    PATH + "/lote",
    opt=describe(
        "Create many events: all of them or none",
        TAG,
        {
            201: Answer("The events in order", StoredBatch),
            200: Answer(
                "A request with this `Idempotency-Key` has stored them: `count` and ids as in its answer,"
                " and those events that there still are, as they are now",
                StoredBatch,
            ),
        },
        problems=[*READING_BODY, "storage-full"],
        parameters=[IDEMPOTENCY_KEY],
        body=Body({"application/json": event_input.LIST_SCHEMA}),
        role="editor",
    ),
)
async def create_batch(
    request: HttpRequest,
) -> ReadyAnswer:
    """Store an array of events in one transaction."""
    services = services_of(request.app)
    key = idempotency_key(request.scope)
    if key is not None:
        return await _create_once(request, services, key)
    batch = await _batch(request, services)
    return json_answer(_stored(await services.events.create_all(batch, request.user)), status=201)


async def _create_once(request: HttpRequest, services: Services, key: str) -> ReadyAnswer:
    """Store an array of events, or find those that a request with this key has stored."""
    most = services.settings.max_batch_events

    def read(values: Iterator[object]) -> tuple[list[EventFields], Keyed]:
        batch = event_input.many_events(values, services.timezone, most)
        # Here, since large bodies are read in a thread.
        return batch, keyed(key, "batch", batch)

    batch, known_by = await read_json_items(request, read)
    once = await services.events.create_all_once(batch, request.user, known_by)
    if once is None:
        raise other_request()
    first, last = (once.ids[0], once.ids[-1]) if once.ids else (None, None)
    stored = StoredBatch(len(once.ids), first, last, once.events)
    return json_answer(stored, status=200 if once.is_repeat else 201)


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
    batch = await _batch(request, services)
    return json_answer(_stored(await services.events.replace_all(batch, request.user)))


async def _batch(request: HttpRequest, services: Services) -> list[EventFields]:
    """Return the new events of a body, all or none."""
    most = services.settings.max_batch_events
    return await read_json_items(
        request, lambda values: event_input.many_events(values, services.timezone, most)
    )


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
            *export_options.PARAMETERS,
        ),
    ),
)
async def download(request: HttpRequest) -> ASGIResponse:
    """Stream all events that match, by id."""
    services = services_of(request.app)
    parameters = UrlParameters(request.scope["query_string"], FILTER_NAMES | export_options.NAMES)
    where = read_filter(parameters, services.timezone)
    asked = export_options.of_url(parameters)
    parameters.finish()
    form = FORMATS[asked.format]
    wanted = Wanted(services.events.epoch, asked.lang, asked.delimiter, services.settings.timezone)
    headers = {
        "Content-Disposition": f'attachment; filename="{form.file_name}"',
        "Cache-Control": "no-store",
    }
    chunks = (
        partial(_document_chunks, services.events, where, form.joint)
        if form.joint
        else partial(file_chunks, services.events, where, form.begin(wanted))
    )
    return StreamedAnswer(chunks, media_type=form.media_type, headers=headers)


async def _document_chunks(events: Events, where: EventFilter, joint: Joint) -> AsyncGenerator[bytes, None]:
    """Pass on the JSON that the store writes."""
    async with events.reading() as reading:
        opening, closing = joint.opening.encode(), joint.closing_empty
        async for part in reading.scan_documents(where, separator=joint.separator):
            yield opening + line_safe(part)
            opening, closing = b"", joint.closing
        yield opening + closing.encode()


def _stored(events: list[Event]) -> StoredBatch:
    first, last = (events[0].id, events[-1].id) if events else (None, None)
    return StoredBatch(len(events), first, last, events)


HANDLERS = (create_batch, replace_all, delete_events, download)

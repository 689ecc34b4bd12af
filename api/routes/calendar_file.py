"""The calendar that programs subscribe to: read by a sign-in, or by the secret of an address."""

import hashlib
from collections.abc import Sequence
from functools import partial
from importlib.metadata import version
from typing import NamedTuple
from urllib.parse import urlencode

import msgspec
from litestar import get
from litestar.types import ASGIApp

from api.http.app_services import services_of
from api.http.assets import codings_in
from api.http.openapi import Answer, Query, describe
from api.http.problems import HttpProblem, invalid_query, refusal
from api.http.query_strings import pairs_of
from api.routes.answers import not_modified
from api.routes.event_query import FILTERS, read_narrowed, read_only_filter
from api.routes.events import TAG, HttpRequest
from api.routes.file_chunks import file_chunks
from api.routes.preconditions import is_known
from api.routes.streamed import StreamedAnswer
from api.security.guards import CHALLENGE, too_many, unauthorized
from api.security.origins import header
from api.services.credentials import digest
from api.services.exports.formats import FORMATS, Wanted
from api.services.exports.gzipped import GzippedFile
from api.services.services import Services
from domain.ports.events import EventFilter
from domain.problems import Problem

CALENDAR_CALLS_PER_MINUTE = 30
"""Of one address; calendar programs ask each quarter of an hour or so. Answers of 304 cost little, and do not
count."""

NAME = "FastTrack"

_TRACKING = frozenset(
    {"_", "dclid", "fbclid", "gclid", "igshid", "mc_cid", "mc_eid", "msclkid", "twclid", "yclid"}
)
"""What programs add to an address that is passed on, besides `utm_…`: nobody means a filter by it."""


class _Asked(NamedTuple):
    """What a request asks for: which events, and the digest of the secret that lets it in, if one does."""

    where: EventFilter
    key: str | None


@get(
    ["/api/v1/eventos.ics", "/eventos.ics"],
    opt=describe(
        "The events as a calendar to subscribe to",
        TAG,
        {
            200: Answer(
                "iCalendar, streamed, by gzip where Accept-Encoding has it",
                {"type": "string"},
                ["text/calendar"],
                headers={"ETag": "The state of the events, for these filters."},
            ),
            304: Answer("No event was changed"),
        },
        problems=["invalid-query", "unauthorized", "too-many-requests"],
        parameters=(
            *FILTERS,
            Query("key", "Secret of a calendar address, instead of a sign-in.", {"type": "string"}),
            Query("If-None-Match", "Answer 304 if no event was changed since.", place="header"),
        ),
        role=None,
    ),
)
async def calendar(request: HttpRequest) -> ASGIApp:
    """Stream the matching events as a calendar, for calendar programs that poll it.

    A calendar program signs in by the secret of its address, which shows no more than it was made for.
    """
    services = services_of(request.app)
    where, key = await _asked(request, services)
    wanted = Wanted(services.events.epoch, timezone=services.settings.timezone, name=_name_of(where))
    # Before the events are read: one that is changed meanwhile is then told by the next tag.
    etag = _etag(where, wanted, await services.events.position())
    # Weak: compressed or not, it is the same calendar.
    headers = {
        "ETag": f"W/{etag}",
        "Cache-Control": "private, no-cache",
        "Vary": "Accept-Encoding",
    }
    if is_known(request.scope, headers["ETag"]):
        return not_modified(headers)
    if key is not None:
        await _count(services, key)
    form = FORMATS["ics"]
    file = form.begin(wanted)
    if not codings_in(header(request.scope, b"accept-encoding") or "").isdisjoint({"gzip", "x-gzip"}):
        file = GzippedFile(file)
        headers["Content-Encoding"] = "gzip"
    return StreamedAnswer(
        partial(file_chunks, services.events, where, file), media_type=form.media_type, headers=headers
    )


async def _asked(request: HttpRequest, services: Services) -> _Asked:
    """Return what to show: of an address no more than it was made for, else what the caller asks."""
    query_string: bytes = request.scope["query_string"]
    given = pairs_of(query_string)
    keys = [value for name, value in given if name == "key"]
    if not keys:
        if request.scope["user"] is None:
            raise unauthorized(presented=request.scope["auth"] is not None)
        return _Asked(read_only_filter(query_string, services.timezone), None)
    if len(keys) > 1:
        # Neither is named in the answer: both are secrets.
        raise invalid_query([Problem("key", "repeated", "key must be given once")])
    key = digest(keys[0])
    found = await services.personal.calendar_of(keys[0])
    if found is None:
        await _count(services, key)
        raise _unknown_address()
    return _Asked(read_narrowed(_filters_in(given), found.filters, services.timezone), key)


def _filters_in(given: Sequence[tuple[str, str]]) -> bytes:
    """Return the parameters of an address that say which events to show."""
    said = [
        (name, value)
        for name, value in given
        if name != "key" and name not in _TRACKING and not name.startswith("utm_")
    ]
    return urlencode(said).encode()


def _unknown_address() -> HttpProblem:
    """Return the refusal of a secret that opens nothing, whatever the reason.

    The challenge is that of tokens: calendar programs ask for a password only at one for Basic.
    """
    return refusal("unauthorized.calendar_address", headers={"WWW-Authenticate": CHALLENGE})


async def _count(services: Services, key: str) -> None:
    """Count a call with a secret. Raises the 429 when there were too many."""
    if seconds := await services.rate_limiter.take(f"calendar:{key}", CALENDAR_CALLS_PER_MINUTE):
        raise too_many("calendar", seconds, limit=CALENDAR_CALLS_PER_MINUTE)


def _name_of(where: EventFilter) -> str:
    """Return the name of a calendar: with what it is of, as a person may subscribe to several."""
    parts = [text for text in (where.city, where.venue_type, where.q, where.upload_id) if text]
    return f"{NAME} \u2013 {', '.join(parts)}" if parts else NAME


def _etag(where: EventFilter, wanted: Wanted, position: int) -> str:
    """Return the tag of a calendar: of all that its bytes depend on."""
    said = msgspec.json.encode([version("fasttrack"), position, where, wanted])
    return f'"{hashlib.sha256(said).hexdigest()[:32]}"'


HANDLERS = (calendar,)

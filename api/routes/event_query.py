"""Reads the filters of lists, downloads and deletions from URL parameters."""

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Annotated, Any, cast, get_args
from urllib.parse import parse_qsl, urlencode

import msgspec
from msgspec import Meta, Struct

from api.http.openapi import Query
from api.routes.url_parameters import UrlParameters
from domain.dates import UNIX_EPOCH, parse_event_date
from domain.folding import fold
from domain.limits import STORED_INTEGER
from domain.ports.events import EventFilter, EventSort
from domain.problems import Problem
from domain.text import endless_marks
from domain.venues import known_venue_type, unknown_venue_type

FILTER_NAMES = frozenset({"city", "q", "from", "to", "venue_type", "upload_id"})
SORTS: tuple[str, ...] = get_args(EventSort)
MOST_SKIPPED = 100_000_000
_MICROSECOND = timedelta(microseconds=1)
_BLANKS = re.compile(r"[^\S\r\n]{2,}")
_OFFSET_AFTER_BLANK = re.compile(r"(.*:.*) ([0-9]{2}(?::?[0-9]{2})?)", re.DOTALL)

_Number = Annotated[int, Meta(ge=-STORED_INTEGER - 1, le=STORED_INTEGER)]
_Title = Annotated[str, Meta(pattern=r"\A[^\0]*\Z")]
"""No stored title has a NUL, and PostgreSQL takes none."""

POSITIONS: dict[EventSort, Any] = {
    "id": tuple[_Number],
    "-id": tuple[_Number],
    "event_date": tuple[_Number, _Number],
    "-event_date": tuple[_Number, _Number],
    "title": tuple[_Title, _Number],
}
"""The types of a position in each order: the values that it sorts by, the id last."""

_read_position = {sort: msgspec.json.Decoder(form).decode for sort, form in POSITIONS.items()}

FILTERS = (
    Query("city", "Only this city, ignoring case and accents.", {"type": "string", "maxLength": 200}),
    Query("q", "Only events with this text in title or description.", {"type": "string", "maxLength": 200}),
    Query("from", "Only events at or after this date or time.", {"type": "string", "maxLength": 200}),
    Query(
        "to", "Only events up to this time, or to the end of this date.", {"type": "string", "maxLength": 200}
    ),
    Query("venue_type", "Only events at this type of venue.", {"type": "string", "maxLength": 200}),
    Query("upload_id", "Only events of this import.", {"type": "string", "maxLength": 200}),
)
PAGING = (
    Query("sort", "Sort order; a leading - reverses it.", {"enum": [*SORTS], "default": "id"}),
    Query("limit", "Events per page.", {"type": "integer", "minimum": 1, "maximum": 500, "default": 50}),
    Query("cursor", "Where the page starts: `next` of the previous page.", {"type": "string"}),
    Query(
        "skip",
        "Pass over so many events first, to look into the middle of a list. To read all of it, follow `next`:"
        " that misses and repeats none when others change events meanwhile.",
        {"type": "integer", "minimum": 0, "maximum": MOST_SKIPPED, "default": 0},
    ),
)


class ListQuery(Struct, frozen=True):
    """One page of a list. `binding` ties its cursors to this filter, order and store."""

    where: EventFilter
    sort: EventSort
    limit: int
    after: tuple[Any, ...] | None
    skip: int
    binding: bytes


def read_filter(parameters: UrlParameters, timezone: tzinfo) -> EventFilter:
    """Return the filter that the parameters describe; problems stay with the parameters."""
    return EventFilter(
        city=_one_blank(parameters.text("city")),
        q=_one_blank(parameters.text("q")),
        from_us=_instant(parameters, "from", timezone),
        to_us=_instant(parameters, "to", timezone),
        venue_type=_venue_type(parameters),
        upload_id=parameters.text("upload_id"),
    )


def read_list_query(query_string: bytes, timezone: tzinfo, epoch: str) -> ListQuery:
    """Return the requested page of a list. Raises HttpProblem with all errors."""
    parameters = UrlParameters(query_string, FILTER_NAMES | {"sort", "limit", "cursor", "skip"})
    where = read_filter(parameters, timezone)
    sort = cast("EventSort", parameters.choice("sort", SORTS, "id"))
    limit = parameters.whole("limit", 50, low=1, high=500)
    skip = parameters.whole("skip", 0, low=0, high=MOST_SKIPPED)
    binding = msgspec.json.encode([epoch, sort, where])
    cursor = parameters.raw("cursor")
    after = None if cursor is None else parse_cursor(cursor, binding, sort)
    if cursor is not None and after is None:
        parameters.refuse_cursor(cursor)
    parameters.finish()
    return ListQuery(where, sort, limit, after, skip, binding)


def read_only_filter(query_string: bytes, timezone: tzinfo) -> EventFilter:
    """Return the filter of a call that takes no other parameter. Raises HttpProblem."""
    parameters = UrlParameters(query_string, FILTER_NAMES)
    where = read_filter(parameters, timezone)
    parameters.finish()
    return where


def read_narrowed(query_string: bytes, bound: Mapping[str, str], timezone: tzinfo) -> EventFilter:
    """Return the filter of a call that may see no more than `bound` lets through, parameters by name.

    Dates narrow each other; another text than that of `bound` is refused.

    Raises:
        HttpProblem: with all that is wrong with the call.
    """
    limits = read_filter(UrlParameters(urlencode(bound).encode(), FILTER_NAMES), timezone)
    parameters = UrlParameters(query_string, FILTER_NAMES)
    asked = read_filter(parameters, timezone)
    texts = {}
    for name in ("city", "q", "venue_type", "upload_id"):
        held, wanted = getattr(limits, name), getattr(asked, name)
        if held and wanted and not _is_alike(held, wanted):
            rule = f"{name} must be what this address was made for, or be left out"
            parameters.refuse(name, "outside_of_address", rule, wanted)
        texts[name] = held or wanted
    parameters.finish()
    after = [us for us in (limits.from_us, asked.from_us) if us is not None]
    before = [us for us in (limits.to_us, asked.to_us) if us is not None]
    return EventFilter(**texts, from_us=max(after, default=None), to_us=min(before, default=None))


def read_deletion(query_string: bytes, timezone: tzinfo) -> EventFilter:
    """Return the filter of a deletion. An empty filter must not match all events."""
    parameters = UrlParameters(query_string, FILTER_NAMES)
    parameters.refuse_empty()
    where = read_filter(parameters, timezone)
    parameters.finish()
    return where


def format_cursor(position: Sequence[Any], binding: bytes) -> str:
    """Return a position as an opaque cursor; `parse_cursor` refuses it for any other list."""
    content = msgspec.json.encode(list(position))
    return base64.urlsafe_b64encode(_seal(content, binding) + content).decode().rstrip("=")


def parse_cursor(text: str, binding: bytes, sort: EventSort) -> tuple[Any, ...] | None:
    """Return the position in a cursor, or None if it is not one of this list. Total.

    The content is decoded by the types of the order whatever its seal: anyone can compute that.
    """
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError:
        return None
    seal, content = raw[:_SEAL_BYTES], raw[_SEAL_BYTES:]
    if seal != _seal(content, binding):
        return None
    try:
        position: tuple[Any, ...] = _read_position[sort](content)
    except (msgspec.DecodeError, UnicodeError):
        return None
    # Another spelling of the same values, as 1.0 for 1, is none that a page ever had.
    return position if msgspec.json.encode(position) == content else None


_SEAL_BYTES = 9


def _seal(content: bytes, binding: bytes) -> bytes:
    """Return a checksum. It keeps out mistakes, such as the cursor of another list.

    It proves nothing about who made the cursor: its key is known to every client.
    """
    return hashlib.blake2b(content, key=hashlib.sha256(binding).digest(), digest_size=_SEAL_BYTES).digest()


def next_link(path: str, query_string: bytes, cursor: str) -> str:
    """Return the Link header of a page that has a next one. Source: RFC 8288."""
    return f'<{path}?{_without_position(query_string)}cursor={cursor}>; rel="next"'


@lru_cache(64)
def _without_position(query_string: bytes) -> str:
    """Return the parameters that the next page has too, each followed by `&`. A list is asked for again."""
    asked = parse_qsl(query_string.decode(), keep_blank_values=True)
    pairs = [(name, value) for name, value in asked if name not in ("cursor", "skip")]
    return "".join(f"{urlencode([pair])}&" for pair in pairs)


def _is_alike(held: str, wanted: str) -> bool:
    """Return whether two texts find the same. Endless marks, which are refused, would take quadratic time."""
    return not endless_marks(wanted) and fold(held.strip()) == fold(wanted.strip())


def _one_blank(text: str | None) -> str | None:
    """Return a text with runs of blanks as one, as titles and cities are stored; line breaks stay."""
    return text and _BLANKS.sub(" ", text)


def _venue_type(parameters: UrlParameters) -> str | None:
    """Return a type as it is stored. One that is unknown is a problem, and would match nothing."""
    text = parameters.text("venue_type")
    if not text:
        return text
    known = known_venue_type(text)
    if known is None:
        parameters.problems.append(unknown_venue_type("venue_type", text))
    return known or text


def _instant(parameters: UrlParameters, name: str, timezone: tzinfo) -> int | None:
    """Return a bound in µs. `to` is told inclusively and kept exclusively."""
    text = parameters.raw(name)
    if not text:
        return None
    # A + that was not escaped arrives as a blank.
    if found := _OFFSET_AFTER_BLANK.fullmatch(text):
        text = f"{found[1]}+{found[2]}"
    parsed = parse_event_date(text, timezone=timezone, field=name)
    if isinstance(parsed, Problem):
        parameters.problems.append(parsed)
        return None
    if name == "from":
        return parsed[1]
    day = text.strip()
    return _day_after(day, timezone) if len(day) == 10 else parsed[1] + 1


def _day_after(day: str, timezone: tzinfo) -> int:
    """Return the midnight after a day, in µs: days on which the clock is changed have 23 or 25 hours.

    A midnight that the clock skips is where an event at that midnight is.
    """
    midnight = datetime.fromisoformat(day) + timedelta(days=1)
    return (midnight.replace(tzinfo=timezone) - UNIX_EPOCH) // _MICROSECOND

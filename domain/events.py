"""The event, and the validation of its fields for CSV and JSON."""

from collections.abc import Callable, Iterator, Mapping
from datetime import tzinfo
from difflib import get_close_matches
from itertools import islice

from msgspec import Struct, to_builtins

from domain import limits
from domain.dates import DateOrder, parse_event_date, time_problem
from domain.problems import MAX_TOLD, Problem, excerpt, problem
from domain.text import (
    check_characters,
    check_length,
    check_size,
    invalid_type,
    is_invisible,
    normal,
    not_texts,
    one_line,
    plain_line,
    required,
)
from domain.venues import VENUE_MEMBERS, Venue, parse_venue

Warn = Callable[[str], None]
"""Takes the code of something that was repaired or ignored, and is told of by a warning."""

_VENUE_MEMBERS = frozenset(VENUE_MEMBERS)


def ignore_warning(_code: str) -> None:
    """Ignore a warning, because JSON answers have no warnings."""


class EventFields(Struct, frozen=True, gc=False):
    """The six documented members of an event, validated, and its instant.

    Attributes:
        title: 1 to 100 code points, one line.
        description: any text up to 64 KiB, may be empty.
        event_date: wall clock at the venue as ISO 8601 text, as it came: naive stays naive.
        city: 1 to 100 code points, one line.
        participants: names in order, without exact repeats, at most 1,000.
        local_info: the venue, or None.
        instant_us: `event_date` as microseconds since 1970-01-01T00:00:00Z, a naive one
            read in the configured time zone. For ordering and filters; never on the wire.
    """

    title: str
    description: str
    event_date: str
    city: str
    participants: tuple[str, ...]
    local_info: Venue | None
    instant_us: int


class Event(Struct, frozen=True, gc=False):
    """A stored event, as `GET /eventos/{id}` answers it. Members in wire order.

    Attributes:
        version: 1 when created, one more with each change; the ETag is made of it, `id` and `updated_at`.
        created_at: RFC 3339 UTC, milliseconds; `updated_at` likewise.
    """

    id: int
    title: str
    description: str
    event_date: str
    city: str
    participants: tuple[str, ...]
    local_info: Venue | None
    upload_id: str | None
    version: int
    created_at: str
    updated_at: str


EVENT_MEMBERS = ("title", "description", "event_date", "city", "participants", "local_info")
"""The six members that a client writes, in wire order."""


def parse_fields(
    members: Mapping[str, object],
    *,
    timezone: tzinfo,
    date_order: DateOrder | None = None,
    refuse_unknown: bool = False,
    stored_date: str | None = None,
    warn: Warn = ignore_warning,
) -> EventFields | tuple[Problem, ...]:
    """Return the event with these members, or all their problems.

    The one validation: JSON bodies and CSV rows both end here.

    `members` is decoded JSON: texts, a list of texts, an object; absent ones are as empty. A naive
    `event_date` counts in `timezone`, and is ISO 8601 unless a file's `date_order` is given; with one,
    the text of an `event_time` is joined to it. Members that no client may write are ignored, or with
    `refuse_unknown` reported as `unknown_member`. `stored_date` is the one that the event has: it may be
    kept, whatever its offset. `warn` is called with a code for what was
    repaired or ignored: `repeated_participant`, `unknown_member`; and with `contradicting_dates` for a
    date that contradicts the order which another one proved.
    """
    problems: list[Problem] = []
    if refuse_unknown:
        problems.extend(_unknown(members, EVENT_MEMBERS))
    title = parse_title(members.get("title"), problems)
    description = _description(members.get("description", ""), problems)
    when = _event_date(members, timezone, date_order, problems, warn, stored=stored_date)
    city = parse_city(members.get("city"), problems)
    participants = _participants(members.get("participants", ()), problems, warn)
    venue = _local_info(members.get("local_info"), problems, warn, refuse_unknown)
    if problems:
        return tuple(problems)
    return EventFields(title, description, when[0], city, participants, venue, when[1])


def fields_of(event: Event) -> dict[str, object]:
    """Return the six members of an event as `parse_fields` takes them."""
    return {name: to_builtins(getattr(event, name)) for name in EVENT_MEMBERS}


def parse_title(value: object, problems: list[Problem]) -> str:
    """Return the title on one line; problems are added to the list."""
    return _short_text("title", value, limits.TITLE_CHARACTERS, problems, one_line)


def parse_city(value: object, problems: list[Problem]) -> str:
    """Return the city on one line, without invisible marks; problems are added to the list."""
    return _short_text("city", value, limits.CITY_CHARACTERS, problems, plain_line)


def _short_text(
    field: str, value: object, limit: int, problems: list[Problem], tidy: Callable[[str], str]
) -> str:
    if value is None:
        problems.append(required(field))
        return ""
    if not isinstance(value, str):
        problems.append(invalid_type(field, "text", value))
        return ""
    check_characters(field, value, problems, one_way=True)
    text = tidy(normal(value))
    if is_invisible(text):
        problems.append(required(field, value))
    check_length(field, text, limit, problems)
    return text


def _description(value: object, problems: list[Problem]) -> str:
    if not isinstance(value, str):
        problems.append(invalid_type("description", "text", value))
        return ""
    check_characters("description", value, problems)
    check_size("description", value, problems)
    return normal(value)


def _event_date(
    members: Mapping[str, object],
    timezone: tzinfo,
    order: DateOrder | None,
    problems: list[Problem],
    warn: Warn,
    *,
    stored: str | None,
) -> tuple[str, int]:
    value, time = members.get("event_date"), members.get("event_time", "") if order else ""
    if value is None:
        parsed: tuple[str, int] | Problem = required("event_date")
    elif not isinstance(value, str):
        parsed = invalid_type("event_date", "date_text", value)
    else:
        assert isinstance(time, str)
        check_characters("event_date", value, problems)
        check_characters("event_time", time, problems)
        is_stored = value.strip() == stored
        parsed = parse_event_date(value, timezone=timezone, order=order, time=time, is_stored=is_stored)
    if isinstance(parsed, Problem):
        problems.append(parsed)
        if parsed.rule in ("dmy_proved", "mdy_proved"):
            # The proof may have been the slip, and dates that fit both orders were read by it.
            warn("contradicting_dates")
        of_time = time_problem(time) if parsed.field != "event_time" and isinstance(time, str) else None
        problems.extend([of_time] if of_time else [])
        return "", 0
    return parsed


def _participants(value: object, problems: list[Problem], warn: Warn) -> tuple[str, ...]:
    if not isinstance(value, list | tuple):
        problems.append(invalid_type("participants", "names", value))
        return ()
    if wrong := not_texts("participants", value):
        problems.extend(wrong)
        return ()
    joined = ";".join(value)
    check_characters("participants", joined, problems)
    check_size("participants", joined, problems)
    # A name with a semicolon could not be told from two in a CSV.
    return _distinct([name.strip() for name in normal(joined).split(";")], problems, warn)


def _distinct(names: list[str], problems: list[Problem], warn: Warn) -> tuple[str, ...]:
    present = [name for name in names if name]
    distinct = tuple(dict.fromkeys(present))
    if len(distinct) < len(present):
        warn("repeated_participant")
    if len(distinct) > limits.PARTICIPANTS:
        count, limit = len(distinct), limits.PARTICIPANTS
        problems.append(problem("too_many_items", "participants", value=str(count), count=count, limit=limit))
    return distinct


def _local_info(value: object, problems: list[Problem], warn: Warn, refuse_unknown: bool) -> Venue | None:
    if value is None:
        return None
    if not isinstance(value, dict):
        problems.append(invalid_type("local_info", "venue", value))
        return None
    if not value.keys() <= _VENUE_MEMBERS:
        if refuse_unknown:
            problems.extend(_unknown(value, VENUE_MEMBERS, within="local_info."))
        warn("unknown_member")
    return parse_venue(value, problems)


def _unknown(members: Mapping[str, object], known: tuple[str, ...], *, within: str = "") -> Iterator[Problem]:
    """Yield a problem for each member that is not known; `within` is put before their names."""
    for name in islice((name for name in members if name not in known), MAX_TOLD):
        shown = excerpt(name)
        near = get_close_matches(shown, known, n=1)
        suggestion = near[0] if near else None
        yield problem("unknown_member", within + shown, value=shown, suggestion=suggestion, known=known)

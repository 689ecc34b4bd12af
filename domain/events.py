"""Event: the thing that FastTrack keeps, and the one validation of its fields for CSV and JSON."""

from msgspec import Struct

from domain.venues import Venue


class EventFields(Struct, frozen=True, gc=False):
    """The six documented members of an event, validated, and where it stands in time.

    Attributes:
        title: 1 to 100 code points, one line.
        description: any text up to 64 KiB, may be empty.
        event_date: wall clock at the venue as ISO 8601 text, as it came: naive stays naive.
        city: 1 to 100 code points.
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
        version: 1 when created, one more with each change; the ETag is made of it.
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

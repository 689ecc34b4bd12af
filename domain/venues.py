"""Venue, the wire's `local_info`: where an event takes place."""

from msgspec import Struct


class Venue(Struct, frozen=True, gc=False):
    """A place, as stored and as sent. Members in wire order.

    Attributes:
        location_name: 2 to 200 code points.
        capacity: people, 0 to 2**31-1.
        venue_type: one of ``VENUE_TYPES`` or None.
        address: 1 to 300 code points, or None.
    """

    location_name: str
    capacity: int = 1
    venue_type: str | None = None
    is_accessible: bool = False
    address: str | None = None
    past_events: tuple[str, ...] = ()
    manually_edited: bool = False

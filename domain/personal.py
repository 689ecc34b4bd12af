"""A person's calendar addresses and read mark."""

from msgspec import Struct

MAX_CALENDARS = 20
"""Addresses of one person: more are forgotten ones."""


class CalendarAddress(Struct, frozen=True):
    """A secret address under which a calendar program reads events; the secret itself is not kept.

    Attributes:
        owner: who made it: a user, or the open server's one.
        secret_hash: SHA-256 of the secret, hex.
        filters: parameters of the list of events, by name.
        created_at, last_used_at: milliseconds since 1970, UTC; None before the first use.
    """

    id: int
    owner: str
    secret_hash: str
    filters: dict[str, str]
    created_at: int
    last_used_at: int | None = None

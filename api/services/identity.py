"""The identity of a caller, as services see it."""

from typing import Literal

from msgspec import Struct

from domain.people import Role


class Identity(Struct, frozen=True):
    """The caller of a request or the reader of a stream.

    Attributes:
        name: of the user; ``local`` on an open server.
        person: the key under which presence and limits count: a user, else a browser, else
            a connection.
        session_hash: the session it came by, None with a token or on an open server.
        token_hash: the personal token it came by, likewise.
        via: how the caller proved who it is.
        ticket_hash: the reusable ticket it came by, None otherwise.
        feeds: which it may read; empty for all that the role may.
    """

    name: str
    role: Role
    person: str
    user_id: int | None = None
    session_hash: str | None = None
    via: Literal["open", "token", "session", "ticket"] = "open"
    token_hash: str | None = None
    ticket_hash: str | None = None
    feeds: tuple[str, ...] = ()

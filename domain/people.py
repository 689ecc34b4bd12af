"""Users, sessions, tickets and roles."""

from typing import Literal, Protocol

from msgspec import Struct

Role = Literal["viewer", "editor", "admin"]
ROLES: tuple[Role, ...] = ("viewer", "editor", "admin")


class User(Struct, frozen=True):
    """A person of the store. The token is never stored: `token_hash` is its SHA-256, hex."""

    id: int
    name: str
    role: Role
    token_hash: str
    disabled: bool
    created_at: int


class Session(Struct, frozen=True):
    """A signed-in browser. `id_hash` is the SHA-256, hex, of the cookie's secret; times in ms UTC."""

    id_hash: str
    user_id: int
    created_at: int
    expires_at: int


class ReusableTicket(Struct, frozen=True):
    """A secret that an EventSource of another origin can come back with; times in ms UTC.

    Attributes:
        id: by which it is listed and revoked; it opens nothing.
        ticket_hash: SHA-256, hex, of the secret.
        user_id: whose it is; None where it was drawn from an open server, and opens nothing.
        feeds: which it opens; empty for every one that its owner may read.
        origin: of the only pages that may use it; None for those of all allowed origins.
    """

    id: str
    ticket_hash: str
    user_id: int | None
    feeds: tuple[str, ...]
    origin: str | None
    created_at: int
    expires_at: int


def at_least(role: Role, needed: Role) -> bool:
    """Return whether a role includes another."""
    return ROLES.index(role) >= ROLES.index(needed)


class Caller(Protocol):
    """Who asks for something."""

    @property
    def name(self) -> str:
        """The name that work is kept under."""
        ...

    @property
    def role(self) -> Role:
        """What they may do."""
        ...


def may_change(caller: Caller, owner: str) -> bool:
    """Return whether someone may continue, cancel or undo what `owner` started."""
    return caller.role == "admin" or caller.name == owner

"""Who may do what."""

from typing import Literal

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


def at_least(role: Role, needed: Role) -> bool:
    """Tell whether a role includes another."""
    return ROLES.index(role) >= ROLES.index(needed)

"""The port for users, sessions and tickets."""

from collections.abc import Mapping
from typing import Any, Protocol

from domain.people import ReusableTicket, Role, Session, User


class PeopleStore(Protocol):
    """Users, sessions, tickets. Secrets are passed and stored only as SHA-256 hex digests."""

    async def add_user(self, name: str, role: Role, token_hash: str, *, at_ms: int) -> User | None:
        """Store a user; None when the name is taken."""
        ...

    async def users(self) -> list[User]:
        """Return every user by name."""
        ...

    async def lock_users(self) -> list[User]:
        """Return every user by name; nobody else adds or changes one until the transaction ends."""
        ...

    async def user(self, user_id: int) -> User | None:
        """Return one user."""
        ...

    async def user_by_token(self, token_hash: str) -> User | None:
        """Return the user of a token, disabled or not."""
        ...

    async def save_user(self, user: User) -> None:
        """Overwrite role, token hash and `disabled`."""
        ...

    async def add_session(self, session: Session, *, keep: int) -> None:
        """Store a session and delete the user's oldest ones beyond `keep`."""
        ...

    async def session(self, id_hash: str) -> tuple[Session, User] | None:
        """Return a session and its user."""
        ...

    async def end_session(self, id_hash: str) -> None:
        """Delete a session, if it exists."""
        ...

    async def end_sessions_of(self, user_id: int) -> None:
        """Delete every session and every reusable ticket of a user."""
        ...

    async def live_sessions(self, *, at_ms: int) -> set[str]:
        """Return the `id_hash` of every session that has not expired."""
        ...

    async def add_ticket(self, ticket_hash: str, identity: Mapping[str, Any], *, expires_at: int) -> None:
        """Store a single-use ticket with the identity that it stands for (JSON members)."""
        ...

    async def find_ticket(self, ticket_hash: str, *, at_ms: int) -> Mapping[str, Any] | None:
        """Return a ticket's identity without redeeming it; None if unknown, used or expired."""
        ...

    async def take_ticket(self, ticket_hash: str, *, at_ms: int) -> Mapping[str, Any] | None:
        """Redeem a ticket and return its identity; None if unknown, used or expired."""
        ...

    async def add_reusable_ticket(
        self, ticket: ReusableTicket, identity: Mapping[str, Any], *, keep: int
    ) -> None:
        """Store a reusable ticket and delete the user's oldest ones beyond `keep`."""
        ...

    async def reusable_ticket(self, ticket_hash: str) -> tuple[ReusableTicket, Mapping[str, Any]] | None:
        """Return a reusable ticket and the identity that it stands for."""
        ...

    async def reusable_tickets(self, *, at_ms: int) -> list[ReusableTicket]:
        """Return every reusable ticket that has not expired, oldest first."""
        ...

    async def end_reusable_ticket(self, ticket_id: str) -> None:
        """Delete a reusable ticket, if it exists."""
        ...

    async def purge(self, *, at_ms: int, limit: int) -> int:
        """Delete some expired sessions and tickets, `limit` of each; return how many."""
        ...

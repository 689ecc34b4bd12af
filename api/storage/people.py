"""The store of users, sessions and tickets."""

from collections.abc import Mapping
from typing import Any

import msgspec
import sqlalchemy as sa

from api.storage.schema import sessions, tickets, users
from api.storage.unit import Row, Unit
from domain.people import Role, Session, User


def _user(row: Row) -> User:
    return User(
        id=row.id,
        name=row.name,
        role=row.role,
        token_hash=row.token_hash,
        disabled=bool(row.disabled),
        created_at=row.created_ms,
    )


class SqlPeople:
    """People of one unit of work. Source: `domain.ports.PeopleStore`."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit

    async def add_user(self, name: str, role: Role, token_hash: str, *, at_ms: int) -> User | None:
        """Store a user; None when the name is taken."""
        cells = {"name": name, "role": role, "token_hash": token_hash, "disabled": False, "created_ms": at_ms}
        statement = self._unit.insert(users).values(**cells).on_conflict_do_nothing(index_elements=["name"])
        row = await self._unit.first(statement.returning(users))
        return _user(row) if row else None

    async def users(self) -> list[User]:
        """Return every user by name."""
        return [_user(row) for row in await self._unit.rows(sa.select(users).order_by(users.c.name))]

    async def user(self, user_id: int) -> User | None:
        """Return one user."""
        return await self._one(users.c.id == user_id)

    async def user_by_name(self, name: str) -> User | None:
        """Return one user."""
        return await self._one(users.c.name == name)

    async def user_by_token(self, token_hash: str) -> User | None:
        """Return the user of a token, disabled or not."""
        return await self._one(users.c.token_hash == token_hash)

    async def save_user(self, user: User) -> None:
        """Overwrite role, token hash and `disabled`."""
        change = {"role": user.role, "token_hash": user.token_hash, "disabled": user.disabled}
        await self._unit.run(sa.update(users).where(users.c.id == user.id).values(**change))

    async def add_session(self, session: Session) -> None:
        """Store a session."""
        cells = {
            "id_hash": session.id_hash,
            "user_id": session.user_id,
            "created_ms": session.created_at,
            "expires_ms": session.expires_at,
        }
        await self._unit.run(sa.insert(sessions).values(**cells))

    async def session(self, id_hash: str) -> tuple[Session, User] | None:
        """Return a session and its user."""
        own = sessions.c.user_id, sessions.c.expires_ms, sessions.c.created_ms.label("begun_ms")
        joined = sa.select(users, *own).join(sessions, sessions.c.user_id == users.c.id)
        row = await self._unit.first(joined.where(sessions.c.id_hash == id_hash))
        return (Session(id_hash, row.user_id, row.begun_ms, row.expires_ms), _user(row)) if row else None

    async def end_session(self, id_hash: str) -> None:
        """Forget a session; absent is fine."""
        await self._unit.run(sa.delete(sessions).where(sessions.c.id_hash == id_hash))

    async def end_sessions_of(self, user_id: int) -> None:
        """Forget every session of a user."""
        await self._unit.run(sa.delete(sessions).where(sessions.c.user_id == user_id))

    async def live_sessions(self, *, at_ms: int) -> set[str]:
        """Return the `id_hash` of every session that has not expired."""
        alive = sa.select(sessions.c.id_hash).where(sessions.c.expires_ms > at_ms)
        return {row.id_hash for row in await self._unit.rows(alive)}

    async def add_ticket(self, ticket_hash: str, identity: Mapping[str, Any], *, expires_at: int) -> None:
        """Store a single-use ticket with the identity that it stands for (JSON members)."""
        cells = {
            "ticket_hash": ticket_hash,
            "identity": msgspec.json.encode(identity).decode(),
            "expires_ms": expires_at,
        }
        await self._unit.run(sa.insert(tickets).values(**cells))

    async def take_ticket(self, ticket_hash: str, *, at_ms: int) -> Mapping[str, Any] | None:
        """Return and forget a ticket's identity; None when unknown, used or expired."""
        own = sa.delete(tickets).where(tickets.c.ticket_hash == ticket_hash)
        row = await self._unit.first(own.returning(tickets.c.identity, tickets.c.expires_ms))
        if row is None or row.expires_ms <= at_ms:
            return None
        identity: Mapping[str, Any] = msgspec.json.decode(row.identity)
        return identity

    async def purge(self, *, at_ms: int) -> None:
        """Forget expired sessions and tickets."""
        await self._unit.run(sa.delete(sessions).where(sessions.c.expires_ms <= at_ms))
        await self._unit.run(sa.delete(tickets).where(tickets.c.expires_ms <= at_ms))

    async def _one(self, condition: sa.ColumnElement[bool]) -> User | None:
        row = await self._unit.first(sa.select(users).where(condition))
        return _user(row) if row else None

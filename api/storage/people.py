"""The store of users, sessions and tickets."""

from collections.abc import Mapping
from typing import Any

import msgspec
import sqlalchemy as sa

from api.storage.schema import reusable_tickets, sessions, tickets, users
from api.storage.statements import kept, upsert
from api.storage.unit_of_work import Row, Unit
from domain.people import ReusableTicket, Role, Session, User

_NEW_USER = ("name", "role", "token_hash", "disabled", "created_ms")
_ADD_USER = upsert(
    users,
    lambda insert: (
        insert.values({name: sa.bindparam(name) for name in _NEW_USER})
        .on_conflict_do_nothing(index_elements=["name"])
        .returning(users)
    ),
)
_USERS = kept(sa.select(users).order_by(users.c.name))
_LOCK_USERS = kept(sa.select(users.c.id).order_by(users.c.id).with_for_update())
_USER = kept(sa.select(users).where(users.c.id == sa.bindparam("of_id")))
_USER_BY_TOKEN = kept(sa.select(users).where(users.c.token_hash == sa.bindparam("of_token")))
_SAVE_USER = kept(
    sa.update(users)
    .where(users.c.id == sa.bindparam("of_id"))
    .values({name: sa.bindparam(f"new_{name}") for name in ("role", "token_hash", "disabled")})
)
_ADD_SESSION = kept(sa.insert(sessions))
_SESSION = kept(
    sa.select(users, sessions.c.user_id, sessions.c.expires_ms, sessions.c.created_ms.label("begun_ms"))
    .join(sessions, sessions.c.user_id == users.c.id)
    .where(sessions.c.id_hash == sa.bindparam("of_hash"))
)
_LOCK_USER = kept(sa.select(users.c.id).where(users.c.id == sa.bindparam("of_user")).with_for_update())
_NEWEST = (
    sa.select(sessions.c.id_hash)
    .where(sessions.c.user_id == sa.bindparam("of_user"))
    .order_by(sessions.c.created_ms.desc())
    .limit(sa.bindparam("keep", type_=sa.Integer))
)
_END_OLDEST = kept(
    sa.delete(sessions).where(
        sessions.c.user_id == sa.bindparam("of_user"), sessions.c.id_hash.not_in(_NEWEST)
    )
)
_END_SESSION = kept(sa.delete(sessions).where(sessions.c.id_hash == sa.bindparam("of_hash")))
_END_SESSIONS_OF = kept(sa.delete(sessions).where(sessions.c.user_id == sa.bindparam("of_user")))
_LIVE_SESSIONS = kept(sa.select(sessions.c.id_hash).where(sessions.c.expires_ms > sa.bindparam("at_ms")))
_ADD_TICKET = kept(sa.insert(tickets))
_FIND_TICKET = sa.select(tickets.c.identity, tickets.c.expires_ms).where(
    tickets.c.ticket_hash == sa.bindparam("of_hash")
)
_TAKE_TICKET = kept(
    sa.delete(tickets)
    .where(tickets.c.ticket_hash == sa.bindparam("of_hash"))
    .returning(tickets.c.identity, tickets.c.expires_ms)
)
_FIND_REUSABLE = kept(
    sa.select(reusable_tickets).where(reusable_tickets.c.ticket_hash == sa.bindparam("of_hash"))
)
_REUSABLE = kept(
    sa.select(reusable_tickets)
    .where(reusable_tickets.c.expires_ms > sa.bindparam("at_ms"))
    .order_by(reusable_tickets.c.created_ms, reusable_tickets.c.id)
)


def _purge(key: sa.Column[str], expires_ms: sa.Column[int]) -> sa.Delete:
    some = sa.select(key).where(expires_ms <= sa.bindparam("at_ms")).limit(sa.bindparam("most"))
    return sa.delete(key.table).where(key.in_(some))


_PURGE = (
    _purge(sessions.c.id_hash, sessions.c.expires_ms),
    _purge(tickets.c.ticket_hash, tickets.c.expires_ms),
    _purge(reusable_tickets.c.id, reusable_tickets.c.expires_ms),
)
_PURGE_FEW = tuple(map(kept, _PURGE))
_FEW = 100


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
    """People of one unit of work. Source: `domain.ports.people.PeopleStore`."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit

    async def add_user(self, name: str, role: Role, token_hash: str, *, at_ms: int) -> User | None:
        """Store a user; None when the name is taken."""
        cells = {"name": name, "role": role, "token_hash": token_hash, "disabled": False, "created_ms": at_ms}
        row = await self._unit.first(_ADD_USER[self._unit.dialect.name], cells)
        return _user(row) if row else None

    async def users(self) -> list[User]:
        """Return every user by name."""
        return [_user(row) for row in await self._unit.rows(_USERS)]

    async def lock_users(self) -> list[User]:
        """Return every user by name; nobody else adds or changes one until the transaction ends."""
        # Those who add the first user have no row to lock.
        await self._unit.dialect.lock(self._unit, "users")
        # Locked where a database has several writers; a second look shows what others did meanwhile.
        await self._unit.rows(_LOCK_USERS)
        return await self.users()

    async def user(self, user_id: int) -> User | None:
        """Return one user."""
        return await self._one(_USER, {"of_id": user_id})

    async def user_by_token(self, token_hash: str) -> User | None:
        """Return the user of a token, disabled or not."""
        return await self._one(_USER_BY_TOKEN, {"of_token": token_hash})

    async def save_user(self, user: User) -> None:
        """Overwrite role, token hash and `disabled`."""
        new = {"new_role": user.role, "new_token_hash": user.token_hash, "new_disabled": user.disabled}
        await self._unit.run(_SAVE_USER, {"of_id": user.id, **new})

    async def add_session(self, session: Session, *, keep: int) -> None:
        """Store a session and delete the user's oldest ones beyond `keep`."""
        # Locked, where a database has several writers: two sign-ins at once must not both leave `keep`.
        own = {"of_user": session.user_id}
        await self._unit.first(_LOCK_USER, own)
        await self._unit.run(_END_OLDEST, {**own, "keep": keep - 1})
        cells = {
            "id_hash": session.id_hash,
            "user_id": session.user_id,
            "created_ms": session.created_at,
            "expires_ms": session.expires_at,
        }
        await self._unit.run(_ADD_SESSION, cells)

    async def session(self, id_hash: str) -> tuple[Session, User] | None:
        """Return a session and its user."""
        row = await self._unit.first(_SESSION, {"of_hash": id_hash})
        return (Session(id_hash, row.user_id, row.begun_ms, row.expires_ms), _user(row)) if row else None

    async def end_session(self, id_hash: str) -> None:
        """Delete a session, if it exists."""
        await self._unit.run(_END_SESSION, {"of_hash": id_hash})

    async def end_sessions_of(self, user_id: int) -> None:
        """Delete every session and every reusable ticket of a user."""
        await self._unit.run(sa.delete(reusable_tickets).where(reusable_tickets.c.user_id == user_id))
        await self._unit.run(_END_SESSIONS_OF, {"of_user": user_id})

    async def live_sessions(self, *, at_ms: int) -> set[str]:
        """Return the `id_hash` of every session that has not expired."""
        return {row.id_hash for row in await self._unit.rows(_LIVE_SESSIONS, {"at_ms": at_ms})}

    async def add_ticket(self, ticket_hash: str, identity: Mapping[str, Any], *, expires_at: int) -> None:
        """Store a single-use ticket with the identity that it stands for (JSON members)."""
        cells = {
            "ticket_hash": ticket_hash,
            "identity": msgspec.json.encode(identity).decode(),
            "expires_ms": expires_at,
        }
        await self._unit.run(_ADD_TICKET, cells)

    async def find_ticket(self, ticket_hash: str, *, at_ms: int) -> Mapping[str, Any] | None:
        """Return a ticket's identity without redeeming it; None if unknown, used or expired."""
        return _identity_of(await self._unit.first(_FIND_TICKET, {"of_hash": ticket_hash}), at_ms)

    async def take_ticket(self, ticket_hash: str, *, at_ms: int) -> Mapping[str, Any] | None:
        """Redeem a ticket and return its identity; None if unknown, used or expired."""
        return _identity_of(await self._unit.first(_TAKE_TICKET, {"of_hash": ticket_hash}), at_ms)

    async def add_reusable_ticket(
        self, ticket: ReusableTicket, identity: Mapping[str, Any], *, keep: int
    ) -> None:
        """Store a reusable ticket and delete the user's oldest ones beyond `keep`."""
        await self._unit.first(_LOCK_USER, {"of_user": ticket.user_id})
        if ticket.user_id is None:  # On a server that is open to all there is no user to lock.
            await self._unit.dialect.lock(self._unit, "tickets")
        own = reusable_tickets.c.user_id.is_not_distinct_from(ticket.user_id)
        newest = sa.select(reusable_tickets.c.id).where(own)
        newest = newest.order_by(reusable_tickets.c.created_ms.desc()).limit(keep - 1)
        await self._unit.run(sa.delete(reusable_tickets).where(own & reusable_tickets.c.id.not_in(newest)))
        cells = {
            "id": ticket.id,
            "ticket_hash": ticket.ticket_hash,
            "user_id": ticket.user_id,
            "identity": msgspec.json.encode(identity).decode(),
            "feeds": msgspec.json.encode(ticket.feeds).decode(),
            "origin": ticket.origin,
            "created_ms": ticket.created_at,
            "expires_ms": ticket.expires_at,
        }
        await self._unit.run(sa.insert(reusable_tickets).values(**cells))

    async def reusable_ticket(self, ticket_hash: str) -> tuple[ReusableTicket, Mapping[str, Any]] | None:
        """Return a reusable ticket and the identity that it stands for."""
        row = await self._unit.first(_FIND_REUSABLE, {"of_hash": ticket_hash})
        return (_reusable(row), msgspec.json.decode(row.identity)) if row else None

    async def reusable_tickets(self, *, at_ms: int) -> list[ReusableTicket]:
        """Return every reusable ticket that has not expired, oldest first."""
        return [_reusable(row) for row in await self._unit.rows(_REUSABLE, {"at_ms": at_ms})]

    async def end_reusable_ticket(self, ticket_id: str) -> None:
        """Delete a reusable ticket, if it exists."""
        await self._unit.run(sa.delete(reusable_tickets).where(reusable_tickets.c.id == ticket_id))

    async def purge(self, *, at_ms: int, limit: int) -> int:
        """Delete some expired sessions and tickets, `limit` of each; return how many."""
        purges = _PURGE_FEW if limit <= _FEW else _PURGE
        return sum([await self._unit.run(purge, {"at_ms": at_ms, "most": limit}) for purge in purges])

    async def _one(self, statement: sa.Select[Any], parameters: Mapping[str, Any]) -> User | None:
        row = await self._unit.first(statement, parameters)
        return _user(row) if row else None


def _reusable(row: Row) -> ReusableTicket:
    return ReusableTicket(
        id=row.id,
        ticket_hash=row.ticket_hash,
        user_id=row.user_id,
        feeds=tuple(msgspec.json.decode(row.feeds)),
        origin=row.origin,
        created_at=row.created_ms,
        expires_at=row.expires_ms,
    )


def _identity_of(ticket: Any, at_ms: int) -> Mapping[str, Any] | None:
    if ticket is None or ticket.expires_ms <= at_ms:
        return None
    identity: Mapping[str, Any] = msgspec.json.decode(ticket.identity)
    return identity

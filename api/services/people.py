"""Users, sessions and tickets: the use cases."""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Any

import msgspec
from msgspec import Struct

from api.services.credentials import digest, new_secret, new_token
from api.services.identity import Identity
from api.services.notifications import UserVerb, user_notification
from api.services.personal import owner_name
from api.services.shared_reads import SharedReads
from api.services.store import Snapshot, Store, Transaction
from domain.people import ReusableTicket, Role, Session, User

TICKET_SECONDS = 30
SESSIONS_PER_USER = 20
SOME = 10
"""Expired sessions and tickets that are forgotten with each new one."""

NAME_RULE = "1 to 64 letters, digits, '.', '_', '@' or '-', beginning with a letter or digit"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")
_RESERVED = frozenset({"local"})


class PersonError(Exception):
    """An invalid change of users. The message names the value and the rule."""


class UnknownPersonError(PersonError):
    """There is no user of that name."""


class InvalidNameError(PersonError):
    """No user can have that name."""


class LastAdminError(PersonError):
    """Nobody would be left who can enable or add users."""


def invalid_name(name: str) -> str | None:
    """Return why no user can have a name, or None."""
    if _NAME.fullmatch(name) and name.casefold() not in _RESERVED:
        return None
    return f"{name[:80]!r} cannot be a user name: use {NAME_RULE}, but not 'local'"


class SignedIn(Struct, frozen=True):
    """A new session: the secret for the cookie, shown once, and whose it is."""

    secret: str
    identity: Identity


class People:
    """Use cases about people. Times come from `clock`, in ms UTC; secrets are shown once."""

    def __init__(self, store: Store, *, clock: Callable[[], int], session_seconds: int) -> None:
        self._store = store
        self._clock = clock
        self.session_seconds = session_seconds
        # Each call asks for its caller, so that who was disabled a moment ago is refused.
        self._owners: SharedReads[User | None] = SharedReads()
        self._sessions: SharedReads[tuple[Session, User] | None] = SharedReads()

    async def add(self, name: str, role: Role, *, actor: str) -> str:
        """Store a user and return the personal token.

        Raises:
            InvalidNameError: no user can have that name.
            PersonError: the name is taken, in capitals or not: `ADMIN` would pass for `admin`.
        """
        if why := invalid_name(name):
            raise InvalidNameError(why)
        token = new_token()
        async with self._store.transaction() as unit:
            alike = [one.name for one in await unit.people.lock_users() if _same(one.name, name)]
            if alike:
                raise PersonError(f"the user {alike[0]!r} already exists")
            user = await unit.people.add_user(name, role, digest(token), at_ms=self._clock())
            if user is None:
                raise PersonError(f"the user {name!r} already exists")
            await self._report(unit, "added", user, actor)
        return token

    async def add_first(self) -> str | None:
        """Add `admin` and return the token; None where there are users already."""
        if await self.users():
            return None
        try:
            return await self.add("admin", "admin", actor="fasttrack")
        except PersonError:  # Another process of the same store was first.
            return None

    async def users(self) -> list[User]:
        """Return every user by name."""
        async with self._store.snapshot() as unit:
            return await unit.people.users()

    async def set_disabled(self, name: str, *, disabled: bool, actor: str, force: bool = False) -> User:
        """Disable a user and end the sessions, or enable the user again with the same token.

        Raises:
            UnknownPersonError: no user has that name.
            LastAdminError: no other administrator is enabled. `force` disables even the last one.
        """
        verb: UserVerb = "disabled" if disabled else "enabled"
        return await self._change(name, verb, actor, keeps_admin=not force, disabled=disabled)

    async def calendar_addresses(self, name: str, *, revoke: bool) -> int:
        """Return how many calendar addresses a user has, after revoking them if that is wanted.

        They stay when a token is rotated: they have secrets of their own, which only read.
        """
        async with self._store.transaction() as unit:
            owners = [owner_name(user.id) for user in await unit.people.users() if user.name == name]
            addresses = [one for owner in owners for one in await unit.personal.calendars(owner)]
            for one in addresses if revoke else ():
                await unit.personal.remove_calendar(one.owner, one.id)
        return len(addresses)

    async def rotate(self, name: str, *, actor: str) -> str:
        """Give a user a new token and return it; the old one and all sessions end.

        Raises:
            UnknownPersonError: no user has that name.
        """
        token = new_token()
        await self._change(name, "rotated", actor, token_hash=digest(token))
        return token

    async def sign_in(self, token: str) -> SignedIn | None:
        """Open a session for the owner of a token; None for an unknown token.

        The user's newest 20 sessions are kept. A wrong token costs a look, never a turn at writing.
        """
        if await self.by_token(token) is None:
            return None
        secret, now = new_secret(), self._clock()
        async with self._store.transaction() as unit:
            user = await unit.people.user_by_token(digest(token))
            if user is None or user.disabled:
                return None
            await unit.people.purge(at_ms=now, limit=SOME)
            session = Session(digest(secret), user.id, now, now + self.session_seconds * 1000)
            await unit.people.add_session(session, keep=SESSIONS_PER_USER)
        return SignedIn(secret, _identity(user, via="session", session_hash=session.id_hash))

    async def sign_out(self, session_hash: str) -> None:
        """End a session."""
        async with self._store.transaction() as unit:
            await unit.people.end_session(session_hash)

    async def by_token(self, token: str) -> Identity | None:
        """Return the owner of a token; None for an unknown token or a disabled user."""
        token_hash = digest(token)
        user = await self._owners.read(token_hash, partial(self._owner, token_hash))
        return _identity(user, via="token", token_hash=token_hash) if user and not user.disabled else None

    async def _owner(self, token_hash: str) -> User | None:
        async with self._store.glance() as unit:
            return await unit.people.user_by_token(token_hash)

    async def by_session(self, secret: str) -> Identity | None:
        """Return whose session it is, None when it ended, expired, or its user is disabled."""
        session_hash = digest(secret)
        found = await self._sessions.read(session_hash, partial(self._session, session_hash))
        if found is None or found[0].expires_at <= self._clock() or found[1].disabled:
            return None
        return _identity(found[1], via="session", session_hash=session_hash)

    async def _session(self, session_hash: str) -> tuple[Session, User] | None:
        async with self._store.glance() as unit:
            return await unit.people.session(session_hash)

    async def issue_ticket(self, identity: Identity) -> str:
        """Return a secret that stands for this identity once, within 30 s."""
        secret, now = new_secret(), self._clock()
        async with self._store.transaction() as unit:
            await unit.people.purge(at_ms=now, limit=SOME)
            await unit.people.add_ticket(
                digest(secret), msgspec.to_builtins(identity), expires_at=now + TICKET_SECONDS * 1000
            )
        return secret

    async def issue_reusable_ticket(
        self, identity: Identity, *, feeds: Sequence[str], origin: str | None, seconds: int
    ) -> tuple[str, ReusableTicket]:
        """Return a secret that stands for this identity on these feeds, again and again, and what it is.

        The user's newest 20 are kept.
        """
        secret, now = new_secret(), self._clock()
        ticket = ReusableTicket(
            id=new_secret()[:16],
            ticket_hash=digest(secret),
            user_id=identity.user_id,
            feeds=tuple(feeds),
            origin=origin,
            created_at=now,
            expires_at=now + seconds * 1000,
        )
        stood_for = msgspec.structs.replace(identity, ticket_hash=ticket.ticket_hash, feeds=ticket.feeds)
        async with self._store.transaction() as unit:
            await unit.people.purge(at_ms=now, limit=SOME)
            members = msgspec.to_builtins(stood_for)
            await unit.people.add_reusable_ticket(ticket, members, keep=SESSIONS_PER_USER)
        return secret, ticket

    async def names(self) -> dict[int, str]:
        """Return the name of each user, by id."""
        return {user.id: user.name for user in await self.users()}

    async def reusable_tickets(self, identity: Identity) -> list[ReusableTicket]:
        """Return the reusable tickets of a user, oldest first; of everyone, for an administrator."""
        async with self._store.snapshot() as unit:
            found = await unit.people.reusable_tickets(at_ms=self._clock())
        return [one for one in found if identity.role == "admin" or one.user_id == identity.user_id]

    async def revoke_ticket(self, identity: Identity, ticket_id: str) -> bool:
        """End a reusable ticket of the user, or of anyone for an administrator; False when there is none."""
        if all(one.id != ticket_id for one in await self.reusable_tickets(identity)):
            return False
        async with self._store.transaction() as unit:
            await unit.people.end_reusable_ticket(ticket_id)
        return True

    async def by_ticket(
        self, secret: str, *, origins: Collection[str] = (), use: bool = True
    ) -> Identity | None:
        """Return the identity of a ticket, if it is still valid for a page of one of these origins.

        A single-use one is used up, but for a caller that only looks (`use=False`).
        """
        ticket_hash, now = digest(secret), self._clock()
        async with self._store.snapshot() as unit:
            reusable = await unit.people.reusable_ticket(ticket_hash)
            members = None if reusable or use else await unit.people.find_ticket(ticket_hash, at_ms=now)
        if reusable is not None:
            ticket, members = reusable
            is_good = ticket.expires_at > now and ticket.origin in (None, *origins)
            return await self._whom(members) if is_good else None
        if use:
            async with self._store.transaction() as writing:
                members = await writing.people.take_ticket(ticket_hash, at_ms=now)
        return await self._whom(members)

    async def _whom(self, members: Mapping[str, Any] | None) -> Identity | None:
        """Return the identity of a ticket, if it is still valid."""
        if members is None:
            return None
        identity = msgspec.structs.replace(msgspec.convert(members, Identity), via="ticket")
        # One that was issued while the server was open belongs to no user.
        gone = identity.user_id is None or identity in await self.ended([identity])
        return None if gone else identity

    async def ended(self, identities: Collection[Identity]) -> set[Identity]:
        """Return the identities that were valid once and are no longer."""
        named = {one for one in identities if one.user_id is not None}
        if not named:
            return set()
        async with self._store.snapshot() as unit:
            present = await self._present(unit)
        return {one for one in named if not present(one)}

    async def _present(self, unit: Snapshot) -> Callable[[Identity], bool]:
        users = {user.id: user for user in await unit.people.users()}
        sessions = await unit.people.live_sessions(at_ms=self._clock())
        tickets = {one.ticket_hash for one in await unit.people.reusable_tickets(at_ms=self._clock())}
        return lambda one: (
            _still(one, users, sessions) and (one.ticket_hash is None or one.ticket_hash in tickets)
        )

    async def _change(
        self, name: str, verb: UserVerb, actor: str, *, keeps_admin: bool = True, **members: Any
    ) -> User:
        async with self._store.transaction() as unit:
            # Locked: of two administrators who disable each other at once, the second finds no other.
            users = await unit.people.lock_users()
            user = next((one for one in users if one.name == name), None)
            if user is None:
                raise UnknownPersonError(f"there is no user {name[:80]!r}")
            changed = msgspec.structs.replace(user, **members)
            if keeps_admin and _administers(user) and not _administers(changed):
                _check_others(user, users)
            await unit.people.save_user(changed)
            await unit.people.end_sessions_of(user.id)
            await self._report(unit, verb, changed, actor)
        return changed

    async def _report(self, unit: Transaction, verb: UserVerb, user: User, actor: str) -> None:
        told = user_notification(verb, user, actor=actor, at_ms=self._clock())
        await unit.messages.append([told])


def _same(name: str, other: str) -> bool:
    return name.casefold() == other.casefold()


def _administers(user: User) -> bool:
    return user.role == "admin" and not user.disabled


def _check_others(user: User, users: Collection[User]) -> None:
    if not any(_administers(one) for one in users if one.id != user.id):
        raise LastAdminError(
            f"{user.name!r} is the last enabled administrator: enable or add another one first"
        )


def _identity(user: User, **how: Any) -> Identity:
    return Identity(user.name, user.role, person=f"user:{user.id}", user_id=user.id, **how)


def _still(one: Identity, users: dict[int, User], sessions: Collection[str]) -> bool:
    user = users.get(one.user_id or 0)
    if user is None or user.disabled or user.role != one.role:
        return False
    if one.session_hash is not None:
        return one.session_hash in sessions
    return one.token_hash == user.token_hash

"""People: who they are, how they are let in, how they are shut out."""

import re
from collections.abc import Callable, Collection
from typing import Any

import msgspec
from msgspec import Struct

from api.security.credentials import digest, new_secret, new_token
from api.services.identity import Identity
from api.services.notifications import UserVerb, user_notification
from api.services.store import Snapshot, Store, Transaction
from domain.people import Role, Session, User

TICKET_SECONDS = 30
NAME_RULE = "1 to 64 letters, digits, '.', '_', '@' or '-', beginning with a letter or digit"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")
_RESERVED = frozenset({"local"})


class PersonError(Exception):
    """A change among the people that makes no sense. The message names the value and the rule."""


class UnknownPersonError(PersonError):
    """There is no user of that name."""


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

    async def add(self, name: str, role: Role, *, actor: str) -> str:
        """Store a user and return the personal token.

        Raises:
            PersonError: the name is taken or is none.
        """
        if not _NAME.fullmatch(name) or name in _RESERVED:
            raise PersonError(f"{name[:80]!r} cannot be a name: {NAME_RULE}, and not 'local'")
        token = new_token()
        async with self._store.transaction() as unit:
            user = await unit.people.add_user(name, role, digest(token), at_ms=self._clock())
            if user is None:
                raise PersonError(f"there is a user {name!r} already")
            await self._tell(unit, "added", user, actor)
        return token

    async def add_first(self) -> str | None:
        """Make `admin` and return the token when nobody is there yet, else None."""
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

    async def set_disabled(self, name: str, *, disabled: bool, actor: str) -> User:
        """Shut a user out, sessions included, or let them in again with the same token.

        Raises:
            UnknownPersonError: nobody has that name.
        """
        verb: UserVerb = "disabled" if disabled else "enabled"
        return await self._change(name, verb, actor, disabled=disabled)

    async def rotate(self, name: str, *, actor: str) -> str:
        """Give a user a new token and return it; the old one and all sessions end.

        Raises:
            UnknownPersonError: nobody has that name.
        """
        token = new_token()
        await self._change(name, "rotated", actor, token_hash=digest(token))
        return token

    async def sign_in(self, token: str) -> SignedIn | None:
        """Open a session for the owner of a token; None when it is nobody's."""
        secret, now = new_secret(), self._clock()
        async with self._store.transaction() as unit:
            user = await unit.people.user_by_token(digest(token))
            if user is None or user.disabled:
                return None
            await unit.people.purge(at_ms=now)
            session = Session(digest(secret), user.id, now, now + self.session_seconds * 1000)
            await unit.people.add_session(session)
        return SignedIn(secret, _identity(user, via="session", session_hash=session.id_hash))

    async def sign_out(self, session_hash: str) -> None:
        """End a session."""
        async with self._store.transaction() as unit:
            await unit.people.end_session(session_hash)

    async def by_token(self, token: str) -> Identity | None:
        """Return whose token it is, None when nobody's or disabled."""
        token_hash = digest(token)
        async with self._store.snapshot() as unit:
            user = await unit.people.user_by_token(token_hash)
        return _identity(user, via="token", token_hash=token_hash) if user and not user.disabled else None

    async def by_session(self, secret: str) -> Identity | None:
        """Return whose session it is, None when it ended, expired, or its user is disabled."""
        session_hash = digest(secret)
        async with self._store.snapshot() as unit:
            found = await unit.people.session(session_hash)
        if found is None or found[0].expires_at <= self._clock() or found[1].disabled:
            return None
        return _identity(found[1], via="session", session_hash=session_hash)

    async def issue_ticket(self, identity: Identity) -> str:
        """Return a secret that stands for this identity once, within 30 s."""
        secret, now = new_secret(), self._clock()
        async with self._store.transaction() as unit:
            await unit.people.purge(at_ms=now)
            await unit.people.add_ticket(
                digest(secret), msgspec.to_builtins(identity), expires_at=now + TICKET_SECONDS * 1000
            )
        return secret

    async def by_ticket(self, secret: str) -> Identity | None:
        """Use a ticket up and return whom it stands for, if they still may come in."""
        async with self._store.transaction() as unit:
            members = await unit.people.take_ticket(digest(secret), at_ms=self._clock())
        if members is None:
            return None
        identity = msgspec.structs.replace(msgspec.convert(members, Identity), via="ticket")
        # One that was issued while the server was open stands for nobody.
        gone = identity.user_id is None or identity in await self.ended([identity])
        return None if gone else identity

    async def ended(self, identities: Collection[Identity]) -> set[Identity]:
        """Return those that were let in once and would not be any more, as they are."""
        named = {one for one in identities if one.user_id is not None}
        if not named:
            return set()
        async with self._store.snapshot() as unit:
            present = await self._present(unit)
        return {one for one in named if not present(one)}

    async def _present(self, unit: Snapshot) -> Callable[[Identity], bool]:
        users = {user.id: user for user in await unit.people.users()}
        sessions = await unit.people.live_sessions(at_ms=self._clock())
        return lambda one: _still(one, users, sessions)

    async def _change(self, name: str, verb: UserVerb, actor: str, **members: Any) -> User:
        async with self._store.transaction() as unit:
            user = await unit.people.user_by_name(name)
            if user is None:
                raise UnknownPersonError(f"there is no user {name[:80]!r}")
            changed = msgspec.structs.replace(user, **members)
            await unit.people.save_user(changed)
            await unit.people.end_sessions_of(user.id)
            await self._tell(unit, verb, changed, actor)
        return changed

    async def _tell(self, unit: Transaction, verb: UserVerb, user: User, actor: str) -> None:
        told = user_notification(verb, user, actor=actor, at_ms=self._clock())
        await unit.messages.append([told])


def _identity(user: User, **how: Any) -> Identity:
    return Identity(user.name, user.role, person=f"user:{user.id}", user_id=user.id, **how)


def _still(one: Identity, users: dict[int, User], sessions: Collection[str]) -> bool:
    user = users.get(one.user_id or 0)
    if user is None or user.disabled or user.role != one.role:
        return False
    if one.session_hash is not None:
        return one.session_hash in sessions
    return one.token_hash == user.token_hash

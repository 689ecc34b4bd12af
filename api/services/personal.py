"""The use cases of calendar addresses and read marks."""

from collections.abc import Callable, Mapping

from api.services.credentials import digest, new_secret
from api.services.identity import Identity
from api.services.notifications import FEED as NOTIFICATIONS
from api.services.store import Store
from domain.personal import MAX_CALENDARS, CalendarAddress
from streams.cursor import Cursor, parse_cursor

CALENDAR_PREFIX = "fc_"
"""The public part of every calendar secret, so that scanners find leaks."""

USED_EVERY_MS = 60 * 60 * 1000
"""Uses are noted so often: a calendar program that asks each minute costs no write each minute."""


class Personal:
    """Stores calendar addresses and read marks. `now_ms` gives milliseconds since 1970, UTC."""

    def __init__(self, store: Store, now_ms: Callable[[], int]) -> None:
        self._store = store
        self._now_ms = now_ms

    async def calendars(self, who: Identity) -> list[CalendarAddress]:
        """Return the caller's addresses, the newest first."""
        return await self._calendars(owner_of(who))

    async def calendars_of_user(self, user_id: int) -> list[CalendarAddress]:
        """Return the addresses of a user, the newest first, for an administrator."""
        return await self._calendars(f"user:{user_id}")

    async def _calendars(self, owner: str) -> list[CalendarAddress]:
        async with self._store.snapshot() as unit:
            return await unit.personal.calendars(owner)

    async def add_calendar(
        self, who: Identity, filters: Mapping[str, str]
    ) -> tuple[CalendarAddress, str] | None:
        """Create an address, and return it with its secret; None if the caller has too many."""
        secret = CALENDAR_PREFIX + new_secret()
        async with self._store.transaction() as unit:
            if len(await unit.personal.lock_calendars(owner_of(who))) >= MAX_CALENDARS:
                return None
            made = await unit.personal.add_calendar(
                owner_of(who), digest(secret), filters, at_ms=self._now_ms()
            )
        return made, secret

    async def remove_calendar(self, who: Identity, calendar_id: int) -> bool:
        """Revoke an address of the caller, or of anyone for an administrator; False when there is none."""
        owner = None if who.role == "admin" else owner_of(who)
        async with self._store.transaction() as unit:
            return await unit.personal.remove_calendar(owner, calendar_id)

    async def calendar_of(self, secret: str) -> CalendarAddress | None:
        """Return the address with a secret, if its owner may still read; note that it was used."""
        async with self._store.snapshot() as unit:
            found = await unit.personal.calendar_by_secret(digest(secret))
            if found is None or not await self._may_read(found.owner):
                return None
        now = self._now_ms()
        if now - (found.last_used_at or 0) > USED_EVERY_MS:
            async with self._store.transaction() as unit:
                await unit.personal.used_calendar(found.id, at_ms=now)
        return found

    async def notifications(self, limit: int) -> list[bytes]:
        """Return the newest notifications as they stand on the feed, as JSON, the newest first."""
        return [message.body for message in await self._store.feed.latest(NOTIFICATIONS, limit=limit)]

    async def read_mark(self, who: Identity) -> str | None:
        """Return the cursor up to which the caller has read the notifications."""
        async with self._store.snapshot() as unit:
            return await unit.personal.read_mark(owner_of(who))

    async def set_read_mark(self, who: Identity, cursor: Cursor) -> str | None:
        """Keep the cursor up to which the caller has read the notifications, and return what is kept.

        One that comes late does not take back what another device has told. None for a cursor that nothing on
        the feed has.
        """
        if cursor.epoch != self._store.epoch or cursor.seq > (await self._store.feed.bounds())[1]:
            return None
        owner = owner_of(who)
        async with self._store.transaction() as unit:
            mark = await unit.personal.read_mark(owner, to_change=True)
            kept = parse_cursor(mark) if mark else None
            if kept is not None and kept.epoch == cursor.epoch and kept.seq >= cursor.seq:
                return mark
            await unit.personal.set_read_mark(owner, mark := f"{cursor.epoch}.{cursor.seq}")
        return mark

    async def _may_read(self, owner: str) -> bool:
        """Return whether an owner is a user who is not disabled; an open server's one always is."""
        kind, _, number = owner.partition(":")
        if kind != "user":
            return True
        async with self._store.snapshot() as unit:
            user = await unit.people.user(int(number))
        return user is not None and not user.disabled


def owner_of(who: Identity) -> str:
    """Return the owner name: the user's, or the shared one on an open server."""
    return owner_name(who.user_id) if who.user_id is not None else "open"


def owner_name(user_id: int) -> str:
    """Return the owner name of a user."""
    return f"user:{user_id}"

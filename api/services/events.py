"""The use cases of events: each change is one transaction together with its messages."""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Literal, TypeVar

from msgspec import Struct

from api.services import event_messages
from api.services.identity import Identity
from api.services.store import Snapshot, Store, Transaction
from api.services.turns import Turns
from domain.events import EVENT_MEMBERS, Event, EventFields
from domain.folding import fold
from domain.ports.errors import StorageConflictError
from domain.ports.events import EventFilter, EventSort, EventStore, Page
from domain.problems import Problem
from streams.messages import Draft, timestamp

T = TypeVar("T")
Clock = Callable[[], int]
Allowed = Callable[[Event], bool]
Changed = Callable[[Event], EventFields | list[Problem]]
Missed = Literal["absent", "stale"]

EVERYTHING = EventFilter()

CITIES_LOOKED_AT = 5000
"""Those with most events: a search among them is a few milliseconds of work."""

MOST_TRIES = 3
"""Of a change that the store gives up for others."""


class Keyed(Struct, frozen=True):
    """The key of a request, and a digest of what it asks for: a repeat has both."""

    key: str
    digest: bytes


class Once(Struct, frozen=True):
    """What a request with a key has stored, now or when it came before.

    Attributes:
        ids: of all its events.
        events: those that there still are, as they are now.
    """

    ids: range
    events: Sequence[Event]
    is_repeat: bool


_log = logging.getLogger(__name__)


class Events:
    """Reads and changes events. `now_ms` gives milliseconds since 1970, UTC."""

    def __init__(self, store: Store, now_ms: Clock) -> None:
        self._store = store
        self._now_ms = now_ms
        self._turns = Turns()

    @property
    def epoch(self) -> str:
        """The name of the store: positions in its lists mean nothing elsewhere."""
        return self._store.epoch

    async def page(
        self,
        where: EventFilter,
        *,
        sort: EventSort,
        limit: int,
        after: tuple[Any, ...] | None,
        skip: int = 0,
    ) -> Page:
        """Return one page of a list."""
        if where == EVERYTHING and not skip:
            async with self._store.glance() as unit:
                page = await unit.events.page_of_all(sort=sort, limit=limit, after=after)
            if page is not None:
                return page
        async with self._store.snapshot() as unit:
            return await unit.events.page(where, sort=sort, limit=limit, after=after, skip=skip)

    async def position(self) -> int:
        """Return a number that rises with each change of the events, whoever makes it.

        It is that of the newest message about them: each change is one transaction with its message. Where
        that one is no longer kept, it is the end of what is not, so that no number stands for two states.
        """
        newest = await self._store.feed.latest(event_messages.FEED, limit=1)
        if newest:
            return newest[0].seq
        oldest, _ = await self._store.feed.bounds()
        return oldest

    async def get(self, event_id: int) -> Event | None:
        """Return one event."""
        async with self._store.glance() as unit:
            return await unit.events.get(event_id)

    async def cities(self, like: str, limit: int) -> list[tuple[str, int]]:
        """Return cities that have a text in their name, without case and accents, with their events."""
        async with self._store.snapshot() as unit:
            cities = await unit.events.cities(CITIES_LOOKED_AT)
        wanted = fold(like.strip())
        return [city for city in cities if wanted in fold(city[0])][:limit]

    def reading(self) -> AbstractAsyncContextManager[EventStore]:
        """Return events at one moment, for as long as the block lasts."""
        return _events_of(self._store.snapshot())

    async def create(self, fields: EventFields, caller: Identity) -> Event:
        """Store one event."""
        at_ms = self._now_ms()
        async with self._store.transaction() as unit:
            ids = await unit.events.insert([fields], upload_id=None, at_ms=at_ms)
            event = as_stored(fields, ids[0], at_ms)
            await unit.messages.append(event_messages.created(event, caller, at_ms))
        return event

    async def create_all(self, batch: Sequence[EventFields], caller: Identity) -> list[Event]:
        """Store all of a batch, or nothing."""
        at_ms = self._now_ms()
        async with self._store.transaction() as unit:
            ids = await unit.events.insert(batch, upload_id=None, at_ms=at_ms)
            if batch:
                await unit.messages.append(event_messages.many("batch", len(batch), caller, at_ms, ids=ids))
        return [as_stored(fields, event_id, at_ms) for event_id, fields in zip(ids, batch, strict=True)]

    async def create_once(self, fields: EventFields, caller: Identity, keyed: Keyed) -> Once | None:
        """Store one event, unless a request with this key has; None where that asked for something else."""

        def drafts(stored: list[Event], at_ms: int) -> list[Draft]:
            return event_messages.created(stored[0], caller, at_ms)

        return await self._once([fields], caller, keyed, drafts)

    async def create_all_once(
        self, batch: Sequence[EventFields], caller: Identity, keyed: Keyed
    ) -> Once | None:
        """Store all of a batch or nothing, as `create_once` does one event."""

        def drafts(stored: list[Event], at_ms: int) -> list[Draft]:
            ids = range(stored[0].id, stored[-1].id + 1)
            return event_messages.many("batch", len(ids), caller, at_ms, ids=ids)

        return await self._once(batch, caller, keyed, drafts)

    async def _once(
        self,
        batch: Sequence[EventFields],
        caller: Identity,
        keyed: Keyed,
        drafts: Callable[[list[Event], int], list[Draft]],
    ) -> Once | None:
        at_ms = self._now_ms()

        async def store(unit: Transaction) -> Once | None:
            # Before anything is stored: requests of other processes wait here, without any work to undo.
            use = await unit.keys.claim(caller.name, keyed.key, keyed.digest, at_ms=at_ms)
            if use is not None:
                if use.digest != keyed.digest:
                    return None
                return Once(use.ids, await unit.events.of_ids(use.ids), is_repeat=True)
            ids = await unit.events.insert(batch, upload_id=None, at_ms=at_ms)
            await unit.keys.keep(caller.name, keyed.key, ids)
            stored = [as_stored(fields, event_id, at_ms) for event_id, fields in zip(ids, batch, strict=True)]
            if stored:
                await unit.messages.append(drafts(stored, at_ms))
            return Once(ids, stored, is_repeat=False)

        # Those who wait in the database have a connection each; of one process that is one.
        async with self._turns.of((caller.name, keyed.key)):
            return await self._whole(store)

    async def change(
        self, event_id: int, allowed: Allowed, changed: Changed, caller: Identity
    ) -> Event | Missed | list[Problem]:
        """Return the event as it is after a change, or why it was not changed.

        `allowed` decides whether the present version may be changed; `changed` gives the new
        fields, or their problems. A change to the same fields is none: no new version, no message.
        Of changes at once each is made to what the one before has left.
        """
        at_ms = self._now_ms()

        async def change(unit: Transaction) -> Event | Missed | list[Problem]:
            old = await unit.events.get(event_id, to_change=True)
            if old is None:
                return "absent"
            if not allowed(old):
                return "stale"
            fields = changed(old)
            if isinstance(fields, list):
                return fields
            names = changed_members(old, fields)
            if not names:
                return old
            new = await unit.events.replace(event_id, fields, at_ms=at_ms)
            assert new is not None, "nobody else could delete it"
            await unit.messages.append(event_messages.updated(new, names, caller, at_ms))
            return new

        return await self._whole(change)

    async def delete(self, event_id: int, allowed: Allowed, caller: Identity) -> Missed | None:
        """Delete one event; return why not, or None."""
        at_ms = self._now_ms()

        async def delete(unit: Transaction) -> Missed | None:
            old = await unit.events.get(event_id, to_change=True)
            if old is None:
                return "absent"
            if not allowed(old):
                return "stale"
            await unit.events.delete(event_id)
            await unit.messages.append(event_messages.deleted(old, caller, at_ms))
            return None

        return await self._whole(delete)

    async def replace_all(self, batch: Sequence[EventFields], caller: Identity) -> list[Event]:
        """Replace all events with a batch."""
        at_ms = self._now_ms()

        async def replace(unit: Transaction) -> range:
            await unit.events.delete_matching(EVERYTHING)
            ids = await unit.events.insert(batch, upload_id=None, at_ms=at_ms)
            await unit.messages.append(event_messages.many("replace", len(batch), caller, at_ms, ids=ids))
            return ids

        ids = await self._whole(replace)
        return [as_stored(fields, event_id, at_ms) for event_id, fields in zip(ids, batch, strict=True)]

    async def delete_matching(self, where: EventFilter, caller: Identity) -> int:
        """Delete all that match, and return how many."""
        at_ms = self._now_ms()

        async def delete(unit: Transaction) -> int:
            count = await unit.events.delete_matching(where)
            if count:
                await unit.messages.append(event_messages.many("delete", count, caller, at_ms))
            return count

        return await self._whole(delete)

    async def _whole(self, act: Callable[[Transaction], Awaitable[T]]) -> T:
        """Run a change in a transaction, and again where the store gives it up for others that it met."""
        for tries in range(1, MOST_TRIES + 1):
            try:
                async with self._store.transaction() as unit:
                    return await act(unit)
            except StorageConflictError as error:
                what = "is tried again" if tries < MOST_TRIES else f"is given up after {tries} tries"
                _log.warning("a change of events %s: %s", what, error)
                if tries == MOST_TRIES:
                    raise
        raise AssertionError("the last try returns or raises")


def as_stored(fields: EventFields, event_id: int, at_ms: int) -> Event:
    """Return the first version of an event that was created by hand."""
    at = timestamp(at_ms)
    return Event(
        id=event_id,
        title=fields.title,
        description=fields.description,
        event_date=fields.event_date,
        city=fields.city,
        participants=fields.participants,
        local_info=fields.local_info,
        upload_id=None,
        version=1,
        created_at=at,
        updated_at=at,
    )


def changed_members(old: Event, new: EventFields) -> list[str]:
    """Return the wire names of the members that differ."""
    return [name for name in EVENT_MEMBERS if getattr(old, name) != getattr(new, name)]


@asynccontextmanager
async def _events_of(snapshot: AbstractAsyncContextManager[Snapshot]) -> AsyncIterator[EventStore]:
    async with snapshot as unit:
        yield unit.events

"""The port for events: store, find, count."""

from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, Literal, Protocol

from msgspec import Struct

from domain.event_columns import EventColumns
from domain.events import Event, EventFields
from domain.merge import Merged, MergeRule
from domain.seen_rows import SeenRows

EventSort = Literal["event_date", "-event_date", "id", "-id", "title"]


class EventFilter(Struct, frozen=True):
    """A filter of events. None does not restrict. `from_us` inclusive, `to_us` exclusive, UTC µs."""

    city: str | None = None
    q: str | None = None
    from_us: int | None = None
    to_us: int | None = None
    venue_type: str | None = None
    upload_id: str | None = None


class Page(Struct, frozen=True):
    """Some events, the position after the last one (None at the end), and how many match in all."""

    items: list[Event]
    next: tuple[Any, ...] | None
    total: int


TOP_CITIES = 10
MONTHS = 12


class EventCounts(Struct, frozen=True):
    """The dashboard's counts. Months are ``YYYY-MM`` of the wall clock.

    Attributes:
        by_city: the `TOP_CITIES` with most events.
        by_month: the latest `MONTHS` that have events.
        coming: this month and those after it, `MONTHS` in all, also those without events.
        beyond: events after the months that are coming.
    """

    events: int
    upcoming: int
    cities: int
    participants: int
    capacity: int
    by_city: list[tuple[str, int]]
    by_month: list[tuple[str, int]]
    by_venue_type: list[tuple[str | None, int]]
    coming: list[tuple[str, int]]
    beyond: int


class EventBatch(Struct, frozen=True):
    """Events packed for a store, perhaps by another process.

    Attributes:
        chunks: all of their cells, some events in each, in a form that the store alone knows.
        counts: what they add to the counts, as (kind, key, n).
        ids: what the file has in its column of ids, for each event; none where none here has such a column.
    """

    count: int
    chunks: list[bytes]
    counts: list[tuple[str, str, int]]
    ids: list[str] = []


class TakeBackPosition(Struct, frozen=True):
    """The position of an undo: changed events first, then created ones by id."""

    changed_after: int | None = 0
    """None: all changed events are done; the store itself knows which are left."""
    created_after: int = 0


class TakenBack(Struct, frozen=True):
    """The result of one step of an undo.

    Attributes:
        position: of the next part; None at the end.
        deleted: events that the import had created.
        restored: events that are again what they were.
        kept: ids of events that others changed since.
        first_id, last_id: of the events that were deleted or restored; None where there are none.
    """

    position: TakeBackPosition | None
    deleted: int = 0
    restored: int = 0
    kept: list[int] = []
    first_id: int | None = None
    last_id: int | None = None


Pack = Callable[[EventColumns], EventBatch]
"""A store's own: pure, needs no connection."""


class EventStore(Protocol):
    """Events. Each change updates the counts in the same transaction."""

    async def insert(self, events: Sequence[EventFields], *, upload_id: str | None, at_ms: int) -> range:
        """Store events in order and return their ids, which are consecutive and never reused."""
        ...

    async def insert_batch(self, batch: EventBatch, *, upload_id: str | None, at_ms: int) -> range:
        """Store packed events, as `insert` does."""
        ...

    async def merge_batch(
        self,
        batch: EventBatch,
        rule: MergeRule,
        *,
        upload_id: str,
        at_ms: int,
        dry_run: SeenRows | None = None,
        met: SeenRows | None = None,
    ) -> Merged:
        """Insert new events of a batch and update stored ones, by a rule.

        What an event was before an import changed it is kept for `take_back`. Of rows of one key
        the last one counts. A dry run only reports what would become of each row; it is given what
        earlier batches of the file had. `met` has the stored events that earlier batches met, so that
        a key which the file repeats is warned of in whichever batches its rows are.
        """
        ...

    def part_of(self, batch: EventBatch, places: Sequence[int]) -> EventBatch:
        """Return a batch of the events at these indexes of another."""
        ...

    async def prepare_to_merge(self, limit: int) -> bool:
        """Write some deferred index entries in one transaction; False when done."""
        ...

    async def take_back(
        self, upload_id: str, position: TakeBackPosition, *, limit: int, at_ms: int
    ) -> TakenBack:
        """Undo a bounded part of an import: delete events that it created, restore events that it changed.

        Events that were changed by others since are kept as they are.
        """
        ...

    async def forget_history(self, *, before_ms: int, limit: int) -> int:
        """Delete some images of events before imports changed them; return how many."""
        ...

    async def get(self, event_id: int, *, to_change: bool = False) -> Event | None:
        """Return one event. To change it: others cannot until the transaction ends."""
        ...

    async def of_ids(self, ids: range) -> Sequence[Event]:
        """Return those of these events that exist, by id."""
        ...

    async def page(
        self,
        where: EventFilter,
        *,
        sort: EventSort,
        limit: int,
        after: tuple[Any, ...] | None,
        skip: int = 0,
    ) -> Page:
        """Return up to `limit` events after the position of an earlier page.

        To go on by positions costs the same everywhere; `skip` passes over so many entries of an index.
        """
        ...

    async def page_of_all(self, *, sort: EventSort, limit: int, after: tuple[Any, ...] | None) -> Page | None:
        """Return a page of everything by one statement, as `page` does; None where it takes more.

        It needs no snapshot.
        """
        ...

    def scan(self, where: EventFilter, *, chunk: int = 1000) -> AsyncIterator[Sequence[Event]]:
        """Yield all matching events by id, in chunks, in constant memory."""
        ...

    def scan_documents(self, where: EventFilter, *, separator: str, chunk: int = 500) -> AsyncIterator[bytes]:
        """Yield all matching events by id as JSON in UTF-8: objects joined by `separator`, in parts.

        Parts but the first begin with the separator. Each object has exactly the six documented
        members. For exports: several times as fast as `scan`.
        """
        ...

    async def replace(self, event_id: int, fields: EventFields, *, at_ms: int) -> Event | None:
        """Overwrite the fields and raise the version; None if absent."""
        ...

    async def delete(self, event_id: int) -> bool:
        """Delete one event; False if absent."""
        ...

    async def delete_matching(self, where: EventFilter) -> int:
        """Delete all that match and return how many."""
        ...

    async def cities(self, limit: int) -> list[tuple[str, int]]:
        """Return cities with their number of events, those with most first."""
        ...

    async def counts(self, *, now_us: int) -> EventCounts:
        """Return the counts, at a cost that does not grow with the number of events."""
        ...

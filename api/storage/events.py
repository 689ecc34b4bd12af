"""The store of events."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

import sqlalchemy as sa

from api.storage import event_history, stats
from api.storage.count_cache import CountCache
from api.storage.documents import scan_documents
from api.storage.event_filters import SORTS, matching
from api.storage.event_merge import EventMerge
from api.storage.event_packing import PACKED, Deltas, count_event, deltas_of, field_cells, pack, part_of
from api.storage.event_plans import Plan, conditions_of, page_of, page_of_all, planned, unfiltered_page
from api.storage.event_rows import EVENT_COLUMNS, columns_of, event_of, events_of
from api.storage.schema import events
from api.storage.sqlite import deferred_index
from api.storage.statements import kept
from api.storage.unit_of_work import NewEvents, Row, Unit
from domain.event_columns import EventColumns
from domain.events import Event, EventFields
from domain.merge import Merged, MergeRule
from domain.ports.events import (
    EventBatch,
    EventCounts,
    EventFilter,
    EventSort,
    Page,
    TakeBackPosition,
    TakenBack,
)
from domain.seen_rows import SeenRows

_COUNTED = tuple(events.c["event_date", "city", "participants", "local_info", "instant_us", "upload_id"])
_CHUNK = 1000

_FEW = 16
"""So many are stored without being packed."""
_LONG_TEXT = 4000
"""From so many characters on, a text is taken from its index, or put there, in a thread."""

_IS_ONE = events.c.id == sa.bindparam("of_id")
_GET = kept(sa.select(*EVENT_COLUMNS).where(_IS_ONE))
_OF_IDS = (
    sa.select(*EVENT_COLUMNS)
    .where(events.c.id.between(sa.bindparam("first_id"), sa.bindparam("last_id")))
    .order_by(events.c.id)
)
_OF_FEW_IDS = kept(_OF_IDS)
_LOCK = kept(
    sa.select(*EVENT_COLUMNS, events.c.instant_us, sa.func.length(events.c.description_key).label("long"))
    .where(_IS_ONE)
    .with_for_update()
)
_REPLACE = kept(
    sa.update(events)
    .where(_IS_ONE)
    .values({name: sa.bindparam(f"new_{name}") for name in PACKED})
    .values(version=events.c.version + 1, updated_ms=sa.bindparam("at_ms"))
    .returning(*EVENT_COLUMNS)
)
_DELETE = kept(sa.delete(events).where(_IS_ONE).returning(*_COUNTED))


class SqlEvents:
    """Events of one unit of work. Source: `domain.ports.events.EventStore`.

    `totals` are those of all snapshots; a transaction may have changed what it counts, and has none.

    Attributes:
        deltas: what this unit of work adds to the counts, until it is flushed.
    """

    def __init__(self, unit: Unit, totals: CountCache | None = None) -> None:
        self._unit = unit
        self._totals = totals
        self._locked: Row | None = None
        self.deltas: Deltas = Deltas()

    async def insert(self, batch: Sequence[EventFields], *, upload_id: str | None, at_ms: int) -> range:
        """Store events in order and return their ids, which are consecutive and never reused."""
        if len(batch) > _FEW:
            return await self.insert_batch(pack(EventColumns.of(batch)), upload_id=upload_id, at_ms=at_ms)
        if not batch:
            return range(0)
        first = await self._unit.dialect.take_ids(self._unit, len(batch))
        ids = range(first, first + len(batch))
        tail = (upload_id, 1, at_ms, at_ms, True)
        rows = [(event_id, *field_cells(fields), *tail) for event_id, fields in zip(ids, batch, strict=True)]
        await self._unit.insert_rows(events, rows)
        for fields in batch:
            count_event(self.deltas, fields)
        self.deltas["upload", upload_id or ""] += len(batch)
        return ids

    async def insert_batch(
        self, batch: EventBatch, *, upload_id: str | None, at_ms: int, found_by_key: bool = False
    ) -> range:
        """Store what was packed, as `insert` does; at once in all indexes where it is soon looked for."""
        if not batch.count:
            return range(0)
        first = await self._unit.dialect.take_ids(self._unit, batch.count)
        ids = range(first, first + batch.count)
        is_deferred = not found_by_key and deferred_index.is_deferred(self._unit, batch.count)
        tail = (upload_id, 1, at_ms, at_ms, not is_deferred)
        await self._unit.insert_events(NewEvents(first, batch.chunks, tail))
        if is_deferred:
            await deferred_index.defer(self._unit, ids[-1])
        self.deltas.update({(kind, key): n for kind, key, n in batch.counts})
        self.deltas["upload", upload_id or ""] += batch.count
        return ids

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
        """Insert new events of a batch and update stored ones, by a rule."""
        merge = EventMerge(self._unit, self)
        return await merge.merge(batch, rule, upload_id=upload_id, at_ms=at_ms, dry_run=dry_run, met=met)

    def part_of(self, batch: EventBatch, places: Sequence[int]) -> EventBatch:
        """Return a batch of the events at these indexes of another."""
        return part_of(batch, places)

    async def prepare_to_merge(self, limit: int) -> bool:
        """Write some deferred index entries in one transaction; False when done."""
        if self._unit.dialect.name != "sqlite":
            return False
        done, deferred = await deferred_index.heads(self._unit)
        if deferred <= done:
            return False
        await deferred_index.add(self._unit, limit)
        return True

    async def take_back(
        self, upload_id: str, position: TakeBackPosition, *, limit: int, at_ms: int
    ) -> TakenBack:
        """Undo a bounded part of an import: delete events that it created, restore events that it changed."""
        merge = EventMerge(self._unit, self)
        return await merge.take_back(upload_id, position, limit=limit, at_ms=at_ms)

    async def forget_history(self, *, before_ms: int, limit: int) -> int:
        """Delete some images of events before imports changed them; return how many."""
        return await event_history.forget(self._unit, before_ms=before_ms, limit=limit)

    async def get(self, event_id: int, *, to_change: bool = False) -> Event | None:
        """Return one event. To change it: others cannot until the unit ends."""
        if to_change:
            row = self._locked = await self._unit.first(_LOCK, {"of_id": event_id})
        else:
            row = await self._unit.first(_GET, {"of_id": event_id})
        return event_of(row) if row else None

    async def of_ids(self, ids: range) -> Sequence[Event]:
        """Return those of these events that exist, by id."""
        if not ids:
            return []
        statement = _OF_FEW_IDS if len(ids) <= _FEW else _OF_IDS
        return events_of(await self._unit.rows(statement, {"first_id": ids[0], "last_id": ids[-1]}))

    async def page(
        self,
        where: EventFilter,
        *,
        sort: EventSort,
        limit: int,
        after: tuple[Any, ...] | None,
        skip: int = 0,
    ) -> Page:
        """Return up to `limit` events after the position of an earlier page, and `skip` more."""
        plan = await planned(self._unit, where, sort, skip + limit, self._totals or CountCache())
        if plan.total <= skip:
            return Page(items=[], next=None, total=plan.total)
        return _page_of(await self._page(plan, sort, limit + 1, after, skip), sort, limit, plan.total)

    async def page_of_all(self, *, sort: EventSort, limit: int, after: tuple[Any, ...] | None) -> Page | None:
        """Return a page of everything by one statement; None where that cannot tell all of it."""
        rows = await self._unit.rows(*page_of_all(self._unit.dialect.name, sort, limit + 1, after))
        if not rows or rows[0].total is None or rows[0].behind > 0:
            return None
        return _page_of(rows, sort, limit, rows[0].total)

    async def scan(self, where: EventFilter, *, chunk: int = 1000) -> AsyncIterator[Sequence[Event]]:
        """Yield all matching events by id, in chunks, in constant memory."""
        last = 0
        parts = await deferred_index.parts_for(self._unit, where)
        following = [*await self._conditions(where), events.c.id > sa.bindparam("last")]
        statement = sa.select(*EVENT_COLUMNS).where(*deferred_index.first_by_id(parts, following, chunk))
        statement = statement.order_by(events.c.id).limit(chunk)
        while rows := await self._unit.rows(statement, {"last": last}):
            yield events_of(rows)
            last = rows[-1].id

    async def scan_documents(
        self, where: EventFilter, *, separator: str, chunk: int = 500
    ) -> AsyncIterator[bytes]:
        """Yield all matching events by id as JSON in UTF-8: objects joined by `separator`, in parts."""
        parts = await deferred_index.parts_for(self._unit, where)
        conditions = await self._conditions(where)
        async for part in scan_documents(self._unit, conditions, parts, separator=separator, chunk=chunk):
            yield part

    async def replace(self, event_id: int, fields: EventFields, *, at_ms: int) -> Event | None:
        """Overwrite the fields and raise the version; None if absent."""
        old = await self._take_locked(event_id)
        if old is None:
            return None
        cells = field_cells(fields)
        new = {f"new_{name}": cell for name, cell in zip(PACKED, cells, strict=True)}
        texts = self._unit.dialect.texts
        is_long = max(old.long, len(fields.description)) >= _LONG_TEXT
        if texts is not None:
            await texts.begin_change(self._unit, event_id, is_long=is_long)
        row = await self._unit.first(_REPLACE, {"of_id": event_id, "at_ms": at_ms, **new})
        if texts is not None:
            await texts.end_change(self._unit, event_id, is_long=is_long)
        if row is None:
            return None
        self.deltas.subtract(deltas_of(columns_of([old])))
        count_event(self.deltas, fields)
        return event_of(row)

    async def delete(self, event_id: int) -> bool:
        """Delete one event; False if absent."""
        old = await self._take_locked(event_id)
        if old is None:
            return False
        if (texts := self._unit.dialect.texts) is not None:
            await texts.forget_one(self._unit, event_id, is_long=old.long >= _LONG_TEXT)
        return self._gone(await self._unit.rows(_DELETE, {"of_id": event_id})) == 1

    async def delete_matching(self, where: EventFilter) -> int:
        """Delete all that match and return how many."""
        if where == EventFilter():
            return await self._delete_every()
        return await self._delete_all(where)

    async def delete_ids(self, ids: Sequence[int]) -> int:
        """Delete some hundreds or thousands of events, and return how many existed."""
        return sum(
            [
                await self._delete(events.c.id.in_(ids[start : start + _CHUNK]))
                for start in range(0, len(ids), _CHUNK)
            ]
        )

    async def cities(self, limit: int) -> list[tuple[str, int]]:
        """Return cities with their number of events, those with most first."""
        return await stats.read_cities(self._unit, limit)

    async def counts(self, *, now_us: int) -> EventCounts:
        """Return the counts, at a cost that does not grow with the number of events."""
        await self.flush()
        return await stats.read_counts(self._unit, now_us=now_us)

    async def flush(self) -> None:
        """Add the changes of this unit of work to the stored counts."""
        await stats.add_deltas(self._unit, self.take_deltas())

    def take_deltas(self) -> Deltas:
        """Return what is added to the counts so far, to be stored by the caller."""
        deltas, self.deltas = self.deltas, Deltas()
        if deltas:
            deltas["changes", ""] = 1
        return deltas

    async def _conditions(self, where: EventFilter) -> list[sa.ColumnElement[bool]]:
        return await conditions_of(self._unit, where, self._totals or CountCache())

    async def _page(
        self, plan: Plan, sort: EventSort, limit: int, after: tuple[Any, ...] | None, skip: int
    ) -> Sequence[Row]:
        if not skip and (known := unfiltered_page(plan, self._unit.dialect.name, sort, limit, after)):
            return await self._unit.rows(*known)
        rows: Sequence[Row] = []
        for way in plan.ways:
            rows = await self._unit.rows(page_of(plan, way, sort, limit, after, skip=skip))
            if len(rows) == limit:
                break
        return rows

    async def _take_locked(self, event_id: int) -> Row | None:
        """Return the row of an event that nobody else can change; no statement where it was read for that."""
        row, self._locked = self._locked, None
        return row if row and row.id == event_id else await self._unit.first(_LOCK, {"of_id": event_id})

    async def _delete_every(self) -> int:
        """Delete all without reading any: what goes with them is every count."""
        # Counts are written by those who have changed events: none that is under way adds to them later.
        await self._unit.dialect.lock_all_events(self._unit)
        self.deltas = Deltas({("changes", ""): 1})
        if (texts := self._unit.dialect.texts) is not None:
            await texts.forget_all(self._unit)
        deleted = await self._unit.run(sa.delete(events))
        await stats.forget(self._unit)
        return deleted

    async def _delete_all(self, where: EventFilter) -> int:
        """Delete in chunks by id, so that the counts of a million events need no memory for them."""
        deleted, last = 0, 0
        parts = await deferred_index.parts_for(self._unit, where)
        following = [*await self._conditions(where), events.c.id > sa.bindparam("last")]
        ids = sa.select(events.c.id).where(*deferred_index.first_by_id(parts, following, _CHUNK))
        ids = ids.order_by(events.c.id).limit(_CHUNK).with_for_update(of=events)
        while rows := await self._unit.rows(ids, {"last": last}):
            chunk = events.c.id.in_([row.id for row in rows])
            # Read anew: an index may have named events that others have changed before they were locked.
            deleted += await self._delete(sa.and_(*matching(where), chunk))
            last = rows[-1].id
        return deleted

    async def _delete(self, condition: sa.ColumnElement[bool]) -> int:
        if (texts := self._unit.dialect.texts) is not None:
            await texts.forget(self._unit, condition)
        return self._gone(await self._unit.rows(sa.delete(events).where(condition).returning(*_COUNTED)))

    def _gone(self, rows: Sequence[Row]) -> int:
        """Take deleted rows off the counts; return how many they are."""
        self.deltas.subtract(deltas_of(columns_of(rows)))
        self.deltas.subtract([("upload", row.upload_id or "") for row in rows])
        return len(rows)


def _page_of(rows: Sequence[Row], sort: EventSort, limit: int, total: int) -> Page:
    """Return a page of rows; one more than its limit shows that another follows."""
    last = rows[limit - 1] if len(rows) > limit else None
    position = tuple(getattr(last, name) for name in SORTS[sort].names) if last else None
    return Page(items=events_of(rows[:limit]), next=position, total=total)

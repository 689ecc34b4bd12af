"""The store of events."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

import sqlalchemy as sa

from api.storage import index_entries, stats
from api.storage.documents import scan_documents
from api.storage.event_filters import SORTS, matching
from api.storage.event_packing import PACKED, Deltas, deltas_of, field_cells, pack
from api.storage.event_plans import page_of, planned
from api.storage.event_rows import columns_of, event_of, events_of
from api.storage.index_entries import Parts
from api.storage.schema import events
from api.storage.totals import Totals
from api.storage.unit import NewEvents, Row, Unit
from domain.event_columns import EventColumns
from domain.events import Event, EventFields
from domain.ports import EventBatch, EventCounts, EventFilter, EventSort, Page

_COUNTED = tuple(events.c["event_date", "city", "participants", "local_info", "instant_us", "upload_id"])
_CHUNK = 1000


class SqlEvents:
    """Events of one unit of work. Source: `domain.ports.EventStore`.

    `totals` are those of all snapshots; a transaction may have changed what it counts, and has none.
    """

    def __init__(self, unit: Unit, totals: Totals | None = None) -> None:
        self._unit = unit
        self._totals = totals
        self._deltas: Deltas = Deltas()

    async def insert(self, batch: Sequence[EventFields], *, upload_id: str | None, at_ms: int) -> range:
        """Store events in order and return their ids, which are consecutive and never reused."""
        return await self.insert_batch(pack(EventColumns.of(batch)), upload_id=upload_id, at_ms=at_ms)

    async def insert_batch(self, batch: EventBatch, *, upload_id: str | None, at_ms: int) -> range:
        """Store what was packed, as `insert` does."""
        if not batch.count:
            return range(0)
        first = await self._unit.dialect.take_ids(self._unit, "events", batch.count)
        ids = range(first, first + batch.count)
        is_deferred = index_entries.is_deferred(self._unit, batch.count)
        tail = (upload_id, 1, at_ms, at_ms, not is_deferred)
        await self._unit.insert_events(NewEvents(first, batch.chunks, tail))
        if is_deferred:
            await index_entries.defer(self._unit, ids[-1])
        self._deltas.update({(kind, key): n for kind, key, n in batch.counts})
        self._deltas["upload", upload_id or ""] += batch.count
        return ids

    async def get(self, event_id: int) -> Event | None:
        """Return one event."""
        row = await self._unit.first(sa.select(events).where(events.c.id == event_id))
        return event_of(row) if row else None

    async def page(
        self, where: EventFilter, *, sort: EventSort, limit: int, after: tuple[Any, ...] | None
    ) -> Page:
        """Return up to `limit` events after a position that an earlier page gave (keyset, no offset)."""
        plan = await planned(self._unit, where, sort, limit, self._totals or Totals())
        if not plan.total:
            return Page(items=[], next=None, total=0)
        rows: Sequence[Row] = []
        for way in plan.ways:
            rows = await self._unit.rows(page_of(plan, way, sort, limit + 1, after))
            if len(rows) > limit:
                break
        last = rows[limit - 1] if len(rows) > limit else None
        position = tuple(getattr(last, name) for name in SORTS[sort].names) if last else None
        return Page(items=events_of(rows[:limit]), next=position, total=plan.total)

    async def scan(self, where: EventFilter, *, chunk: int = 1000) -> AsyncIterator[Sequence[Event]]:
        """Yield all matching events by id, in chunks, in constant memory."""
        last = 0
        parts = await index_entries.parts_for(self._unit, where)
        following = [*matching(where), events.c.id > sa.bindparam("last")]
        statement = sa.select(events).where(*index_entries.first_by_id(parts, following, chunk))
        statement = statement.order_by(events.c.id).limit(chunk)
        while rows := await self._unit.rows(statement, {"last": last}):
            yield events_of(rows)
            last = rows[-1].id

    def scan_documents(self, where: EventFilter, *, separator: str, chunk: int = 500) -> AsyncIterator[bytes]:
        """Yield all matching events by id as JSON in UTF-8: objects joined by `separator`, in parts."""
        return scan_documents(self._unit, where, separator=separator, chunk=chunk)

    async def replace(
        self, event_id: int, fields: EventFields, *, at_ms: int, if_version: int | None
    ) -> Event | None:
        """Overwrite the fields, raise the version; None when absent or of another version."""
        old = await self._locked(event_id, if_version)
        if old is None:
            return None
        cells = dict(zip(PACKED, field_cells(fields), strict=True))
        change = sa.update(events).where(events.c.id == event_id).returning(events)
        await self._forget_text(events.c.id == event_id)
        row = await self._unit.first(change.values(**cells, version=events.c.version + 1, updated_ms=at_ms))
        if texts := self._unit.dialect.texts:
            await texts.add(self._unit, events.c.id == event_id)
        self._deltas.subtract(deltas_of(columns_of([old])))
        self._deltas.update(deltas_of(EventColumns.of([fields])))
        return event_of(row) if row else None

    async def delete(self, event_id: int, *, if_version: int | None) -> bool:
        """Delete one; False when absent or of another version."""
        if await self._locked(event_id, if_version) is None:
            return False
        return await self._delete(events.c.id == event_id) == 1

    async def delete_matching(self, where: EventFilter) -> int:
        """Delete all that match and return how many."""
        if where == EventFilter():
            return await self._delete_every()
        return await self._delete_all(await index_entries.parts_for(self._unit, where), matching(where))

    async def delete_untouched(self, upload_id: str) -> tuple[int, list[int]]:
        """Delete an import's events whose version is still 1; return how many, and the ids kept."""
        parts = await index_entries.parts_of(self._unit)
        own = events.c.upload_id == upload_id
        deleted = await self._delete_all(parts, [own, events.c.version == 1])
        kept = [
            row.id
            for part in parts
            for row in await self._unit.rows(sa.select(events.c.id).where(own, *part.conditions))
        ]
        return deleted, sorted(kept)

    async def counts(self, *, now_us: int) -> EventCounts:
        """Return the counts, at a cost that does not grow with the number of events."""
        await self.flush()
        return await stats.read_counts(self._unit, now_us=now_us)

    @property
    def changed(self) -> bool:
        """There are counts to flush."""
        return bool(self._deltas)

    async def flush(self) -> None:
        """Bring the stored counts up to what this unit of work did."""
        deltas, self._deltas = self._deltas, Deltas()
        if deltas:
            deltas["changes", ""] = 1
        await stats.add_deltas(self._unit, deltas)

    async def _locked(self, event_id: int, if_version: int | None) -> Row | None:
        statement = sa.select(*_COUNTED, events.c.version).where(events.c.id == event_id).with_for_update()
        row = await self._unit.first(statement)
        return row if row and if_version in (None, row.version) else None

    async def _delete_every(self) -> int:
        """Delete all without reading any: what goes with them is every count."""
        await self._unit.dialect.queue_to_close(self._unit)
        self._deltas = Deltas({("changes", ""): 1})
        if texts := self._unit.dialect.texts:
            await texts.forget_all(self._unit)
        deleted = await self._unit.run(sa.delete(events))
        await stats.forget(self._unit)
        return deleted

    async def _delete_all(self, parts: Parts, conditions: list[sa.ColumnElement[bool]]) -> int:
        """Delete in chunks by id, so that the counts of a million events need no memory for them."""
        deleted, last = 0, 0
        following = [*conditions, events.c.id > sa.bindparam("last")]
        ids = sa.select(events.c.id).where(*index_entries.first_by_id(parts, following, _CHUNK))
        ids = ids.order_by(events.c.id).limit(_CHUNK)
        while rows := await self._unit.rows(ids, {"last": last}):
            chunk = events.c.id.in_([row.id for row in rows])
            deleted += await self._delete(sa.and_(*conditions, chunk))
            last = rows[-1].id
        return deleted

    async def _forget_text(self, condition: sa.ColumnElement[bool]) -> None:
        if texts := self._unit.dialect.texts:
            await texts.forget(self._unit, condition)

    async def _delete(self, condition: sa.ColumnElement[bool]) -> int:
        await self._forget_text(condition)
        gone = await self._unit.rows(sa.delete(events).where(condition).returning(*_COUNTED))
        self._deltas.subtract(deltas_of(columns_of(gone)))
        self._deltas.subtract([("upload", row.upload_id or "") for row in gone])
        return len(gone)

"""Deferred index entries, written after a large import. SQLite only.

They cost as much as the row itself, and the import would wait for them. So large batches are stored
with `is_indexed` false, which leaves them out of these indexes, and `add` makes their entries later, in
small transactions. Until then a query that uses such an index also reads the rest, which lies between
two ids: SQLite's ids are committed in order. The index of times has every event at once: it serves the
default order of lists, and the counts of the dashboard.
"""

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from msgspec import Struct

from api.storage.schema import events, id_heads
from api.storage.statements import kept, upsert
from api.storage.unit_of_work import Unit
from domain.ports.events import EventFilter

DEFERRED_FROM = 1000
"""Events of a batch. Fewer get their entries at once, which takes no noticeable time."""

_DONE, _DEFERRED = "event_entries", "event_entries_deferred"
"""Ids up to which all have their entries, and of the last event that was stored without."""


class Part(Struct, frozen=True):
    """A part of the events that is queried separately: indexed events, or the rest."""

    conditions: tuple[sa.ColumnElement[bool], ...] = ()
    is_rest: bool = False

    def hint(self, hint: str) -> str:
        """Return a hint for those in the indexes, or what keeps the rest to its span of ids."""
        return "NOT INDEXED" if self.is_rest else hint


Parts = tuple[Part, ...]

_HEADS = kept(sa.select(id_heads).where(id_heads.c.name.in_([_DONE, _DEFERRED])))


def _head(name: str) -> sa.ColumnElement[int]:
    last = sa.select(id_heads.c.last).where(id_heads.c.name == name).scalar_subquery()
    return sa.func.coalesce(last, 0)


BEHIND: sa.ColumnElement[int] = _head(_DEFERRED) - _head(_DONE)
"""Above 0 while some events have no entries yet."""

_SET_HEAD = upsert(
    id_heads,
    lambda insert: insert.on_conflict_do_update(index_elements=["name"], set_={"last": insert.excluded.last}),
)

EVERY_ROW: Parts = (Part(),)
"""For queries that need no index but those of ids and times."""

INDEXED = Part((events.c.is_indexed,))


def is_deferred(unit: Unit, count: int) -> bool:
    """Return whether the index entries of a batch of this size are deferred."""
    # The job that fills the index of texts also creates these entries.
    return unit.dialect.name == "sqlite" and unit.dialect.texts is not None and count >= DEFERRED_FROM


async def defer(unit: Unit, last_id: int) -> None:
    """Record that events up to this id have no entries yet."""
    await _set_head(unit, _DEFERRED, last_id)


async def parts_for(unit: Unit, where: EventFilter) -> Parts:
    """Return the parts that a query for a filter must read, in this snapshot."""
    is_by_index = any((where.city, where.venue_type, where.upload_id))
    return await parts_of(unit) if is_by_index else EVERY_ROW


async def parts_of(unit: Unit) -> Parts:
    """Return the parts that a query by an index must read, in this snapshot."""
    if unit.dialect.name != "sqlite":
        return EVERY_ROW
    done, deferred = await heads(unit)
    if deferred <= done:
        return (INDEXED,)
    rest = (events.c.id > done, events.c.id <= deferred, ~events.c.is_indexed)
    return (INDEXED, Part(rest, is_rest=True))


async def count(
    unit: Unit, parts: Parts, conditions: Iterable[sa.ColumnElement[bool]], hint: str = ""
) -> int:
    """Count the rows that meet the conditions."""
    conditions = [*conditions]
    number = 0
    for part in parts:
        counting = sa.select(sa.func.count()).select_from(events).where(*conditions, *part.conditions)
        row = await unit.first(counting.with_hint(events, part.hint(hint), "sqlite"))
        number += row[0] if row else 0
    return number


def first_by_id(
    parts: Parts, conditions: Iterable[sa.ColumnElement[bool]], limit: Any
) -> list[sa.ColumnElement[bool]]:
    """Return the conditions of the first events by id that meet the conditions.

    They are for a query of `events` in the order of ids, with the same limit.
    """
    conditions = [*conditions]
    if len(parts) == 1:
        return [*conditions, *parts[0].conditions]
    branches = [
        sa.select(events.c.id)
        .where(*conditions, *part.conditions)
        .order_by(events.c.id)
        .limit(limit)
        .with_hint(events, part.hint(""), "sqlite")
        .correlate(None)
        for part in parts
    ]
    return [events.c.id.in_(joined(branches))]


def joined(branches: list[sa.Select[int]]) -> sa.Select[int] | sa.CompoundSelect[int]:
    """Return the ids that any branch gives. Each has an order and a limit of its own."""
    if len(branches) == 1:
        return branches[0]
    return sa.union_all(*[sa.select(branch.subquery().c.id) for branch in branches])


async def heads(unit: Unit) -> tuple[int, int]:
    """Return the last id up to which all events are indexed, and the last unindexed id."""
    rows = await unit.rows(_HEADS)
    last = {row.name: row.last for row in rows}
    return last.get(_DONE, 0), last.get(_DEFERRED, 0)


async def add(unit: Unit, limit: int) -> None:
    """Write the deferred entries of some events, the oldest first."""
    done, deferred = await heads(unit)
    some = sa.select(events.c.id).where(events.c.id > done, events.c.id <= deferred)
    some = some.order_by(events.c.id).limit(limit)
    row = await unit.first(sa.select(sa.func.max(some.subquery().c.id)))
    last = row[0] if row else None
    if last is not None:
        new = (events.c.id > done, events.c.id <= last, ~events.c.is_indexed)
        await unit.run(sa.update(events).where(*new).values(is_indexed=True))
    await _set_head(unit, _DONE, deferred if last is None else last)


def add_all(connection: sa.Connection) -> None:
    """Write all deferred entries."""
    deferred = connection.execute(sa.select(id_heads.c.last).where(id_heads.c.name == _DEFERRED)).scalar()
    if deferred is None:
        return
    connection.execute(sa.update(events).where(~events.c.is_indexed).values(is_indexed=True))
    connection.execute(sa.delete(id_heads).where(id_heads.c.name.in_([_DONE, _DEFERRED])))


async def _set_head(unit: Unit, name: str, last: int) -> None:
    await unit.run(_SET_HEAD[unit.dialect.name], {"name": name, "last": last})

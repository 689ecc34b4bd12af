"""Plans how to read a page of events and its total, using the maintained counts.

SQLite takes an index for a filter whatever it matches, and then sorts a million rows for a page of
fifty. Here the counts decide, by what each way has to read: the entries of the filter that matches
fewest, the rows that have a text in them, or those that the order passes until the page is full.
PostgreSQL keeps statistics of its own and is not told.
"""

from functools import cache, partial
from typing import Any

import msgspec
import sqlalchemy as sa
from msgspec import Struct

from api.storage import text_index
from api.storage.count_cache import CountCache
from api.storage.event_counts import count_between, counts_of
from api.storage.event_filters import SORTS, Order, matching, position_after, sought_text
from api.storage.event_rows import EVENT_COLUMNS
from api.storage.schema import events, stats
from api.storage.sqlite import deferred_index
from api.storage.sqlite.deferred_index import EVERY_ROW, INDEXED, Part, Parts, parts_of
from api.storage.statements import DialectName, kept
from api.storage.text_index import Text, is_looked_up
from api.storage.unit_of_work import Unit
from domain.folding import fold
from domain.ports.events import EventFilter, EventSort

ROW, ENTRY, LOOKUP = 1.0, 0.05, 0.1
"""What it costs to read a row, to read an entry of an index that has the columns of all filters, to
look up an id among those of a text. A row takes two to three microseconds: each lies on another page."""

ROWS_TO_SORT = 25_000
"""From so many rows on their titles are not read to be sorted: the index has them in order."""

WALK_MARGIN = 5
"""How many times the rows that it should take are passed in order, before another way is tried."""

_BY_TIME = "events_instant"
BY_ID = "NOT INDEXED"
_OF_ALL = (BY_ID, f"INDEXED BY {_BY_TIME}")
"""Ways that have every event at any time: see deferred_index."""

_ORDERED: dict[EventSort, str] = {
    "event_date": f"INDEXED BY {_BY_TIME}",
    "-event_date": f"INDEXED BY {_BY_TIME}",
    "title": "INDEXED BY events_title",
    "id": BY_ID,
    "-id": BY_ID,
}
_MEMBERS = {
    "events_city": ("city",),
    "events_venue_type": ("venue_type",),
    "events_upload": ("upload_id",),
    _BY_TIME: ("from_us", "to_us"),
}
"""The members of a filter that each index serves."""


class Way(Struct, frozen=True):
    """One access path to the matching events.

    Attributes:
        cost: in rows read.
        holds: stands in for reading the text of each row.
        walk: pass so many rows in the page's order and no more; 0 for a way that finds all there are.
        among: pass the order's entries, and look each up among the ids that this hint leads to.
    """

    hint: str
    cost: float
    holds: sa.ColumnElement[bool] | None = None
    walk: int = 0
    among: str = ""


class Plan(Struct, frozen=True):
    """The total, and the access paths to a page: the next one if one does not fill it."""

    where: EventFilter
    total: int
    ways: list[Way]
    parts: Parts


class Planner(Struct, frozen=True):
    """Estimates for a filter before any row is read.

    Attributes:
        every: how many events there are.
        found: how many each filter matches by itself, under the name of its index.
        parts: what a query by an index has to be put to.
    """

    where: EventFilter
    every: int
    found: dict[str, int]
    text: Text | None
    parts: Parts

    @property
    def has_rest(self) -> bool:
        """Whether some events are only in the indexes of id and time."""
        return any(part.is_rest for part in self.parts)

    @property
    def reads_text(self) -> bool:
        """Whether a text filter needs a scan."""
        return self.text is None and bool(sought_text(self.where))

    def total(self) -> int | None:
        """Return the total from the maintained counts; None if they cannot give it."""
        alone = [*self.found.values(), *([self.text.rows] if self.text else [])]
        if self.reads_text or len(alone) > 1:
            return 0 if 0 in alone else None
        return alone[0] if alone else self.every

    def ways_to_all(self) -> list[Way]:
        """Return the access paths to all matching events, the cheapest first."""
        ways = [self._by_filter(index) for index in self.found]
        if self.text is not None:
            ways.append(Way(BY_ID, self.text.rows * ROW, self.text.holds))
        return sorted(ways, key=lambda way: way.cost) or [Way(BY_ID, self.every * ROW)]

    def ways_to_page(self, sort: EventSort, limit: int, total: int) -> list[Way]:
        """Return one or two access paths to a page: in sort order if that is likely to be short."""
        by_order = Way(_ORDERED[sort], limit * self.every / max(total, 1) * ROW)
        if not self.found and self.text is None:
            return [by_order]
        best = self.ways_to_all()[0]
        in_order = [index for index in self.found if sort in ("id", "-id") and index != _BY_TIME]
        if in_order:
            index = min(in_order, key=self.found.__getitem__)
            passed = limit * self.found[index] / max(total, 1)
            ordered = Way(f"INDEXED BY {index}", passed * ROW)
            return [min(ordered, best, key=lambda way: way.cost)]
        if sort == "title" and best.holds is None:
            best = self._by_title(best, total)
        if best.cost <= by_order.cost * WALK_MARGIN or (self.has_rest and by_order.hint not in _OF_ALL):
            return [best]
        # Where events of one filter lie together in the order, it could pass nearly all before them.
        return [msgspec.structs.replace(by_order, walk=round(by_order.cost) * WALK_MARGIN), best]

    def _by_title(self, way: Way, total: int) -> Way:
        """Return the way in the order of titles, which no filter's index has as a column."""
        if total <= ROWS_TO_SORT:
            return msgspec.structs.replace(way, cost=way.cost + total * ROW)
        cost = way.cost + total * LOOKUP + self.every * ENTRY
        return Way(_ORDERED["title"], cost, among=way.hint)

    def _by_filter(self, index: str) -> Way:
        """Return the way by an index; those of times have no other filter's column."""
        rows = self.found[index]
        reads_rows = self.reads_text or (index == _BY_TIME and len(self.found) > 1)
        cost = rows * (ROW if reads_rows else ENTRY)
        if self.text is None:
            return Way(f"INDEXED BY {index}", cost)
        return Way(f"INDEXED BY {index}", cost + self.text.rows * LOOKUP, self.text.holds)


async def planned(unit: Unit, where: EventFilter, sort: EventSort, limit: int, totals: CountCache) -> Plan:
    """Return the plan for a page of matching events."""
    parts = await parts_of(unit)
    every, version, found = await _counted(unit, where)
    # A filter that everything passes needs no look.
    idle = [index for index, rows in found.items() if rows == every]
    where = msgspec.structs.replace(where, **{name: None for index in idle for name in _MEMBERS[index]})
    found = {index: rows for index, rows in found.items() if index not in idle}
    text = await _looked_up(unit, where, every, version, totals)
    planner = Planner(where, every, found, text, parts)
    total = planner.total()
    if total is None:
        total = await totals.of(where, version, partial(_count, unit, planner))
    if unit.dialect.name != "sqlite":
        return Plan(where, total, [Way("", 0.0, text.holds if text else None)], parts)
    return Plan(where, total, planner.ways_to_page(sort, limit, total), parts)


async def _looked_up(
    unit: Unit, where: EventFilter, every: int, version: int, totals: CountCache
) -> Text | None:
    """Return what an index knows of the text that is sought; None when it has to be read."""
    sought = sought_text(where)
    if unit.dialect.texts is None or not is_looked_up(sought):
        return None
    return await unit.dialect.texts.look_up(unit, sought, every, version, totals)


async def conditions_of(unit: Unit, where: EventFilter, totals: CountCache) -> list[sa.ColumnElement[bool]]:
    """Return the conditions of a filter for reading all that match, by id and in chunks.

    A text that few events have is looked up once. One that many have is read for, or each chunk would
    look it up anew.
    """
    if not sought_text(where):
        return matching(where)
    every, version = await counts_of(unit, [("events", ""), ("changes", "")])
    text = await _looked_up(unit, where, every, version, totals)
    return matching(where, holds=text.holds if text and text.rows <= text_index.FEW else None)


async def _count(unit: Unit, planner: Planner) -> int:
    way = planner.ways_to_all()[0]
    conditions = matching(planner.where, holds=way.holds)
    return await deferred_index.count(unit, _parts(planner.parts, way), conditions, way.hint)


def _parts(parts: Parts, way: Way) -> Parts:
    """Return what one way has to be put to."""
    return EVERY_ROW if way.hint in _OF_ALL else parts


def unfiltered_page(
    plan: Plan, dialect: DialectName, sort: EventSort, limit: int, after: tuple[Any, ...] | None
) -> tuple[sa.Select[Any], dict[str, Any]] | None:
    """Return the kept query for a page of all events and its parameters; None if there is none."""
    if plan.where != EventFilter() or len(plan.parts) > 1:
        return None
    return _unfiltered(dialect, sort, is_first=after is None), _position(sort, limit, after)


def page_of_all(
    dialect: DialectName, sort: EventSort, limit: int, after: tuple[Any, ...] | None
) -> tuple[sa.Select[Any], dict[str, Any]]:
    """Return the kept query of a page of everything and its parameters.

    Each row ends with the number of all events and with how far the indexes are behind: so one statement is
    enough, and needs no snapshot around it.
    """
    return _with_totals(dialect, sort, is_first=after is None), _position(sort, limit, after)


@cache
def _with_totals(dialect: DialectName, sort: EventSort, *, is_first: bool) -> sa.Select[Any]:
    total = sa.select(stats.c.n).where(stats.c.kind == "events", stats.c.key == "").scalar_subquery()
    behind = deferred_index.BEHIND if dialect == "sqlite" else sa.literal_column("0")
    page = _unfiltered(dialect, sort, is_first=is_first)
    return kept(page.add_columns(total.label("total"), behind.label("behind")))


def _position(sort: EventSort, limit: int, after: tuple[Any, ...] | None) -> dict[str, Any]:
    position = zip(SORTS[sort].names, after or (), strict=after is not None)
    return {"count": limit, **{f"after_{name}": value for name, value in position}}


@cache
def _unfiltered(dialect: DialectName, sort: EventSort, *, is_first: bool) -> sa.Select[Any]:
    """Return the query of rows in the order of an index, which therefore are not sorted."""
    order = SORTS[sort]
    after = [sa.bindparam(f"after_{column.name}", type_=column.type) for column in order.columns]
    limit = sa.bindparam("count", type_=sa.Integer)
    page = sa.select(*_columns_of(order)).order_by(*order.by).limit(limit)
    if not is_first:
        page = page.where(position_after(order, tuple(after)))
    if dialect == "sqlite" and _ORDERED[sort] not in _OF_ALL:
        page = page.where(*INDEXED.conditions)
    return kept(page.with_hint(events, _ORDERED[sort], "sqlite"))


def page_of(
    plan: Plan,
    way: Way,
    sort: EventSort,
    limit: int,
    after: tuple[Any, ...] | None,
    *,
    skip: int = 0,
) -> sa.Select[Any]:
    """Return the query of a page for one access path: sort the keys, then read the rows."""
    order = SORTS[sort]
    following = [] if after is None else [position_after(order, after)]
    parts = _parts(plan.parts, way)
    # What is passed over of several parts, only their merged order tells.
    merged, alone = (skip, 0) if len(parts) > 1 else (0, skip)
    most = limit + merged if merged else limit
    branches = []
    for part in parts:
        if way.walk:
            passed = sa.select(events).where(*following, *part.conditions).order_by(*order.by).limit(way.walk)
            rows = passed.with_hint(events, way.hint, "sqlite").subquery("passed")
            # A subquery with a LIMIT is run by SQLite as it stands, and its order is kept.
            ids = sa.select(rows.c.id).where(*matching(plan.where, rows))
        else:
            keys = sa.select(events.c.id).where(*_keys_of(plan, way, part), *following)
            ids = keys.order_by(*order.by).with_hint(events, part.hint(way.hint), "sqlite")
        branches.append(_after(ids.limit(most), alone).correlate(None))
    page = sa.select(*_columns_of(order)).where(events.c.id.in_(deferred_index.joined(branches)))
    return _after(page.order_by(*order.by).limit(limit), merged)


def _columns_of(order: Order) -> list[sa.Column[Any]]:
    """Return the columns of a page's rows: those of an event, and those of its position."""
    return [*EVENT_COLUMNS, *(column for column in order.columns if column is not events.c.id)]


def _after(limited: sa.Select[Any], skip: int) -> sa.Select[Any]:
    return limited.offset(skip) if skip else limited


def _keys_of(plan: Plan, way: Way, part: Part) -> list[sa.ColumnElement[bool]]:
    """Return the conditions of what matches in a part of the events."""
    conditions = [*matching(plan.where, holds=way.holds), *part.conditions]
    if not way.among or part.is_rest:
        return conditions
    among = sa.select(events.c.id).where(*conditions).with_hint(events, way.among, "sqlite")
    return [events.c.id.in_(among.correlate(None)), *part.conditions]


async def _counted(unit: Unit, where: EventFilter) -> tuple[int, int, dict[str, int]]:
    """Return how many events there are, their version, and how many each filter matches by itself."""
    sought = {
        "events_city": ("city_key", where.city and fold(where.city.strip())),
        "events_venue_type": ("venue_type", where.venue_type),
        "events_upload": ("upload", where.upload_id),
    }
    # An empty key stands for those without one, which no filter means.
    keys = {index: (kind, key or "\0") for index, (kind, key) in sought.items() if key is not None}
    every, version, *numbers = await counts_of(unit, [("events", ""), ("changes", ""), *keys.values()])
    found = dict(zip(keys, numbers, strict=True))
    if where.from_us is not None or where.to_us is not None:
        found[_BY_TIME] = await count_between(unit, where.from_us, where.to_us)
    return every, version, found

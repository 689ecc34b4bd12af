"""Which index leads to a page of events, and how many match in all, from the counts that are kept.

SQLite takes an index for a filter whatever it matches, and then sorts a million rows for a page of
fifty. Here the counts decide: a filter that matches few leads, and what it finds is sorted; else
the index of the sort leads, in which a page of what many match is soon full. PostgreSQL keeps
statistics of its own and is not told.
"""

from typing import Any

import sqlalchemy as sa
from msgspec import Struct

from api.storage.folding import fold
from api.storage.schema import events, stats
from api.storage.stats import DAY_US, day_key
from api.storage.unit import Unit
from domain.ports import EventFilter, EventSort

FEW = 5000
"""Rows that are found and sorted well within the time that a page may take."""

_FIRST_US, _LAST_US = -100_000 * DAY_US, 100_000 * DAY_US
"""Years 1696 to 2243, beyond the dates that an event may have."""

_BY_SORT: dict[EventSort, str] = {
    "event_date": "INDEXED BY events_instant",
    "-event_date": "INDEXED BY events_instant",
    "title": "INDEXED BY events_title",
    "id": "NOT INDEXED",
    "-id": "NOT INDEXED",
}


class Plan(Struct, frozen=True):
    """How to read a page.

    Attributes:
        page_by, count_by: hints for SQLite.
        total: how many match, where the counts tell.
    """

    page_by: str
    count_by: str
    total: int | None

    def page(self, statement: sa.Select[Any]) -> sa.Select[Any]:
        """Return the query of a page with its hint."""
        return statement.with_hint(events, self.page_by, "sqlite")

    def count(self, statement: sa.Select[Any]) -> sa.Select[Any]:
        """Return the query of the total with its hint."""
        return statement.with_hint(events, self.count_by, "sqlite")


async def planned(unit: Unit, where: EventFilter, sort: EventSort) -> Plan:
    """Return how to read a page of what matches."""
    found = await _counted(unit, where)
    if not found:
        by_sort = _BY_SORT[sort]
        total = await _all(unit) if where.q is None else None
        return Plan(page_by=by_sort, count_by="NOT INDEXED", total=total)
    index, fewest = min(found.items(), key=lambda item: item[1])
    return Plan(
        page_by=f"INDEXED BY {index}" if fewest <= FEW or _in_order(index, sort) else _BY_SORT[sort],
        count_by=f"INDEXED BY {index}",
        total=fewest if len(found) == 1 and where.q is None else None,
    )


def _in_order(index: str, sort: EventSort) -> bool:
    """Tell whether an index has what it finds in this order: all but that of times end in the id."""
    return sort in ("id", "-id") and index != "events_instant"


async def _counted(unit: Unit, where: EventFilter) -> dict[str, int]:
    """Return how many each filter matches by itself, under the name of its index."""
    kinds = {
        "events_city": ("city_key", where.city and fold(where.city.strip())),
        "events_venue_type": ("venue_type", where.venue_type),
        "events_upload": ("upload", where.upload_id),
    }
    found = {
        index: await _count(unit, kind, key) if key else 0
        for index, (kind, key) in kinds.items()
        if key is not None
    }
    if where.from_us is not None or where.to_us is not None:
        found["events_instant"] = await count_between(unit, where.from_us, where.to_us)
    return found


async def _all(unit: Unit) -> int:
    return await _count(unit, "events", "")


async def _count(unit: Unit, kind: str, key: str) -> int:
    row = await unit.first(sa.select(stats.c.n).where(stats.c.kind == kind, stats.c.key == key))
    return row.n if row else 0


async def count_between(unit: Unit, from_us: int | None, to_us: int | None) -> int:
    """Count the events of a span of time: whole days by the counts, the rest of two days by the index."""
    from_us = None if from_us is None else max(from_us, _FIRST_US)
    to_us = None if to_us is None else min(to_us, _LAST_US)
    if from_us is not None and to_us is not None and to_us - from_us < DAY_US:
        return await _count_exactly(unit, from_us, to_us)
    first_day = None if from_us is None else -(-from_us // DAY_US)
    end_day = None if to_us is None else to_us // DAY_US
    days = sa.select(sa.func.coalesce(sa.func.sum(stats.c.n), 0)).where(stats.c.kind == "day")
    if first_day is not None:
        days = days.where(stats.c.key >= day_key(first_day))
    if end_day is not None:
        days = days.where(stats.c.key < day_key(end_day))
    row = await unit.first(days)
    count = int(row[0]) if row else 0
    if from_us is not None and first_day is not None:
        count += await _count_exactly(unit, from_us, first_day * DAY_US)
    if to_us is not None and end_day is not None:
        count += await _count_exactly(unit, end_day * DAY_US, to_us)
    return count


async def _count_exactly(unit: Unit, from_us: int, to_us: int) -> int:
    if from_us >= to_us:
        return 0
    within = sa.select(sa.func.count()).where(events.c.instant_us >= from_us, events.c.instant_us < to_us)
    row = await unit.first(within)
    return row[0] if row else 0

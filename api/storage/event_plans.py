"""Which index leads to a page of events, and how many match in all, from the counts that are kept.

SQLite takes an index for a filter whatever it matches, and then sorts a million rows for a page of
fifty. Here the counts decide, by the rows that each way has to read: those of the filter that
matches fewest, or those that the index of the sort passes until the page is full. PostgreSQL keeps
statistics of its own and is not told.
"""

from typing import Any

import sqlalchemy as sa
from msgspec import Struct

from api.storage.event_filters import matching
from api.storage.event_packing import DAY_US, day_key
from api.storage.folding import fold
from api.storage.schema import events, stats
from api.storage.unit import Unit
from domain.ports import EventFilter, EventSort

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
    """How to read a page: the hint for SQLite, and how many match in all."""

    hint: str
    total: int

    def lead(self, statement: sa.Select[Any]) -> sa.Select[Any]:
        """Return the query of a page with its hint."""
        return statement.with_hint(events, self.hint, "sqlite")


async def planned(unit: Unit, where: EventFilter, sort: EventSort, limit: int) -> Plan:
    """Return how to read a page of what matches."""
    every = await _count(unit, "events", "")
    found = await _counted(unit, where)
    index, rows = min(found.items(), key=lambda item: item[1], default=("", every))
    by_filter = f"INDEXED BY {index}" if index else "NOT INDEXED"
    known = where.q is None and len(found) <= 1
    total = rows if known else await _count_matching(unit, where, by_filter)
    passed = limit * every // max(total, 1)
    is_led = rows <= passed or _in_order(index, sort)
    return Plan(hint=by_filter if is_led else _BY_SORT[sort], total=total)


async def _count_matching(unit: Unit, where: EventFilter, hint: str) -> int:
    number = sa.select(sa.func.count()).select_from(events).where(*matching(where))
    row = await unit.first(number.with_hint(events, hint, "sqlite"))
    return row[0] if row else 0


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

"""Counts of events, kept by deltas: their cost does not grow with the number of events.

Kinds of counts: `events`, `participants` and `capacity` (totals, key ""), `city` (as written),
`city_key` (folded), `month` (YYYY-MM of the wall clock), `venue_type` ("" for none), `day` (YYYY-MM-DD
of the instant, UTC), `upload` ("" for none). `changes` (key "") counts transactions that changed events:
it only rises, and names the version of what is counted.
"""

import sqlalchemy as sa

from api.storage.event_packing import DAY_US, Deltas, day_key
from api.storage.schema import events, stats
from api.storage.unit import Unit
from domain.ports import EventCounts

TOP_CITIES = 10
MONTHS = 12

FORGET_ZERO = sa.delete(stats).where(
    stats.c.kind == sa.bindparam("of_kind"), stats.c.key == sa.bindparam("of_key"), stats.c.n == 0
)


async def add_deltas(unit: Unit, deltas: Deltas) -> None:
    """Add to the stored counts, and drop those that came to nothing."""
    changes = [(kind, key, n) for (kind, key), n in deltas.items() if n]
    if not changes:
        return
    await unit.add_counts(changes)
    fallen = [{"of_kind": kind, "of_key": key} for kind, key, n in changes if n < 0]
    if fallen:
        await unit.run(FORGET_ZERO, fallen)


async def forget(unit: Unit) -> None:
    """Forget every count, as when there are no events."""
    await unit.run(sa.delete(stats).where(stats.c.kind != "changes"))


RANKED = stats.c.kind == sa.literal_column("'city'")
"""As the partial index has it; SQLite does not match one by a parameter."""

TOTALS = sa.select(stats.c.kind, stats.c.n).where(
    stats.c.key == "", stats.c.kind.in_(["events", "participants", "capacity"])
)


async def read_counts(unit: Unit, *, now_us: int) -> EventCounts:
    """Return the counts as of the last flushed deltas."""
    totals = {row.kind: row.n for row in await unit.rows(TOTALS)}
    cities = await unit.first(sa.select(sa.func.count()).where(stats.c.kind == "city"))
    return EventCounts(
        events=totals.get("events", 0),
        upcoming=await _upcoming(unit, now_us),
        cities=cities[0] if cities else 0,
        participants=totals.get("participants", 0),
        capacity=totals.get("capacity", 0),
        by_city=await _top_cities(unit),
        by_month=await _last_months(unit),
        by_venue_type=await _venue_types(unit),
    )


async def _upcoming(unit: Unit, now_us: int) -> int:
    tomorrow = now_us // DAY_US + 1
    later = sa.select(sa.func.coalesce(sa.func.sum(stats.c.n), 0)).where(
        stats.c.kind == "day", stats.c.key >= day_key(tomorrow)
    )
    today = sa.select(sa.func.count()).where(
        events.c.instant_us >= now_us, events.c.instant_us < tomorrow * DAY_US
    )
    row = await unit.first(sa.select(later.scalar_subquery(), today.scalar_subquery()))
    return int(row[0]) + int(row[1]) if row else 0


async def _top_cities(unit: Unit) -> list[tuple[str, int]]:
    rows = await unit.rows(
        sa.select(stats.c.key, stats.c.n)
        .where(RANKED)
        .order_by(stats.c.n.desc(), stats.c.key)
        .limit(TOP_CITIES)
    )
    return [(row.key, row.n) for row in rows]


async def _last_months(unit: Unit) -> list[tuple[str, int]]:
    rows = await unit.rows(
        sa.select(stats.c.key, stats.c.n)
        .where(stats.c.kind == "month")
        .order_by(stats.c.key.desc())
        .limit(MONTHS)
    )
    return [(row.key, row.n) for row in reversed(rows)]


async def _venue_types(unit: Unit) -> list[tuple[str | None, int]]:
    rows = await unit.rows(
        sa.select(stats.c.key, stats.c.n)
        .where(stats.c.kind == "venue_type")
        .order_by(stats.c.n.desc(), stats.c.key)
    )
    return [(row.key or None, row.n) for row in rows]

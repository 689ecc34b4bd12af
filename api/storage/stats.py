"""Maintained counts of events, updated by deltas at constant cost.

Kinds of counts: `events`, `participants` and `capacity` (totals, key ""), `city` (as written),
`city_key` (folded), `month` (YYYY-MM of the wall clock), `venue_type` ("" for none), `day` (YYYY-MM-DD
of the instant, UTC), `upload` ("" for none). `changes` (key "") counts transactions that changed events:
it only rises, and names the version of what is counted.
"""

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from api.storage.event_packing import DAY_US, Deltas, day_key
from api.storage.schema import events, stats
from api.storage.statements import kept
from api.storage.unit_of_work import Unit
from domain.ports.events import MONTHS, TOP_CITIES, EventCounts

FORGET_ZERO = kept(
    sa.delete(stats).where(
        stats.c.kind == sa.bindparam("of_kind"), stats.c.key == sa.bindparam("of_key"), stats.c.n == 0
    )
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


def _total(kind: str) -> sa.ScalarSelect[int]:
    return sa.select(stats.c.n).where(stats.c.kind == kind, stats.c.key == "").scalar_subquery()


_LATER = sa.select(sa.func.coalesce(sa.func.sum(stats.c.n), 0)).where(
    stats.c.kind == "day", stats.c.key >= sa.bindparam("tomorrow", type_=sa.Text)
)
_TODAY = sa.select(sa.func.count()).where(
    events.c.instant_us >= sa.bindparam("now_us", type_=sa.BigInteger),
    events.c.instant_us < sa.bindparam("tomorrow_us", type_=sa.BigInteger),
)
_BEYOND = sa.select(sa.func.coalesce(sa.func.sum(stats.c.n), 0)).where(
    stats.c.kind == "month", stats.c.key >= sa.bindparam("last_month", type_=sa.Text)
)
_CITIES = sa.select(sa.func.count()).where(stats.c.kind == "city")
_TOTALS = kept(
    sa.select(
        *[_total(kind).label(kind) for kind in ("events", "participants", "capacity")],
        _CITIES.scalar_subquery().label("cities"),
        _LATER.scalar_subquery().label("later"),
        _TODAY.scalar_subquery().label("today"),
        _BEYOND.scalar_subquery().label("beyond"),
    )
)


def _branch(statement: sa.Select[Any]) -> sa.Select[Any]:
    return sa.select(statement.subquery())


_KEYED = sa.select(stats.c.kind, stats.c.key, stats.c.n)
_LISTS: sa.CompoundSelect[Any] = kept(
    sa.union_all(
        _branch(_KEYED.where(RANKED).order_by(stats.c.n.desc(), stats.c.key).limit(TOP_CITIES)),
        _branch(_KEYED.where(stats.c.kind == "month").order_by(stats.c.key.desc()).limit(MONTHS)),
        _KEYED.where(stats.c.kind == "venue_type"),
        sa.select(sa.literal_column("'coming'"), stats.c.key, stats.c.n).where(
            stats.c.kind == "month",
            stats.c.key >= sa.bindparam("first_month", type_=sa.Text),
            stats.c.key < sa.bindparam("last_month", type_=sa.Text),
        ),
    )
)


async def read_counts(unit: Unit, *, now_us: int) -> EventCounts:
    """Return the counts as of the last flushed deltas."""
    tomorrow = now_us // DAY_US + 1
    moments = {"now_us": now_us, "tomorrow_us": tomorrow * DAY_US, "tomorrow": day_key(tomorrow)}
    coming = coming_months(now_us)
    span = {"first_month": coming[0], "last_month": coming[-1]}
    totals = await unit.first(_TOTALS, moments | {"last_month": coming[-1]})
    assert totals is not None, "a select of subqueries has a row"
    lists: dict[str, list[tuple[str, int]]] = {"city": [], "month": [], "venue_type": [], "coming": []}
    for kind, key, n in await unit.rows(_LISTS, span):
        lists[kind].append((key, n))
    return EventCounts(
        events=totals.events or 0,
        upcoming=int(totals.later) + totals.today,
        cities=totals.cities,
        participants=totals.participants or 0,
        capacity=totals.capacity or 0,
        by_city=_ranked(lists["city"]),
        by_month=sorted(lists["month"]),
        by_venue_type=[(key or None, n) for key, n in _ranked(lists["venue_type"])],
        coming=[(month, dict(lists["coming"]).get(month, 0)) for month in coming[:-1]],
        beyond=int(totals.beyond),
    )


def coming_months(now_us: int) -> list[str]:
    """Return this month, the eleven after it, and the one that follows them, as ``YYYY-MM``. UTC."""
    now = datetime.fromtimestamp(now_us // 1_000_000, UTC)
    first = now.year * 12 + now.month - 1
    return [f"{month // 12:04}-{month % 12 + 1:02}" for month in range(first, first + MONTHS + 1)]


async def read_cities(unit: Unit, limit: int) -> list[tuple[str, int]]:
    """Return cities with their number of events, those with most first."""
    ranked = _KEYED.where(RANKED).order_by(stats.c.n.desc(), stats.c.key).limit(limit)
    return [(row.key, row.n) for row in await unit.rows(ranked)]


def _ranked(counts: list[tuple[str, int]]) -> list[tuple[str, int]]:
    return sorted(counts, key=lambda count: (-count[1], count[0]))

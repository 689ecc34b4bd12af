"""Counts of events by kind or time range, from the maintained counts."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import sqlalchemy as sa

from api.storage.event_packing import DAY_US, day_key
from api.storage.schema import events, stats
from api.storage.statements import kept
from api.storage.unit_of_work import Unit

_FIRST_US, _LAST_US = -100_000 * DAY_US, 100_000 * DAY_US
"""Years 1696 to 2243, beyond the dates that an event may have."""

_BEFORE_ALL_DAYS, _BEHIND_ALL_DAYS = "", "~"

_DAYS = kept(
    sa.select(sa.func.coalesce(sa.func.sum(stats.c.n), 0).label("n")).where(
        stats.c.kind == "day",
        stats.c.key >= sa.bindparam("first_key"),
        stats.c.key < sa.bindparam("end_key"),
    )
)
_WITHIN = kept(
    sa.select(sa.func.count().label("n")).where(
        events.c.instant_us >= sa.bindparam("from_us"), events.c.instant_us < sa.bindparam("to_us")
    )
)


async def counts_of(unit: Unit, asked: Sequence[tuple[str, str]]) -> list[int]:
    """Return some maintained counts, by kind and key (see stats)."""
    parameters: dict[str, Any] = {}
    for place, (kind, key) in enumerate(asked):
        parameters |= {f"kind{place}": kind, f"key{place}": key}
    known = {(row.kind, row.key): row.n for row in await unit.rows(_some(len(asked)), parameters)}
    return [known.get(one, 0) for one in asked]


@cache
def _some(number: int) -> sa.Select[Any]:
    # Not (kind, key) IN (…), for which SQLite reads every count there is.
    wanted = [
        sa.and_(stats.c.kind == sa.bindparam(f"kind{place}"), stats.c.key == sa.bindparam(f"key{place}"))
        for place in range(number)
    ]
    return kept(sa.select(stats).where(sa.or_(*wanted)))


async def count_between(unit: Unit, from_us: int | None, to_us: int | None) -> int:
    """Count events in a time range: whole days from the counts, the two partial days from the index."""
    from_us = None if from_us is None else max(from_us, _FIRST_US)
    to_us = None if to_us is None else min(to_us, _LAST_US)
    if from_us is not None and to_us is not None and to_us - from_us < DAY_US:
        return await _count_exactly(unit, from_us, to_us)
    first_day = None if from_us is None else -(-from_us // DAY_US)
    end_day = None if to_us is None else to_us // DAY_US
    first_key = _BEFORE_ALL_DAYS if first_day is None else day_key(first_day)
    end_key = _BEHIND_ALL_DAYS if end_day is None else day_key(end_day)
    row = await unit.first(_DAYS, {"first_key": first_key, "end_key": end_key})
    count = int(row.n) if row else 0
    if from_us is not None and first_day is not None:
        count += await _count_exactly(unit, from_us, first_day * DAY_US)
    if to_us is not None and end_day is not None:
        count += await _count_exactly(unit, end_day * DAY_US, to_us)
    return count


async def _count_exactly(unit: Unit, from_us: int, to_us: int) -> int:
    if from_us >= to_us:
        return 0
    row = await unit.first(_WITHIN, {"from_us": from_us, "to_us": to_us})
    return row.n if row else 0

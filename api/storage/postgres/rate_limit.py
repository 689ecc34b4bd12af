"""Limits that several processes count together. Source: `domain.ports.rate_limit.RateLimiter`."""

import time
from collections.abc import Callable

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from api.storage.postgres.database import PostgresDatabase
from api.storage.schema import meters

WINDOW_MS = 60_000
_SWEEP_EVERY = 1000


class PostgresRateLimiter:
    """A window of a minute that opens with a key's first call, whichever process it came to."""

    def __init__(self, database: PostgresDatabase, clock_ms: Callable[[], int] | None = None) -> None:
        self._database = database
        self._clock_ms = clock_ms or _wall_clock_ms
        self._opened = 0

    async def take(self, key: str, limit: int) -> int:
        """Count one; return 0, or the seconds to wait when the limit was reached before."""
        now_ms = self._clock_ms()
        insert = postgresql.insert(meters).values(key=key, began_ms=now_ms, n=1)
        closed = meters.c.began_ms <= now_ms - WINDOW_MS
        counted = {
            "n": sa.case((closed, 1), else_=sa.func.least(meters.c.n, limit) + 1),
            "began_ms": sa.case((closed, now_ms), else_=meters.c.began_ms),
        }
        statement = insert.on_conflict_do_update(index_elements=["key"], set_=counted)
        async with self._database.quick() as unit:
            row = await unit.first(statement.returning(meters.c.began_ms, meters.c.n))
        assert row is not None, "an upsert returns its row"
        if row.n == 1:
            await self._sweep(now_ms)
        return _rest(row.began_ms, now_ms) if row.n > limit else 0

    async def _sweep(self, now_ms: int) -> None:
        """Forget closed windows now and then, so that strangers cannot fill the table."""
        self._opened += 1
        if self._opened % _SWEEP_EVERY == 0:
            async with self._database.quick() as unit:
                await unit.run(sa.delete(meters).where(meters.c.began_ms <= now_ms - WINDOW_MS))


def _rest(began_ms: int, now_ms: int) -> int:
    return max(1, (began_ms + WINDOW_MS - now_ms) // 1000 + 1)


def _wall_clock_ms() -> int:
    return time.time_ns() // 1_000_000

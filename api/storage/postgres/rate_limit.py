"""Limits that several processes count together. Source: `domain.ports.rate_limit.RateLimiter`.

To ask the database about each call would take longer than most calls do. Those that come at once are one
statement, and a busy caller's next calls are counted ahead: as many as come in a moment, and never more than
a small part of what is left, so that near the limit each is counted by itself. None passes beyond it.
"""

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from api.storage.postgres.ahead import wanted_ahead
from api.storage.postgres.database import PostgresDatabase
from api.storage.postgres.driver import executed, fetched, text_of
from api.storage.schema import meters
from api.storage.statements import kept
from domain.ports.errors import StorageError

WINDOW_MS = 60_000
LEFT_AHEAD = 8
"""At most one part in so many of what is left is counted ahead."""
NEAR = 64
"""Where so few calls are left, each is counted by itself."""
_SWEEP_EVERY = 1000
_REMEMBERED = 10_000
"""Keys whose windows a process remembers, before it looks which are over."""

_insert = postgresql.insert(meters).values(
    key=sa.bindparam("of_key"), began_ms=sa.bindparam("now_ms"), n=sa.bindparam("count")
)
_is_over = meters.c.began_ms <= sa.bindparam("ended_ms")
_TAKE = text_of(
    kept(
        _insert.on_conflict_do_update(
            index_elements=["key"],
            set_={
                "n": sa.case(
                    (_is_over, _insert.excluded.n),
                    else_=sa.func.least(meters.c.n, sa.bindparam("limit")) + _insert.excluded.n,
                ),
                "began_ms": sa.case((_is_over, _insert.excluded.began_ms), else_=meters.c.began_ms),
            },
        ).returning(meters.c.began_ms, meters.c.n)
    )
)
_SWEEP = text_of(kept(sa.delete(meters).where(_is_over)))

_log = logging.getLogger(__name__)

Asked = tuple[int, "asyncio.Future[int]"]
"""A limit, and where to tell the seconds to wait."""


@dataclass
class _Window:
    """What this process knows of a key's window.

    Attributes:
        limit: for which the calls were counted.
        began_ms: milliseconds since 1970, UTC.
        n: calls that were counted when it was asked for last.
        left: of these, those that may still be made here without asking.
        given: calls that were made since.
        asked_at: seconds of the loop's clock.
    """

    limit: int
    began_ms: int
    n: int
    left: int
    given: int
    asked_at: float

    def is_open(self, now_ms: int, limit: int) -> bool:
        """Return whether it says anything about a call now."""
        return self.limit == limit and 0 <= now_ms - self.began_ms < WINDOW_MS

    def wanted(self, now: float) -> int:
        """Return how many calls to count ahead."""
        soon = wanted_ahead(self.given, now - self.asked_at)
        left = self.limit - self.n
        return min(soon, left // LEFT_AHEAD) if left > NEAR else 0


class PostgresRateLimiter:
    """A window of a minute that opens with a key's first call, whichever process it came to."""

    def __init__(self, database: PostgresDatabase, clock_ms: Callable[[], int] | None = None) -> None:
        self._database = database
        self._clock_ms = clock_ms or _wall_clock_ms
        self._windows: dict[str, _Window] = {}
        self._asked: dict[str, list[Asked]] = defaultdict(list)
        self._asking: dict[str, asyncio.Task[None]] = {}
        self._opened = 0
        self._remembered = _REMEMBERED

    async def take(self, key: str, limit: int) -> int:
        """Count one; return 0, or the seconds to wait when the limit was reached before."""
        now_ms = self._clock_ms()
        window = self._windows.get(key)
        if window is not None and window.is_open(now_ms, limit):
            if window.left:
                window.left -= 1
                window.given += 1
                return 0
            if window.n >= limit:
                return _rest(window.began_ms, now_ms)
        told: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._asked[key].append((limit, told))
        if key not in self._asking:
            self._asking[key] = asyncio.create_task(self._ask_all(key), name="count of calls")
        return await told

    async def _ask_all(self, key: str) -> None:
        try:
            while asked := self._asked.pop(key, None):
                await self._ask(key, asked)
        finally:
            del self._asking[key]

    async def _ask(self, key: str, asked: list[Asked]) -> None:
        """Count all who asked at once; tell them in their order."""
        limit, now_ms, now = asked[-1][0], self._clock_ms(), asyncio.get_running_loop().time()
        window = self._windows.get(key)
        is_open = window is not None and window.is_open(now_ms, limit)
        count = len(asked) + (window.wanted(now) if window is not None and is_open else 0)
        try:
            began_ms, before = await self._counted(key, count, limit, now_ms)
        except Exception as error:  # noqa: BLE001 - it is raised to everyone who asked.
            _fail_all(asked, error)
            return
        granted = max(0, min(count, limit - before))
        for place, (_, told) in enumerate(asked):
            if not told.done():
                told.set_result(0 if place < granted else _rest(began_ms, now_ms))
        left = max(0, granted - len(asked))
        self._remember(key, _Window(limit, began_ms, before + count, left, len(asked), now))
        if not before:
            await self._sweep(now_ms)

    async def _counted(self, key: str, count: int, limit: int, now_ms: int) -> tuple[int, int]:
        """Count calls; return when their window began, and how many there were in it before."""
        parameters = {"of_key": key, "now_ms": now_ms, "ended_ms": now_ms - WINDOW_MS}
        async with self._database.glances.connection() as connection:
            rows = await fetched(connection, _TAKE, {**parameters, "count": count, "limit": limit})
        return rows[0].began_ms, rows[0].n - count

    def _remember(self, key: str, window: _Window) -> None:
        if key not in self._windows and len(self._windows) >= self._remembered:
            now_ms = self._clock_ms()
            self._windows = {key: one for key, one in self._windows.items() if one.is_open(now_ms, one.limit)}
            # Where most are open still, the next look waits until as many again have come.
            self._remembered = max(_REMEMBERED, 2 * len(self._windows))
        self._windows[key] = window

    async def _sweep(self, now_ms: int) -> None:
        """Forget closed windows now and then, so that strangers cannot fill the table."""
        self._opened += 1
        if self._opened % _SWEEP_EVERY:
            return
        try:
            async with self._database.glances.connection() as connection:
                await executed(connection, _SWEEP, {"ended_ms": now_ms - WINDOW_MS})
        except StorageError as error:
            _log.warning("closed windows of rate limits could not be deleted: %s", error)


def _fail_all(asked: list[Asked], error: Exception) -> None:
    for _, told in asked:
        if not told.done():
            told.set_exception(error)


def _rest(began_ms: int, now_ms: int) -> int:
    return max(1, (began_ms + WINDOW_MS - now_ms) // 1000 + 1)


def _wall_clock_ms() -> int:
    return time.time_ns() // 1_000_000

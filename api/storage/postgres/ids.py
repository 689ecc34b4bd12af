"""Draws ids that were never given before: for many callers by one statement, and ahead in busy times."""

import asyncio
from collections import defaultdict
from dataclasses import dataclass
from math import inf

import sqlalchemy as sa

from api.storage.postgres.ahead import wanted_ahead
from api.storage.postgres.connections import Connections
from api.storage.postgres.driver import fetched, text_of
from api.storage.schema import id_heads
from api.storage.statements import kept

FEW = 16
"""Who asks for more has them drawn: an import, whose ids follow each other."""
KEPT_SECONDS = 1.0
"""So long ids that were drawn ahead are given: over several processes they rise with the time, roughly."""

_TAKE = text_of(
    kept(
        sa.update(id_heads)
        .where(id_heads.c.name == sa.bindparam("of_name"))
        .values(
            last=sa.func.greatest(id_heads.c.last, sa.bindparam("drawn", type_=sa.BigInteger))
            + sa.bindparam("count")
        )
        .returning(id_heads.c.last)
    )
)

Asked = tuple[int, "asyncio.Future[int]"]


@dataclass
class _Ahead:
    """Ids that were drawn and not given yet.

    Attributes:
        drawn_at: seconds of the loop's clock.
        given: how many ids were given since, to those who want a few.
    """

    first: int = 0
    end: int = 0
    drawn_at: float = -inf
    given: int = 0

    def take(self, count: int, now: float) -> int | None:
        """Return the first of so many; None where there are not so many, or they are too old."""
        if count > FEW or self.left(now) < count:
            return None
        self.first += count
        self.given += count
        return self.first - count

    def left(self, now: float) -> int:
        """Return how many can still be given."""
        return self.end - self.first if now - self.drawn_at <= KEPT_SECONDS else 0

    def wanted(self, now: float) -> int:
        """Return how many to draw ahead: none for one who asks now and then, so that ids have no gaps."""
        return wanted_ahead(self.given, now - self.drawn_at)


class Ids:
    """Draws ids in transactions of their own: nobody waits for another's end, and a rollback leaves a gap.

    Args:
        pool: its connections need not wait for the disk: rows with these ids do.
    """

    def __init__(self, pool: Connections) -> None:
        self._pool = pool
        self._asked: dict[str, list[Asked]] = defaultdict(list)
        self._drawing: dict[str, asyncio.Task[None]] = {}
        self._ahead: dict[str, _Ahead] = defaultdict(_Ahead)
        # The last of each. A standby that took over may not know of a draw whose row is on its way there.
        self._drawn: dict[str, int] = defaultdict(int)

    async def take(self, name: str, count: int) -> int:
        """Return the first of `count` consecutive ids. Those who ask while others are drawn share a draw."""
        loop = asyncio.get_running_loop()
        if (drawn := self._ahead[name].take(count, loop.time())) is not None:
            return drawn
        first: asyncio.Future[int] = loop.create_future()
        self._asked[name].append((count, first))
        if name not in self._drawing:
            self._drawing[name] = asyncio.create_task(self._draw_all(name), name="draw of ids")
        return await first

    def forget(self) -> None:
        """Give none that was drawn ahead: a database that has crashed may draw them again."""
        self._ahead.clear()

    async def _draw_all(self, name: str) -> None:
        try:
            while asked := self._asked.pop(name, None):
                await self._draw(name, asked)
        finally:
            del self._drawing[name]

    async def _draw(self, name: str, asked: list[Asked]) -> None:
        now = asyncio.get_running_loop().time()
        ahead = self._ahead[name]
        keeps = ahead.left(now) > 0
        wanted = sum(count for count, _ in asked)
        total = wanted if keeps else wanted + ahead.wanted(now)
        try:
            async with self._pool.connection() as connection:
                about = {"of_name": name, "count": total, "drawn": self._drawn[name]}
                rows = await fetched(connection, _TAKE, about)
        except Exception as error:  # noqa: BLE001 - it is raised to everyone who asked.
            for _, first in asked:
                if not first.done():
                    first.set_exception(error)
            return
        self._drawn[name] = rows[0].last
        end = rows[0].last + 1
        next_id = end - total
        few = sum(count for count, _ in asked if count <= FEW)
        if keeps:
            ahead.given += few
        else:
            self._ahead[name] = _Ahead(next_id + wanted, end, now, few)
        for count, first in asked:
            if not first.done():
                first.set_result(next_id)
            next_id += count

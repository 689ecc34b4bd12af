"""Draws ids that were never given before, for many callers by one statement."""

import asyncio
from collections import defaultdict

import sqlalchemy as sa

from api.storage.postgres.driver import DriverPool, fetched, text_of
from api.storage.schema import id_heads
from api.storage.statements import kept

_TAKE = text_of(
    kept(
        sa.update(id_heads)
        .where(id_heads.c.name == sa.bindparam("of_name"))
        .values(last=id_heads.c.last + sa.bindparam("count"))
        .returning(id_heads.c.last)
    )
)

Asked = tuple[int, "asyncio.Future[int]"]


class Ids:
    """Draws ids in transactions of their own: nobody waits for another's end, and a rollback leaves a gap.

    Args:
        pool: its connections need not wait for the disk: rows with these ids do.
    """

    def __init__(self, pool: DriverPool) -> None:
        self._pool = pool
        self._asked: dict[str, list[Asked]] = defaultdict(list)
        self._drawing: dict[str, asyncio.Task[None]] = {}

    async def take(self, name: str, count: int) -> int:
        """Return the first of `count` consecutive ids. Those who ask while others are drawn share a draw."""
        first: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._asked[name].append((count, first))
        if name not in self._drawing:
            self._drawing[name] = asyncio.create_task(self._draw_all(name), name="draw of ids")
        return await first

    async def _draw_all(self, name: str) -> None:
        try:
            while asked := self._asked.pop(name, None):
                await self._draw(name, asked)
        finally:
            del self._drawing[name]

    async def _draw(self, name: str, asked: list[Asked]) -> None:
        total = sum(count for count, _ in asked)
        try:
            async with self._pool.connection() as connection:
                rows = await fetched(connection, _TAKE, {"of_name": name, "count": total})
        except Exception as error:  # noqa: BLE001 - it is raised to everyone who asked.
            for _, first in asked:
                if not first.done():
                    first.set_exception(error)
            return
        next_id = rows[0].last - total + 1
        for count, first in asked:
            if not first.done():
                first.set_result(next_id)
            next_id += count

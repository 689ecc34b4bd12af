"""Updates the indexes of SQLite after an import: entries left out of it, and the index of texts."""

import sqlalchemy as sa

from api.storage.schema import id_heads
from api.storage.sqlite import deferred_index, text_index
from api.storage.statements import kept
from api.storage.unit_of_work import Units
from domain.ports.indexing import Backlog

_newest = kept(sa.select(id_heads.c.last).where(id_heads.c.name == "events"))


class SqliteIndexing:
    """Source: `domain.ports.indexing.Indexing`."""

    def __init__(self, units: Units) -> None:
        self._units = units

    async def backlog(self) -> Backlog:
        """Return how far the indexes lag."""
        async with self._units.reading() as unit:
            newest = await unit.first(_newest)
            texts, stale = await text_index.last_indexed(unit), await text_index.count_stale(unit)
            done, deferred = await deferred_index.heads(unit)
        assert newest is not None, "heads are made with the store"
        return Backlog(newest.last, texts, max(deferred - done, 0), stale)

    async def add_entries(self, limit: int) -> None:
        """Make the entries of some events, the oldest first, in one transaction."""
        async with self._units.writing() as unit:
            await deferred_index.add(unit, limit)
            await unit.commit()

    async def index_texts(self, limit: int) -> bool:
        """Index the texts of some events in one transaction: changed ones first, then the oldest."""
        async with self._units.writing() as unit:
            if not await text_index.renew(unit, limit):
                await text_index.fill(unit, limit)
            await unit.commit()
        return True

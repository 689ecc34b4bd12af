"""What follows the events: their entries in indexes, and the index of texts. Of SQLite."""

import sqlalchemy as sa

from api.storage import index_entries
from api.storage.schema import id_heads
from api.storage.text_index import TextIndex
from api.storage.unit import Units
from domain.ports import Backlog

_newest = sa.select(id_heads.c.last).where(id_heads.c.name == "events")


class SqlIndexing:
    """Source: `domain.ports.Indexing`."""

    def __init__(self, units: Units, texts: TextIndex) -> None:
        self._units = units
        self._texts = texts

    async def backlog(self) -> Backlog:
        """Return how far the indexes are behind."""
        async with self._units.reading() as unit:
            newest = await unit.first(_newest)
            texts = await self._texts.indexed(unit)
            done, deferred = await index_entries.heads(unit)
        assert newest is not None, "heads are made with the store"
        return Backlog(newest.last, texts, max(deferred - done, 0))

    async def add_entries(self, limit: int) -> None:
        """Make the entries of some events, the oldest first, in one transaction."""
        async with self._units.writing() as unit:
            await index_entries.add(unit, limit)
            await unit.commit()

    async def index_texts(self, limit: int) -> None:
        """Take up the texts of some events, the oldest first, in one transaction."""
        async with self._units.writing() as unit:
            await self._texts.fill(unit, limit)
            await unit.commit()

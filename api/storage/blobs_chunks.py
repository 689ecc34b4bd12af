"""Blobs as chunks in a table, for a store that several machines share."""

import sqlalchemy as sa

from api.storage.blob_names import blob_name
from api.storage.schema import blob_chunks
from api.storage.unit_of_work import Unit, Units
from domain.ports.errors import BlobOffsetError

_NEXT = (blob_chunks.c.start + sa.func.length(blob_chunks.c.content)).label("next")


class ChunkBlobs:
    """Blobs in the database, each append a transaction. Source: `domain.ports.blobs.BlobStore`."""

    def __init__(self, units: Units) -> None:
        self._units = units

    async def append(self, blob_id: str, offset: int, content: bytes) -> int:
        """Append durably at `offset`, which must be the size; return the new size."""
        async with self._units.writing() as unit:
            size = await _size(unit, blob_id)
            if offset != size:
                raise BlobOffsetError(size)
            if content:
                await _add(unit, blob_id, offset, content)
            await unit.commit()
        return offset + len(content)

    async def size(self, blob_id: str) -> int:
        """Return the size in bytes, 0 if there is no such blob."""
        async with self._units.glancing() as unit:
            return await _size(unit, blob_id)

    async def read(self, blob_id: str, offset: int, limit: int) -> bytes:
        """Return up to `limit` bytes from `offset`; empty at the end."""
        own = _of(blob_id)
        first = sa.select(sa.func.max(blob_chunks.c.start)).where(own, blob_chunks.c.start <= offset)
        within = (own, blob_chunks.c.start >= first.scalar_subquery(), blob_chunks.c.start < offset + limit)
        # Of the first chunk only what is asked: it is not compressed, so the rest of it is not read either.
        skipped = sa.cast(sa.func.greatest(offset - blob_chunks.c.start, 0), sa.Integer)
        wanted = sa.func.substr(blob_chunks.c.content, skipped + 1, limit, type_=sa.LargeBinary)
        async with self._units.glancing() as unit:
            rows = await unit.rows(sa.select(wanted).where(*within).order_by(blob_chunks.c.start))
        return b"".join(row[0] for row in rows)[:limit]

    async def delete(self, blob_id: str) -> None:
        """Delete a blob, if it exists."""
        async with self._units.writing() as unit:
            await unit.run(sa.delete(blob_chunks).where(_of(blob_id)))
            await unit.commit()

    async def ids(self) -> list[str]:
        """Return every blob's id."""
        async with self._units.reading() as unit:
            rows = await unit.rows(sa.select(blob_chunks.c.blob_id).where(blob_chunks.c.start == 0))
        return sorted(row.blob_id for row in rows)


def _of(blob_id: str) -> sa.ColumnElement[bool]:
    return blob_chunks.c.blob_id == blob_name(blob_id)


async def _size(unit: Unit, blob_id: str) -> int:
    last = sa.select(_NEXT).where(_of(blob_id))
    row = await unit.first(last.order_by(blob_chunks.c.start.desc()).limit(1))
    return int(row.next) if row else 0


async def _add(unit: Unit, blob_id: str, offset: int, content: bytes) -> None:
    """Add a chunk. Of two that saw the same size at once, the second finds the place taken."""
    insert = unit.insert(blob_chunks).values(blob_id=blob_id, start=offset, content=content)
    if await unit.run(insert.on_conflict_do_nothing()) == 0:
        raise BlobOffsetError(await _size(unit, blob_id))

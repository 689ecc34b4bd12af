"""Fills PostgreSQL's index of texts after imports. Source: `domain.ports.indexing.Indexing`."""

from collections.abc import Sequence

import sqlalchemy as sa

from api.storage.migrate import LOCK
from api.storage.postgres.text_index import unindexed_texts
from api.storage.schema import id_heads
from api.storage.statements import kept
from api.storage.unit_of_work import Unit, Units
from domain.ports.indexing import Backlog

INDEXING_LOCK = LOCK + 1
"""Of two processes, one that began earlier would overwrite a newer text with an older one."""

Span = tuple[int, int]
"""The first and the last of some consecutive ids."""

_BEHIND = sa.select(
    sa.func.coalesce(sa.func.sum(unindexed_texts.c.last_id - unindexed_texts.c.first_id + 1), 0)
)
_BACKLOG = kept(
    sa.select(id_heads.c.last, sa.cast(_BEHIND.scalar_subquery(), sa.BigInteger).label("behind")).where(
        id_heads.c.name == "events"
    )
)
_TRY = sa.select(sa.func.pg_try_advisory_xact_lock(INDEXING_LOCK).label("is_ours"))
_OLDEST = sa.select(unindexed_texts).order_by(unindexed_texts.c.id).limit(sa.bindparam("most"))
_INDEX = sa.text("""
    INSERT INTO event_texts (id, title_key, description_key)
    SELECT e.id, e.title_key, e.description_key
    FROM unnest(CAST(:firsts AS bigint[]), CAST(:lasts AS bigint[])) AS s (first_id, last_id)
    JOIN events AS e ON e.id BETWEEN s.first_id AND s.last_id
    ON CONFLICT (id) DO UPDATE SET title_key = excluded.title_key, description_key = excluded.description_key
""")


class PostgresIndexing:
    """Takes up the texts of events that triggers noted; see `text_index`."""

    def __init__(self, units: Units) -> None:
        self._units = units

    async def backlog(self) -> Backlog:
        """Return how far the index of texts lags. Nothing else does."""
        async with self._units.glancing() as unit:
            row = await unit.first(_BACKLOG)
        assert row is not None, "heads are made with the store"
        return Backlog(row.last, row.last, 0, row.behind)

    async def add_entries(self, limit: int) -> None:
        """Do nothing: PostgreSQL makes the entries of other indexes at once."""

    async def index_texts(self, limit: int) -> bool:
        """Index the texts of up to so many events in one transaction, unless another process is at it."""
        async with self._units.writing() as unit:
            turn = await unit.first(_TRY)
            if turn is None or not turn.is_ours:
                return False
            # Read after the lock was taken: whoever had it before has committed.
            if spans := await _taken(unit, limit):
                firsts, lasts = zip(*spans, strict=True)
                await unit.run(_INDEX, {"firsts": firsts, "lasts": lasts})
            await unit.commit()
        return True


async def _taken(unit: Unit, limit: int) -> list[Span]:
    """Take the oldest spans out of the list of what is not indexed, with so many ids in all."""
    taken: list[int] = []
    spans: list[Span] = []
    left = limit
    for own_id, first, last in await unit.rows(_OLDEST, {"most": limit}):
        end = min(last, first + left - 1)
        spans.append((first, end))
        left -= end - first + 1
        if end < last:
            rest = sa.update(unindexed_texts).where(unindexed_texts.c.id == own_id)
            await unit.run(rest.values(first_id=end + 1))
        else:
            taken.append(own_id)
        if not left:
            break
    if taken:
        await unit.run(sa.delete(unindexed_texts).where(unindexed_texts.c.id.in_(unit.listed(taken))))
    return apart(spans)


def apart(spans: Sequence[Span]) -> list[Span]:
    """Return spans of the same ids that do not overlap."""
    found: list[Span] = []
    for first, last in sorted(spans):
        if found and first <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(found[-1][1], last))
        else:
            found.append((first, last))
    return found

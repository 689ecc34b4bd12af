"""The store of idempotency keys."""

from typing import Any

import sqlalchemy as sa

from api.storage.schema import idempotency_keys as keys
from api.storage.statements import kept, upsert
from api.storage.unit_of_work import Unit
from domain.ports.errors import StorageConflictError
from domain.ports.keys import KeyUse

_NEW: dict[str, Any] = {
    **{name: sa.bindparam(name) for name in ("owner", "key", "digest", "at_ms")},
    "first_id": 0,
    "count": 0,
}
_CLAIM = upsert(keys, lambda insert: insert.values(_NEW).on_conflict_do_nothing())
_IS_ONE = sa.and_(keys.c.owner == sa.bindparam("of_owner"), keys.c.key == sa.bindparam("of_key"))
_USE = kept(sa.select(keys.c.digest, keys.c.first_id, keys.c.count).where(_IS_ONE))
_KEEP = kept(
    sa.update(keys)
    .where(_IS_ONE)
    .values(first_id=sa.bindparam("new_first_id"), count=sa.bindparam("new_count"))
)


class SqlKeys:
    """Keys of one unit of work. Source: `domain.ports.keys.KeyStore`."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit

    async def claim(self, owner: str, key: str, digest: bytes, *, at_ms: int) -> KeyUse | None:
        """Take a key for this transaction; return how it was used where an earlier one has taken it."""
        new = {"owner": owner, "key": key, "digest": digest, "at_ms": at_ms}
        # PostgreSQL waits here for another transaction that has inserted the key and not ended.
        if await self._unit.run(_CLAIM[self._unit.dialect.name], new) == 1:
            return None
        row = await self._unit.first(_USE, {"of_owner": owner, "of_key": key})
        if row is None:
            raise StorageConflictError("an idempotency key was forgotten while it was asked for")
        return KeyUse(bytes(row.digest), range(row.first_id, row.first_id + row.count))

    async def keep(self, owner: str, key: str, ids: range) -> None:
        """Note which events the transaction that claimed a key has stored."""
        if ids:
            new = {"new_first_id": ids[0], "new_count": len(ids)}
            await self._unit.run(_KEEP, {"of_owner": owner, "of_key": key, **new})

    async def purge(self, *, before_ms: int, limit: int) -> int:
        """Delete some older keys; return how many."""
        old = sa.select(keys.c.owner, keys.c.key).where(keys.c.at_ms < before_ms).limit(limit)
        return await self._unit.run(sa.delete(keys).where(sa.tuple_(keys.c.owner, keys.c.key).in_(old)))

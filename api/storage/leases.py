"""Leases on work: which process does an import or a task, and until when that holds."""

from collections.abc import Sequence

import sqlalchemy as sa

from api.storage.unit import Row, Unit


async def claim(
    unit: Unit, table: sa.Table, owner: str, *, states: Sequence[str], now_ms: int, ends_ms: int
) -> Row | None:
    """Lease the oldest row in one of these states that nobody holds, and return it.

    Rows that another transaction is claiming are passed over (PostgreSQL); SQLite has one writer.
    """
    oldest = (
        sa.select(table.c.id)
        .where(table.c.state.in_(states), _free(table, now_ms))
        .order_by(table.c.created_ms, table.c.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    return await unit.first(
        sa.update(table)
        .where(table.c.id == oldest.scalar_subquery())
        .values(lease_owner=owner, lease_ends_ms=ends_ms)
        .returning(table)
    )


async def hold(unit: Unit, table: sa.Table, row_id: str, owner: str, *, now_ms: int, ends_ms: int) -> bool:
    """Take or renew the lease on one row; False when another holds it."""
    own = sa.or_(_free(table, now_ms), table.c.lease_owner == owner)
    change = sa.update(table).where(table.c.id == row_id, own)
    return await unit.run(change.values(lease_owner=owner, lease_ends_ms=ends_ms)) == 1


async def release(unit: Unit, table: sa.Table, row_id: str, owner: str) -> None:
    """Let others have a row at once."""
    await unit.run(_owned(table, row_id, owner).values(lease_owner=None, lease_ends_ms=None))


async def hand_over(unit: Unit, table: sa.Table, row_id: str, owner: str, *, to: str, ends_ms: int) -> None:
    """Make the lease on a row another's, if `owner` has it."""
    await unit.run(_owned(table, row_id, owner).values(lease_owner=to, lease_ends_ms=ends_ms))


def _owned(table: sa.Table, row_id: str, owner: str) -> sa.Update:
    return sa.update(table).where(table.c.id == row_id, table.c.lease_owner == owner)


def _free(table: sa.Table, now_ms: int) -> sa.ColumnElement[bool]:
    return sa.or_(table.c.lease_ends_ms.is_(None), table.c.lease_ends_ms <= now_ms)

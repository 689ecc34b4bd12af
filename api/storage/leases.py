"""Leases: which process works on an import or a task, and until when."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from api.storage.unit_of_work import Row, Unit


async def claim(
    unit: Unit,
    table: sa.Table,
    owner: str,
    *where: sa.ColumnElement[bool],
    states: Sequence[str],
    now_ms: int,
    ends_ms: int,
) -> Row | None:
    """Lease the oldest row in one of these states without a lease, and return it.

    Rows that another transaction is claiming are passed over (PostgreSQL); SQLite has one writer. What a
    frozen process has locked is free from the next claim on.
    """
    await unit.dialect.end_frozen(unit)
    oldest = (
        sa.select(table.c.id)
        .where(table.c.state.in_(states), *where, _free(table, now_ms))
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


async def hold(
    unit: Unit,
    table: sa.Table,
    row_id: str,
    owner: str,
    *,
    now_ms: int,
    ends_ms: int,
    needless: Sequence[str] = (),
    **also: Any,
) -> bool:
    """Take or renew the lease on one row; False when another holds it.

    In the states `needless` nobody needs the lease that he has. `also` are cells to set with it.
    """
    may = free_or_own(table, owner, now_ms=now_ms)
    if needless:
        may = sa.or_(may, table.c.state.in_(needless))
    change = sa.update(table).where(table.c.id == row_id, may)
    return await unit.run(change.values(lease_owner=owner, lease_ends_ms=ends_ms, **also)) == 1


async def renew_all(
    unit: Unit, table: sa.Table, owner: str, *, states: Sequence[str], ends_ms: int
) -> list[str]:
    """Renew every lease of `owner` and return the ids of its rows.

    Rows that another transaction is changing are passed over: each change renews the lease.
    """
    own = _owned_by(table, owner, states)
    free = sa.select(table.c.id).where(*own).with_for_update(skip_locked=True)
    await unit.run(sa.update(table).where(table.c.id.in_(free)).values(lease_ends_ms=ends_ms))
    return [row.id for row in await unit.rows(sa.select(table.c.id).where(*own))]


async def release_all(unit: Unit, table: sa.Table, owner: str, *, states: Sequence[str]) -> None:
    """Release the leases of `owner` on all rows."""
    change = sa.update(table).where(*_owned_by(table, owner, states))
    await unit.run(change.values(lease_owner=None, lease_ends_ms=None))


async def release(unit: Unit, table: sa.Table, row_id: str, owner: str) -> None:
    """Release the lease on a row."""
    await unit.run(_owned(table, row_id, owner).values(lease_owner=None, lease_ends_ms=None))


async def hand_over(unit: Unit, table: sa.Table, row_id: str, owner: str, *, to: str, ends_ms: int) -> None:
    """Transfer the lease on a row to another process, if `owner` has it."""
    await unit.run(_owned(table, row_id, owner).values(lease_owner=to, lease_ends_ms=ends_ms))


def _owned_by(table: sa.Table, owner: str, states: Sequence[str]) -> tuple[sa.ColumnElement[bool], ...]:
    return table.c.state.in_(states), table.c.lease_owner == owner


def _owned(table: sa.Table, row_id: str, owner: str) -> sa.Update:
    return sa.update(table).where(table.c.id == row_id, table.c.lease_owner == owner)


def free_or_own(table: sa.Table, owner: str, *, now_ms: int) -> sa.ColumnElement[bool]:
    """Return the condition that no process but `owner` has the lease on a row."""
    return sa.or_(_free(table, now_ms), table.c.lease_owner == owner)


def _free(table: sa.Table, now_ms: int) -> sa.ColumnElement[bool]:
    return sa.or_(table.c.lease_ends_ms.is_(None), table.c.lease_ends_ms <= now_ms)

"""Who is online, over all processes of a PostgreSQL store. Source: `streams.ports.LiveStore`."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from api.storage.postgres import PostgresDatabase
from api.storage.schema import live_people, live_processes
from streams.ports import PersonLease


class PostgresLive:
    """Presence as rows, each call a statement or two of its own."""

    def __init__(self, database: PostgresDatabase) -> None:
        self._database = database

    async def renew(self, owner: str, *, now_ms: int, lease_ms: int) -> None:
        """Say that a process lives, and forget the people of those whose lease has ended."""
        insert = postgresql.insert(live_processes).values(owner=owner, ends_ms=now_ms + lease_ms)
        ended = live_processes.c.ends_ms <= now_ms
        dead = sa.select(live_processes.c.owner).where(ended)
        await self._run(
            insert.on_conflict_do_update(index_elements=["owner"], set_={"ends_ms": now_ms + lease_ms})
        )
        await self._run(sa.delete(live_people).where(live_people.c.owner.in_(dead)))
        await self._run(sa.delete(live_processes).where(ended))

    async def put(self, owner: str, leases: Sequence[PersonLease]) -> None:
        """Set what a process holds for these people."""
        if not leases:
            return
        rows = [
            {
                "owner": owner,
                "person": lease.person,
                "name": lease.name,
                "role": lease.role,
                "since_ms": lease.since_ms,
                "connections": lease.connections,
            }
            for lease in leases
        ]
        insert = postgresql.insert(live_people)
        changed = {name: insert.excluded[name] for name in ("name", "role", "since_ms", "connections")}
        statement = insert.on_conflict_do_update(index_elements=["owner", "person"], set_=changed)
        async with self._database.quick() as unit:
            await unit.run(statement, rows)

    async def remove(self, owner: str, persons: Sequence[str]) -> None:
        """Forget these people of a process; absent is fine."""
        own = sa.delete(live_people).where(live_people.c.owner == owner)
        await self._run(own.where(live_people.c.person.in_(persons)))

    async def leave(self, owner: str) -> None:
        """Forget a process and its people."""
        await self._run(sa.delete(live_people).where(live_people.c.owner == owner))
        await self._run(sa.delete(live_processes).where(live_processes.c.owner == owner))

    async def everyone(self, *, now_ms: int) -> list[PersonLease]:
        """Return each person once: connections added up, since the first of them, longest first."""
        since = sa.func.min(live_people.c.since_ms).label("since_ms")
        merged = (
            sa.select(
                live_people.c.person,
                sa.func.max(live_people.c.name).label("name"),
                sa.func.max(live_people.c.role).label("role"),
                since,
                sa.func.sum(live_people.c.connections).label("connections"),
            )
            .join(live_processes, live_processes.c.owner == live_people.c.owner)
            .where(live_processes.c.ends_ms > now_ms)
            .group_by(live_people.c.person)
            .order_by(since, live_people.c.person)
        )
        async with self._database.quick() as unit:
            rows = await unit.rows(merged)
        return [
            PersonLease(row.person, row.name, row.role, row.since_ms, int(row.connections)) for row in rows
        ]

    async def _run(self, statement: sa.Executable) -> None:
        async with self._database.quick() as unit:
            await unit.run(statement)

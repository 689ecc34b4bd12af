"""Who is online, over all processes of a PostgreSQL store. Source: `streams.ports.LiveStore`."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from api.storage.postgres.database import PostgresDatabase
from api.storage.schema import live_people, live_processes
from streams.ports import Crowd, PersonLease


class PostgresPresence:
    """Presence as rows, each call a statement or two of its own."""

    def __init__(self, database: PostgresDatabase) -> None:
        self._database = database

    async def renew(self, owner: str, *, now_ms: int, lease_ms: int) -> None:
        """Renew the lease of a process, and forget the people of those whose lease has ended."""
        insert = postgresql.insert(live_processes).values(owner=owner, ends_ms=now_ms + lease_ms)
        ended = live_processes.c.ends_ms <= now_ms
        dead = sa.select(live_processes.c.owner).where(ended)
        await self._run(
            insert.on_conflict_do_update(index_elements=["owner"], set_={"ends_ms": now_ms + lease_ms})
        )
        await self._run(sa.delete(live_people).where(live_people.c.owner.in_(dead)))
        await self._run(sa.delete(live_processes).where(ended))

    async def put(self, owner: str, leases: Sequence[PersonLease]) -> None:
        """Store the streams of these people in a process."""
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

    async def crowd(self, *, now_ms: int, most_named: int) -> Crowd:
        """Return everyone counted by the database, and the first by name: longest online first."""
        since = sa.func.min(live_people.c.since_ms).label("since_ms")
        connections = sa.func.sum(live_people.c.connections)
        merged = (
            sa.select(
                live_people.c.person,
                sa.func.max(live_people.c.name).label("name"),
                sa.func.max(live_people.c.role).label("role"),
                since,
                connections.label("connections"),
                sa.func.count().over().label("online"),
                sa.func.sum(connections).over().label("all_connections"),
            )
            .join(live_processes, live_processes.c.owner == live_people.c.owner)
            .where(live_processes.c.ends_ms > now_ms)
            .group_by(live_people.c.person)
            .order_by(since, live_people.c.person)
            .limit(most_named)
        )
        async with self._database.quick() as unit:
            rows = await unit.rows(merged)
        if not rows:
            return Crowd(0, 0, [])
        named = [
            PersonLease(row.person, row.name, row.role, row.since_ms, int(row.connections)) for row in rows
        ]
        return Crowd(rows[0].online, int(rows[0].all_connections), named)

    async def _run(self, statement: sa.Executable) -> None:
        async with self._database.quick() as unit:
            await unit.run(statement)

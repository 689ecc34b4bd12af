"""Who is online, over all processes of a PostgreSQL store. Source: `streams.ports.LiveStore`."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from api.storage.postgres.database import PostgresDatabase
from api.storage.postgres.driver import executed, fetched, text_of
from api.storage.schema import live_people, live_processes
from api.storage.statements import kept
from streams.ports import Crowd, PersonLease

_ENDED = live_processes.c.ends_ms <= sa.bindparam("now_ms")
_RENEW = text_of(
    kept(
        postgresql.insert(live_processes)
        .values(owner=sa.bindparam("of_owner"), ends_ms=sa.bindparam("until_ms"))
        .on_conflict_do_update(index_elements=["owner"], set_={"ends_ms": sa.bindparam("until_ms")})
    )
)
_FORGET_PEOPLE = text_of(
    kept(
        sa.delete(live_people).where(live_people.c.owner.in_(sa.select(live_processes.c.owner).where(_ENDED)))
    )
)
_FORGET_PROCESSES = text_of(kept(sa.delete(live_processes).where(_ENDED)))

_since = sa.func.min(live_people.c.since_ms).label("since_ms")
_connections = sa.func.sum(live_people.c.connections)
_CROWD = text_of(
    kept(
        sa.select(
            live_people.c.person,
            sa.func.max(live_people.c.name).label("name"),
            sa.func.max(live_people.c.role).label("role"),
            _since,
            _connections.label("connections"),
            sa.func.count().over().label("online"),
            sa.func.sum(_connections).over().label("all_connections"),
        )
        .join(live_processes, live_processes.c.owner == live_people.c.owner)
        .where(live_processes.c.ends_ms > sa.bindparam("now_ms"))
        .group_by(live_people.c.person)
        .order_by(_since, live_people.c.person)
        .limit(sa.bindparam("most"))
    )
)


class PostgresPresence:
    """Presence as rows, each call a statement or two of its own."""

    def __init__(self, database: PostgresDatabase) -> None:
        self._database = database

    async def renew(self, owner: str, *, now_ms: int, lease_ms: int) -> None:
        """Renew the lease of a process, and forget the people of those whose lease has ended."""
        async with self._database.glances.connection() as connection:
            await executed(connection, _RENEW, {"of_owner": owner, "until_ms": now_ms + lease_ms})
            await executed(connection, _FORGET_PEOPLE, {"now_ms": now_ms})
            await executed(connection, _FORGET_PROCESSES, {"now_ms": now_ms})

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
        async with self._database.glances.connection() as connection:
            rows = await fetched(connection, _CROWD, {"now_ms": now_ms, "most": most_named})
        if not rows:
            return Crowd(0, 0, [])
        named = [
            PersonLease(row.person, row.name, row.role, row.since_ms, int(row.connections)) for row in rows
        ]
        return Crowd(rows[0].online, int(rows[0].all_connections), named)

    async def _run(self, statement: sa.Executable) -> None:
        async with self._database.quick() as unit:
            await unit.run(statement)

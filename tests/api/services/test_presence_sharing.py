"""Two processes show the same people."""

import anyio
import pytest

from api.services.identity import Identity
from api.services.presence import Presence
from api.services.presence_sharing import share_presence
from streams.messages import PresenceState
from streams.ports import PersonLease

pytestmark = pytest.mark.anyio

ANA = Identity("ana", "editor", "user:1", user_id=1)


class OneTable:
    """The rows of all processes, as the PostgreSQL adapter keeps them (its own suite holds it to that)."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], PersonLease] = {}
        self.ends: dict[str, int] = {}

    async def renew(self, owner: str, *, now_ms: int, lease_ms: int) -> None:
        self.ends[owner] = now_ms + lease_ms

    async def put(self, owner: str, leases: list[PersonLease]) -> None:
        self.rows |= {(owner, lease.person): lease for lease in leases}

    async def remove(self, owner: str, persons: list[str]) -> None:
        for person in persons:
            self.rows.pop((owner, person), None)

    async def leave(self, owner: str) -> None:
        self.rows = {key: lease for key, lease in self.rows.items() if key[0] != owner}

    async def everyone(self, *, now_ms: int) -> list[PersonLease]:
        merged: dict[str, PersonLease] = {}
        for lease in self.rows.values():
            had = merged.get(lease.person)
            total = lease.connections + (had.connections if had else 0)
            merged[lease.person] = PersonLease(lease.person, lease.name, lease.role, lease.since_ms, total)
        return list(merged.values())


class Process:
    """A process's presence, and what it told last."""

    def __init__(self) -> None:
        self.told: PresenceState | None = None
        self._changed = anyio.Event()
        self.presence = Presence(tell=self._tell, clock=lambda: 0, later=lambda _seconds, _call: self)

    def cancel(self) -> None:
        """The timers of this process never end: what is shared comes from the table."""

    def _tell(self, state: PresenceState) -> None:
        self.told = state
        self._changed.set()

    async def shows(self, connections: int) -> None:
        with anyio.fail_after(10):
            while self.told is None or self.told.connections != connections:
                self._changed = anyio.Event()
                await self._changed.wait()


async def test_a_person_on_two_processes_is_one_with_two_connections() -> None:
    table, first, second = OneTable(), Process(), Process()

    async def share(process: Process, owner: str) -> None:
        await share_presence(process.presence, table, owner=owner, clock=lambda: 0, look_seconds=0.01)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(share, first, "a")
        tasks.start_soon(share, second, "b")
        first.presence.changed("joined", ANA)
        await second.shows(1)
        second.presence.changed("joined", ANA)
        await first.shows(2)
        assert first.told is not None
        assert (first.told.online, len(first.told.users)) == (1, 1)
        tasks.cancel_scope.cancel()
    assert table.rows == {}

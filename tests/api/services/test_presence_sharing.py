"""Two processes show the same people."""

from collections.abc import Callable

import anyio
import pytest

from api.services.identity import Identity
from api.services.presence import Presence
from api.services.presence_sharing import LEASE_MS, share_presence
from domain.messages import PresenceState
from domain.ports.errors import StorageUnavailableError
from streams.ports import Crowd, PersonLease

pytestmark = pytest.mark.anyio

ANA = Identity("ana", "editor", "user:1", user_id=1)


class OneTable:
    """The rows of all processes, as the PostgreSQL adapter keeps them (its own suite holds it to that)."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], PersonLease] = {}
        self.failures = 0
        self.changed = anyio.Event()

    async def renew(self, owner: str, *, now_ms: int, lease_ms: int) -> None:
        if self.failures:
            self.failures -= 1
            raise StorageUnavailableError("away")

    async def put(self, owner: str, leases: list[PersonLease]) -> None:
        self.rows |= {(owner, lease.person): lease for lease in leases}
        if leases:
            self.changed.set()

    async def remove(self, owner: str, persons: list[str]) -> None:
        for person in persons:
            self.rows.pop((owner, person), None)

    async def leave(self, owner: str) -> None:
        self.rows = {key: lease for key, lease in self.rows.items() if key[0] != owner}

    async def crowd(self, *, now_ms: int, most_named: int) -> Crowd:
        merged: dict[str, PersonLease] = {}
        for lease in self.rows.values():
            had = merged.get(lease.person)
            total = lease.connections + (had.connections if had else 0)
            merged[lease.person] = PersonLease(lease.person, lease.name, lease.role, lease.since_ms, total)
        people = list(merged.values())
        return Crowd(len(people), sum(one.connections for one in people), people[:most_named])


class Process:
    """A process's presence, and what it told last."""

    def __init__(self) -> None:
        self.told: PresenceState | None = None
        self._changed = anyio.Event()
        self.presence = Presence(publish=self._tell, clock=lambda: 0, later=lambda _seconds, _call: self)

    def cancel(self) -> None:
        """The timers of this process never end: what is shared comes from the table."""

    def _tell(self, state: PresenceState) -> None:
        self.told = state
        self._changed.set()

    async def shows(self, connections: int) -> None:
        with anyio.fail_after(60):
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


@pytest.mark.parametrize("fails", [True, False], ids=["an error", "a long sleep"])
async def test_people_are_listed_again_after_their_lease_expired(fails: bool) -> None:
    table, process, now_ms = OneTable(), Process(), [0]

    async def share() -> None:
        await share_presence(process.presence, table, owner="a", clock=lambda: now_ms[0], look_seconds=0.01)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(share)
        process.presence.changed("joined", ANA)
        await process.shows(1)
        table.rows.clear()
        table.changed = anyio.Event()
        now_ms[0] += LEASE_MS
        if fails:
            table.failures, now_ms[0] = 1, 0
        with anyio.fail_after(60):
            await table.changed.wait()
        assert [lease.name for lease in table.rows.values()] == ["ana"]
        tasks.cancel_scope.cancel()


async def test_people_who_left_during_an_outage_are_removed_after_it() -> None:
    table, process = OneTable(), Process()
    timers: list[Callable[[], None]] = []

    def later(_seconds: float, call: Callable[[], None]) -> Process:
        timers.append(call)
        return process

    process.presence = Presence(publish=process._tell, clock=lambda: 0, later=later)

    async def share() -> None:
        await share_presence(process.presence, table, owner="a", clock=lambda: 0, look_seconds=0.01)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(share)
        process.presence.changed("joined", ANA)
        await process.shows(1)
        table.failures = 3
        process.presence.changed("left", ANA)
        timers[-1]()
        await process.shows(0)
        assert table.failures == 0
        assert table.rows == {}
        tasks.cancel_scope.cancel()

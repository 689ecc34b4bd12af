"""Presence and limits over several processes; stores that one process serves have neither."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from api.storage.meter import PostgresMeter
from api.storage.store import SqlStore
from streams.ports import LiveStore, PersonLease
from tests.contracts.conftest import opened

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.parametrize("store_url", ["postgresql"], indirect=True),
]


@pytest.fixture
async def shared(store_url: str, tmp_path: Path) -> AsyncIterator[SqlStore]:
    async with opened(store_url, tmp_path, []) as store:
        yield store


@pytest.fixture
def live(shared: SqlStore) -> LiveStore:
    assert shared.live is not None
    return shared.live


def someone(person: str, *, since_ms: int = 1, connections: int = 1) -> PersonLease:
    return PersonLease(person, f"name of {person}", "viewer", since_ms, connections)


async def test_people_of_all_processes_are_one_list(live: LiveStore) -> None:
    for owner in ("A", "B"):
        await live.renew(owner, now_ms=0, lease_ms=100)
    await live.put("A", [someone("ana", since_ms=5, connections=2), someone("zoe", since_ms=9)])
    await live.put("B", [someone("ana", since_ms=3), someone("bia", since_ms=4)])
    await live.put("A", [someone("zoe", since_ms=9, connections=4)])
    await live.put("A", [])
    assert await live.everyone(now_ms=99) == [
        someone("ana", since_ms=3, connections=3),
        someone("bia", since_ms=4),
        someone("zoe", since_ms=9, connections=4),
    ]


async def test_people_go_with_the_process_that_held_them(live: LiveStore) -> None:
    await live.renew("A", now_ms=0, lease_ms=100)
    await live.renew("B", now_ms=50, lease_ms=100)
    await live.put("A", [someone("ana"), someone("bia")])
    await live.put("B", [someone("zoe"), someone("eva")])
    await live.remove("A", ["ana", "unknown"])
    assert [one.person for one in await live.everyone(now_ms=99)] == ["bia", "eva", "zoe"]
    assert [one.person for one in await live.everyone(now_ms=100)] == ["eva", "zoe"]
    await live.renew("B", now_ms=100, lease_ms=100)
    await live.renew("A", now_ms=100, lease_ms=100)
    assert [one.person for one in await live.everyone(now_ms=101)] == ["eva", "zoe"]
    await live.leave("B")
    assert await live.everyone(now_ms=101) == []


async def test_a_minute_is_counted_over_all_processes(shared: SqlStore) -> None:
    meter = shared.meter
    assert meter is not None
    now_ms = 0
    first, second = (PostgresMeter(meter._database, lambda: now_ms) for _ in range(2))
    assert [await first.take("k", 2), await second.take("k", 2)] == [0, 0]
    now_ms = 59_000
    assert await second.wait("k", 2) == await first.take("k", 2) == 2
    assert await first.take("other", 2) == 0
    now_ms = 60_000
    assert await second.wait("k", 2) == 0
    assert [await first.take("k", 1), await second.take("k", 1)] == [0, 61]

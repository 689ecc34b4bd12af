"""Ids of PostgreSQL: none is given twice, some are drawn ahead while many are wanted."""

import asyncio
from pathlib import Path

import asyncpg
import pytest

from api.storage.postgres.ahead import MOST_AHEAD
from api.storage.postgres.ids import FEW, KEPT_SECONDS, Ids, _Ahead
from tests.contracts.conftest import opened, store_url

__all__ = ["store_url"]


@pytest.mark.parametrize(
    ("given", "seconds", "wanted"),
    [
        (0, 1.0, 0),
        (1, 10.0, 0),
        (3, 1.0, 0),
        (30, 1.0, 1),
        (500, 1.0, 25),
        (100, 0.05, 100),
        (5, 0.001, 5),
        (5, 0.0, 5),
        (100_000, 1.0, MOST_AHEAD),
    ],
)
def test_as_many_are_drawn_ahead_as_are_soon_given(given: int, seconds: float, wanted: int) -> None:
    assert _Ahead(first=1, end=1, drawn_at=100.0, given=given).wanted(100.0 + seconds) == wanted


@pytest.mark.parametrize(
    ("count", "age", "first"),
    [(1, 0.0, 10), (3, KEPT_SECONDS, 10), (4, 0.0, None), (1, KEPT_SECONDS + 0.1, None)],
)
def test_old_ids_are_not_given(count: int, age: float, first: int | None) -> None:
    assert _Ahead(first=10, end=13, drawn_at=5.0, given=1).take(count, 5.0 + age) == first


@pytest.mark.anyio
@pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)
async def test_no_id_is_given_twice_by_two_processes(store_url: str, tmp_path: Path) -> None:
    given: list[int] = []
    async with opened(store_url, tmp_path, []) as one, opened(store_url, tmp_path, []) as other:

        async def take(ids: Ids, count: int) -> None:
            first = await ids.take("events", count)
            given.extend(range(first, first + count))

        for _ in range(20):
            counts = [1, 2, 1, FEW, FEW + 1, 1, 1, 3]
            both = [store._database.dialect._ids for store in (one, other)]  # type: ignore[attr-defined]
            await asyncio.gather(*(take(ids, count) for ids in both for count in counts))
    assert len(set(given)) == len(given) == 20 * 2 * (9 + 2 * FEW + 1)


@pytest.mark.anyio
@pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)
async def test_none_that_was_drawn_before_a_loss_is_given_after_it(store_url: str, tmp_path: Path) -> None:
    async with opened(store_url, tmp_path, []) as store:
        ids = store._database.dialect._ids  # type: ignore[attr-defined]
        tailer = store._tailer
        assert tailer is not None
        while not tailer._hint._waiters:  # type: ignore[attr-defined]  # noqa: ASYNC110 - until it is connected.
            await asyncio.sleep(0)
        now = asyncio.get_running_loop().time()
        ids._ahead["events"] = _Ahead(first=50, end=100, drawn_at=now + 3600)
        assert await ids.take("events", 1) == 50
        other = await asyncpg.connect(store_url)
        await other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        await other.close()
        async with asyncio.timeout(60):
            while ids._ahead:  # noqa: ASYNC110 - until the loss was noted.
                await asyncio.sleep(0.01)
        assert await ids.take("events", 1) == 1


@pytest.mark.anyio
@pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)
async def test_ids_drawn_ahead_are_given_without_a_draw(
    store_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    draws = []
    draw = Ids._draw

    async def counted(self: Ids, name: str, asked: list[tuple[int, "asyncio.Future[int]"]]) -> None:
        draws.append(name)
        await draw(self, name, asked)

    async with opened(store_url, tmp_path, []) as store:
        ids = store._database.dialect._ids  # type: ignore[attr-defined]
        ids._ahead["events"] = _Ahead(drawn_at=asyncio.get_running_loop().time(), given=50)
        monkeypatch.setattr(Ids, "_draw", counted)
        taken = [await ids.take("events", 1) for _ in range(3)]
    assert taken == [1, 2, 3]
    assert draws == ["events"]


@pytest.mark.anyio
@pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)
async def test_an_id_is_not_drawn_again_where_a_failover_has_lost_its_draw(
    store_url: str, tmp_path: Path
) -> None:
    async with opened(store_url, tmp_path, []) as store:
        ids = store._database.dialect._ids  # type: ignore[attr-defined]
        assert await ids.take("events", FEW + 1) == 1
        database = await asyncpg.connect(store_url)
        await database.execute("UPDATE id_heads SET last = 0")
        await database.close()
        # An event may be on its way with one of them, for a connection to the new primary.
        assert await ids.take("events", FEW + 1) == FEW + 2
        assert await ids.take("events", FEW + 1) == 2 * FEW + 3

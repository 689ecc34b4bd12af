"""Commits of PostgreSQL that share a sync: none is answered or published before it is on disk."""

import asyncio
from contextlib import suppress
from pathlib import Path

import anyio
import pytest

from api.storage.postgres.durability import Durability
from api.storage.postgres.group_commit import GroupCommit
from api.storage.store import SqlStore
from domain.ports.errors import StorageUnavailableError
from domain.ports.events import EventFilter
from streams.stored import StoredMessage
from tests.contracts.conftest import opened, store_url
from tests.contracts.samples import an_event, until_told
from tests.end_to_end.postgres_process import postgres_process

__all__ = ["store_url"]

pytestmark = pytest.mark.anyio


async def add(store: SqlStore, name: str) -> None:
    async with store.transaction() as unit:
        await unit.events.insert([an_event(name)], upload_id=None, at_ms=1)
        await unit.messages.append([("eventos", b'{"type":"%b"}' % name.encode(), False)])


async def titles(store: SqlStore) -> set[str]:
    async with store.snapshot() as snapshot:
        chunks = [chunk async for chunk in snapshot.events.scan(EventFilter())]
    return {event.title for chunk in chunks for event in chunk}


def names(told: list[StoredMessage]) -> list[str]:
    return [message.body.split(b'"')[3].decode() for message in told]


@pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)
async def test_nothing_is_answered_or_published_before_the_flush(
    store_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[StoredMessage] = []
    go_on, flushes = asyncio.Event(), []
    flush = Durability._flush

    async def held_up(self: Durability) -> None:
        flushes.append(len(flushes))
        await go_on.wait()
        await flush(self)

    async with opened(store_url, tmp_path, told) as store:
        monkeypatch.setattr(GroupCommit, "_level_for", lambda *_: None)
        monkeypatch.setattr(Durability, "_flush", held_up)
        tasks = [asyncio.create_task(add(store, name)) for name in "abcd"]
        async with asyncio.timeout(60):
            while await titles(store) != set("abcd"):  # noqa: ASYNC110 - the database's state.
                await asyncio.sleep(0.01)
        assert not any(task.done() for task in tasks)
        assert told == []
        go_on.set()
        await asyncio.gather(*tasks)
        await until_told(told, 4)
    assert sorted(names(told)) == ["a", "b", "c", "d"]
    assert len(flushes) <= 5


@pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)
async def test_the_outcome_of_a_failed_flush_is_looked_up(
    store_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def lost(_self: Durability) -> None:
        monkeypatch.undo()
        raise StorageUnavailableError("the connection is lost")

    told: list[StoredMessage] = []
    async with opened(store_url, tmp_path, told) as store:
        monkeypatch.setattr(GroupCommit, "_level_for", lambda *_: None)
        monkeypatch.setattr(Durability, "_flush", lost)
        await add(store, "a")
        await until_told(told, 1)
        assert await titles(store) == {"a"}


@pytest.mark.parametrize("answers", [1, 40])
async def test_a_crash_of_the_database_loses_nothing_that_was_answered_or_published(
    tmp_path: Path, answers: int
) -> None:
    told: list[StoredMessage] = []
    answered: list[str] = []
    enough = asyncio.Event()

    async def write(store: SqlStore, writer: int) -> None:
        with suppress(StorageUnavailableError):
            for number in range(100_000):
                await add(store, f"{writer}.{number}")
                answered.append(f"{writer}.{number}")
                if len(answered) >= answers:
                    enough.set()

    with postgres_process() as server:
        async with opened(server.url, tmp_path, told) as store, anyio.create_task_group() as tasks:
            for writer in range(6):
                tasks.start_soon(write, store, writer)
            async with asyncio.timeout(60):
                await enough.wait()
            await asyncio.to_thread(server.stop)
            published = names(told)
            tasks.cancel_scope.cancel()
        await asyncio.to_thread(server.start)
        async with opened(server.url, tmp_path, []) as store:
            stored = await titles(store)
    assert answered
    assert set(answered) <= stored
    assert set(published) <= stored

"""A server tells, in order, what a command beside it has stored."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest

from api.services.feed_follower import FeedFollower
from api.services.notifications import notification
from api.storage.store import Committed, SqlStore, open_store
from streams.stored import StoredMessage

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def opened(folder: Path, committed: Committed, *, serves: bool) -> AsyncIterator[SqlStore]:
    store = await open_store(
        "", committed=committed, data_dir=folder, timezone="America/Recife", serves=serves
    )
    try:
        yield store
    finally:
        await store.aclose()


async def publish(store: SqlStore, title: str) -> None:
    async with store.transaction() as unit:
        await unit.messages.append([notification("test", title, "", actor="test", at_ms=0)])


async def test_messages_committed_by_a_command_are_published_in_order(tmp_path: Path) -> None:
    told: list[StoredMessage] = []
    catching_up: FeedFollower | None = None

    def committed(messages: list[StoredMessage]) -> None:
        assert catching_up is not None
        catching_up.committed(messages)

    all_told = anyio.Event()

    def tell(messages: list[StoredMessage]) -> None:
        told.extend(messages)
        if len(told) == 12:
            all_told.set()

    async with (
        opened(tmp_path, committed, serves=True) as server,
        opened(tmp_path, lambda _: None, serves=False) as command,
        anyio.create_task_group() as tasks,
    ):
        catching_up = FeedFollower(server.feed, publish=tell)
        await catching_up.start()
        tasks.start_soon(catching_up.run)
        for number in range(12):
            await publish(command if number % 3 == 1 else server, f"message {number}")
        with anyio.fail_after(60):
            await all_told.wait()
        tasks.cancel_scope.cancel()
    assert [message.seq for message in told] == sorted({message.seq for message in told})
    assert [f"message {number}" in message.body.decode() for number, message in enumerate(told)] == [
        True
    ] * 12


async def test_messages_of_a_command_are_published_while_the_server_is_idle(tmp_path: Path) -> None:
    told = anyio.Event()
    async with (
        opened(tmp_path, lambda _: None, serves=True) as server,
        opened(tmp_path, lambda _: None, serves=False) as command,
        anyio.create_task_group() as tasks,
    ):
        catching_up = FeedFollower(server.feed, publish=lambda _: told.set())
        await catching_up.start()
        tasks.start_soon(catching_up.run)
        await publish(command, "alone")
        with anyio.fail_after(60):
            await told.wait()
        tasks.cancel_scope.cancel()
    assert told.is_set()

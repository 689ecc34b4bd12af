"""What has had its time is forgotten, what has not is kept."""

import time

import pytest

from api.services.housekeeping import DAY_MS, Housekeeping
from api.storage.store import open_store
from domain.people import Session

pytestmark = pytest.mark.anyio


@pytest.fixture
async def store(tmp_path):
    opened = await open_store("", committed=lambda _: None, data_dir=tmp_path, timezone="America/Recife")
    yield opened
    await opened.aclose()


async def publish(store, count: int) -> None:
    async with store.transaction() as unit:
        drafts = [("eventos", b'{"type":"event.deleted","feed":"eventos"}', False)] * count
        await unit.messages.append(drafts)


async def test_messages_are_forgotten_after_their_days_and_not_before(store):
    await publish(store, 3)
    _, head = await store.feed.bounds()
    now = time.time_ns() // 1_000_000
    early = Housekeeping(store, now_ms=lambda: now + 6 * DAY_MS, feed_keep_days=7)
    late = Housekeeping(store, now_ms=lambda: now + 8 * DAY_MS, feed_keep_days=7)
    assert await early.tidy() == 0
    assert await late.tidy() == 3
    assert (await store.feed.bounds())[1] == head


async def test_ended_sessions_are_forgotten(store):
    async with store.transaction() as unit:
        user = await unit.people.add_user("ana", "editor", "hash", at_ms=0)
        await unit.people.add_session(Session("old", user.id, 0, 1000))
        await unit.people.add_session(Session("new", user.id, 0, 9000))
    await Housekeeping(store, now_ms=lambda: 5000, feed_keep_days=7).tidy()
    async with store.snapshot() as unit:
        assert await unit.people.session("old") is None
        assert await unit.people.session("new") is not None

"""Webhooks in the store: what they are, whose they are now, how far they have come."""

import asyncio

import pytest
import sqlalchemy as sa

from api.storage.backup import RESTORED
from api.storage.schema import meta
from api.storage.store import SqlStore
from domain.webhooks import KEPT_ATTEMPTS, Attempt, OldSecret, Progress, Webhook

pytestmark = pytest.mark.anyio


def a_webhook(name: str = "w", *, created_ms: int = 1) -> Webhook:
    return Webhook(
        id=name,
        url="https://example.org/hook",
        feeds=("eventos", "admin"),
        format="json",
        secret="whsec_x",
        created_by="ana",
        created_ms=created_ms,
        cursor=5,
    )


async def add(store: SqlStore, *webhooks: Webhook) -> None:
    async with store.transaction() as tx:
        for one in webhooks:
            assert await tx.webhooks.add(one, most=10)


async def held(store: SqlStore, owner: str, now_ms: int) -> list[str]:
    async with store.transaction() as tx:
        return sorted(
            one.id for one in await tx.webhooks.hold_all(owner, now_ms=now_ms, ends_ms=now_ms + 100)
        )


async def get(store: SqlStore, name: str = "w") -> Webhook:
    async with store.snapshot() as snapshot:
        found = await snapshot.webhooks.get(name)
    assert found is not None
    return found


async def test_webhooks_are_stored_unchanged_up_to_the_maximum_number(store: SqlStore) -> None:
    second, first = a_webhook("a", created_ms=2), a_webhook("b", created_ms=1)
    await add(store, second, first)
    async with store.transaction() as tx:
        assert await tx.webhooks.all() == [first, second]
        assert not await tx.webhooks.add(a_webhook("c"), most=2)
        assert await tx.webhooks.get("c") is None
        assert await tx.webhooks.count() == 2


async def test_webhooks_that_are_added_at_once_are_no_more_than_the_maximum_number(store: SqlStore) -> None:
    async def add_one(name: str) -> bool:
        async with store.transaction() as tx:
            return await tx.webhooks.add(a_webhook(name), most=2)

    assert sorted(await asyncio.gather(*map(add_one, "abcdef"))) == [False] * 4 + [True] * 2
    async with store.snapshot() as snapshot:
        assert await snapshot.webhooks.count() == 2


async def test_one_process_holds_a_webhook_until_its_lease_ends(store: SqlStore) -> None:
    await add(store, a_webhook("a"), a_webhook("b"))
    assert await held(store, "A", 1000) == ["a", "b"]
    assert await held(store, "B", 1099) == []
    assert await held(store, "A", 1099) == ["a", "b"]
    assert await held(store, "B", 1199) == ["a", "b"]
    assert await held(store, "A", 1200) == []
    async with store.transaction() as tx:
        await tx.webhooks.release_all("A")
    assert await held(store, "A", 1200) == []
    async with store.transaction() as tx:
        await tx.webhooks.release_all("B")
    assert await held(store, "A", 1200) == ["a", "b"]


async def test_only_the_holder_moves_the_cursor_and_not_after_a_change(store: SqlStore) -> None:
    await add(store, a_webhook())
    await held(store, "A", 1000)
    failing = Progress(7, 3, 900, 5000)
    async with store.transaction() as tx:
        assert not await tx.webhooks.advance("w", "B", 1, Progress(9))
        assert await tx.webhooks.advance("w", "A", 1, failing)
    now = await get(store)
    assert Progress(now.cursor, now.failures, now.failing_since_ms, now.next_ms) == failing
    changed = Webhook(**{name: getattr(now, name) for name in now.__struct_fields__} | {"revision": 2})
    async with store.transaction() as tx:
        assert await tx.webhooks.get("w", to_change=True) == now
        assert await tx.webhooks.save(changed)
        assert not await tx.webhooks.advance("w", "A", 1, Progress(9))
        assert await tx.webhooks.advance("w", "A", 2, Progress(9, disabled_because="gone"))
        assert not await tx.webhooks.advance("w", "A", 2, Progress(10))
        assert not await tx.webhooks.save(a_webhook("unknown"))
    assert (await get(store)).disabled_because == "gone"
    assert await held(store, "A", 1000) == []


async def test_secrets_are_kept_as_they_are_and_replaced(store: SqlStore) -> None:
    first = a_webhook().with_secret("whsec_y", keep_old_ms=100, now_ms=0)
    await add(store, first)
    assert await get(store) == first
    assert first.old_secrets == (OldSecret("whsec_x", 100),)
    second = first.with_secret("whsec_z", keep_old_ms=0, now_ms=50)
    async with store.transaction() as tx:
        assert await tx.webhooks.save(second)
    assert await get(store) == second
    assert (second.secret, second.old_secrets) == ("whsec_z", ())


async def test_webhooks_are_counted_by_state(store: SqlStore) -> None:
    await add(store, a_webhook("a"), a_webhook("b"), a_webhook("c"))
    await held(store, "A", 1000)
    async with store.transaction() as tx:
        assert await tx.webhooks.advance("c", "A", 1, Progress(9, disabled_because="gone"))
        assert await tx.webhooks.count_states() == {"enabled": 2, "gone": 1}


async def test_only_a_restored_store_has_its_webhooks_disabled_and_once(store: SqlStore) -> None:
    await add(store, a_webhook("a"), a_webhook("b"))
    await held(store, "A", 1000)
    async with store.transaction() as tx:
        assert await tx.webhooks.advance("b", "A", 1, Progress(9, disabled_because="gone"))
        assert await tx.webhooks.pause_restored() == []
    async with store._database.writing() as unit:
        await unit.run(sa.insert(meta).values(key=RESTORED, text="1"))
        await unit.commit()
    async with store.transaction() as tx:
        assert [one.id for one in await tx.webhooks.pause_restored()] == ["a"]
    assert (await get(store, "a")).disabled_because == "restored"
    assert (await get(store, "b")).disabled_because == "gone"
    async with store.transaction() as tx:
        # A delivery that was under way changes nothing.
        assert not await tx.webhooks.advance("a", "A", 1, Progress(9))
        assert await tx.webhooks.pause_restored() == []


async def test_changing_a_webhook_keeps_its_cursor(store: SqlStore) -> None:
    await add(store, a_webhook())
    await held(store, "A", 1000)
    before = await get(store)
    async with store.transaction() as tx:
        assert await tx.webhooks.advance("w", "A", 1, Progress(8))
        assert await tx.webhooks.save(before)
    assert (await get(store)).cursor == 8


async def test_the_last_attempts_are_kept_and_deleted_with_their_webhook(store: SqlStore) -> None:
    await add(store, a_webhook("a"), a_webhook("b"))
    some = [Attempt(f"e.{n}", n, 3, 500, "answered 500") for n in range(30)]
    async with store.transaction() as tx:
        await tx.webhooks.add_attempts("b", some[:1])
        await tx.webhooks.add_attempts("a", some)
        await tx.webhooks.add_attempts("a", some)
        kept = await tx.webhooks.attempts("a")
    assert kept == [*reversed(some), *reversed(some)][:KEPT_ATTEMPTS]
    async with store.transaction() as tx:
        assert await tx.webhooks.attempts("b") == some[:1]
        assert await tx.webhooks.remove("a")
        assert not await tx.webhooks.remove("a")
        assert await tx.webhooks.attempts("a") == []
        assert await tx.webhooks.attempts("b") == some[:1]


async def test_a_changed_webhook_keeps_how_far_it_came_and_never_goes_back(store: SqlStore) -> None:
    await add(store, a_webhook())
    await held(store, "A", 1000)
    for owner, cursor, stored in (("A", 9, 9), ("A", 7, 9), ("B", 12, 9), ("A", 9, 9)):
        async with store.transaction() as tx:
            advanced = await tx.webhooks.advance_changed("w", owner, cursor)
        assert advanced == (owner == "A" and cursor == 9)
        assert (await get(store)).cursor == stored

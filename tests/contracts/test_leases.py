"""One process at a time works on an import or a task, whoever asks."""

from pathlib import Path

import anyio
import pytest

from api.storage.store import SqlStore
from domain.imports import Upload
from tests.contracts.conftest import opened
from tests.contracts.samples import a_task, an_upload

pytestmark = pytest.mark.anyio

LEASE = {"now_ms": 1000, "lease_ms": 100}


async def add(store: SqlStore, *uploads: Upload) -> None:
    async with store.transaction() as transaction:
        for upload in uploads:
            await transaction.uploads.add(upload)


async def test_the_oldest_unleased_import_is_claimed_first(store: SqlStore) -> None:
    late, early = an_upload("late", created_at=2, checkpoint=b"c"), an_upload("early", created_at=1)
    await add(store, late, early, an_upload("done", created_at=0, state="completed"))
    async with store.transaction() as transaction:
        claim = transaction.uploads.claim
        assert await claim("A", states=["receiving"], **LEASE) == early
        assert await claim("B", states=["receiving", "processing"], **LEASE) == late
        assert await claim("C", states=["receiving"], **LEASE) is None


async def test_an_expired_lease_can_be_claimed_and_its_holder_learns_it(store: SqlStore) -> None:
    await add(store, an_upload("a"))
    async with store.transaction() as transaction:
        uploads = transaction.uploads
        assert await uploads.hold("a", "A", now_ms=1000, lease_ms=100)
        assert not await uploads.hold("a", "B", now_ms=1099, lease_ms=100)
        assert await uploads.hold("a", "A", now_ms=1099, lease_ms=100)
        taken = await uploads.claim("B", states=["receiving"], now_ms=1199, lease_ms=100)
        assert taken is not None
        assert not await uploads.hold("a", "A", now_ms=1200, lease_ms=100)
        await uploads.release("a", "A")
        assert not await uploads.hold("a", "A", now_ms=1200, lease_ms=100)
        await uploads.release("a", "B")
        assert await uploads.hold("a", "A", now_ms=1200, lease_ms=100)
        assert not await uploads.hold("unknown", "A", now_ms=1, lease_ms=1)


async def test_a_holder_hands_its_lease_over_to_exactly_one_process(store: SqlStore) -> None:
    await add(store, an_upload("a"))
    async with store.transaction() as transaction:
        uploads = transaction.uploads
        await uploads.hold("a", "A", **LEASE)
        await uploads.hand_over("a", "C", to="C", **LEASE)
        assert not await uploads.hold("a", "C", **LEASE)
        await uploads.hand_over("a", "A", to="B", **LEASE)
        assert not await uploads.hold("a", "A", **LEASE)
        assert await uploads.claim("A", states=["receiving"], **LEASE) is None
        assert await uploads.hold("a", "B", **LEASE)


async def test_saving_an_import_does_not_change_its_lease(store: SqlStore) -> None:
    await add(store, an_upload("a"))
    async with store.transaction() as transaction:
        await transaction.uploads.hold("a", "A", **LEASE)
        await transaction.uploads.save(an_upload("a", accepted=1))
        assert not await transaction.uploads.hold("a", "B", **LEASE)


async def test_all_leases_of_a_process_are_renewed_at_once(store: SqlStore) -> None:
    await add(store, *[an_upload(name) for name in "abc"], an_upload("done", state="completed"))
    async with store.transaction() as transaction:
        uploads = transaction.uploads
        for name, owner in (("a", "A"), ("b", "A"), ("c", "B"), ("done", "A")):
            assert await uploads.hold(name, owner, **LEASE)
        assert sorted(await uploads.renew_all("A", now_ms=1090, lease_ms=100)) == ["a", "b"]
        assert not await uploads.hold("a", "B", now_ms=1189, lease_ms=100)
        assert await uploads.hold("c", "A", now_ms=1189, lease_ms=100)
        await uploads.release_all("A")
        assert await uploads.renew_all("A", now_ms=1189, lease_ms=100) == []
        assert await uploads.hold("b", "B", now_ms=1189, lease_ms=100)


async def test_an_import_at_rest_cannot_be_claimed_until_it_is_resumed(store: SqlStore) -> None:
    await add(store, *[an_upload(name) for name in "ab"])
    async with store.transaction() as transaction:
        uploads = transaction.uploads
        assert await uploads.hold("a", "A", **LEASE)
        await uploads.rest(["a", "b"], "A", since_ms=1000)
        assert [await uploads.rests(name) for name in ("a", "b", "unknown")] == [True, False, False]
        assert await uploads.resting(until_ms=999, limit=9) == []
        assert await uploads.resting(until_ms=1000, limit=9) == ["a"]
        claimed = await uploads.claim("B", states=["receiving"], now_ms=9999, lease_ms=100)
        assert claimed is not None
        assert claimed.id == "b"
        assert await uploads.claim("B", states=["receiving"], now_ms=9999, lease_ms=100) is None
        assert await uploads.hold("a", "C", now_ms=9999, lease_ms=100)
        assert not await uploads.rests("a")
        await uploads.add(an_upload("new"), rests_since_ms=5)
        assert await uploads.rests("new")


async def test_more_imports_can_come_to_rest_at_once_than_a_statement_has_parameters(store: SqlStore) -> None:
    names = [f"u{n}" for n in range(1201)]
    await add(store, *[an_upload(name) for name in names])
    async with store.transaction() as transaction:
        while await transaction.uploads.claim("A", states=["receiving"], **LEASE):
            pass
        await transaction.uploads.rest(names, "A", since_ms=1)
        assert sorted(await transaction.uploads.resting(until_ms=1, limit=5000)) == sorted(names)


async def test_tasks_are_claimed_like_imports(store: SqlStore) -> None:
    async with store.transaction() as transaction:
        await transaction.tasks.add(a_task("t"))
        assert await transaction.tasks.claim("A", states=["queued", "running"], **LEASE) == a_task("t")
        assert await transaction.tasks.claim("B", states=["queued", "running"], **LEASE) is None
        assert not await transaction.tasks.hold("t", "B", **LEASE)
        await transaction.tasks.release("t", "A")
        assert await transaction.tasks.hold("t", "B", **LEASE)


async def test_concurrent_claims_get_different_imports(store_url: str, tmp_path: Path) -> None:
    async with opened(store_url, tmp_path, []) as store:
        await add(store, *[an_upload(f"u{n}", created_at=n) for n in range(6)])
        claimed: list[str] = []

        async def claim_all(owner: str) -> None:
            while True:
                async with store.transaction() as transaction:
                    upload = await transaction.uploads.claim(owner, states=["receiving"], **LEASE)
                if upload is None:
                    return
                claimed.append(upload.id)

        async with anyio.create_task_group() as tasks:
            for owner in "ABC":
                tasks.start_soon(claim_all, owner)
    assert sorted(claimed) == [f"u{n}" for n in range(6)]

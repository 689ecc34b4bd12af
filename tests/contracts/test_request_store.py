"""What one process asks of another is found by the one that has the work, and by nobody else."""

import pytest

from api.storage.store import SqlStore
from tests.contracts.samples import a_task, an_upload

pytestmark = pytest.mark.anyio

LEASE = {"now_ms": 1000, "lease_ms": 100}


async def held(store: SqlStore) -> None:
    async with store.transaction() as transaction:
        for upload_id, owner in (("a", "A"), ("b", "A"), ("c", "B")):
            await transaction.uploads.add(an_upload(upload_id))
            await transaction.uploads.hold(upload_id, owner, **LEASE)
        await transaction.tasks.add(a_task("t"))
        await transaction.tasks.hold("t", "A", **LEASE)


async def test_a_request_is_found_by_the_holder_until_it_is_cleared(store: SqlStore) -> None:
    await held(store)
    async with store.transaction() as transaction:
        for upload_id in "abc":
            await transaction.requests.put("stop_upload", upload_id, asker="P1", at_ms=1)
        await transaction.requests.put("stop_task", "t", asker="P1", at_ms=1)
    async with store.snapshot() as snapshot:
        assert await snapshot.requests.pending("stop_upload", "A") == {"a": "P1", "b": "P1"}
        assert await snapshot.requests.pending("stop_upload", "C") == {}
        assert await snapshot.requests.pending("stop_task", "A") == {"t": "P1"}
        assert await snapshot.requests.pending("stop_task", "B") == {}
        assert await snapshot.requests.is_pending("stop_task", "t")
        assert not await snapshot.requests.is_pending("stop_task", "a")
    async with store.transaction() as transaction:
        for _ in range(2):
            await transaction.requests.clear("stop_upload", "a")
        assert await transaction.requests.pending("stop_upload", "A") == {"b": "P1"}


async def test_repeating_a_work_request_renews_it(store: SqlStore) -> None:
    await held(store)
    async with store.transaction() as transaction:
        requests = transaction.requests
        await requests.put("hand_over_upload", "a", asker="P1", at_ms=1)
        assert await requests.pending("hand_over_upload", "A", since_ms=5) == {}
        await requests.put("hand_over_upload", "a", asker="P5", at_ms=5)
        assert await requests.pending("hand_over_upload", "A", since_ms=5) == {"a": "P5"}

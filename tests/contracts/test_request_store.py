"""What one process asks of another is found by the one that has the work, and by nobody else."""

import pytest

from api.storage.store import SqlStore

pytestmark = pytest.mark.anyio


async def test_a_request_is_found_until_it_is_cleared(store: SqlStore) -> None:
    async with store.transaction() as transaction:
        await transaction.requests.put("stop_upload", "a", asker="P1", at_ms=1)
        await transaction.requests.put("stop_upload", "b", asker="P1", at_ms=1)
        await transaction.requests.put("stop_task", "c", asker="P1", at_ms=1)
    async with store.snapshot() as snapshot:
        assert await snapshot.requests.pending("stop_upload", ["a", "c", "d"]) == {"a": "P1"}
        assert await snapshot.requests.pending("stop_task", ["a", "c"]) == {"c": "P1"}
        assert await snapshot.requests.pending("stop_task", []) == {}
    async with store.transaction() as transaction:
        for _ in range(2):
            await transaction.requests.clear("stop_upload", "a")
        assert await transaction.requests.pending("stop_upload", ["a", "b"]) == {"b": "P1"}


async def test_asking_again_makes_a_request_new(store: SqlStore) -> None:
    async with store.transaction() as transaction:
        requests = transaction.requests
        await requests.put("hand_over_upload", "a", asker="P1", at_ms=1)
        assert await requests.pending("hand_over_upload", ["a"], since_ms=5) == {}
        await requests.put("hand_over_upload", "a", asker="P5", at_ms=5)
        assert await requests.pending("hand_over_upload", ["a"], since_ms=5) == {"a": "P5"}

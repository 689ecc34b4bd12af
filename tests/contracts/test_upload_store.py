"""What every store of imports keeps to."""

import msgspec
import pytest

from api.storage.store import SqlStore
from domain.imports import ImportOptions, RejectedRow, Upload
from domain.problems import Problem
from tests.contracts.samples import an_upload

pytestmark = pytest.mark.anyio


async def add(store: SqlStore, *uploads: Upload) -> list[bool]:
    async with store.transaction() as transaction:
        return [await transaction.uploads.add(upload) for upload in uploads]


async def test_an_import_comes_back_as_it_was_saved(store: SqlStore) -> None:
    first = an_upload("a", idempotency_key="k", created_at=5)
    full = msgspec.structs.replace(
        first,
        state="failed",
        options=ImportOptions(mode="atomic", mapping={"title": "TÍTULO"}),
        checkpoint=bytes(range(256)),
        bytes_received=3,
        total_bytes=9,
        accepted=2,
        rejected=1,
        dialect={"encoding": "utf-8"},
        warnings=[{"code": "x", "message": "é", "count": 2}],
        error=Problem("", "not_text", "no", None, "x"),
        sha256="00",
        first_event_id=1,
        last_event_id=2,
        undone={"deleted": 1},
    )
    assert await add(store, first) == [True]
    async with store.transaction() as transaction:
        await transaction.uploads.save(msgspec.structs.replace(full, idempotency_key="other", created_at=99))
    async with store.snapshot() as snapshot:
        assert await snapshot.uploads.get("a") == full
        assert await snapshot.uploads.by_idempotency_key("k") == full
        assert await snapshot.uploads.by_idempotency_key("other") is None
        assert await snapshot.uploads.get("b") is None


async def test_an_id_or_key_in_use_stores_nothing(store: SqlStore) -> None:
    taken = [an_upload("a", idempotency_key="k"), an_upload("a"), an_upload("b", idempotency_key="k")]
    assert await add(store, *taken, an_upload("c"), an_upload("d")) == [True, False, False, True, True]
    async with store.snapshot() as snapshot:
        assert await snapshot.uploads.get("b") is None


async def test_the_latest_completed_import_of_the_same_bytes(store: SqlStore) -> None:
    await add(
        store,
        an_upload("old", created_at=1, sha256="s", state="completed"),
        an_upload("late", created_at=2, sha256="s", state="completed"),
        an_upload("failed", created_at=3, sha256="s", state="failed"),
    )
    async with store.snapshot() as snapshot:
        latest = await snapshot.uploads.by_sha256("s", other_than="new")
        before = await snapshot.uploads.by_sha256("s", other_than="late")
        assert await snapshot.uploads.by_sha256("t", other_than="") is None
    assert (latest and latest.id, before and before.id) == ("late", "old")


async def test_history_is_newest_first_and_pages_meet(store: SqlStore) -> None:
    times = {"a": 1, "b": 3, "c": 3, "d": 2}
    await add(store, *[an_upload(name, created_at=at_ms) for name, at_ms in times.items()])
    async with store.snapshot() as snapshot:
        first, position = await snapshot.uploads.page(limit=3, before=None)
        rest, end = await snapshot.uploads.page(limit=3, before=position)
    assert [upload.id for upload in first + rest] == ["c", "b", "d", "a"]
    assert end is None


async def test_unfinished_imports_are_oldest_first(store: SqlStore) -> None:
    states = ["completed", "interrupted", "processing", "receiving", "failed", "cancelled", "undone"]
    await add(store, *[an_upload(state, created_at=9 - i, state=state) for i, state in enumerate(states)])
    async with store.snapshot() as snapshot:
        assert [one.id for one in await snapshot.uploads.unfinished()] == [
            "receiving",
            "processing",
            "interrupted",
        ]


async def test_rejected_rows_come_back_in_file_order(store: SqlStore) -> None:
    problem = Problem("local_info.capacity", "out_of_range", "no", "-5")
    rows = [RejectedRow(n + 1, n, ("=1+1", "é\n"), (problem, problem)) for n in range(1, 41)]
    async with store.transaction() as transaction:
        await transaction.uploads.add_rejected("a", rows[20:])
        await transaction.uploads.add_rejected("a", rows[:20])
        await transaction.uploads.add_rejected("b", rows[:1])
        await transaction.uploads.add_rejected("a", [])
    async with store.snapshot() as snapshot:
        assert await snapshot.uploads.rejected("a", after_record=0, limit=99) == rows
        assert await snapshot.uploads.rejected("a", after_record=10, limit=2) == rows[10:12]
    async with store.transaction() as transaction:
        await transaction.uploads.clear_rejected("a")
    async with store.snapshot() as snapshot:
        assert await snapshot.uploads.rejected("a", after_record=0, limit=9) == []
        assert await snapshot.uploads.rejected("b", after_record=0, limit=9) == rows[:1]

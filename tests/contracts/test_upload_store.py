"""What every store of imports keeps to."""

from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from api.storage.schema import uploads
from api.storage.store import SqlStore
from domain.imports import ImportOptions, RejectedRow, Upload
from domain.problems import Problem
from domain.remembered import Remembered
from tests.contracts.samples import an_event, an_upload

pytestmark = pytest.mark.anyio


async def add(store: SqlStore, *uploads: Upload) -> list[bool]:
    async with store.transaction() as transaction:
        return [await transaction.uploads.add(upload) for upload in uploads]


async def test_an_import_is_read_as_it_was_saved(store: SqlStore) -> None:
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


@pytest.mark.parametrize(
    ("saved", "created"),
    [({"accepted": 7}, 7), ({"accepted": 0}, 0), ({"accepted": 7, "created": 0, "updated": 7}, 0)],
    ids=["rows of 0.1", "no rows of 0.1", "rows of today"],
)
async def test_rows_that_0_1_accepted_are_told_as_created(
    store: SqlStore, saved: dict[str, Any], created: int
) -> None:
    # A name that speaks of the member is no count.
    upload = an_upload("a", filename='"created":.csv', **saved)
    body = msgspec.json.decode(msgspec.json.encode(upload))
    if "created" not in saved:
        for member in ("created", "updated", "unchanged", "skipped"):
            del body[member]
    await add(store, upload)
    async with store.transaction() as transaction:
        text = msgspec.json.encode(body).decode()
        await transaction.uploads._unit.run(sa.update(uploads).values(body=text))
    async with store.snapshot() as snapshot:
        read = await snapshot.uploads.get("a")
    assert read == msgspec.structs.replace(upload, created=created)


async def test_an_id_or_key_in_use_stores_nothing(store: SqlStore) -> None:
    taken = [an_upload("a", idempotency_key="k"), an_upload("a"), an_upload("b", idempotency_key="k")]
    assert await add(store, *taken, an_upload("c"), an_upload("d")) == [True, False, False, True, True]
    async with store.snapshot() as snapshot:
        assert await snapshot.uploads.get("b") is None


async def test_the_latest_stored_import_of_the_same_bytes_is_found(store: SqlStore) -> None:
    def same(upload_id: str, at_ms: int, **members: Any) -> Upload:
        return an_upload(upload_id, created_at=at_ms, sha256="s", **{"state": "completed"} | members)

    second = {"sheet": "B", "sheet_number": "2 of 2"}
    async with store.transaction() as transaction:
        for upload_id, events in (("old", 2), ("kept", 1), ("deleted", 1)):
            ids = await transaction.events.insert([an_event()] * events, upload_id=upload_id, at_ms=1)
    async with store.transaction() as transaction:
        await transaction.events.delete(ids[0])
    await add(
        store,
        same("old", 0, first_event_id=1, dialect={"sheet": "A"}),
        same("kept", 1, first_event_id=3, state="undone", undone={"kept": 1}, dialect=second),
        same("late", 2, state="cancelled", updated=3),
        same("empty", 3),
        same("dry", 4, first_event_id=1, options=ImportOptions(dry_run=True)),
        same("undone", 5, first_event_id=1, state="undone", undone={"kept": 0}),
        same("deleted", 5, first_event_id=4),
        same("coming", 6, first_event_id=1, state="processing"),
    )
    async with store.snapshot() as snapshot:
        latest = await snapshot.uploads.by_sha256("s", other_than="new")
        before = await snapshot.uploads.by_sha256("s", other_than="late")
        assert await snapshot.uploads.by_sha256("t", other_than="") is None
        of_sheets = [
            await snapshot.uploads.by_sha256("s", other_than="late", sheet=name) for name in ("1", "b")
        ]
        stored = await snapshot.uploads.stored_events(["old", "kept", "deleted", "late"])
        assert await snapshot.uploads.stored_events([]) == {}
    assert (latest and latest.id, before and before.id) == ("late", "kept")
    assert [one and one.id for one in of_sheets] == ["old", "kept"]
    assert stored == {"old": 2, "kept": 1}


async def test_import_history_pages_are_newest_first_without_gap_or_repeat(store: SqlStore) -> None:
    times = {"a": 1, "b": 3, "c": 3, "d": 2}
    await add(store, *[an_upload(name, created_at=at_ms) for name, at_ms in times.items()])
    async with store.snapshot() as snapshot:
        first, position = await snapshot.uploads.page(limit=3, before=None)
        rest, end = await snapshot.uploads.page(limit=3, before=position)
    assert [upload.id for upload in first + rest] == ["c", "b", "d", "a"]
    assert end is None


async def test_unfinished_imports_are_found_and_counted(store: SqlStore) -> None:
    states = ["completed", "interrupted", "processing", "receiving", "failed", "cancelled", "undone"]
    await add(store, *[an_upload(state, created_at=9 - i, state=state) for i, state in enumerate(states)])
    async with store.snapshot() as snapshot:
        unfinished = await snapshot.uploads.unfinished_ids()
        assert sorted(unfinished) == ["interrupted", "processing", "receiving"]
        assert await snapshot.uploads.count(["receiving", "completed"]) == 2


async def test_staged_bytes_of_a_person_count_only_unfinished_imports(store: SqlStore) -> None:
    await add(
        store,
        an_upload("a", actor="ana", bytes_received=5),
        an_upload("b", actor="ana", bytes_received=7, state="interrupted"),
        an_upload("c", actor="ana", bytes_received=11, state="completed"),
        an_upload("d", actor="bia", bytes_received=13),
    )
    async with store.transaction() as transaction:
        assert await transaction.uploads.staged_bytes("ana") == 12
        assert await transaction.uploads.staged_bytes() == 25
        await transaction.uploads.save(an_upload("a", actor="ana", bytes_received=6))
        await transaction.uploads.save(an_upload("b", actor="ana", bytes_received=8, state="failed"))
        assert await transaction.uploads.staged_bytes("ana") == 6
        assert await transaction.uploads.staged_bytes("nobody") == 0


async def test_rejected_rows_are_read_in_file_order(store: SqlStore) -> None:
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


async def test_rejected_rows_are_found_replaced_and_deleted_by_line_and_record(store: SqlStore) -> None:
    def row(record: int, *cells: str) -> RejectedRow:
        return RejectedRow(record * 10, record, cells, (Problem("city", "required", "city is required"),))

    await add(store, an_upload("a"), an_upload("b"))
    async with store.transaction() as transaction:
        await transaction.uploads.add_rejected("a", [row(number, "x") for number in range(1, 6)])
        await transaction.uploads.add_rejected("b", [row(2, "other")])
        assert [one.record for one in await transaction.uploads.rejected_at("a", [20, 40, 41])] == [2, 4]
        named = await transaction.uploads.rejected_records("a", [4, 2, 9, 20])
        assert sorted(one.record for one in named) == [2, 4]
        await transaction.uploads.replace_rejected("a", [row(2, "mended")])
        await transaction.uploads.forget_rejected("a", [1, 5])
    async with store.snapshot() as snapshot:
        left = await snapshot.uploads.rejected("a", after_record=0, limit=10)
        assert [(one.record, one.cells) for one in left] == [(2, ("mended",)), (3, ("x",)), (4, ("x",))]
        assert len(await snapshot.uploads.rejected("b", after_record=0, limit=10)) == 1


async def test_a_staged_import_counts_as_unfinished(store: SqlStore) -> None:
    await add(store, an_upload("a", state="staged"), an_upload("b", state="undoing"))
    async with store.snapshot() as snapshot:
        assert await snapshot.uploads.unfinished_ids() == ["a"]


async def test_the_last_options_saved_for_a_header_are_returned(store: SqlStore) -> None:
    full = Remembered({"title": "X", "city": None}, {"city": "São"}, "dmy", {"venue_type": {"a": "b"}})
    async with store.transaction() as transaction:
        await transaction.uploads.remember("a", Remembered(date_format="mdy"), at_ms=1)
        await transaction.uploads.remember("b", Remembered(date_format="mdy"), at_ms=2)
        await transaction.uploads.remember("a", full, at_ms=3)
    async with store.snapshot() as snapshot:
        assert await snapshot.uploads.remembered("a") == full
        assert await snapshot.uploads.remembered("b") == Remembered(date_format="mdy")
        assert await snapshot.uploads.remembered("c") is None


async def test_only_the_newest_remembered_headers_are_kept(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.storage.uploads.MAX_SHAPES", 3)
    order = Remembered(date_format="dmy")
    for at_ms, shape in enumerate(["a", "b", "c", "a", "d"]):
        async with store.transaction() as transaction:
            await transaction.uploads.remember(shape, order, at_ms=at_ms)
    async with store.snapshot() as snapshot:
        kept = {shape: await snapshot.uploads.remembered(shape) for shape in "abcd"}
    assert kept == {"a": order, "b": None, "c": order, "d": order}

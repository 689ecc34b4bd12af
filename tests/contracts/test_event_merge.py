"""What every store of events keeps to when an import meets events that are stored already."""

import secrets
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import anyio
import asyncpg
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.storage import text_index
from api.storage.event_keys import BY_IDS
from api.storage.event_packing import pack
from api.storage.postgres.unit import FIND_TEXT, change_text
from api.storage.store import SqlStore
from domain.event_columns import EventColumns
from domain.events import Event, EventFields
from domain.imports import OnDuplicate
from domain.merge import DEFAULT_KEY, Merged, MergeRule, key_of
from domain.ports.events import EventCounts, EventFilter, TakeBackPosition
from domain.seen_rows import SeenRows
from domain.venues import Venue
from tests.contracts.conftest import opened, postgres_database
from tests.contracts.samples import an_event

pytestmark = pytest.mark.anyio

ALL = frozenset(("title", "description", "event_date", "city", "participants", "local_info"))
UPDATE = MergeRule("update", fields=ALL)


async def merge(
    store: SqlStore,
    rows: Sequence[EventFields],
    rule: MergeRule = UPDATE,
    *,
    upload_id: str = "u",
    ids: Sequence[str] = (),
    **options: Any,
) -> Merged:
    batch = msgspec.structs.replace(pack(EventColumns.of(rows)), ids=[*ids])
    async with store.transaction() as tx:
        return await tx.events.merge_batch(batch, rule, upload_id=upload_id, at_ms=5, **options)


async def stored(store: SqlStore) -> list[Event]:
    async with store.snapshot() as snapshot:
        return [event async for chunk in snapshot.events.scan(EventFilter()) for event in chunk]


async def take_back(store: SqlStore, upload_id: str = "u", limit: int = 2) -> tuple[int, int, list[int]]:
    position: TakeBackPosition | None = TakeBackPosition()
    deleted, restored, kept = 0, 0, set[int]()
    while position is not None:
        async with store.transaction() as tx:
            part = await tx.events.take_back(upload_id, position, limit=limit, at_ms=9)
        position = part.position
        deleted, restored, kept = deleted + part.deleted, restored + part.restored, kept | {*part.kept}
    return deleted, restored, sorted(kept)


def of(event: Event) -> dict[str, Any]:
    return {name: getattr(event, name) for name in EventFields.__struct_fields__ if name != "instant_us"}


def fields(one: EventFields) -> dict[str, Any]:
    return {name: getattr(one, name) for name in EventFields.__struct_fields__ if name != "instant_us"}


async def counts(store: SqlStore) -> EventCounts:
    async with store.snapshot() as snapshot:
        return await snapshot.events.counts(now_us=0)


async def recounted(store: SqlStore) -> tuple[int, int, int]:
    events = await stored(store)
    capacity = sum(event.local_info.capacity for event in events if event.local_info)
    return len(events), sum(len(event.participants) for event in events), capacity


async def test_a_row_with_a_stored_key_updates_that_event(store: SqlStore) -> None:
    first = await merge(store, [an_event("a"), an_event("b")])
    assert first.counts().all() == (2, 0, 0, 0)
    second = await merge(
        store, [an_event("a", description="new"), an_event("b"), an_event("c")], upload_id="v"
    )
    assert second.counts().all() == (1, 1, 1, 0)
    events = await stored(store)
    assert [(e.title, e.description, e.version, e.upload_id) for e in events] == [
        ("a", "new", 2, "u"),
        ("b", "", 1, "u"),
        ("c", "", 1, "v"),
    ]
    assert (second.first_id, second.last_id) == (events[0].id, events[2].id)


async def test_searches_find_texts_changed_by_an_import_immediately(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def sought() -> list[list[str]]:
        found = []
        for few in (0, 2000):
            monkeypatch.setattr(text_index, "FEW", few)
            async with store.snapshot() as snapshot:
                for q in ("antes", "depois", "casa"):
                    where = EventFilter(q=q)
                    page = await snapshot.events.page(where, sort="id", limit=10, after=None)
                    assert page.total == len(page.items)
                    found.append([event.title for event in page.items])
        assert found[:3] == found[3:]
        return found[:3]

    async def index() -> None:
        if store.indexing is not None:
            await store.indexing.index_texts(3)

    titles = ["casa 1", "casa 2", "casa 3", "casa 4", "casa 5"]
    await merge(store, [an_event(title, description="antes") for title in titles])
    for _ in range(2):
        await index()
    assert await sought() == [titles, [], titles]
    await merge(store, [an_event(title, description="depois") for title in titles], upload_id="v")
    assert await sought() == [[], titles, titles]
    first, second, *_ = [event.id for event in await stored(store)]
    async with store.transaction() as tx:
        await tx.events.replace(first, an_event("casa 1", description="outra"), at_ms=6)
        await tx.events.delete(second)
    for _ in range(4):
        assert await sought() == [[], titles[2:], [titles[0], *titles[2:]]]
        await index()
    await merge(store, [an_event("casa 3", description="antes")], upload_id="w")
    await take_back(store, "v")
    assert await sought() == [titles[2:], [], [titles[0], *titles[2:]]]
    async with store.transaction() as tx:
        await tx.events.delete_matching(EventFilter())
    await merge(store, [an_event("casa 6", description="antes")], upload_id="x")
    for _ in range(3):
        assert await sought() == [["casa 6"], [], ["casa 6"]]
        await index()


async def test_skip_mode_leaves_stored_events_unchanged(store: SqlStore) -> None:
    await merge(store, [an_event("a")])
    rule = MergeRule("skip", fields=ALL)
    merged = await merge(store, [an_event("a", description="new"), an_event("b")], rule, upload_id="v")
    assert merged.counts().all() == (1, 0, 0, 1)
    assert [(e.title, e.description) for e in await stored(store)] == [("a", ""), ("b", "")]


async def test_an_update_leaves_fields_without_a_column_unchanged(store: SqlStore) -> None:
    venue = Venue("Praça", 10, "Praça", address="Rua 1", past_events=("x",))
    await merge(store, [an_event("a", description="kept", local_info=venue)])
    rule = MergeRule("update", fields=frozenset(("title", "event_date", "city", "local_info.capacity")))
    await merge(store, [an_event("a", participants=(), local_info=Venue("Praça", 20))], rule)
    (event,) = await stored(store)
    assert (event.description, event.participants) == ("kept", ("Alice", "Bob"))
    assert event.local_info == msgspec.structs.replace(venue, capacity=20)


async def test_rows_match_by_id_else_by_key(store: SqlStore) -> None:
    await merge(store, [an_event("a"), an_event("b")])
    first, second = await stored(store)
    rule = MergeRule("update", has_ids=True, fields=ALL | {"id"})
    rows = [an_event("renamed"), an_event("b", city="Olinda"), an_event("new"), an_event("gone")]
    ids = [str(first.id), f"{second.id}.0", "", "999"]
    merged = await merge(store, rows, rule, ids=ids, upload_id="v")
    assert merged.counts().all() == (2, 2, 0, 0)
    assert merged.warnings == {"unknown_id": 1}
    assert [(e.title, e.city) for e in await stored(store)] == [
        ("renamed", "Recife"),
        ("b", "Olinda"),
        ("new", "Recife"),
        ("gone", "Recife"),
    ]
    again = await merge(store, rows, rule, ids=ids, upload_id="w")
    assert again.counts().all() == (0, 0, 4, 0)


@pytest.mark.parametrize(
    ("on_duplicate", "changes", "warnings"),
    [
        ("update", {"event_date": "2030-01-01T10:00:00", "city": "Manaus"}, {"another_event": 1}),
        ("skip", {"event_date": "2030-01-01T10:00:00", "city": "Manaus"}, {}),
        ("update", {"event_date": "2030-01-01T10:00:00"}, {}),
        ("update", {"city": "Manaus"}, {}),
    ],
)
async def test_a_row_with_the_id_of_quite_another_event_is_told(
    store: SqlStore, on_duplicate: OnDuplicate, changes: dict[str, str], warnings: dict[str, int]
) -> None:
    await merge(store, [an_event("a")])
    (event,) = await stored(store)
    rule = MergeRule(on_duplicate, has_ids=True, fields=ALL | {"id"})
    merged = await merge(store, [an_event("b", **changes)], rule, ids=[str(event.id)], upload_id="v")
    assert merged.warnings == warnings


@pytest.mark.parametrize("on_duplicate", ["update", "skip"])
@pytest.mark.parametrize("text", ["EV-12", "abc", "0", "132.000", "1.33E+05", "9" * 25, '{"$oid":"65"}'])
async def test_a_row_whose_id_cannot_be_read_is_counted(
    store: SqlStore, text: str, on_duplicate: OnDuplicate
) -> None:
    await merge(store, [an_event("a")])
    rule = MergeRule(on_duplicate, has_ids=True, fields=ALL | {"id"})
    rows = [an_event("b"), an_event("a"), an_event("c")]
    merged = await merge(store, rows, rule, ids=[text, text, ""], upload_id="v")
    assert merged.warnings == {"unknown_id": 2}
    assert merged.counts().created == 2


async def test_an_id_in_the_format_of_a_spreadsheet_finds_its_event(store: SqlStore) -> None:
    await merge(store, [an_event(f"e{n}") for n in range(3)])
    ids = [event.id for event in await stored(store)]
    rule = MergeRule("update", has_ids=True, fields=ALL | {"id"})
    rows = [an_event(f"n{n}") for n in range(3)]
    merged = await merge(store, rows, rule, ids=[f"{ids[0]},0", f" {ids[1]} ", f"{ids[2]}.00"], upload_id="v")
    assert (merged.counts().updated, merged.warnings) == (3, {})


HALL = Venue("Teatro", capacity=10, venue_type="Teatro")
WITH_DEFAULTS = [
    ({"description"}, {"description": "novo"}, {"default_not_used": 1}),
    ({"description"}, {"description": "old"}, {}),
    ({"participants"}, {"participants": ("Zé",)}, {"default_not_used": 1}),
    ({"participants"}, {"participants": ("Alice", "Bob")}, {}),
    ({"local_info.location_name"}, {"local_info": Venue("Arena")}, {"default_not_used": 1}),
    ({"local_info.location_name"}, {"local_info": Venue("Teatro")}, {}),
    ({"local_info.capacity"}, {"local_info": Venue("Teatro", capacity=99)}, {"default_not_used": 1}),
    ({"local_info.capacity"}, {"local_info": Venue("Teatro", capacity=10)}, {}),
    ({"local_info.capacity"}, {"local_info": None}, {}),
    (set(), {"description": "novo"}, {}),
]


@pytest.mark.parametrize(("defaults", "changes", "warnings"), WITH_DEFAULTS)
@pytest.mark.parametrize("by_id", [True, False])
@pytest.mark.parametrize("dry", [True, False])
async def test_a_default_that_a_stored_event_does_not_take_is_told(
    store: SqlStore,
    defaults: set[str],
    changes: dict[str, Any],
    warnings: dict[str, int],
    *,
    by_id: bool,
    dry: bool,
) -> None:
    before = {"description": "old", "participants": ("Alice", "Bob"), "local_info": HALL}
    await merge(store, [an_event("a", **before)])
    (event,) = await stored(store)
    fields = frozenset(("title", "event_date", "city"))
    rule = MergeRule("update", has_ids=by_id, fields=fields, defaults=frozenset(defaults))
    rows, ids = [an_event("a", **{**before, **changes}), an_event("new", **changes)], [str(event.id), ""]
    seen = {"dry_run": SeenRows()} if dry else {}
    merged = await merge(store, rows, rule, ids=ids, upload_id="v", **seen)
    assert merged.warnings == warnings
    assert merged.counts().all() == (1, 0, 1, 0)
    assert (await stored(store))[0] == event


async def test_skipped_rows_take_no_defaults_and_tell_nothing(store: SqlStore) -> None:
    await merge(store, [an_event("a")])
    rule = MergeRule("skip", fields=frozenset(("title",)), defaults=frozenset(("description",)))
    assert (await merge(store, [an_event("a", description="x")], rule, upload_id="v")).warnings == {}


@pytest.mark.parametrize(
    ("fields", "event_date", "warnings"),
    [
        (ALL, "T00:00:00", {"time_lost": 1}),
        (ALL - {"description"}, "T00:00:00", {"time_lost": 1}),
        (ALL | {"event_time"}, "T00:00:00", {}),
        (ALL, "T19:30:00", {}),
        (ALL - {"event_date"}, "T00:00:00", {}),
    ],
)
@pytest.mark.parametrize("by_id", [True, False])
async def test_dates_alone_that_take_the_times_are_told(
    store: SqlStore, fields: frozenset[str], event_date: str, warnings: dict[str, int], *, by_id: bool
) -> None:
    await merge(store, [an_event("a")])
    (event,) = await stored(store)
    rule = MergeRule("update", ("title",), has_ids=by_id, fields=fields)
    row = an_event("a", event_date=event.event_date[:10] + event_date)
    merged = await merge(store, [row], rule, ids=[str(event.id)], upload_id="v")
    assert merged.warnings == warnings
    moved = await merge(store, [an_event("a", event_date="2031-02-03T00:00:00")], rule, ids=[str(event.id)])
    assert "time_lost" not in moved.warnings


@pytest.mark.parametrize("rule", [UPDATE, MergeRule("skip", fields=ALL)])
@pytest.mark.parametrize("size", [1, 2])
async def test_the_later_of_two_rows_with_the_same_key_wins(
    store: SqlStore, rule: MergeRule, size: int
) -> None:
    rows = [an_event("a", description="1"), an_event("a", description="2")]
    for start in range(0, 2, size):
        merged = await merge(store, rows[start : start + size], rule)
    assert merged.warnings == {"repeated_key": 1}
    assert [(e.description, e.version) for e in await stored(store)] == [("2", 1)]
    assert await take_back(store) == (1, 0, [])


async def test_a_dry_run_changes_nothing(store: SqlStore) -> None:
    await merge(store, [an_event("a")])
    merged = await merge(store, [an_event("a", description="x"), an_event("b")], dry_run=SeenRows())
    assert merged.counts().all() == (1, 1, 0, 0)
    assert [(e.title, e.description) for e in await stored(store)] == [("a", "")]


async def test_a_key_matches_exactly_and_takes_the_oldest_event(store: SqlStore) -> None:
    async with store.transaction() as tx:
        await tx.events.insert([an_event("a"), an_event("a"), an_event("A")], upload_id=None, at_ms=1)
    merged = await merge(store, [an_event("a", description="new")])
    assert merged.warnings == {"several_events": 1}
    assert [e.description for e in await stored(store)] == ["new", "", ""]


@pytest.mark.parametrize("key", [("title",), ("city", "description"), ("event_date", "local_info.capacity")])
async def test_any_fields_can_be_the_key(store: SqlStore, key: tuple[str, ...]) -> None:
    rule = MergeRule("update", key, fields=ALL)
    await merge(store, [an_event("a", description="x")], rule)
    merged = await merge(store, [an_event("a", description="x", participants=("Zoë",))], rule)
    assert merged.counts().all() == (0, 1, 0, 0)
    assert [e.participants for e in await stored(store)] == [("Zoë",)]


async def test_undo_deletes_new_events_restores_updated_ones_and_keeps_edited_ones(store: SqlStore) -> None:
    await merge(store, [an_event(name) for name in "abcd"], upload_id="old")
    before = await stored(store)
    rows = [an_event(name, description="new") for name in "abcdef"]
    await merge(store, rows)
    edited = (await stored(store))[1]
    async with store.transaction() as tx:
        await tx.events.replace(edited.id, an_event("b", description="mine"), at_ms=6)
        await tx.events.delete(before[2].id)
    assert await take_back(store) == (2, 3 - 1, [edited.id])
    after = await stored(store)
    assert [of(e) for e in after] == [of(before[0]), of(before[1]) | {"description": "mine"}, of(before[3])]
    totals = await counts(store)
    assert (totals.events, totals.participants, totals.capacity) == await recounted(store)


async def test_successive_imports_of_one_event_can_all_be_undone(store: SqlStore) -> None:
    await merge(store, [an_event("a")], upload_id="1")
    await merge(store, [an_event("a", description="2")], upload_id="2")
    await merge(store, [an_event("a", description="3")], upload_id="3")
    assert await take_back(store, "3") == (0, 1, [])
    assert await take_back(store, "2") == (0, 1, [])
    assert await take_back(store, "1") == (1, 0, [])
    assert await stored(store) == []


async def test_undo_restores_and_reports_an_event_changed_by_several_batches_once(
    store: SqlStore,
) -> None:
    await merge(store, [an_event(name) for name in "abc"], upload_id="old")
    for description in "123":
        await merge(store, [an_event(name, description=description) for name in "abc"], upload_id="u")
    edited, deleted = (await stored(store))[1:]
    async with store.transaction() as tx:
        await tx.events.replace(edited.id, an_event("b", description="mine"), at_ms=6)
        await tx.events.delete(deleted.id)
    kept: list[int] = []
    restored = 0
    position: TakeBackPosition | None = TakeBackPosition()
    while position is not None:
        async with store.transaction() as tx:
            part = await tx.events.take_back("u", position, limit=2, at_ms=9)
        kept, restored, position = kept + part.kept, restored + part.restored, part.position
    assert (restored, kept) == (1, [edited.id])
    assert [(e.title, e.description, e.version) for e in await stored(store)] == [
        ("a", "", 7),
        ("b", "mine", 5),
    ]
    # It is again its first version, which the first import may take out.
    assert await take_back(store, "old") == (1, 0, [edited.id])


async def test_undo_leaves_events_whose_history_was_forgotten(store: SqlStore) -> None:
    await merge(store, [an_event("a")], upload_id="1")
    await merge(store, [an_event("a", description="2")], upload_id="2")
    async with store.transaction() as tx:
        assert await tx.events.forget_history(before_ms=5, limit=10) == 0
        assert await tx.events.forget_history(before_ms=6, limit=10) == 1
    assert await take_back(store, "2") == (0, 0, [])
    assert [e.description for e in await stored(store)] == ["2"]


async def test_keys_find_events_whose_index_entries_are_deferred(store: SqlStore) -> None:
    rows = [an_event(f"e{number}") for number in range(1200)]
    async with store.transaction() as tx:
        await tx.events.insert(rows, upload_id="u", at_ms=1)
    merged = await merge(store, rows[:5], upload_id="v")
    assert merged.counts().all() == (0, 0, 5, 0)
    more = True
    while more:
        async with store.transaction() as tx:
            more = await tx.events.prepare_to_merge(500)
    merged = await merge(store, rows[-5:], upload_id="w")
    assert merged.counts().all() == (0, 0, 5, 0)


EVENTS = st.builds(
    lambda title, day, city, description, venue, participants: an_event(
        title,
        on=f"2025-07-0{day}T10:00:00",
        city=city,
        description=description,
        local_info=venue,
        participants=participants,
    ),
    st.sampled_from("abÁ"),
    st.integers(1, 2),
    st.sampled_from(["Recife", "recife"]),
    st.sampled_from(["", "1", "2"]),
    st.sampled_from([None, Venue("Praça", 1), Venue("Praça", 2, "Praça"), Venue("Arena", 1, "Arena")]),
    st.sampled_from([(), ("Alice",), ("Alice", "Bob")]),
)
IMPORTS = st.tuples(
    st.lists(st.lists(EVENTS, min_size=1, max_size=6), min_size=1, max_size=3),
    st.sampled_from(["update", "skip"]),
    st.booleans(),
)
"""Batches, what is done about keys that are stored, and whether the import is undone at its end."""


@settings(max_examples=10)
@given(imports=st.lists(IMPORTS, min_size=1, max_size=5))
def test_imports_by_key_behave_like_a_dictionary(
    store_url: str, tmp_path: Path, imports: list[tuple[list[list[EventFields]], OnDuplicate, bool]]
) -> None:
    async def run() -> None:
        async with opened(store_url, tmp_path, []) as store:
            async with store.transaction() as tx:
                await tx.events.delete_matching(EventFilter())
            model: dict[tuple[object, ...], EventFields] = {}
            for batches, on_duplicate, is_undone in imports:
                after = await imported(store, model, batches, MergeRule(on_duplicate, fields=ALL), is_undone)
                model = model if is_undone else after

    anyio.run(run)


async def imported(
    store: SqlStore,
    model: dict[tuple[object, ...], EventFields],
    batches: list[list[EventFields]],
    rule: MergeRule,
    is_undone: bool,
) -> dict[tuple[object, ...], EventFields]:
    """Import batches, perhaps undo that; return what a dictionary has after the import."""
    before = await stored(store)
    after = dict(model)
    for row in chain.from_iterable(batches):
        key = key_of(row, DEFAULT_KEY)
        if rule.on_duplicate == "update" or key not in model:
            after[key] = row
    upload_id, seen = secrets.token_hex(8), SeenRows()
    foretold = [await merge(store, rows, rule, upload_id=upload_id, dry_run=seen) for rows in batches]
    assert await stored(store) == before
    done = [await merge(store, rows, rule, upload_id=upload_id) for rows in batches]
    assert [one.outcomes for one in foretold] == [one.outcomes for one in done]
    await holds(store, after)
    if is_undone:
        await take_back(store, upload_id, limit=2)
        await holds(store, model)
        assert {event.id for event in await stored(store)} == {event.id for event in before}
    return after


async def holds(store: SqlStore, model: dict[tuple[object, ...], EventFields]) -> None:
    """Compare a store with a dictionary, and its counts with what is counted anew."""
    as_text = sorted(map(str, map(of, await stored(store))))
    assert as_text == sorted(map(str, map(fields, model.values())))
    totals = await counts(store)
    assert (totals.events, totals.participants, totals.capacity) == await recounted(store)
    for kind in ("Praça", "Arena"):
        filtered = EventFilter(venue_type=kind)
        async with store.snapshot() as snapshot:
            page = await snapshot.events.page(filtered, sort="id", limit=100, after=None)
        wanted = [
            one for one in model.values() if kind in (None, one.local_info and one.local_info.venue_type)
        ]
        assert page.total == len(page.items) == len(wanted)


async def test_an_event_changed_and_changed_back_in_one_batch_is_unchanged(store: SqlStore) -> None:
    await merge(store, [an_event("a"), an_event("b")])
    rows = [an_event("a", description="2"), an_event("b", description="2"), an_event("a")]
    merged = await merge(store, rows, upload_id="v")
    assert merged.counts().all() == (0, 3, 0, 0)
    assert [(e.description, e.version) for e in await stored(store)] == [("", 1), ("2", 2)]
    assert await take_back(store, "v") == (0, 1, [])
    assert [(e.description, e.version) for e in await stored(store)] == [("", 1), ("", 3)]


async def test_a_dry_run_counts_a_key_repeated_over_batches_as_new_once(store: SqlStore) -> None:
    seen = SeenRows()
    rows = [an_event("a"), an_event("a"), an_event("a", description="2"), an_event("b")]
    merged = [await merge(store, [row], dry_run=seen) for row in rows]
    assert [one.counts().all() for one in merged] == [
        (1, 0, 0, 0),
        (0, 0, 1, 0),
        (0, 1, 0, 0),
        (1, 0, 0, 0),
    ]
    assert [one.warnings.get("repeated_key") for one in merged] == [None, 1, 1, None]


@pytest.mark.parametrize("on_duplicate", ["update", "skip"])
@pytest.mark.parametrize("at_once", [1, 2, 5])
async def test_a_repeated_key_is_warned_of_alike_in_any_batches_and_in_a_check(
    store: SqlStore, on_duplicate: OnDuplicate, at_once: int
) -> None:
    rule = msgspec.structs.replace(UPDATE, on_duplicate=on_duplicate)
    await merge(store, [an_event("a"), an_event("b")])
    rows = [an_event(title, description=text) for title, text in zip("acaca", "12233", strict=True)]
    batches = [rows[at : at + at_once] for at in range(0, len(rows), at_once)]
    checked, met = SeenRows(), SeenRows()
    dry = [await merge(store, some, rule, upload_id="", dry_run=checked) for some in batches]
    real = [await merge(store, some, rule, upload_id="v", met=met) for some in batches]
    told = [sum(one.warnings.get("repeated_key", 0) for one in merged) for merged in (dry, real)]
    assert told == [3, 3]


async def test_postgresql_merges_without_a_sequential_scan(postgres: str, tmp_path: Path) -> None:
    with postgres_database() as url:
        async with opened(url, tmp_path, []) as store:
            rows = [
                an_event(f"e{number}", on=f"2025-07-{number % 28 + 1:02}T10:00:00") for number in range(5000)
            ]
            await merge(store, rows)
        connection = await asyncpg.connect(url)
        try:
            await connection.execute("ANALYZE events")
            # So small a table may be read whole at about the price of an index: only what must read it does.
            await connection.execute("SET enable_seqscan = off")
            for name, query, values in (
                ("ids", BY_IDS["postgresql"].replace(":ids", "$1"), ("[1,2,3]",)),
                (
                    "keys",
                    FIND_TEXT,
                    (["e1"], [1751450400000000], ["recife"]),
                ),
                ("change", change_text(("description",)), (1, [1, 2], [1, 1], ["x", "y"])),
            ):
                plan = "\n".join(row[0] for row in await connection.fetch(f"EXPLAIN {query}", *values))
                assert "Seq Scan" not in plan, (name, plan)
                assert "Index Scan" in plan, (name, plan)
        finally:
            await connection.close()

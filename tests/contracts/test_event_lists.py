"""Lists, scans and deletions give what a plain look at every event gives, whatever the indexes have of it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

import anyio
import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from api.storage.sqlite import deferred_index
from api.storage.store import SqlStore
from domain.events import Event
from domain.ports.events import EventFilter, EventSort, EventStore
from domain.venues import Venue
from tests.conftest import THOROUGH
from tests.contracts.conftest import opened
from tests.contracts.samples import an_event, at_us, take_back

CITIES, TYPES, UPLOADS = ["Recife", "Olinda"], ["Teatro", "Museu", None], ["u", "v"]
DAYS = [f"2026-03-{day:02}T{hour:02}:00:00Z" for day in (1, 2) for hour in (0, 12)]

events = st.builds(
    lambda title, day, city, kind: an_event(
        title, on=day.removesuffix("Z"), city=city, local_info=Venue("Sala", 1, kind) if kind else None
    ),
    st.sampled_from(["a", "b", "ção"]),
    st.sampled_from(DAYS),
    st.sampled_from(CITIES),
    st.sampled_from(TYPES),
)
filters = st.builds(
    EventFilter,
    city=st.sampled_from([None, *CITIES]),
    venue_type=st.sampled_from([None, "Teatro"]),
    upload_id=st.sampled_from([None, *UPLOADS]),
    from_us=st.sampled_from([None, at_us("2026-03-01T12:00:00")]),
    to_us=st.sampled_from([None, at_us("2026-03-02T12:00:00")]),
)
inserts = st.tuples(
    st.just("insert"), st.lists(events, min_size=1, max_size=7), st.sampled_from([*UPLOADS, None])
)
steps = st.lists(
    st.one_of(
        inserts,
        st.tuples(st.just("entries"), st.integers(1, 9)),
        st.tuples(st.just("replace"), st.integers(0, 9), events),
        st.tuples(st.just("delete"), filters.filter(lambda where: where != EventFilter())),
        st.tuples(st.just("delete all")),
        st.tuples(st.just("undo"), st.sampled_from(UPLOADS)),
        st.tuples(st.just("reopen")),
    ),
    max_size=8,
)
KEYS = {
    "event_date": lambda event: (instant(event), event.id),
    "-event_date": lambda event: (-instant(event), -event.id),
    "title": lambda event: ("cao" if event.title == "ção" else event.title, event.id),
    "id": lambda event: event.id,
    "-id": lambda event: -event.id,
}


def instant(event: Event) -> int:
    return at_us(event.event_date)


def expected(stored: list[Event], where: EventFilter) -> list[Event]:
    return [
        event
        for event in stored
        if where.city in {None, event.city}
        and where.venue_type in {None, event.local_info and event.local_info.venue_type}
        and where.upload_id in {None, event.upload_id}
        and instant(event) >= (where.from_us or 0)
        and instant(event) < (where.to_us or 1 << 62)
    ]


async def every_event(store: SqlStore) -> list[Event]:
    async with store.snapshot() as snapshot:
        return [event async for chunk in snapshot.events.scan(EventFilter()) for event in chunk]


async def take(store: SqlStore, step: tuple[Any, ...]) -> None:
    stored = await every_event(store)
    if step[0] == "entries":
        if store.indexing is not None:
            await store.indexing.add_entries(step[1])
        return
    async with store.transaction() as transaction:
        match step:
            case ("insert", batch, upload_id):
                await transaction.events.insert(batch, upload_id=upload_id, at_ms=1)
            case ("replace", place, fields) if place < len(stored):
                await transaction.events.replace(stored[place].id, fields, at_ms=2)
            case ("delete", where):
                gone = await transaction.events.delete_matching(where)
                assert gone == len(expected(stored, where))
            case ("delete all",):
                await transaction.events.delete_matching(EventFilter())
            case ("undo", upload_id):
                own = expected(stored, EventFilter(upload_id=upload_id))
                kept = [event.id for event in own if event.version > 1]
                assert await take_back(transaction.events, upload_id) == (len(own) - len(kept), kept)


async def same_as_a_plain_look(store: SqlStore, where: EventFilter) -> None:
    matching = expected(await every_event(store), where)
    async with store.snapshot() as snapshot:
        scanned = [event async for chunk in snapshot.events.scan(where, chunk=2) for event in chunk]
        assert scanned == matching
        parts = [part async for part in snapshot.events.scan_documents(where, separator=",", chunk=2)]
        documents = msgspec.json.decode(b"[" + b"".join(parts) + b"]")
        assert [document["title"] for document in documents] == [event.title for event in matching]
        for sort in get_args(EventSort):
            listed, after = [], None
            while True:
                page = await snapshot.events.page(where, sort=sort, limit=3, after=after)
                assert page.total == len(matching)
                listed += page.items
                if (after := page.next) is None:
                    break
            assert listed == sorted(matching, key=KEYS[sort]), sort
            await pages_in_the_middle_are_slices(snapshot.events, where, sort, listed)
    if where == EventFilter():
        for sort in get_args(EventSort):
            await whole_pages_are_those_of_a_list(store, sort)


async def pages_in_the_middle_are_slices(
    events: EventStore, where: EventFilter, sort: EventSort, listed: Sequence[Event]
) -> None:
    for skip in {1, 2, len(listed) // 2, len(listed), len(listed) + 1}:
        page = await events.page(where, sort=sort, limit=3, after=None, skip=skip)
        assert (page.items, page.total) == (listed[skip : skip + 3], len(listed)), (sort, skip)
        if page.next is not None:
            following = await events.page(where, sort=sort, limit=3, after=page.next, skip=1)
            assert following.items == listed[skip + 4 : skip + 7], (sort, skip)


async def whole_pages_are_those_of_a_list(store: SqlStore, sort: EventSort) -> None:
    """Pages by one statement equal those of a snapshot, wherever there are some."""
    after: tuple[Any, ...] | None = None
    while True:
        async with store.snapshot() as snapshot:
            page = await snapshot.events.page(EventFilter(), sort=sort, limit=3, after=after)
        async with store.glance() as unit:
            whole = await unit.events.page_of_all(sort=sort, limit=3, after=after)
        assert whole in (None, page)
        behind = store.indexing is not None and await is_behind(store)
        assert (whole is None) == (behind or not page.items), "a page is there unless indexes are behind"
        if (after := page.next) is None:
            return


async def is_behind(store: SqlStore) -> bool:
    async with store._database.reading() as unit:
        done, deferred = await deferred_index.heads(unit)
    return deferred > done


@settings(max_examples=100 if THOROUGH else 10)
@given(
    first=inserts,
    todo=steps,
    asked=st.lists(filters, min_size=1, max_size=4),
    deferred_from=st.sampled_from([2, 4, deferred_index.DEFERRED_FROM]),
)
@example(
    first=("insert", [an_event("b", on="2026-03-01T00:00:00")] * 5, "u"),
    todo=[("entries", 3), ("insert", [an_event("a", on="2026-03-01T00:00:00")], "v")],
    asked=[EventFilter(), EventFilter(city="Recife"), EventFilter(city="Recife", upload_id="u")],
    deferred_from=2,
)
@example(
    first=("insert", [an_event("b", on="2026-03-01T00:00:00")] * 5, "u"),
    todo=[("replace", 1, an_event("a", on="2026-03-01T00:00:00")), ("entries", 1), ("undo", "u")],
    asked=[EventFilter(upload_id="u")],
    deferred_from=2,
)
def test_lists_equal_a_plain_scan_after_any_steps(
    store_url: str, tmp_path: Path, first: tuple, todo: list, asked: list[EventFilter], deferred_from: int
) -> None:
    async def run() -> None:
        rest = [("delete all",), first, *todo]
        while rest:
            async with opened(store_url, tmp_path, []) as store:
                while rest and rest[0] != ("reopen",):
                    await take(store, rest.pop(0))
                    for where in asked:
                        await same_as_a_plain_look(store, where)
                rest = rest[1:]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(deferred_index, "DEFERRED_FROM", deferred_from)
        anyio.run(run)

"""The counts of events equal a recount after whatever was done."""

from collections import Counter
from datetime import datetime
from pathlib import Path

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.storage.store import SqlStore
from domain.events import EventFields
from domain.ports.events import EventCounts, EventFilter
from domain.venues import Venue
from tests.contracts.conftest import opened
from tests.contracts.samples import an_event, at_us, take_back

pytestmark = pytest.mark.anyio

NOW_US = at_us("2025-07-02T12:00:00")
COMING = [f"2025-{month:02}" for month in range(7, 13)] + [f"2026-{month:02}" for month in range(1, 7)]

moments = st.datetimes(datetime(2025, 6, 28), datetime(2025, 8, 3)).map(  # noqa: DTZ001 - the strategy wants naive bounds.
    lambda moment: moment.replace(microsecond=0).isoformat()
)
venues = st.none() | st.builds(
    Venue,
    location_name=st.just("Sala"),
    capacity=st.integers(0, 2**31 - 1),
    venue_type=st.sampled_from([None, "Teatro", "Arena"]),
)
events = st.builds(
    lambda on, city, people, venue: an_event("t", on=on, city=city, participants=people, local_info=venue),
    moments,
    st.sampled_from(["Recife", "recife", "Olinda", "São Paulo"]),
    st.lists(st.sampled_from("abc"), max_size=3, unique=True).map(tuple),
    venues,
)
places = st.integers(0, 5)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("insert"), st.lists(events, max_size=4)),
        st.tuples(st.just("replace"), places, events),
        st.tuples(st.just("delete"), places),
        st.tuples(st.just("delete city"), st.sampled_from(["Recife", "Olinda"])),
        st.tuples(st.just("undo")),
        st.tuples(st.just("delete all")),
        st.tuples(st.just("roll back"), st.lists(events, max_size=2)),
    ),
    max_size=8,
)


async def recount(store: SqlStore) -> EventCounts:
    async with store.snapshot() as snapshot:
        stored = [event async for chunk in snapshot.events.scan(EventFilter()) for event in chunk]
    cities = Counter(event.city for event in stored)
    months = Counter(event.event_date[:7] for event in stored)
    types = Counter((event.local_info and event.local_info.venue_type) or "" for event in stored)
    return EventCounts(
        events=len(stored),
        upcoming=sum(at_us(event.event_date) >= NOW_US for event in stored),
        cities=len(cities),
        participants=sum(len(event.participants) for event in stored),
        capacity=sum(event.local_info.capacity for event in stored if event.local_info),
        by_city=_ranked(cities)[:10],
        by_month=sorted(months.items())[-12:],
        by_venue_type=[(key or None, n) for key, n in _ranked(types)],
        coming=[(month, months[month]) for month in COMING],
        beyond=sum(n for month, n in months.items() if month > COMING[-1]),
    )


def _ranked(counts: Counter[str]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


class AbandonedError(Exception):
    pass


async def take(store: SqlStore, step: tuple) -> None:
    async with store.transaction() as transaction:
        match step:
            case ("insert", batch):
                await transaction.events.insert(batch, upload_id="u", at_ms=1)
            case ("replace", place, fields):
                await transaction.events.replace(await nth_id(store, place), fields, at_ms=2)
            case ("delete", place):
                await transaction.events.delete(await nth_id(store, place))
            case ("delete city", city):
                await transaction.events.delete_matching(EventFilter(city=city))
            case ("delete all",):
                await transaction.events.delete_matching(EventFilter())
            case ("undo",):
                await take_back(transaction.events, "u")
            case ("roll back", batch):
                await transaction.events.insert(batch, upload_id=None, at_ms=1)
                raise AbandonedError


async def nth_id(store: SqlStore, place: int) -> int:
    async with store.snapshot() as snapshot:
        page = await snapshot.events.page(EventFilter(), sort="id", limit=6, after=None)
    return page.items[place].id if place < len(page.items) else 0


@settings(max_examples=25)
@given(todo=steps)
def test_counts_equal_a_recount_after_any_steps(tmp_path_factory: pytest.TempPathFactory, todo: list) -> None:
    async def run(folder: Path) -> None:
        async with opened("", folder, []) as store:
            for step in todo:
                try:
                    await take(store, step)
                except AbandonedError:
                    assert step[0] == "roll back"
            async with store.snapshot() as snapshot:
                assert await snapshot.events.counts(now_us=NOW_US) == await recount(store)

    anyio.run(run, tmp_path_factory.mktemp("counts"))


async def test_counts_follow_inserts_changes_and_deletions(store: SqlStore) -> None:
    batch: list[EventFields] = [an_event(city="Recife"), an_event(city="Olinda", local_info=None)] * 30
    batch += [an_event(on="2026-01-01T00:00:00", city="Natal")]
    for step in [
        ("insert", batch),
        ("replace", 1, an_event(city="Natal")),
        ("delete city", "recife"),
        ("undo",),
    ]:
        await take(store, step)
        async with store.snapshot() as snapshot:
            assert await snapshot.events.counts(now_us=NOW_US) == await recount(store)


async def test_counts_within_a_transaction_include_its_own_changes(store: SqlStore) -> None:
    async with store.transaction() as transaction:
        await transaction.events.insert([an_event()], upload_id=None, at_ms=1)
        assert (await transaction.events.counts(now_us=0)).events == 1

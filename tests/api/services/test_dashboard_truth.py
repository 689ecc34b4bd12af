"""After any sequence of operations the dashboard says what a recount of everything says."""

import asyncio
import itertools
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import anyio
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.services.dashboard import Dashboard
from api.services.events import Events
from api.services.identity import Identity
from api.services.presence import GRACE_SECONDS, Presence
from api.storage.store import SqlStore, open_store
from domain.events import Event, EventFields
from domain.imports import UploadState
from domain.messages import DashboardState
from domain.ports.events import MONTHS, TOP_CITIES, EventFilter
from domain.venues import Venue
from tests.api.services.test_presence import Loop
from tests.contracts.samples import an_event, an_upload, at_us

NOW = "2026-05-28T12:00:00+00:00"
NOW_MS = at_us(NOW) // 1000
ADMIN = Identity("ana", "admin", "user:1", user_id=1)
READERS = [ADMIN, Identity("bia", "viewer", "user:2", user_id=2), Identity("local", "admin", "browser:x")]
STATES: list[UploadState] = [
    "receiving", "processing", "completed", "failed", "cancelled", "interrupted", "undone",
]  # fmt: skip

some_events = st.builds(
    lambda year, month, city, people, kind, capacity: an_event(
        on=f"{year}-{month:02}-10T10:00:00",
        city=city,
        participants=tuple(f"p{n}" for n in range(people)),
        local_info=None if kind is None else Venue("Lugar", capacity, None if kind == "" else kind),
    ),
    st.integers(2025, 2027),
    st.integers(1, 12),
    st.sampled_from(["Recife", "Olinda", *(f"Cidade {n}" for n in range(11))]),
    st.integers(0, 4),
    st.sampled_from([None, "", "Teatro", "Online"]),
    st.integers(0, 2**31 - 1),
)
places = st.integers(0, 7)
steps = st.one_of(
    st.tuples(st.just("create"), some_events),
    st.tuples(st.just("create_all"), st.lists(some_events, max_size=20)),
    st.tuples(st.just("replace_all"), st.lists(some_events, max_size=5)),
    st.tuples(st.just("change"), places, some_events),
    st.tuples(st.just("delete"), places),
    st.tuples(st.just("delete_city"), st.sampled_from(["Recife", "Olinda", "Cidade 1"])),
    st.tuples(st.just("upload"), st.integers(0, 3), st.sampled_from(STATES)),
    st.tuples(st.just("join"), st.integers(0, 2)),
    st.tuples(st.just("leave"), st.integers(0, 2)),
)


class World:
    """The parts of a server that the dashboard derives from, and what was done to them."""

    def __init__(self, store: SqlStore) -> None:
        self.store = store
        self.loop = Loop()
        self.presence = Presence(publish=lambda _: None, clock=lambda: NOW_MS, later=self.loop.later)
        self.dashboard = Dashboard(
            store, publish=lambda _: None, online=lambda: self.presence.online, now_ms=lambda: NOW_MS
        )
        self.catalogue = Events(store, lambda: NOW_MS)
        self.streams: Counter[str] = Counter()
        self.uploads: dict[str, UploadState] = {}

    async def events(self) -> list[Event]:
        async with self.store.snapshot() as unit:
            return [event async for chunk in unit.events.scan(EventFilter()) for event in chunk]

    async def take(self, kind: str, how: Sequence[Any]) -> None:
        match kind, how:
            case (("create" | "create_all" | "replace_all"), (what,)):
                await getattr(self.catalogue, kind)(what, ADMIN)
            case "change", (place, fields):
                await self.change(place, fields)
            case "delete", (place,):
                if events := await self.events():
                    await self.catalogue.delete(events[place % len(events)].id, lambda _: True, ADMIN)
            case "delete_city", (city,):
                await self.catalogue.delete_matching(EventFilter(city=city), ADMIN)
            case "upload", (number, state):
                await self.upload(f"u{number}", state)
            case (("join" | "leave"), (number,)):
                self.come_or_go(READERS[number], joins=kind == "join")

    async def change(self, place: int, fields: EventFields) -> None:
        if events := await self.events():
            event_id = events[place % len(events)].id
            await self.catalogue.change(event_id, lambda _: True, lambda _: fields, ADMIN)

    async def upload(self, upload_id: str, state: UploadState) -> None:
        async with self.store.transaction() as unit:
            if upload_id not in self.uploads:
                await unit.uploads.add(an_upload(upload_id, state=state))
            elif (kept := await unit.uploads.get(upload_id)) is not None:
                await unit.uploads.save(msgspec.structs.replace(kept, state=state))
        self.uploads[upload_id] = state

    def come_or_go(self, who: Identity, *, joins: bool) -> None:
        if joins or self.streams[who.person]:
            self.streams[who.person] += 1 if joins else -1
            self.presence.changed("joined" if joins else "left", who)
            self.loop.advance(GRACE_SECONDS + 1)

    async def check(self) -> None:
        state, events = await self.dashboard.current(), await self.events()
        assert state.online == sum(count > 0 for count in self.streams.values())
        assert state.uploads_active == sum(s in ("receiving", "processing") for s in self.uploads.values())
        check_counts(state, events)


def check_counts(state: DashboardState, events: Sequence[Event]) -> None:
    cities = Counter(event.city for event in events)
    months = Counter(event.event_date[:7] for event in events)
    kinds = Counter(event.local_info.venue_type if event.local_info else None for event in events)
    assert state.events == len(events)
    # Naive times count in America/Recife, three hours behind UTC.
    assert state.upcoming == sum(event.event_date >= NOW[:10] for event in events)
    assert state.cities == len(cities)
    assert state.participants == sum(len(event.participants) for event in events)
    assert state.capacity == sum(event.local_info.capacity for event in events if event.local_info)
    assert [one.events for one in state.by_city] == sorted(cities.values(), reverse=True)[:TOP_CITIES]
    assert all(cities[one.city] == one.events for one in state.by_city)
    assert [(one.month, one.events) for one in state.by_month] == sorted(months.items())[-MONTHS:]
    assert {one.venue_type: one.events for one in state.by_venue_type} == dict(kinds)
    assert [one.events for one in state.coming] == [months[one.month] for one in state.coming]
    assert len(state.coming) == MONTHS
    assert state.beyond == sum(count for month, count in months.items() if month > state.coming[-1].month)


@settings(max_examples=25)
@given(st.lists(steps, max_size=14))
def test_the_dashboard_equals_a_recount_after_any_sequence_of_operations(taken: list[Any]) -> None:
    asyncio.run(_play(taken))


async def _play(taken: list[Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = await open_store(
            "", committed=lambda _: None, data_dir=Path(folder), timezone="America/Recife"
        )
        try:
            world = World(store)
            for kind, *how in taken:
                await world.take(kind, how)
                await world.check()
        finally:
            await store.aclose()


@pytest.mark.anyio
async def test_changes_without_pause_are_published_four_times_a_second_at_most(tmp_path: Path) -> None:
    told: list[float] = []
    store = await open_store("", committed=lambda _: None, data_dir=tmp_path, timezone="America/Recife")
    dashboard = Dashboard(
        store, publish=lambda _: told.append(anyio.current_time()), online=lambda: 0, now_ms=lambda: NOW_MS
    )
    try:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(dashboard.run)
            with anyio.fail_after(60):
                while len(told) < 5:
                    dashboard.changed()
                    await anyio.sleep(0.002)
            tasks.cancel_scope.cancel()
    finally:
        await store.aclose()
    assert all(late - early >= 0.24 for early, late in itertools.pairwise(told))

"""The dashboard is true after any change."""

import json
from collections import Counter
from zoneinfo import ZoneInfo

import anyio
import pytest

from api.services.dashboard import Dashboard
from api.services.events import Events
from api.services.identity import Identity
from api.storage.store import open_store
from domain.events import parse_fields
from domain.ports.events import EventFilter

pytestmark = pytest.mark.anyio

NOW_MS = 1_780_000_000_000  # 2026-05-28
ANA = Identity("ana", "admin", person="ana")


def fields(month: int, city: str, kind: str | None, people: int):
    venue = {"location_name": "Lugar", "capacity": 10, "venue_type": kind} if kind else None
    names = [f"p{n}" for n in range(people)]
    members = {"title": "E", "event_date": f"2026-{month:02}-10", "city": city, "participants": names}
    return parse_fields({**members, "local_info": venue}, timezone=ZoneInfo("America/Recife"))


@pytest.fixture
async def store(tmp_path):
    opened = await open_store("", committed=lambda _: None, data_dir=tmp_path, timezone="America/Recife")
    yield opened
    await opened.aclose()


def dashboard_of(store, told):
    return Dashboard(store, publish=told.append, online=lambda: 3, now_ms=lambda: NOW_MS)


async def test_counts_equal_a_recount_after_every_kind_of_change(store):
    events, dashboard = Events(store, lambda: NOW_MS), dashboard_of(store, [])
    batch = [fields(1 + n % 12, f"C{n % 13}", ("Teatro", None, "Online")[n % 3], n % 4) for n in range(60)]
    await events.create_all(batch, ANA)
    await events.change(5, lambda _: True, lambda _: fields(12, "Nova", "Museu", 9), ANA)
    await events.delete(6, lambda _: True, ANA)
    await events.delete_matching(EventFilter(city="C3"), ANA)
    state = await dashboard.current()
    async with store.snapshot() as unit:
        events = [event async for chunk in unit.events.scan(EventFilter()) for event in chunk]
    assert state.events == len(events)
    assert state.cities == len({event.city for event in events})
    assert state.participants == sum(len(event.participants) for event in events)
    assert state.capacity == sum(event.local_info.capacity for event in events if event.local_info)
    assert state.upcoming == sum(event.event_date >= "2026-05-28" for event in events)
    assert state.online == 3
    by_city = Counter(event.city for event in events)
    assert len(state.by_city) == 10
    assert all(by_city[one.city] == one.events for one in state.by_city)
    kinds = Counter(event.local_info and event.local_info.venue_type for event in events)
    assert {one.venue_type: one.events for one in state.by_venue_type} == dict(kinds)
    months = Counter(event.event_date[:7] for event in events)
    assert all(months[one.month] == one.events for one in state.by_month)


async def test_the_dashboard_is_published_only_after_a_change(store):
    send, told = anyio.create_memory_object_stream(10)
    dashboard = Dashboard(store, publish=send.send_nowait, online=lambda: 0, now_ms=lambda: NOW_MS)
    with send, told, anyio.fail_after(60):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(dashboard.run)
            assert (await told.receive()).events == 0
            await Events(store, lambda: NOW_MS).create(fields(1, "Recife", None, 0), ANA)
            dashboard.changed()
            assert (await told.receive()).events == 1
            tasks.cancel_scope.cancel()
        assert told.statistics().current_buffer_used == 0


async def test_dashboard_by_rest_is_the_state_message(client):
    state = (await client.get("/api/v1/dashboard")).json()
    assert (state["type"], state["feed"], state["events"]) == ("state", "dashboard", 0)
    assert json.dumps(state["by_city"]) == "[]"


async def test_presence_wakes_the_dashboard_only_when_the_number_of_people_changes(store):
    send, told = anyio.create_memory_object_stream(10)
    online = [3]
    dashboard = Dashboard(store, publish=send.send_nowait, online=lambda: online[0], now_ms=lambda: NOW_MS)
    with send, told, anyio.fail_after(60):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(dashboard.run)
            assert (await told.receive()).online == 3
            dashboard.presence_changed()
            assert not dashboard._changed.is_set()
            online[0] = 4
            dashboard.presence_changed()
            assert (await told.receive()).online == 4
            tasks.cancel_scope.cancel()

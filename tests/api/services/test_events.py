"""Each change of events and its message are one."""

import json
from collections.abc import AsyncIterator
from zoneinfo import ZoneInfo

import pytest

from api.services.events import Events
from api.services.identity import Identity
from api.storage.store import open_store
from domain.events import parse_fields
from domain.ports.events import EventFilter

pytestmark = pytest.mark.anyio

ANA = Identity("ana", "admin", person="ana")


def fields(**members: object):
    plain = {"title": "Festa", "event_date": "2026-06-24T18:00", "city": "Recife", **members}
    return parse_fields(plain, timezone=ZoneInfo("America/Recife"))


@pytest.fixture
def told() -> list:
    return []


@pytest.fixture
async def catalogue(tmp_path, told) -> AsyncIterator[Events]:
    store = await open_store("", committed=told.extend, data_dir=tmp_path, timezone="America/Recife")
    yield Events(store, lambda: 1_800_000_000_000)
    await store.aclose()


def bodies(told, feed: str = "eventos") -> list[dict]:
    return [json.loads(message.body) for message in told if message.feed == feed]


async def test_each_change_of_one_event_is_reported_once(catalogue, told):
    event = await catalogue.create(fields(), ANA)
    changed = await catalogue.change(event.id, lambda _: True, lambda _: fields(city="Olinda"), ANA)
    assert await catalogue.delete(event.id, lambda _: True, ANA) is None
    created, updated, deleted = bodies(told)
    assert (created["type"], created["event"]["id"], created["event"]["title"]) == (
        "event.created",
        1,
        "Festa",
    )
    assert (updated["type"], updated["changed"], updated["event"]["version"]) == (
        "event.updated",
        ["city"],
        2,
    )
    assert updated["event"]["city"] == changed.city == "Olinda"
    assert (deleted["type"], deleted["event_id"]) == ("event.deleted", 1)
    assert [one["kind"] for one in bodies(told, "admin")] == [
        "event.created",
        "event.updated",
        "event.deleted",
    ]
    assert {one["actor"] for one in bodies(told, "admin")} == {"ana"}


async def test_a_change_of_many_is_one_message(catalogue, told):
    await catalogue.create_all([fields() for _ in range(50)], ANA)
    await catalogue.replace_all([fields(), fields()], ANA)
    await catalogue.delete_matching(EventFilter(), ANA)
    assert [(one["type"], one["reason"], one["count"]) for one in bodies(told)] == [
        ("events.changed", "batch", 50),
        ("events.changed", "replace", 2),
        ("events.changed", "delete", 2),
    ]
    assert [(one["first_id"], one["last_id"]) for one in bodies(told)] == [(1, 50), (51, 52), (None, None)]
    assert [one["kind"] for one in bodies(told, "admin")] == ["bulk_change"] * 3


async def test_an_unchanged_event_is_not_reported(catalogue, told):
    event = await catalogue.create(fields(), ANA)
    told.clear()
    assert await catalogue.change(99, lambda _: True, lambda _: fields(), ANA) == "absent"
    assert await catalogue.change(event.id, lambda _: False, lambda _: fields(title="x"), ANA) == "stale"
    assert isinstance(await catalogue.change(event.id, lambda _: True, lambda _: [], ANA), list)
    assert await catalogue.change(event.id, lambda _: True, lambda _: fields(), ANA) == event
    assert await catalogue.delete(99, lambda _: True, ANA) == "absent"
    assert await catalogue.delete(event.id, lambda _: False, ANA) == "stale"
    assert await catalogue.delete_matching(EventFilter(city="nowhere"), ANA) == 0
    assert await catalogue.create_all([], ANA) == []
    assert told == []


async def test_create_returns_the_stored_event(catalogue):
    event = await catalogue.create(fields(local_info={"location_name": "Marco"}), ANA)
    assert await catalogue.get(event.id) == event


async def test_a_position_stands_for_one_state_also_when_its_messages_are_deleted(catalogue):
    """Else a calendar whose last change is long ago would be taken for one before an earlier change."""
    seen = [await catalogue.position()]
    for city in ("Olinda", "Natal"):
        await catalogue.create(fields(city=city), ANA)
        seen.append(await catalogue.position())
        assert seen[-1] == await catalogue.position()
        _, head = await catalogue._store.feed.bounds()
        async with catalogue._store.transaction() as unit:
            await unit.messages.prune(upto=head, limit=99)
        seen.append(await catalogue.position())
    assert seen == sorted(seen)
    assert len({seen[0], seen[2], seen[4]}) == 3

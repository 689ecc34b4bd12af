"""The JSON that a store writes itself says what its events say."""

import json

import pytest
from msgspec.json import encode

from api.storage.documents import PART_BYTES
from api.storage.store import SqlStore
from domain.events import EVENT_MEMBERS
from domain.ports.events import EventFilter
from domain.venues import Venue
from tests.contracts.samples import an_event

pytestmark = pytest.mark.anyio

HARD = "a\"b\\c\td\ne\x7ff\u2028g\U0001f389h</script>,{}[]'é"


async def documents(store: SqlStore, *, chunk: int, **where: str | int) -> list[dict]:
    async with store.snapshot() as snapshot:
        parts = [
            part
            async for part in snapshot.events.scan_documents(EventFilter(**where), separator=",", chunk=chunk)
        ]
    return json.loads(b"[%s]" % b"".join(parts))


async def test_documents_have_the_order_and_members_of_the_events(store: SqlStore) -> None:
    venue = Venue(HARD, 3, "Teatro", is_accessible=True, address=HARD, past_events=(HARD, ""))
    batch = [an_event(HARD, description=HARD, participants=(HARD, "b"), local_info=venue), an_event("bare")]
    batch += [an_event(f"e{n}") for n in range(5)]
    async with store.transaction() as transaction:
        await transaction.events.insert(batch, upload_id=None, at_ms=1)
    expected = [{name: json.loads(encode(getattr(one, name))) for name in EVENT_MEMBERS} for one in batch]
    for chunk in (1, 3, 500):
        found = await documents(store, chunk=chunk)
        assert found == expected
        assert all(list(one) == list(EVENT_MEMBERS) for one in found)


async def test_documents_follow_the_filter_and_are_empty_for_an_empty_store(store: SqlStore) -> None:
    assert await documents(store, chunk=10) == []
    async with store.transaction() as transaction:
        await transaction.events.insert([an_event("a")], upload_id="u", at_ms=1)
        await transaction.events.insert([an_event("b")], upload_id="v", at_ms=1)
    assert [one["title"] for one in await documents(store, chunk=10, upload_id="v")] == ["b"]


async def test_documents_are_in_id_order_whichever_index_is_used(store: SqlStore) -> None:
    batch = [an_event(f"e{n}", on=f"2026-{12 - n:02}-01T10:00:00") for n in range(10)]
    async with store.transaction() as transaction:
        await transaction.events.insert(batch, upload_id=None, at_ms=1)
    found = await documents(store, chunk=3, from_us=0, to_us=2**60)
    assert [one["title"] for one in found] == [f"e{n}" for n in range(10)]


async def test_chunks_of_large_events_stay_small(store: SqlStore) -> None:
    batch = [an_event(description="x" * 60_000)] * 60
    async with store.transaction() as transaction:
        await transaction.events.insert(batch, upload_id=None, at_ms=1)
    async with store.snapshot() as snapshot:
        documents = snapshot.events.scan_documents(EventFilter(), separator=",", chunk=20)
        sizes = [len(part) async for part in documents]
    assert sum(sizes) > 60 * 60_000
    assert max(sizes[1:]) <= PART_BYTES

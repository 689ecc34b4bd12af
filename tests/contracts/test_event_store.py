"""What every store of events keeps to."""

import itertools
from typing import Any

import pytest

from api.storage.store import SqlStore
from domain.events import EventFields
from domain.ports.events import EventFilter, EventSort
from domain.venues import Venue
from tests.contracts.samples import an_event, at_us, take_back

pytestmark = pytest.mark.anyio


async def keep(store: SqlStore, *batch: EventFields, upload_id: str | None = None, at_ms: int = 1) -> range:
    async with store.transaction() as transaction:
        return await transaction.events.insert(batch, upload_id=upload_id, at_ms=at_ms)


async def titles(store: SqlStore, sort: EventSort = "id", **where: Any) -> list[str]:
    """Titles of all that match, page by page of two."""
    found: list[str] = []
    position: tuple[Any, ...] | None = None
    while True:
        async with store.snapshot() as snapshot:
            page = await snapshot.events.page(EventFilter(**where), sort=sort, limit=2, after=position)
        found += [event.title for event in page.items]
        if page.next is None:
            assert page.total == len(found)
            return found
        position = page.next


async def test_an_event_is_read_as_it_was_stored(store: SqlStore) -> None:
    fields = an_event(
        "Café à noite",
        description="Linha 1\nLinha 2 \U0001f389",
        on="2025-07-01T10:00:00.5",
        participants=("Zoë", "名前"),
        local_info=Venue("Praça", 0, None, is_accessible=True, address="Rua 1", past_events=("a",)),
    )
    ids = await keep(store, fields, upload_id="u", at_ms=1_700_000_000_123)
    async with store.snapshot() as snapshot:
        event = await snapshot.events.get(ids[0])
    assert event is not None
    assert [getattr(event, name) for name in fields.__struct_fields__[:-1]] == [
        getattr(fields, name) for name in fields.__struct_fields__[:-1]
    ]
    assert (event.upload_id, event.version) == ("u", 1)
    assert event.created_at == event.updated_at == "2023-11-14T22:13:20.123Z"


@pytest.mark.parametrize("upload_id", [None, "u"])
async def test_a_batch_is_read_as_it_was_stored(store: SqlStore, upload_id: str | None) -> None:
    """Whatever the way into the database takes for a separator, an escape or NULL."""
    texts = [
        "\\N",
        "\\.",
        "\\",
        "a\\nb",
        "a\nb\r\nc",
        "\t|,;",
        "\"'",
        "%s {} $1",
        "festa \U0001f389 名前",
        "null",
    ]
    batch = [
        an_event(
            text,
            description=other,
            city=text,
            participants=(other, text),
            local_info=Venue(text, n, other, address=text) if n % 3 else None,
        )
        for n, (text, other) in enumerate(itertools.product(texts, ["", *texts]))
    ]
    ids = await keep(store, *batch, upload_id=upload_id)
    async with store.snapshot() as snapshot:
        stored = [event async for chunk in snapshot.events.scan(EventFilter()) for event in chunk]
    names = batch[0].__struct_fields__[:-1]
    assert [event.id for event in stored] == [*ids]
    for event, fields in zip(stored, batch, strict=True):
        assert [getattr(event, name) for name in names] == [getattr(fields, name) for name in names]
        assert event.upload_id == upload_id


@pytest.mark.parametrize("count", [0, 1, 3, 40, 1500])
async def test_ids_are_consecutive_in_a_batch(store: SqlStore, count: int) -> None:
    await keep(store, an_event())
    ids = await keep(store, *[an_event(f"e{i}") for i in range(count)])
    assert len(ids) == count
    async with store.snapshot() as snapshot:
        chunks = [chunk async for chunk in snapshot.events.scan(EventFilter(), chunk=700)]
    stored = [event for chunk in chunks for event in chunk]
    assert [(event.id, event.title) for event in stored[1:]] == [(id_, f"e{i}") for i, id_ in enumerate(ids)]


async def test_ids_of_deleted_events_are_never_reused(store: SqlStore) -> None:
    ids = await keep(store, an_event(), an_event())
    async with store.transaction() as transaction:
        assert await transaction.events.delete_matching(EventFilter()) == 2
    assert (await keep(store, an_event()))[0] > ids[-1]


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("id", ["b", "É", "a", "c", "d"]),
        ("-id", ["d", "c", "a", "É", "b"]),
        ("event_date", ["c", "b", "É", "a", "d"]),
        ("-event_date", ["d", "a", "É", "b", "c"]),
        ("title", ["a", "b", "c", "d", "É"]),
    ],
)
async def test_pages_follow_the_sort_order_without_gap_or_repeat(
    store: SqlStore, sort: EventSort, order: list[str]
) -> None:
    same, earlier, later = "2025-07-01T10:00:00", "2025-06-30T10:00:00", "2025-07-02T10:00:00"
    days = {"b": same, "É": same, "a": same, "c": earlier, "d": later}
    await keep(store, *[an_event(title, on=day) for title, day in days.items()])
    assert await titles(store, sort) == order


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ({"city": "sao paulo"}, ["b", "c"]),
        ({"city": " SÃO PAULO "}, ["b", "c"]),
        ({"city": "sao"}, []),
        ({"venue_type": "Teatro"}, ["c"]),
        ({"upload_id": "u"}, ["a", "b", "c", "100% à_vista"]),
        ({"upload_id": "v"}, []),
        ({"q": "VISTA"}, ["100% à_vista"]),
        ({"q": "a_v"}, ["100% à_vista"]),
        ({"q": "0%"}, ["100% à_vista"]),
        ({"q": "a%a"}, []),
        ({"q": "musica"}, ["b"]),
        ({"q": "  "}, ["a", "b", "c", "100% à_vista"]),
        ({"from_us": at_us("2025-07-02T10:00:00")}, ["b", "c", "100% à_vista"]),
        ({"to_us": at_us("2025-07-02T10:00:00")}, ["a"]),
        ({"from_us": at_us("2025-07-02T10:00:00"), "to_us": at_us("2025-07-03T10:00:00")}, ["b"]),
        ({"city": "São Paulo", "venue_type": "Teatro", "q": "c", "upload_id": "u"}, ["c"]),
    ],
)
async def test_each_filter_finds_exactly_its_events(
    store: SqlStore, where: dict[str, Any], found: list[str]
) -> None:
    await keep(
        store,
        an_event("a", on="2025-07-01T10:00:00"),
        an_event("b", on="2025-07-02T10:00:00", city="São Paulo", description="MÚSICA"),
        an_event(
            "c", on="2025-07-03T10:00:00", city="sao paulo", local_info=Venue("Sala", venue_type="Teatro")
        ),
        an_event("100% à_vista", on="2025-07-04T10:00:00", local_info=None),
        upload_id="u",
    )
    assert await titles(store, **where) == found


async def test_replacing_raises_the_version_once(store: SqlStore) -> None:
    (event_id,) = await keep(store, an_event("before"), upload_id="u")
    async with store.transaction() as transaction:
        changed = await transaction.events.replace(event_id, an_event("after"), at_ms=2)
        absent = await transaction.events.replace(event_id + 1, an_event(), at_ms=3)
    assert changed is not None
    assert (changed.title, changed.version, changed.upload_id) == ("after", 2, "u")
    assert (changed.created_at, changed.updated_at) == (
        "1970-01-01T00:00:00.001Z",
        "1970-01-01T00:00:00.002Z",
    )
    assert absent is None
    assert await titles(store, q="after") == ["after"]


async def test_an_event_is_deleted_once(store: SqlStore) -> None:
    (event_id,) = await keep(store, an_event())
    async with store.transaction() as transaction:
        assert await transaction.events.delete(event_id)
        assert not await transaction.events.delete(event_id)
    assert await titles(store) == []


async def test_undo_keeps_edited_events(store: SqlStore) -> None:
    ids = await keep(store, *[an_event(f"e{i}") for i in range(5)], upload_id="u")
    await keep(store, an_event("other"), upload_id="v")
    async with store.transaction() as transaction:
        await transaction.events.replace(ids[2], an_event("edited"), at_ms=2)
        assert await take_back(transaction.events, "u") == (4, [ids[2]])
    assert await titles(store) == ["edited", "other"]


async def test_a_snapshot_does_not_see_later_commits(store: SqlStore) -> None:
    await keep(store, an_event("first"))
    async with store.snapshot() as snapshot:
        before = await snapshot.events.counts(now_us=0)
        await keep(store, an_event("second"))
        page = await snapshot.events.page(EventFilter(), sort="id", limit=9, after=None)
    assert before.events == page.total == len(page.items) == 1


async def test_writing_through_a_snapshot_is_refused(store: SqlStore) -> None:
    async with store.snapshot() as snapshot:
        with pytest.raises(Exception, match=r"read.?only|25006"):
            await snapshot.events.insert([an_event()] * 2, upload_id=None, at_ms=1)
    assert await titles(store) == []

"""A text is found exactly where a plain search finds it, after whatever was done, indexed or not."""

from pathlib import Path
from typing import Any

import anyio
import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from api.storage import text_index
from api.storage.postgres import text_index as postgres_text_index
from api.storage.store import SqlStore
from domain.events import Event, EventFields
from domain.folding import fold
from domain.ports.events import EventFilter
from tests.contracts.conftest import opened
from tests.contracts.samples import an_event

pytestmark = pytest.mark.anyio

# Few letters, so that texts meet; those that mean something in LIKE, FTS5 or JSON; some beyond the BMP.
texts = st.text(st.sampled_from('aáAbßæŁl "%_\\*^(:名\U0001f389'), max_size=9)
events = st.builds(
    lambda title, description, city: an_event(title, description=description, city=city),
    texts,
    texts,
    st.sampled_from(["Recife", "Olinda"]),
)
places = st.integers(0, 5)
inserts = st.tuples(st.just("insert"), st.lists(events, min_size=1, max_size=6))
steps = st.lists(
    st.one_of(
        inserts,
        st.tuples(st.just("index"), st.integers(1, 9)),
        st.tuples(st.just("index"), st.just(9)),
        st.tuples(st.just("replace"), places, events),
        st.tuples(st.just("replace"), st.just(0), events),
        st.tuples(st.just("delete"), places),
        st.tuples(st.just("delete matching"), st.sampled_from(["Recife", "Olinda", None]), texts),
        st.tuples(st.just("delete all")),
        st.tuples(st.just("roll back"), st.lists(events, max_size=2)),
        st.tuples(st.just("reopen")),
    ),
    min_size=2,
    max_size=10,
)
queries = st.lists(texts, min_size=1, max_size=6)


class AbandonedError(Exception):
    pass


def told_in(todo: list[tuple]) -> list[str]:
    """Texts that events have at some time, and the ends of them."""
    told = [part for step in todo for part in step if not isinstance(part, str | int | None)]
    fields = [one for part in told for one in (part if isinstance(part, list) else [part])]
    return [text for one in fields for text in (one.title, one.description[-3:])]


async def every_event(store: SqlStore) -> list[Any]:
    async with store.snapshot() as snapshot:
        return [event async for chunk in snapshot.events.scan(EventFilter()) for event in chunk]


async def take(store: SqlStore, step: tuple) -> None:
    if step[0] == "index":
        if store.indexing is not None:
            await store.indexing.index_texts(step[1])
        return
    stored = await every_event(store)
    async with store.transaction() as transaction:
        match step:
            case ("insert", batch):
                await transaction.events.insert(batch, upload_id="u", at_ms=1)
            case ("replace", place, fields) if place < len(stored):
                await transaction.events.replace(stored[place].id, fields, at_ms=2)
            case ("delete", place) if place < len(stored):
                await transaction.events.delete(stored[place].id)
            case ("delete matching", city, q):
                deleted = await transaction.events.delete_matching(EventFilter(city=city, q=q))
                assert deleted == sum(is_meant(event, q, city) for event in stored)
            case ("delete all",):
                await transaction.events.delete_matching(EventFilter())
            case ("roll back", batch):
                await transaction.events.insert(batch, upload_id=None, at_ms=1)
                if stored:
                    await transaction.events.delete(stored[0].id)
                raise AbandonedError


async def do(store: SqlStore, step: tuple) -> None:
    try:
        await take(store, step)
    except AbandonedError:
        assert step[0] == "roll back"


def is_meant(event: Event, q: str, city: str | None) -> bool:
    sought = fold(q.strip())
    return city in (None, event.city) and (sought in fold(event.title) or sought in fold(event.description))


async def same_as_a_plain_search(store: SqlStore, asked: list[str]) -> None:
    stored = await every_event(store)
    for q in asked:
        for where in ({"q": q}, {"q": q, "city": "Recife"}):
            expected = [event.id for event in stored if is_meant(event, q, where.get("city"))]
            assert await found(store, EventFilter(**where)) == expected, where
            assert await scanned(store, EventFilter(**where)) == expected, where


async def scanned(store: SqlStore, where: EventFilter) -> list[int]:
    """Return the ids of all that match, which their documents have to agree with."""
    async with store.snapshot() as snapshot:
        chunks = [chunk async for chunk in snapshot.events.scan(where, chunk=2)]
        parts = [part async for part in snapshot.events.scan_documents(where, separator=",", chunk=2)]
    events = [event for chunk in chunks for event in chunk]
    documents = msgspec.json.decode(b"[" + b"".join(parts) + b"]")
    assert [one["title"] for one in documents] == [event.title for event in events]
    return [event.id for event in events]


async def found(store: SqlStore, where: EventFilter) -> list[int]:
    async with store.snapshot() as snapshot:
        page = await snapshot.events.page(where, sort="id", limit=500, after=None)
    assert page.total == len(page.items)
    return [event.id for event in page.items]


@settings(max_examples=15)
@given(
    first=inserts,
    todo=steps,
    asked=queries,
    few=st.sampled_from([0, text_index.FEW]),
    common=st.sampled_from([1, 2, postgres_text_index.COMMON]),
)
@example(
    first=("insert", [an_event("aaaab"), an_event("bbbba"), an_event("aaaab")]),
    todo=[
        ("index", 9),
        ("replace", 0, an_event("bb")),
        ("delete", 1),
        ("insert", [an_event("aaaab")]),
    ],
    asked=["aaaab"],
    few=0,
    common=1,
)
@example(
    first=("insert", [an_event("aaaab"), an_event("bbbba")]),
    todo=[("index", 9), ("delete all",), ("insert", [an_event("aaaab"), an_event("aaab")])],
    asked=["aaaab"],
    few=0,
    common=1,
)
def test_search_equals_a_plain_scan_after_any_steps(
    store_url: str, tmp_path: Path, first: tuple, todo: list, asked: list[str], few: int, common: int
) -> None:
    """`few` and `common` decide whether what the index finds is kept, looked up again, or read over."""

    todo = [("delete all",), first, *todo]
    asked = [*asked, *told_in(todo)[:12]]

    async def run() -> None:
        rest = [*todo]
        while rest:
            async with opened(store_url, tmp_path, []) as store:
                while rest and rest[0] != ("reopen",):
                    await do(store, rest.pop(0))
                await same_as_a_plain_search(store, asked)
                rest = rest[1:]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text_index, "FEW", few)
        patch.setattr(postgres_text_index, "COMMON", common)
        anyio.run(run)


WORDS = ["festa", "feira", "junina", "livro", "show", "teatro"]


def some_events(count: int) -> list[EventFields]:
    return [
        an_event(
            f"{WORDS[n % 6]} {WORDS[n // 6 % 6]} {n}",
            description="aberta ao público" if n % 2 else "",
            city=["Recife", "Olinda", "Natal"][n % 3],
        )
        for n in range(count)
    ]


async def test_common_and_rare_texts_are_found_whatever_part_is_indexed(store: SqlStore) -> None:
    asked = [
        "festa",
        "festa junina 1",
        "aberta ao publico",
        "feira 4777",
        "show show",
        "a",
        "zz",
        "nada disso",
    ]
    async with store.transaction() as transaction:
        await transaction.events.insert(some_events(5000), upload_id="u", at_ms=1)
    for limit in (0, 2700, 2400):
        if store.indexing is not None and limit:
            await store.indexing.index_texts(limit)
        stored = await every_event(store)
        for q in asked:
            matching = [one for one in stored if q in one.title or q in fold(one.description)]
            for city in (None, "Natal"):
                there = [one.id for one in matching if city in (None, one.city)]
                async with store.snapshot() as snapshot:
                    where = EventFilter(q=q, city=city)
                    page = await snapshot.events.page(where, sort="-id", limit=50, after=None)
                assert page.total == len(there), (q, city, limit)
                assert [event.id for event in page.items] == there[::-1][:50], (q, city, limit)


async def test_a_cached_total_is_dropped_when_events_change(store: SqlStore) -> None:
    async with store.transaction() as transaction:
        (event_id,) = await transaction.events.insert([an_event("abc")], upload_id=None, at_ms=1)
    assert await found(store, EventFilter(q="ab", city="Recife")) == [event_id]
    async with store.transaction() as transaction:
        await transaction.events.replace(event_id, an_event("xyz"), at_ms=2)
    assert await found(store, EventFilter(q="ab", city="Recife")) == []
    async with store.transaction() as transaction:
        await transaction.events.delete_matching(EventFilter())
        (event_id,) = await transaction.events.insert([an_event("abc")], upload_id=None, at_ms=1)
    assert await found(store, EventFilter(q="ab", city="Recife")) == [event_id]

"""What every store of events keeps to when several change the same events at once."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import asyncpg
import msgspec
import pytest

from api.services.events import MOST_TRIES, Events
from api.services.identity import Identity
from api.services.store import Transaction
from api.storage.event_packing import pack
from api.storage.store import SqlStore
from domain.event_columns import EventColumns
from domain.events import Event, EventFields
from domain.merge import MergeRule
from domain.ports.errors import StorageConflictError
from domain.ports.events import EventFilter, TakeBackPosition
from tests.contracts.conftest import opened, postgres_database
from tests.contracts.samples import an_event

pytestmark = pytest.mark.anyio

ANA = Identity("ana", "admin", person="ana")
ALL = frozenset(("title", "description", "event_date", "city", "participants", "local_info"))
TITLES = ("c", "b", "a")
"""In the order of ids: a look by keys finds them from the other end."""

Act = Callable[[Transaction], Awaitable[Any]]


@pytest.fixture
async def ids(store: SqlStore) -> range:
    return await three_events(store)


async def three_events(store: SqlStore) -> range:
    """Have three events that the import u made, and no others."""
    async with store.transaction() as tx:
        await tx.events.delete_matching(EventFilter())
        return await tx.events.insert([an_event(title) for title in TITLES], upload_id="u", at_ms=1)


def catalogue(store: SqlStore) -> Events:
    return Events(store, lambda: 7)


def with_(**members: Any) -> Callable[[Event], EventFields]:
    """Return a change of some members that leaves the others as they are."""

    def changed(event: Event) -> EventFields:
        own = {name: getattr(event, name) for name in ALL}
        return an_event(**{"on": own.pop("event_date"), **own, **members})

    return changed


async def change(store: SqlStore, event_id: int, if_version: int | None = None, **members: Any) -> Any:
    def allowed(event: Event) -> bool:
        return if_version in (None, event.version)

    return await catalogue(store).change(event_id, allowed, with_(**members), ANA)


def edit(event_id: int, **members: Any) -> Act:
    async def act(tx: Transaction) -> None:
        event = await tx.events.get(event_id, to_change=True)
        assert event is not None
        await tx.events.replace(event_id, with_(**members)(event), at_ms=6)

    return act


async def within(store: SqlStore, act: Act) -> Any:
    async with store.transaction() as tx:
        return await act(tx)


async def meanwhile(store: SqlStore, url: str, first: Act, *others: Awaitable[Any]) -> list[Any]:
    """Begin others while a transaction has done its work and not committed; return what they return."""
    async with asyncio.timeout(60):
        async with store.transaction() as tx:
            await first(tx)
            tasks = [asyncio.ensure_future(other) for other in others]
            await _until_waiting(url, len(tasks))
        return await asyncio.gather(*tasks)


async def _until_waiting(url: str, count: int) -> None:
    """Wait until so many transactions wait for another; on SQLite they wait for the only writer."""
    if url.startswith("sqlite"):
        await anyio.wait_all_tasks_blocked()
        return
    waiting = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = $1"
    )
    async with connected(url) as connection:
        while await connection.fetchval(waiting, "Lock") < count:
            pass


async def stored(store: SqlStore) -> dict[int, Event]:
    async with store.snapshot() as snapshot:
        return {one.id: one async for some in snapshot.events.scan(EventFilter()) for one in some}


async def check_counts(store: SqlStore) -> None:
    found = [*(await stored(store)).values()]
    async with store.snapshot() as snapshot:
        counts = await snapshot.events.counts(now_us=0)
    participants = sum(len(event.participants) for event in found)
    assert (counts.events, counts.participants) == (len(found), participants)


async def test_changes_at_once_without_a_condition_are_all_made_each_to_what_the_one_before_left(
    store: SqlStore, store_url: str, ids: range
) -> None:
    changes = [
        change(store, ids[0], description="d"),
        change(store, ids[0], city="Olinda"),
        change(store, ids[0], participants=("Zé",)),
    ]
    made = await meanwhile(store, store_url, edit(ids[0], title="z"), *changes)
    assert sorted(event.version for event in made) == [3, 4, 5]
    last = (await stored(store))[ids[0]]
    assert (last.title, last.description, last.city, last.participants) == ("z", "d", "Olinda", ("Zé",))
    await check_counts(store)


async def test_deletions_at_once_delete_once(store: SqlStore, store_url: str, ids: range) -> None:
    async def delete() -> Any:
        return await catalogue(store).delete(ids[0], lambda _: True, ANA)

    made = await meanwhile(store, store_url, edit(ids[0], title="z"), delete(), delete(), delete())
    assert sorted(map(str, made)) == ["None", "absent", "absent"]
    await check_counts(store)


async def test_a_condition_is_about_the_event_as_it_is_when_it_is_changed(
    store: SqlStore, store_url: str, ids: range
) -> None:
    def of(version: int) -> Callable[[Event], bool]:
        return lambda event: event.version == version

    made = await meanwhile(
        store,
        store_url,
        edit(ids[0], title="z"),
        change(store, ids[0], 1, city="Olinda"),
        catalogue(store).delete(ids[0], of(1), ANA),
    )
    assert made == ["stale", "stale"]
    made = await meanwhile(store, store_url, edit(ids[0], title="y"), change(store, ids[0], 3, city="Olinda"))
    assert [event.version for event in made] == [4]
    gone = await meanwhile(
        store, store_url, lambda tx: tx.events.delete(ids[0]), change(store, ids[0], city="Olinda")
    )
    assert gone == ["absent"]


async def merged(store: SqlStore, *, by_ids: range | None = None, participants: Any = ("Zé",)) -> Any:
    rows = [an_event(title, participants=participants) for title in reversed(TITLES)]
    batch = pack(EventColumns.of(rows))
    rule = MergeRule("update", fields=ALL)
    if by_ids is not None:
        # One by its id, and those of lower ids by their keys.
        batch = msgspec.structs.replace(batch, ids=[str(by_ids[-1]), "", ""])
        rule = MergeRule("update", has_ids=True, fields=ALL)
    while True:
        try:
            return await within(store, lambda tx: tx.events.merge_batch(batch, rule, upload_id="v", at_ms=8))
        except StorageConflictError:
            assert by_ids is not None, (
                "only this locks events by two statements; the job of an import goes on"
            )


async def undone(store: SqlStore, upload_id: str = "u") -> tuple[int, int, list[int]]:
    position: TakeBackPosition | None = TakeBackPosition()
    deleted, restored, kept = 0, 0, list[int]()
    while position is not None:
        async with store.transaction() as tx:
            part = await tx.events.take_back(upload_id, position, limit=2, at_ms=9)
        position, kept = part.position, kept + part.kept
        deleted, restored = deleted + part.deleted, restored + part.restored
    return deleted, restored, kept


async def test_two_imports_at_once_make_one_event_of_a_new_key(store: SqlStore, store_url: str) -> None:
    batch, rule = (
        pack(EventColumns.of([an_event(title) for title in TITLES])),
        MergeRule("update", fields=ALL),
    )
    await meanwhile(
        store,
        store_url,
        lambda tx: tx.events.merge_batch(batch, rule, upload_id="u", at_ms=8),
        merged(store),
    )
    found = (await stored(store)).values()
    assert [(event.title, event.participants) for event in found] == [(title, ("Zé",)) for title in TITLES]


async def test_an_undo_keeps_what_is_edited_while_it_looks(
    store: SqlStore, store_url: str, ids: range
) -> None:
    (outcome,) = await meanwhile(store, store_url, edit(ids[1], title="mine"), undone(store))
    assert outcome == (2, 0, [ids[1]])
    assert {event.id: event.title for event in (await stored(store)).values()} == {ids[1]: "mine"}
    await check_counts(store)


async def test_an_undo_of_changes_keeps_what_is_edited_while_it_looks(
    store: SqlStore, store_url: str, ids: range
) -> None:
    await merged(store)
    (outcome,) = await meanwhile(store, store_url, edit(ids[1], title="mine"), undone(store, "v"))
    assert outcome == (0, 2, [ids[1]])
    found = await stored(store)
    assert [found[one].participants for one in ids] == [("Alice", "Bob"), ("Zé",), ("Alice", "Bob")]
    await check_counts(store)


async def test_an_edit_of_what_an_undo_is_deleting_is_told_that_it_is_gone(
    store: SqlStore, store_url: str, ids: range
) -> None:
    async def undo(tx: Transaction) -> None:
        part = await tx.events.take_back("u", TakeBackPosition(None, 0), limit=9, at_ms=9)
        assert part.deleted == 3

    assert await meanwhile(store, store_url, undo, change(store, ids[1], title="mine")) == ["absent"]
    await check_counts(store)


MANY: dict[str, Callable[[SqlStore, range], Awaitable[Any]]] = {
    "DELETE of all": lambda store, _: catalogue(store).delete_matching(EventFilter(), ANA),
    "PUT of all": lambda store, _: catalogue(store).replace_all([an_event("only")], ANA),
    "DELETE by a filter": lambda store, _: catalogue(store).delete_matching(EventFilter(city="Recife"), ANA),
    "an import by keys": lambda store, _: merged(store),
    "an import by ids": lambda store, ids: merged(store, by_ids=ids),
    "an undo": lambda store, _: undone(store),
}
ONE: dict[str, Callable[[int], Act]] = {
    "an edit": lambda event_id: edit(event_id, title="mine"),
    "a deletion": lambda event_id: lambda tx: tx.events.delete(event_id),
}


@pytest.mark.parametrize("many", MANY)
async def test_a_change_of_one_event_and_one_of_many_do_not_wait_for_each_other(
    store: SqlStore, store_url: str, many: str
) -> None:
    for one, place in itertools.product(ONE, range(3)):
        ids = await three_events(store)
        await meanwhile(store, store_url, ONE[one](ids[place]), MANY[many](store, ids))
        left = {event.title for event in (await stored(store)).values()}
        stays = many in ("an undo", "an import by keys") or (many == "an import by ids" and place < 2)
        assert ("mine" in left) is (one == "an edit" and stays), (one, place)
        assert ("only" in left) is (many == "PUT of all")
        await check_counts(store)


@pytest.mark.parametrize("first", MANY)
async def test_two_changes_of_many_events_do_not_wait_for_each_other(
    store: SqlStore, store_url: str, first: str
) -> None:
    for second, place in itertools.product(MANY, range(3)):
        ids = await three_events(store)
        others = (MANY[first](store, ids), MANY[second](store, ids))
        await meanwhile(store, store_url, edit(ids[place], description="mine"), *others)
        await check_counts(store)


async def test_a_change_that_the_database_gives_up_is_tried_again(
    tmp_path: Path, postgres: str, caplog: pytest.LogCaptureFixture
) -> None:
    with postgres_database() as url:
        async with opened(url, tmp_path, []) as store, connected(url) as other:
            ids = await within(store, lambda tx: tx.events.insert([an_event()], upload_id=None, at_ms=1))
            async with asyncio.timeout(60):
                # What locks in the wrong order, as an earlier version does: it looks for a deadlock last.
                await other.execute("SET deadlock_timeout = '30s'")
                async with other.transaction():
                    await other.execute("SELECT FROM feed_head FOR UPDATE")
                    changing = asyncio.ensure_future(change(store, ids[0], city="Olinda"))
                    await _until_waiting(url, 1)
                    await other.execute("SELECT FROM events FOR UPDATE")
                changed = await changing
            assert (changed.city, changed.version) == ("Olinda", 2)
            await check_counts(store)
    assert "is tried again: the database gave up a transaction for another: deadlock detected" in caplog.text


@pytest.mark.parametrize("conflicts", range(MOST_TRIES + 1))
async def test_a_change_is_tried_a_few_times(
    store: SqlStore,
    ids: range,
    conflicts: int,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    begin, tries = store.transaction, 0

    @asynccontextmanager
    async def transaction() -> AsyncIterator[Transaction]:
        nonlocal tries
        tries += 1
        async with begin() as tx:
            yield tx
            if tries <= conflicts:
                raise StorageConflictError("met another")

    monkeypatch.setattr(store, "transaction", transaction)
    if conflicts < MOST_TRIES:
        assert (await change(store, ids[0], city="Olinda")).version == 2
    else:
        with pytest.raises(StorageConflictError):
            await change(store, ids[0], city="Olinda")
    assert tries == min(conflicts + 1, MOST_TRIES)
    assert caplog.text.count("met another") == conflicts
    assert ("given up after 3 tries" in caplog.text) is (conflicts == MOST_TRIES)
    assert (await stored(store))[ids[0]].version == (2 if conflicts < MOST_TRIES else 1)


async def test_what_is_read_to_be_changed_is_read_anew_for_the_next_change(
    store: SqlStore, ids: range
) -> None:
    async with store.transaction() as tx:
        event = await tx.events.get(ids[0], to_change=True)
        assert event is not None
        for participants in (("A",), (), ("B", "C", "D")):
            await tx.events.replace(ids[0], with_(participants=participants)(event), at_ms=2)
        assert await tx.events.get(ids[1], to_change=True)
        assert await tx.events.delete(ids[2])
        assert not await tx.events.delete(ids[2])
        assert await tx.events.get(ids[2], to_change=True) is None
        assert await tx.events.replace(ids[2], an_event(), at_ms=3) is None
    assert [event.version for event in (await stored(store)).values()] == [4, 1]
    await check_counts(store)


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()

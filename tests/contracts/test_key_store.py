"""What every store of idempotency keys keeps to."""

import asyncio
from contextlib import suppress
from pathlib import Path

import pytest

from api.services.events import Events, Keyed, Once
from api.services.identity import Identity
from api.storage.store import SqlStore
from domain.events import EventFields
from domain.ports.events import EventFilter
from domain.ports.keys import KeyUse
from streams.stored import StoredMessage
from tests.contracts.conftest import opened
from tests.contracts.samples import an_event, until_told

pytestmark = pytest.mark.anyio

ANA, BOB = Identity("ana", "editor", person="ana"), Identity("bob", "editor", person="bob")
ONE, OTHER = Keyed("k", b"one"), Keyed("k", b"other")
MANY = 16


async def create(
    store: SqlStore, keyed: Keyed = ONE, caller: Identity = ANA, fields: EventFields | None = None
) -> Once | None:
    return await Events(store, lambda: 7).create_once(fields or an_event(), caller, keyed)


async def titles(store: SqlStore) -> list[str]:
    async with store.snapshot() as snapshot:
        page = await snapshot.events.page(EventFilter(), sort="id", limit=500, after=None)
        counts = await snapshot.events.counts(now_us=0)
    assert counts.events == page.total == len(page.items)
    return [event.title for event in page.items]


async def test_a_key_belongs_to_who_took_it_first_with_what_was_stored_under_it(store: SqlStore) -> None:
    async with store.transaction() as tx:
        assert await tx.keys.claim("ana", "k", b"one", at_ms=1) is None
        await tx.keys.keep("ana", "k", range(7, 10))
        assert await tx.keys.claim("bob", "k", b"two", at_ms=1) is None
        assert await tx.keys.claim("ana", "K", b"two", at_ms=1) is None
    async with store.transaction() as tx:
        use = await tx.keys.claim("ana", "k", b"three", at_ms=2)
        assert use == KeyUse(b"one", range(7, 10))
        assert await tx.keys.claim("bob", "k", b"two", at_ms=2) == KeyUse(b"two", range(0))


async def test_a_key_of_255_characters_of_a_person_with_a_long_name_is_kept(store: SqlStore) -> None:
    for _ in range(2):
        async with store.transaction() as tx:
            use = await tx.keys.claim("ã" * 200, "~" * 255, b"d" * 32, at_ms=1)
    assert use is not None


async def test_a_transaction_that_is_undone_leaves_its_key_free(store: SqlStore) -> None:
    with suppress(ZeroDivisionError):
        async with store.transaction() as tx:
            assert await tx.keys.claim("ana", "k", b"one", at_ms=1) is None
            raise ZeroDivisionError
    async with store.transaction() as tx:
        assert await tx.keys.claim("ana", "k", b"two", at_ms=1) is None


async def test_old_keys_are_deleted_some_at_a_time(store: SqlStore) -> None:
    async with store.transaction() as tx:
        for number in range(10):
            await tx.keys.claim("ana", f"k{number}", b"", at_ms=number)
    gone = []
    for _ in range(3):
        async with store.transaction() as tx:
            gone.append(await tx.keys.purge(before_ms=7, limit=4))
    assert gone == [4, 3, 0]
    async with store.transaction() as tx:
        assert await tx.keys.claim("ana", "k7", b"", at_ms=1) is not None
        assert await tx.keys.claim("ana", "k6", b"", at_ms=1) is None


async def test_a_repeat_finds_the_event_as_it_is_now(store: SqlStore, told: list[StoredMessage]) -> None:
    first = await create(store)
    assert first is not None
    assert not first.is_repeat
    await until_told(told, 2)
    again = await create(store)
    assert again == Once(first.ids, first.events, is_repeat=True)
    changed = await Events(store, lambda: 8).change(
        first.ids[0], lambda _: True, lambda _: an_event("Nova"), ANA
    )
    again = await create(store)
    assert again is not None
    assert again.events == [changed]
    assert await Events(store, lambda: 8).delete(first.ids[0], lambda _: True, ANA) is None
    assert await create(store) == Once(first.ids, [], is_repeat=True)
    assert await create(store, OTHER) is None
    assert await titles(store) == []
    # Of the creation, the change, the deletion and what comes last, on two feeds each; nothing else between.
    await Events(store, lambda: 9).create(an_event("Última"), BOB)
    await until_told(told, 8)
    assert len(told) == 8
    assert all("Última".encode() in one.body for one in told[6:])


async def test_two_people_may_use_one_key(store: SqlStore) -> None:
    for caller in (ANA, BOB):
        once = await create(store, caller=caller)
        assert once is not None
        assert not once.is_repeat
    assert len(await titles(store)) == 2


@pytest.mark.parametrize("count", [0, 1, 16, 17, 300])
async def test_a_batch_is_stored_once(store: SqlStore, count: int) -> None:
    catalogue = Events(store, lambda: 7)
    batch = [an_event(f"e{n}") for n in range(count)]
    first = await catalogue.create_all_once(batch, ANA, ONE)
    again = await catalogue.create_all_once(batch, ANA, ONE)
    assert first is not None
    assert again == Once(first.ids, first.events, is_repeat=True)
    assert await titles(store) == [fields.title for fields in batch]
    assert await catalogue.create_all_once(batch, ANA, OTHER) is None


async def test_what_is_left_of_a_batch_is_found(store: SqlStore) -> None:
    catalogue = Events(store, lambda: 7)
    batch = [an_event(f"e{n}") for n in range(3)]
    first = await catalogue.create_all_once(batch, ANA, ONE)
    assert first is not None
    await catalogue.create(an_event("later"), BOB)
    await catalogue.delete(first.ids[1], lambda _: True, ANA)
    again = await catalogue.create_all_once(batch, ANA, ONE)
    assert again == Once(first.ids, [first.events[0], first.events[2]], is_repeat=True)


async def test_of_many_at_once_one_is_stored_and_the_others_get_it(store: SqlStore) -> None:
    """Among changes without a key, which are committed together with them."""
    catalogue = Events(store, lambda: 7)
    async with asyncio.timeout(60):
        *keyed, other = await asyncio.gather(
            *(create(store) for _ in range(MANY)),
            asyncio.gather(*(catalogue.create(an_event(f"o{n}"), BOB) for n in range(MANY))),
        )
    assert len(other) == MANY
    assert len({once.ids for once in keyed if once is not None}) == 1
    assert [once is not None and once.is_repeat for once in keyed].count(False) == 1
    assert sorted(await titles(store)) == sorted(["Evento", *(f"o{n}" for n in range(MANY))])


async def test_of_two_requests_at_once_with_one_key_one_is_refused(store: SqlStore) -> None:
    made = await asyncio.gather(*(create(store, keyed) for keyed in (ONE, OTHER) * 4))
    assert [once is None for once in made].count(True) == 4
    assert len(await titles(store)) == 1


async def test_who_waits_for_a_request_that_fails_stores_the_event(store: SqlStore) -> None:
    claimed, may_fail = asyncio.Event(), asyncio.Event()

    async def fail() -> None:
        async with store.transaction() as tx:
            await tx.keys.claim("ana", "k", b"one", at_ms=1)
            await tx.events.insert([an_event("lost")], upload_id=None, at_ms=1)
            claimed.set()
            await may_fail.wait()
            raise ZeroDivisionError

    async with asyncio.timeout(60):
        failing = asyncio.ensure_future(fail())
        await claimed.wait()
        waiting = asyncio.ensure_future(create(store))
        for _ in range(100):
            await asyncio.sleep(0)
        assert not waiting.done()
        may_fail.set()
        once = await waiting
        with pytest.raises(ZeroDivisionError):
            await failing
    assert once is not None
    assert not once.is_repeat
    assert await titles(store) == ["Evento"]


@pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)
async def test_requests_at_two_processes_at_once_store_one_event(
    store: SqlStore, store_url: str, tmp_path: Path
) -> None:
    async with opened(store_url, tmp_path, []) as other, asyncio.timeout(60):
        for number in range(10):
            keyed = Keyed(f"k{number}", b"one")
            made = await asyncio.gather(*(create(one, keyed) for one in (store, other) * 4))
            assert [once is not None and once.is_repeat for once in made].count(False) == 1
            assert len({once.ids for once in made if once is not None}) == 1
    assert len(await titles(store)) == 10

"""What every store of people keeps to."""

import asyncio

import msgspec
import pytest

from api.services.people import LastAdminError, People, PersonError
from api.storage.store import SqlStore
from domain.people import ReusableTicket, Session, User

pytestmark = pytest.mark.anyio


async def add_user(store: SqlStore, name: str) -> User:
    async with store.transaction() as transaction:
        user = await transaction.people.add_user(name, "editor", f"hash of {name}", at_ms=1)
    assert user is not None
    return user


async def test_users_are_found_by_id_and_token(store: SqlStore) -> None:
    zoe, ana = await add_user(store, "zoé"), await add_user(store, "ana")
    async with store.snapshot() as snapshot:
        assert await snapshot.people.users() == [ana, zoe]
        assert await snapshot.people.user(zoe.id) == zoe
        assert await snapshot.people.user_by_token("hash of ana") == ana
        assert await snapshot.people.user(99) is None
        assert await snapshot.people.user_by_token("") is None


async def test_a_user_name_in_use_is_refused(store: SqlStore) -> None:
    await add_user(store, "ana")
    async with store.transaction() as transaction:
        assert await transaction.people.add_user("ana", "admin", "other", at_ms=2) is None


async def test_a_user_can_be_changed(store: SqlStore) -> None:
    changed = msgspec.structs.replace(
        await add_user(store, "ana"), role="viewer", token_hash="new", disabled=True
    )
    async with store.transaction() as transaction:
        await transaction.people.save_user(changed)
    async with store.snapshot() as snapshot:
        assert await snapshot.people.user_by_token("new") == changed
        assert await snapshot.people.user_by_token("hash of ana") is None


async def test_sessions_end_one_by_one_or_all_of_a_user(store: SqlStore) -> None:
    ana, zoe = await add_user(store, "ana"), await add_user(store, "zoe")
    owners = {"a1": ana, "a2": ana, "a3": ana, "z1": zoe}
    sessions = {name: Session(name, user.id, 1, 100) for name, user in owners.items()}
    async with store.transaction() as transaction:
        for session in sessions.values():
            await transaction.people.add_session(session, keep=20)
        await transaction.people.end_session("a1")
        await transaction.people.end_session("unknown")
    async with store.snapshot() as snapshot:
        assert await snapshot.people.session("a1") is None
        assert await snapshot.people.session("a2") == (sessions["a2"], ana)
    async with store.transaction() as transaction:
        await transaction.people.end_sessions_of(ana.id)
    async with store.snapshot() as snapshot:
        assert await snapshot.people.session("a2") is None
        assert await snapshot.people.session("z1") == (sessions["z1"], zoe)


async def test_a_new_session_ends_the_oldest_of_its_user_and_of_nobody_else(store: SqlStore) -> None:
    ana, zoe = await add_user(store, "ana"), await add_user(store, "zoe")
    for user, number in [(zoe, 0), *((ana, number) for number in (3, 1, 2, 4)), (zoe, 5)]:
        async with store.transaction() as transaction:
            session = Session(f"{user.name}{number}", user.id, number, 100)
            await transaction.people.add_session(session, keep=3)
    async with store.snapshot() as snapshot:
        assert await snapshot.people.live_sessions(at_ms=1) == {"ana2", "ana3", "ana4", "zoe0", "zoe5"}


async def test_a_ticket_is_redeemed_once_and_before_it_expires(store: SqlStore) -> None:
    identity = {"name": "zoé", "role": "viewer", "user_id": None}
    async with store.transaction() as transaction:
        await transaction.people.add_ticket("good", identity, expires_at=100)
        await transaction.people.add_ticket("late", identity, expires_at=100)
        assert await transaction.people.take_ticket("good", at_ms=99) == identity
        assert await transaction.people.take_ticket("good", at_ms=99) is None
        assert await transaction.people.take_ticket("late", at_ms=100) is None
        assert await transaction.people.take_ticket("unknown", at_ms=1) is None


async def test_purging_deletes_expired_sessions_and_tickets(store: SqlStore) -> None:
    ana = await add_user(store, "ana")
    async with store.transaction() as transaction:
        await transaction.people.add_session(Session("old", ana.id, 1, 10), keep=20)
        await transaction.people.add_session(Session("new", ana.id, 1, 11), keep=20)
        await transaction.people.add_ticket("old", {}, expires_at=10)
        await transaction.people.add_ticket("new", {}, expires_at=11)
        await transaction.people.purge(at_ms=10, limit=9)
        assert await transaction.people.session("old") is None
        assert await transaction.people.session("new") is not None
        assert await transaction.people.take_ticket("old", at_ms=1) is None
        assert await transaction.people.take_ticket("new", at_ms=1) == {}


def reusable(number: int, user: User | None) -> ReusableTicket:
    owner = None if user is None else user.id
    return ReusableTicket(f"id{number}", f"hash{number}", owner, ("eventos",), None, number, 100 + number)


async def test_reusable_tickets_are_found_listed_and_deleted(store: SqlStore) -> None:
    ana, zoe = await add_user(store, "ana"), await add_user(store, "zoe")
    tickets = [reusable(1, ana), reusable(2, zoe), reusable(3, None), reusable(4, ana)]
    async with store.transaction() as transaction:
        for ticket in tickets:
            await transaction.people.add_reusable_ticket(ticket, {"name": "x"}, keep=20)
    async with store.snapshot() as snapshot:
        assert await snapshot.people.reusable_ticket("hash1") == (tickets[0], {"name": "x"})
        assert await snapshot.people.reusable_ticket("id1") is None
        assert await snapshot.people.reusable_tickets(at_ms=102) == tickets[2:]
    async with store.transaction() as transaction:
        await transaction.people.end_reusable_ticket("id2")
        await transaction.people.end_reusable_ticket("unknown")
        await transaction.people.end_sessions_of(ana.id)
        assert await transaction.people.reusable_tickets(at_ms=0) == [tickets[2]]
        await transaction.people.purge(at_ms=103, limit=10)
        assert await transaction.people.reusable_tickets(at_ms=0) == []


async def test_a_new_reusable_ticket_ends_the_oldest_of_its_user(store: SqlStore) -> None:
    ana, zoe = await add_user(store, "ana"), await add_user(store, "zoe")
    for number, user in enumerate((zoe, ana, None, ana, None, ana, None)):
        async with store.transaction() as transaction:
            await transaction.people.add_reusable_ticket(reusable(number, user), {}, keep=2)
    async with store.snapshot() as snapshot:
        left = await snapshot.people.reusable_tickets(at_ms=0)
    assert [one.id for one in left] == ["id0", "id3", "id4", "id5", "id6"]


async def test_of_two_last_administrators_who_disable_each_other_at_once_one_stays(store: SqlStore) -> None:
    people = People(store, clock=lambda: 1, session_seconds=60)
    for name in ("ana", "bia"):
        await people.add(name, "admin", actor="test")
    ends = await asyncio.gather(
        *(people.set_disabled(name, disabled=True, actor="test") for name in ("ana", "bia")),
        return_exceptions=True,
    )
    assert [type(end) for end in ends].count(LastAdminError) == 1
    assert [user.disabled for user in await people.users()].count(False) == 1


async def test_the_last_administrator_is_disabled_only_by_force(store: SqlStore) -> None:
    people = People(store, clock=lambda: 1, session_seconds=60)
    await people.add("ana", "admin", actor="test")
    await people.add("bia", "editor", actor="test")
    with pytest.raises(LastAdminError, match="'ana' is the last enabled administrator"):
        await people.set_disabled("ana", disabled=True, actor="test")
    await people.set_disabled("bia", disabled=True, actor="test")
    assert (await people.set_disabled("ana", disabled=True, actor="test", force=True)).disabled
    # Already disabled: there is nothing to lose.
    assert (await people.set_disabled("ana", disabled=True, actor="test")).disabled


@pytest.mark.parametrize("name", ["ADMIN", "Admin", "admin", "LOCAL"])
async def test_a_name_in_capitals_is_not_another_name(name: str, store: SqlStore) -> None:
    people = People(store, clock=lambda: 1, session_seconds=60)
    await people.add("admin", "admin", actor="test")
    with pytest.raises(PersonError):
        await people.add(name, "viewer", actor="test")
    # Those that are there already go on.
    await add_user(store, "aDMIN")
    assert (await people.set_disabled("aDMIN", disabled=True, actor="test")).name == "aDMIN"

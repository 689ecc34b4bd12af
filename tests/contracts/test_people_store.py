"""What every store of people keeps to."""

import msgspec
import pytest

from api.storage.store import SqlStore
from domain.people import Session, User

pytestmark = pytest.mark.anyio


async def add_user(store: SqlStore, name: str) -> User:
    async with store.transaction() as transaction:
        user = await transaction.people.add_user(name, "editor", f"hash of {name}", at_ms=1)
    assert user is not None
    return user


async def test_users_are_found_by_id_name_and_token(store: SqlStore) -> None:
    zoe, ana = await add_user(store, "zoé"), await add_user(store, "ana")
    async with store.snapshot() as snapshot:
        assert await snapshot.people.users() == [ana, zoe]
        assert await snapshot.people.user(zoe.id) == zoe
        assert await snapshot.people.user_by_name("ana") == ana
        assert await snapshot.people.user_by_token("hash of ana") == ana
        assert await snapshot.people.user(99) is None
        assert await snapshot.people.user_by_name("Ana") is None
        assert await snapshot.people.user_by_token("") is None


async def test_a_name_is_taken_once(store: SqlStore) -> None:
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
            await transaction.people.add_session(session)
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


async def test_a_ticket_is_taken_once_and_in_time(store: SqlStore) -> None:
    identity = {"name": "zoé", "role": "viewer", "user_id": None}
    async with store.transaction() as transaction:
        await transaction.people.add_ticket("good", identity, expires_at=100)
        await transaction.people.add_ticket("late", identity, expires_at=100)
        assert await transaction.people.take_ticket("good", at_ms=99) == identity
        assert await transaction.people.take_ticket("good", at_ms=99) is None
        assert await transaction.people.take_ticket("late", at_ms=100) is None
        assert await transaction.people.take_ticket("unknown", at_ms=1) is None


async def test_purging_forgets_what_expired(store: SqlStore) -> None:
    ana = await add_user(store, "ana")
    async with store.transaction() as transaction:
        await transaction.people.add_session(Session("old", ana.id, 1, 10))
        await transaction.people.add_session(Session("new", ana.id, 1, 11))
        await transaction.people.add_ticket("old", {}, expires_at=10)
        await transaction.people.add_ticket("new", {}, expires_at=11)
        await transaction.people.purge(at_ms=10)
        assert await transaction.people.session("old") is None
        assert await transaction.people.session("new") is not None
        assert await transaction.people.take_ticket("old", at_ms=1) is None
        assert await transaction.people.take_ticket("new", at_ms=1) == {}

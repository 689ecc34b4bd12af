"""Small changes that close at once are one transaction: each is told its own outcome."""

import asyncio
from math import inf
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.storage.closing import Closing
from api.storage.events import SqlEvents
from api.storage.postgres.group_commit import QUICK_SECONDS, GroupCommit
from api.storage.store import SqlStore
from domain.ports.errors import StorageUnavailableError
from domain.ports.events import EventFilter
from streams.stored import StoredMessage
from tests.contracts.conftest import opened, store_url
from tests.contracts.samples import an_event, until_told

__all__ = ["store_url"]

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.parametrize("store_url", ["postgresql"], indirect=True),
]


def draft(name: str) -> tuple[str, bytes, bool]:
    return ("eventos", b'{"type":"x","name":"%b"}' % name.encode(), False)


async def add(store: SqlStore, name: str) -> int:
    async with store.transaction() as unit:
        ids = await unit.events.insert([an_event(name)], upload_id=None, at_ms=1)
        await unit.messages.append([draft(name)])
    return ids[0]


async def titles(store: SqlStore) -> dict[int, str]:
    async with store.snapshot() as snapshot:
        page = await snapshot.events.page(EventFilter(), sort="id", limit=200, after=None)
    return {event.id: event.title for event in page.items}


def names(told: list[StoredMessage]) -> list[str]:
    return [message.body.split(b'"')[-2].decode() for message in told]


@pytest.fixture
def groups(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The sizes of the groups that were committed."""
    sizes: list[int] = []
    commit = GroupCommit._commit

    async def noted(self: GroupCommit, group: list[Any]) -> None:
        sizes.append(len(group))
        await commit(self, group)

    monkeypatch.setattr(GroupCommit, "_commit", noted)
    return sizes


async def test_changes_that_close_at_once_share_a_commit(
    store_url: str, tmp_path: Path, groups: list[int]
) -> None:
    told: list[StoredMessage] = []
    async with opened(store_url, tmp_path, told) as store:
        wanted = [f"n{number}" for number in range(40)]
        ids = await asyncio.gather(*[add(store, name) for name in wanted])
        await until_told(told, 40)
        assert await titles(store) == dict(zip(ids, wanted, strict=True))
        assert sorted(names(told)) == sorted(wanted)
        assert [message.seq for message in told] == list(range(1, 41))
        async with store.snapshot() as snapshot:
            assert (await snapshot.events.counts(now_us=0)).events == 40
    assert sum(groups) == 40
    assert len(groups) < 20


async def test_one_that_the_database_refuses_does_not_take_others_with_it(
    store_url: str, tmp_path: Path, groups: list[int]
) -> None:
    told: list[StoredMessage] = []
    async with opened(store_url, tmp_path, told) as store:
        refused = "no text of PostgreSQL has a \0"
        results = await asyncio.gather(
            *[add(store, name) for name in ("a", "b", refused, "c")], return_exceptions=True
        )
        await until_told(told, 3)
        assert [isinstance(result, Exception) for result in results] == [False, False, True, False]
        assert sorted((await titles(store)).values()) == sorted(names(told)) == ["a", "b", "c"]
        assert [message.seq for message in told] == [1, 2, 3]
    assert max(groups) > 1, "they came together"


async def test_a_cancelled_one_is_stored_whole_or_not_at_all_and_the_others_are_stored(
    store_url: str, tmp_path: Path
) -> None:
    told: list[StoredMessage] = []
    async with opened(store_url, tmp_path, told) as store:
        for turns in range(0, 40, 3):
            tasks = [asyncio.create_task(add(store, f"{turns}.{number}")) for number in range(3)]
            for _ in range(turns):
                await asyncio.sleep(0)
            tasks[1].cancel()
            await asyncio.wait(tasks)
        stored = [*(await titles(store)).values()]
        await until_told(told, len(stored))
    assert sorted(names(told)) == sorted(stored)
    assert {f"{turns}.{number}" for turns in range(0, 40, 3) for number in (0, 2)} <= {*stored}


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the connection that commits groups is asked, in order."""
    asked: list[str] = []
    commit, execute = GroupCommit._write, asyncpg.Connection.execute

    async def noted(self: GroupCommit, group: list[Any], sync: str) -> None:
        asked.append(f"write {len(group)} {sync}")
        await commit(self, group, sync)

    async def noted_execute(self: Any, query: str, *arguments: Any, **options: Any) -> str:
        asked.append(query)
        return await execute(self, query, *arguments, **options)

    monkeypatch.setattr(GroupCommit, "_write", noted)
    monkeypatch.setattr(asyncpg.Connection, "execute", noted_execute)
    return asked


@pytest.mark.parametrize(("took", "is_quick"), [(0.0, True), (QUICK_SECONDS, False)])
async def test_events_that_follow_each_other_are_one_statement_each_and_wait_for_the_disk_in_it(
    store_url: str, tmp_path: Path, statements: list[str], took: float, is_quick: bool
) -> None:
    """Those of a group do where the disk is quick; else the next group uses the time."""
    async with opened(store_url, tmp_path, []) as store:
        await add(store, "first")
        durability: Any = store._database.durability  # type: ignore[attr-defined]
        assert 0.0 < durability.took < inf
        flush = durability._flush

        async def timed() -> None:
            await flush()
            durability.took = took

        durability._flush, durability.took = timed, took
        statements.clear()
        await add(store, "second")
        assert statements == ["write 1 on"]
        statements.clear()
        await asyncio.gather(*[add(store, str(number)) for number in range(20)])
        assert not [one for one in statements if not one.startswith("write")], "no BEGIN, no COMMIT"
        assert any(one.endswith(" off") for one in statements) is not is_quick
        durability.flushed_at = -inf
        statements.clear()
        await asyncio.gather(*[add(store, str(number)) for number in range(20)])
        assert any(one.endswith(" off") for one in statements), "the time of the disk is taken anew"


async def test_the_disk_is_not_waited_for_under_the_lock_while_another_process_commits(
    store_url: str, tmp_path: Path, statements: list[str]
) -> None:
    told: list[StoredMessage] = []
    async with opened(store_url, tmp_path, told) as store, opened(store_url, tmp_path, []) as other:
        await add(store, "first")
        await add(other, "another's")
        await until_told(told, 2)
        statements.clear()
        await add(store, "second")
        assert statements == ["write 1 off"]


async def test_a_message_that_could_be_anyones_is_committed_apart_from_its_statement(
    store_url: str, tmp_path: Path, statements: list[str]
) -> None:
    async with opened(store_url, tmp_path, []) as store:
        await add(store, "first")
        statements.clear()
        async with store.transaction() as unit:
            await unit.messages.append([draft("anyone's")])
        assert [one.partition(";")[0] for one in statements] == ["write 1 on", "BEGIN", "COMMIT"]


@pytest.mark.parametrize("at_once", [1, 3])
@pytest.mark.parametrize("happened", [True, False])
async def test_the_outcome_of_a_statement_whose_answer_is_lost_is_looked_up(
    store_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, happened: bool, at_once: int
) -> None:
    told: list[StoredMessage] = []
    async with opened(store_url, tmp_path, told) as store, opened(store_url, tmp_path, []) as other:
        await add(store, "first")
        fetchval = asyncpg.Connection.fetchval

        async def without_answer(self: Any, query: str, *arguments: Any, **options: Any) -> Any:
            if "feed_head" not in query:
                return await fetchval(self, query, *arguments, **options)
            monkeypatch.undo()
            if happened:
                await fetchval(self, query, *arguments, **options)
            await add(other, "another's")
            self.terminate()
            raise asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation")

        monkeypatch.setattr(asyncpg.Connection, "fetchval", without_answer)
        wanted = [f"n{number}" for number in range(at_once)]
        results = await asyncio.gather(*[add(store, name) for name in wanted], return_exceptions=True)
        lost = [name for name, result in zip(wanted, results, strict=True) if isinstance(result, Exception)]
        await add(store, "last")
        stored = [*(await titles(store)).values()]
        await until_told(told, len(stored))
        assert sorted(stored) == sorted({"first", "another's", "last", *wanted} - {*lost})
        assert sorted(names(told)) == sorted(stored)
        assert [message.seq for message in told] == [*range(1, len(stored) + 1)]
    assert all(isinstance(result, int | StorageUnavailableError) for result in results)
    assert bool(lost) is not happened


async def test_a_statement_that_has_not_begun_does_not_come_behind_the_look_for_it(
    store_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a database that was frozen: a client who was told of a failure would store it twice."""
    async with opened(store_url, tmp_path, []) as store:
        await add(store, "first")
        fetchval, holder = asyncpg.Connection.fetchval, await asyncpg.connect(store_url)
        await holder.execute("BEGIN; LOCK TABLE events IN SHARE MODE")

        async def lost(self: Any, query: str, *arguments: Any, **options: Any) -> Any:
            monkeypatch.undo()
            pid = await fetchval(self, "SELECT pg_backend_pid()")
            running = asyncio.create_task(fetchval(self, query, *arguments, **options))
            waits = "SELECT 1 FROM pg_stat_activity WHERE pid = $1 AND wait_event_type = 'Lock'"
            while not await fetchval(holder, waits, pid):  # noqa: ASYNC110 - the database tells nobody.
                await asyncio.sleep(0.01)
            self.terminate()
            await asyncio.wait([running])
            assert running.exception() is not None
            raise asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation")

        monkeypatch.setattr(asyncpg.Connection, "fetchval", lost)
        with pytest.raises(StorageUnavailableError):
            await add(store, "second")
        await holder.execute("COMMIT")
        await holder.close()
        await add(store, "third")
        assert [*(await titles(store)).values()] == ["first", "third"]


async def test_what_the_database_refuses_is_told_at_once(
    store_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As during a failover: to look whether it was stored would take until the standby is the primary."""
    async with opened(store_url, tmp_path, []) as store:
        await add(store, "first")
        fetchval = asyncpg.Connection.fetchval

        async def refused(self: Any, query: str, *arguments: Any, **options: Any) -> Any:
            await self.execute("SET default_transaction_read_only = on")
            return await fetchval(self, query, *arguments, **options)

        monkeypatch.setattr(asyncpg.Connection, "fetchval", refused)
        looked_up: list[Any] = []
        monkeypatch.setattr("api.storage.store.was_committed", looked_up.append)
        with pytest.raises(StorageUnavailableError, match="standby"):
            await add(store, "second")
        assert looked_up == []
        monkeypatch.undo()
        await add(store, "third")
        assert [*(await titles(store)).values()] == ["first", "third"]


@pytest.mark.parametrize("text", ['"', "\\", "\\u0041", "\t\n\x7f", "é😀\u2028", "', $1; --", "null", "[1]"])
async def test_every_text_is_stored_and_told_as_it_is(store_url: str, tmp_path: Path, text: str) -> None:
    told: list[StoredMessage] = []
    body = b'{"type":"x","value":"\\u0000","name":%b}' % msgspec.json.encode(text)
    async with opened(store_url, tmp_path, told) as store:
        async with store.transaction() as unit:
            ids = await unit.events.insert([an_event(text)], upload_id=None, at_ms=1)
            await unit.messages.append([("eventos", body, False)])
        assert await titles(store) == {ids[0]: text}
        assert await store.feed.read(["eventos"], [], after=0, upto=10, limit=10) == told
    assert msgspec.json.decode(told[0].body)["name"] == text
    assert msgspec.json.decode(told[0].body)["value"] == "\0"


async def test_a_hand_over_that_fails_is_told_to_its_own_unit(
    store_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[StoredMessage] = []
    async with opened(store_url, tmp_path, told) as store:
        publish = store._publish

        def failing(closing: Closing) -> None:
            if b'"b"' in closing.drafts[0][1]:
                raise RuntimeError("handed over to nobody")
            publish(closing)

        monkeypatch.setattr(store, "_publish", failing)
        results = await asyncio.gather(*[add(store, name) for name in "abc"], return_exceptions=True)
        assert [type(result) for result in results] == [int, RuntimeError, int]
        await until_told(told, 3)
    assert sorted(names(told)) == ["a", "b", "c"], "the tailer finds it"


async def test_a_read_in_a_transaction_sees_what_it_has_added(store_url: str, tmp_path: Path) -> None:
    async with opened(store_url, tmp_path, []) as store, store.transaction() as unit:
        ids = await unit.events.insert([an_event("a")], upload_id=None, at_ms=1)
        event = await unit.events.get(ids[0])
        assert event is not None
        assert event.title == "a"
        assert (await unit.events.counts(now_us=0)).events == 1


async def test_a_plain_commit_stores_what_was_added_without_a_connection(
    store_url: str, tmp_path: Path
) -> None:
    async with opened(store_url, tmp_path, []) as store:
        async with store._database.writing() as unit:
            await SqlEvents(unit).insert([an_event("a")], upload_id=None, at_ms=1)
            await unit.commit()
        async with store.snapshot() as snapshot:
            chunks = [chunk async for chunk in snapshot.events.scan(EventFilter())]
        assert [event.title for chunk in chunks for event in chunk] == ["a"]


STEPS = st.lists(st.tuples(st.sampled_from(["add", "change", "delete"]), st.integers(0, 5)), max_size=12)


async def step(store: SqlStore, done: list[int], what: str, which: int, number: int) -> None:
    """Add an event, or change or delete one that was added before."""
    if what == "add" or not done:
        done.append(await add(store, f"e{number}"))
        return
    event_id = done[which % len(done)]
    async with store.transaction() as unit:
        if what == "delete":
            await unit.events.delete(event_id)
        else:
            await unit.events.replace(event_id, an_event(f"e{number}"), at_ms=2)
        await unit.messages.append([draft(f"e{number}")])


async def test_counts_and_messages_agree_with_the_events_after_any_schedule(
    store_url: str, tmp_path: Path
) -> None:
    told: list[StoredMessage] = []
    async with opened(store_url, tmp_path, told) as store:
        loop, steps_told = asyncio.get_running_loop(), 0

        @settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
        @given(st.lists(STEPS, min_size=1, max_size=6))
        def schedules(writers: list[list[tuple[str, int]]]) -> None:
            asyncio.run_coroutine_threadsafe(one(writers), loop).result()

        async def one(writers: list[list[tuple[str, int]]]) -> None:
            nonlocal steps_told
            done: list[int] = []

            async def write(steps: list[tuple[str, int]]) -> None:
                for number, (what, which) in enumerate(steps):
                    await step(store, done, what, which, number)

            await asyncio.gather(*map(write, writers))
            steps_told += sum(map(len, writers))
            await until_told(told, steps_told)
            async with store.snapshot() as snapshot:
                page = await snapshot.events.page(EventFilter(), sort="id", limit=1, after=None)
                chunks = [chunk async for chunk in snapshot.events.scan(EventFilter())]
                counted = (await snapshot.events.counts(now_us=0)).events
            assert counted == page.total == sum(map(len, chunks))
            assert [message.seq for message in told] == list(range(1, steps_told + 1))

        await asyncio.to_thread(schedules)

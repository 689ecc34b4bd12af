"""Units that share a commit: each is whole or absent, and none is reported before the disk has it."""

import asyncio
import contextlib
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import anyio
import msgspec
import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from api.storage.sqlite import bulk
from api.storage.sqlite.database import SqliteDatabase
from api.storage.sqlite.writer import Writer
from api.storage.store import SqlStore
from domain.events import EventFields
from domain.ports.errors import StorageError, StorageFullError, StorageUnavailableError
from domain.ports.events import EventFilter
from streams.ports import StoredMessage
from tests.contracts.conftest import opened
from tests.contracts.samples import an_event

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).parents[4]


def draft(name: str) -> tuple[str, bytes, bool]:
    return ("eventos", b'{"type":"%b"}' % name.encode(), False)


async def add(store: SqlStore, name: str, *, fail: bool = False) -> None:
    """Store an event and the message about it."""
    async with store.transaction() as unit:
        await unit.events.insert([an_event(name)], upload_id=None, at_ms=1)
        await unit.messages.append([draft(name)])
        if fail:
            raise LookupError(name)


async def titles(store: SqlStore) -> list[str]:
    async with store.snapshot() as snapshot:
        page = await snapshot.events.page(EventFilter(), sort="id", limit=500, after=None)
    return [event.title for event in page.items]


def names(told: list[StoredMessage]) -> list[str]:
    return [message.body.split(b'"')[3].decode() for message in told]


def writer_of(store: SqlStore) -> Writer:
    database = store._database
    assert isinstance(database, SqliteDatabase)
    assert database._writer is not None
    return database._writer


def count_commits(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    commits = []
    commit = Writer._commit_durably

    def counted(self: Writer) -> None:
        commits.append(self.group.units)
        commit(self)

    monkeypatch.setattr(Writer, "_commit_durably", counted)
    return commits


async def test_units_of_one_turn_of_the_loop_share_a_commit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr("api.storage.sqlite.writer.time", SimpleNamespace(perf_counter=lambda: now[0]))
    told: list[StoredMessage] = []
    async with opened("", tmp_path, told) as store:
        commits = count_commits(monkeypatch)
        # However long ago the last commit was: a group ages from its first unit on.
        now[0] += 60
        async with anyio.create_task_group() as tasks:
            for number in range(20):
                tasks.start_soon(add, store, str(number))
        assert commits == [20]
        assert sorted(await titles(store)) == sorted(names(told))
    assert [message.seq for message in told] == list(range(1, 21))


async def test_a_failed_unit_does_not_fail_others_in_its_group(tmp_path: Path) -> None:
    told: list[StoredMessage] = []
    async with opened("", tmp_path, told) as store:
        results = await asyncio.gather(
            *[add(store, name, fail=name in "bd") for name in "abcde"], return_exceptions=True
        )
        assert [type(result) for result in results] == [type(None), LookupError] * 2 + [type(None)]
        assert await titles(store) == names(told) == ["a", "c", "e"]


async def test_a_failed_statement_does_not_fail_others_in_its_group(tmp_path: Path) -> None:
    async def add_user_twice(store: SqlStore) -> None:
        async with store.transaction() as unit:
            await unit.people.add_user("ana", "admin", "h", at_ms=1)
            await unit.people.add_user("bia", "admin", "h", at_ms=1)  # Tokens are unique.

    told: list[StoredMessage] = []
    async with opened("", tmp_path, told) as store:
        results = await asyncio.gather(
            add(store, "a"), add_user_twice(store), add(store, "b"), return_exceptions=True
        )
        assert isinstance(results[1], sqlite3.IntegrityError)
        assert await titles(store) == names(told) == ["a", "b"]
        async with store.snapshot() as snapshot:
            assert await snapshot.people.users() == []


async def test_one_that_cannot_be_written_does_not_fail_others_in_its_group(tmp_path: Path) -> None:
    async def act(store: SqlStore, name: str, outcome: str) -> None:
        await _act(store, name, outcome, 0)

    told: list[StoredMessage] = []
    async with opened("", tmp_path, told) as store:
        outcomes = ["stores", "stores", "cannot be written", "stores", "looks and stores"]
        results = await asyncio.gather(
            *[act(store, name, outcome) for name, outcome in zip("abcde", outcomes, strict=True)],
            return_exceptions=True,
        )
        assert [type(result) for result in results] == [type(None)] * 2 + [OverflowError] + [type(None)] * 2
        assert await titles(store) == names(told) == ["a", "b", "d", "e"]
        assert [message.seq for message in told] == [1, 2, 3, 4]


async def test_a_unit_whose_transaction_is_lost_is_told_even_if_it_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def go_on(store: SqlStore) -> None:
        async with store.transaction() as unit:
            await unit.events.get(1)
            with monkeypatch.context() as patch, contextlib.suppress(StorageFullError):
                patch.setattr(bulk, "insert_rows", lambda *_: _full(writer_of(store)))
                await unit.events.insert([an_event("lost")], upload_id=None, at_ms=1)
            await unit.messages.append([draft("lost")])

    told: list[StoredMessage] = []
    async with opened("", tmp_path, told) as store:
        for _ in range(2):
            with pytest.raises(StorageFullError):
                await go_on(store)
            await add(store, "a")
        assert await titles(store) == names(told) == ["a", "a"]


async def test_an_id_is_given_once_whatever_becomes_of_its_event(tmp_path: Path) -> None:
    given = []

    async def one(store: SqlStore, *, looks: bool, fails: bool) -> None:
        async with store.transaction() as unit:
            if looks:
                await unit.events.get(1)
            given.extend(await unit.events.insert([an_event("a")] * 2, upload_id=None, at_ms=1))
            if fails:
                raise LookupError

    for _ in range(2):
        async with opened("", tmp_path, []) as store:
            ways = [
                {"looks": looks, "fails": fails} for looks in (False, True) for fails in (False, True, False)
            ]
            await asyncio.gather(*[one(store, **way) for way in ways], return_exceptions=True)
            for way in ways:
                with contextlib.suppress(LookupError):
                    await one(store, **way)
            async with store.snapshot() as snapshot:
                stored = [one.id async for chunk in snapshot.events.scan(EventFilter()) for one in chunk]
            assert {*stored} <= {*given}
    assert len(given) == len({*given}) == 2 * 2 * 2 * 6
    assert len(stored) == 2 * 2 * 2 * 4


async def test_a_command_that_writes_holds_up_the_commit_of_what_was_added(tmp_path: Path) -> None:
    told: list[StoredMessage] = []
    async with opened("", tmp_path, told) as store:
        other = sqlite3.connect(tmp_path / "fasttrack.sqlite3", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        adding = [asyncio.create_task(add(store, name)) for name in "ab"]
        for _ in range(20):
            assert await titles(store) == []
        other.execute("ROLLBACK")
        other.close()
        await asyncio.gather(*adding)
        assert await titles(store) == names(told) == ["a", "b"]


async def test_a_full_disk_is_reported_to_its_unit_and_to_those_lost_with_it(
    tmp_path: Path,
) -> None:
    async def fill(store: SqlStore) -> None:
        async with store.transaction() as unit:
            big = [an_event("big", description="x" * 60_000)] * 50
            await unit.events.insert(big, upload_id=None, at_ms=1)

    told: list[StoredMessage] = []
    async with opened("", tmp_path, told) as store:
        async with store._database.writing() as unit:
            await unit.run_sync(lambda connection: connection.exec_driver_sql("PRAGMA max_page_count=120"))
        results = await asyncio.gather(
            add(store, "a"), add(store, "b"), fill(store), add(store, "c"), return_exceptions=True
        )
        kept = [name for name, result in zip("ab-c", results, strict=True) if result is None]
        assert isinstance(results[2], StorageFullError)
        assert all(result is None or isinstance(result, StorageError) for result in results)
        assert await titles(store) == names(told) == kept
        assert "c" in kept


async def test_a_commit_that_fails_is_reported_to_all_that_shared_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def find_deleted(store: SqlStore) -> bool:
        """Answer by what the unit before has not committed yet."""
        async with store.transaction() as unit:
            return await unit.events.get(1) is None

    async def delete(store: SqlStore) -> None:
        async with store.transaction() as unit:
            await unit.events.delete(1)

    told: list[StoredMessage] = []
    async with opened("", tmp_path, told) as store:
        await add(store, "a")
        monkeypatch.setattr(Writer, "_commit_durably", _full)
        results = await asyncio.gather(
            delete(store), find_deleted(store), add(store, "b"), return_exceptions=True
        )
        monkeypatch.undo()
        assert [type(result) for result in results] == [StorageFullError] * 3
        await add(store, "c")
        assert await titles(store) == names(told) == ["a", "c"]
        async with store.transaction() as unit:
            assert (await unit.events.counts(now_us=0)).events == 2


def _full(writer: Writer) -> None:
    writer.connection.execute("ROLLBACK")
    error = sqlite3.OperationalError("database or disk is full")
    error.sqlite_errorcode = sqlite3.SQLITE_FULL
    raise error


async def test_a_unit_cancelled_while_its_commit_syncs_is_stored_and_published(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = asyncio.get_running_loop()
    syncing, go_on = asyncio.Event(), asyncio.Event()
    commit = Writer._commit_durably

    def held_up(self: Writer) -> None:
        loop.call_soon_threadsafe(syncing.set)
        asyncio.run_coroutine_threadsafe(go_on.wait(), loop).result()
        commit(self)

    told: list[StoredMessage] = []
    async with opened("", tmp_path, told) as store:
        monkeypatch.setattr(Writer, "_commit_durably", held_up)
        tasks = [asyncio.create_task(add(store, name)) for name in "abc"]
        await syncing.wait()
        tasks[0].cancel()
        await asyncio.sleep(0)
        assert not tasks[0].done()
        assert told == []
        go_on.set()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert [type(result) for result in results] == [asyncio.CancelledError, type(None), type(None)]
        assert sorted(await titles(store)) == sorted(names(told)) == ["a", "b", "c"]


async def test_waiting_for_a_command_that_writes_does_not_block_the_loop(tmp_path: Path) -> None:
    async with opened("", tmp_path, []) as store:
        other = sqlite3.connect(tmp_path / "fasttrack.sqlite3", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        adding = asyncio.create_task(add(store, "a"))
        for _ in range(20):
            assert await titles(store) == []
        assert not adding.done()
        other.execute("ROLLBACK")
        other.close()
        await adding
        assert await titles(store) == ["a"]


async def test_a_long_read_moves_from_the_loop_to_a_thread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = sa.select(sa.literal(1).label("n")).cte("numbers", recursive=True)
    numbers = numbers.union_all(sa.select(numbers.c.n + 1).where(numbers.c.n < sa.bindparam("upto")))
    count = sa.select(sa.func.count()).select_from(numbers).execution_options(kept=True)
    async with opened("", tmp_path, []) as store, store._database.reading() as unit:
        turns = 0

        async def turn() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        turning = asyncio.create_task(turn())
        assert (await unit.first(count, {"upto": 9}))[0] == 9  # type: ignore[index]
        assert turns == 0
        assert (await unit.first(count, {"upto": 1_500_000}))[0] == 1_500_000  # type: ignore[index]
        assert turns > 0
        turning.cancel()


outcomes = st.sampled_from(
    [
        "stores",
        "stores",
        "stores",
        "looks and stores",
        "cannot be written",
        "looks and cannot be written",
        "raises",
        "breaks",
        "only reads",
    ]
)
schedules = st.lists(
    st.tuples(outcomes, st.integers(0, 3), st.none() | st.integers(0, 40)), min_size=1, max_size=12
)


@settings(max_examples=200, deadline=None)
@given(schedule=schedules, full=st.sets(st.integers(0, 5)))
def test_any_schedule_of_units_stores_exactly_what_was_reported(
    tmp_path_factory: pytest.TempPathFactory, schedule: list, full: set[int]
) -> None:
    """Units that store, fail, break a constraint or are cancelled, and commits that find no room."""
    anyio.run(_run_schedule, tmp_path_factory.mktemp("schedule"), schedule, full)


async def _run_schedule(folder: Path, schedule: list, full: set[int]) -> None:
    told: list[StoredMessage] = []
    async with opened("", folder, told) as store:
        with pytest.MonkeyPatch.context() as patch:
            _fail_commits(patch, full)
            tasks = []
            for number, (outcome, pauses, cancelled_after) in enumerate(schedule):
                task = asyncio.create_task(_act(store, f"n{number}", outcome, pauses))
                tasks.append((task, cancelled_after))
            for turn in range(41):
                for task, cancelled_after in tasks:
                    if cancelled_after == turn:
                        task.cancel()
                await asyncio.sleep(0)
            results = await asyncio.gather(*[task for task, _ in tasks], return_exceptions=True)
        stored = Counter(await titles(store))
        async with store.snapshot() as snapshot:
            assert (await snapshot.events.counts(now_us=0)).events == stored.total()
        await add(store, "after")
    assert {name: 2 * count for name, count in stored.items()} == Counter(names(told)[:-1] * 2)
    assert [message.seq for message in told] == list(range(1, len(told) + 1))
    may_be: Any = StorageFullError
    if any(outcome == "looks and cannot be written" for outcome, _, _ in schedule):
        # Its statements are in the transaction already, which is undone for all.
        may_be |= StorageUnavailableError
    for number, ((outcome, _, _), result) in enumerate(zip(schedule, results, strict=True)):
        is_stored = stored[f"n{number}"] == 1
        if result is None:
            assert is_stored == outcome.endswith("stores")
        elif not isinstance(result, asyncio.CancelledError):
            assert not is_stored
            assert isinstance(result, EXPECTED.get(outcome, StorageFullError) | may_be)


EXPECTED = {
    "raises": LookupError,
    "breaks": sqlite3.IntegrityError,
    "cannot be written": OverflowError,
    "looks and cannot be written": AttributeError,
}


def _fail_commits(patch: pytest.MonkeyPatch, full: set[int]) -> None:
    commit, numbers = Writer._commit_durably, iter(range(1_000_000))

    def maybe_full(writer: Writer) -> None:
        (_full if next(numbers) in full else commit)(writer)

    patch.setattr(Writer, "_commit_durably", maybe_full)


def event_for(name: str, outcome: str) -> EventFields:
    event = an_event(name)
    # No integer of SQLite's.
    return msgspec.structs.replace(event, instant_us=1 << 70) if outcome == "cannot be written" else event


async def _act(store: SqlStore, name: str, outcome: str, pauses: int) -> None:
    async with store.transaction() as unit:
        if outcome == "only reads":
            await unit.events.get(1)
            return
        ids = await unit.events.insert([event_for(name, outcome)], upload_id=None, at_ms=1)
        await unit.messages.append([draft(name)])
        if outcome == "looks and cannot be written":
            await unit.events.get(ids[0])
            await unit.messages.append([("eventos", None, False)])  # type: ignore[list-item]
        for _ in range(pauses):
            await asyncio.sleep(0)
        if outcome == "looks and stores":
            event = await unit.events.get(ids[0])
            assert event is not None
            assert event.title == name
            seen = [one async for chunk in unit.events.scan(EventFilter()) for one in chunk]
            assert (await unit.events.counts(now_us=0)).events == len(seen)
        if outcome == "raises":
            raise LookupError(name)
        if outcome == "breaks":
            for user in (f"{name}a", f"{name}b"):
                await unit.people.add_user(user, "admin", "the same token", at_ms=1)


KILLED = """
import asyncio, os, signal, sys, threading
from pathlib import Path
from api.storage.sqlite.writer import Writer
from api.storage.store import open_store
from tests.api.storage.sqlite.test_writer import add

commit, left = Writer._commit_durably, int(sys.argv[2])

def killed(writer):
    global left
    left -= 1
    if left == 0 and sys.argv[3] == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    commit(writer)
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)

async def write(store, writer):
    for number in range(1000):
        await add(store, f"{writer}.{number}")
        print(f"{writer}.{number}", flush=True)

async def main():
    store = await open_store("", committed=list, data_dir=Path(sys.argv[1]), timezone="America/Recife")
    Writer._commit_durably = killed
    await asyncio.gather(*[write(store, writer) for writer in range(8)])

asyncio.run(main())
"""


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("commits", [1, 2, 17])
async def test_a_kill_around_a_commit_loses_nothing_answered_and_stores_no_part(
    tmp_path: Path, commits: int, moment: str
) -> None:
    killed = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", KILLED, str(tmp_path), str(commits), moment],
        cwd=ROOT,
        timeout=60,
        check=False,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert killed.returncode == -signal.SIGKILL
    answered = killed.stdout.split()
    async with opened("", tmp_path, []) as store:
        stored = await titles(store)
        assert set(answered) <= set(stored)
        assert len(stored) <= len(answered) + 8
        _, head = await store.feed.bounds()
        messages = await store.feed.read(["eventos"], [], after=0, upto=head, limit=5000)
        assert names(messages) == stored
        async with store.snapshot() as snapshot:
            assert (await snapshot.events.counts(now_us=0)).events == len(stored)
        await add(store, "next")

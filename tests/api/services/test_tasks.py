"""Tasks over a real store: told, kept, cancelled, begun again after a restart."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import timedelta, timezone
from functools import partial
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import anyio
import anyio.lowlevel
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.services.analysis_task import AnalysisTask
from api.services.exports.task import ExportTask, blob_of
from api.services.store import Store
from api.services.task_report import Clock, Report, TaskFailedError, TaskKind
from api.services.tasks import Tasks
from api.storage.store import open_store
from domain.events import Event, EventFields
from domain.ports.errors import StorageUnavailableError
from domain.problems import Problem
from domain.tasks import Task
from tests.api.services.clocks import ClockOfLooks
from tests.api.services.unreliable_store import SCHEDULES, Outcome, Scheduled, rest

T = TypeVar("T")
pytestmark = pytest.mark.anyio

NOW_MS = 1_800_000_000_000


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Store]:
    store = await open_store("", committed=lambda _: None, data_dir=folder, timezone="America/Recife")
    try:
        yield store
    finally:
        await store.aclose()


@asynccontextmanager
async def running(
    store: Store,
    kinds: Mapping[str, TaskKind],
    *,
    at_work: int = 2,
    owner: str = "server",
    clock: Clock = lambda: NOW_MS,
) -> AsyncIterator[Tasks]:
    ids = count(1)
    tasks = Tasks(store, kinds, clock=clock, new_id=lambda: f"t{next(ids)}", at_work=at_work, owner=owner)
    with anyio.fail_after(60):
        async with anyio.create_task_group() as group:
            group.start_soon(tasks.run)
            await tasks.ready.wait()
            yield tasks
            group.cancel_scope.cancel()


class Steps:
    """A kind that goes on when it is told to."""

    def __init__(self, *, fail: Exception | None = None) -> None:
        self.began = anyio.Event()
        self.go_on = anyio.Event()
        self.runs = 0
        self.discarded = 0
        self._fail = fail

    async def run(self, task: Task, report: Report) -> dict[str, Any]:
        self.runs += 1
        await report.progress(10, "waiting")
        self.began.set()
        await self.go_on.wait()
        if self._fail:
            failure, self._fail = self._fail, None
            raise failure
        return {"events": 3, "links": {"file": "/there"}}

    async def discard(self, task: Task) -> None:
        self.discarded += 1


async def told(store: Store, task_id: str) -> list[dict[str, Any]]:
    _, head = await store.feed.bounds()
    found = await store.feed.read([f"tarefas/{task_id}"], [], after=0, upto=head, limit=1000)
    return [msgspec.json.decode(message.body) for message in found]


async def first_words(store: Store, task_id: str) -> list[dict[str, Any]]:
    while not (messages := await told(store, task_id)):  # noqa: ASYNC110 - looks as another process would
        await anyio.sleep(0.01)
    return messages


async def ended(store: Store, task_id: str) -> Task:
    """Wait for the end, as another process would: by looking."""
    while True:
        async with store.snapshot() as snapshot:
            task = await snapshot.tasks.get(task_id)
        assert task is not None
        if task.finished_at is not None:
            return task
        await anyio.sleep(0.01)


async def until_idle(tasks: Tasks) -> None:
    while tasks.active:  # noqa: ASYNC110 - looks as a person would
        await anyio.sleep(0.01)


def fields(n: int) -> EventFields:
    return EventFields(
        f"Evento {n}", "", "2025-07-01T10:00:00", "Recife", ("Ana",), None, 1_751_374_800_000_000
    )


async def test_a_task_is_reported_from_start_to_end_and_its_result_is_kept(tmp_path: Path) -> None:
    kind = Steps()
    kind.go_on.set()
    async with opened(tmp_path) as store, running(store, {"steps": kind}) as tasks:
        task = await tasks.start("steps", {}, actor="ana")
        done = await ended(store, task.id)
        assert (done.state, done.percent, done.actor) == ("completed", 100, "ana")
        messages = await told(store, task.id)
        assert [m.get("progresso") for m in messages] == [10, 100, None]
        assert messages[-1]["type"] == "finished"
        assert messages[-1]["status"] == "completed"
        assert messages[-1]["links"]["file"] == "/there"


async def test_a_failed_task_reports_its_reason_and_discards_its_files(tmp_path: Path) -> None:
    why = Problem("", "too_odd", "the events are too odd")
    kind = Steps(fail=TaskFailedError(why))
    kind.go_on.set()
    async with opened(tmp_path) as store, running(store, {"steps": kind}) as tasks:
        done = await ended(store, (await tasks.start("steps", {}, actor="ana")).id)
        assert done.state == "failed"
        finished = (await told(store, done.id))[-1]
        assert finished["error"] == {"code": "too_odd", "message": "the events are too odd"}
        assert kind.discarded == 2


async def test_an_unexpected_failure_reveals_no_internals(tmp_path: Path) -> None:
    kind = Steps(fail=RuntimeError("/secret/path"))
    kind.go_on.set()
    async with opened(tmp_path) as store, running(store, {"steps": kind}) as tasks:
        done = await ended(store, (await tasks.start("steps", {}, actor="ana")).id)
        assert done.error is not None
        assert done.error.code == "internal"
        assert "secret" not in repr(await told(store, done.id))


async def test_an_outage_of_the_store_delays_a_task_without_ending_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.services.tasks.RETRY_SECONDS", 0)
    kind = Steps(fail=StorageUnavailableError("gone"))
    kind.go_on.set()
    async with opened(tmp_path) as store, running(store, {"steps": kind}) as tasks:
        done = await ended(store, (await tasks.start("steps", {}, actor="ana")).id)
        assert done.state == "completed"
        assert kind.runs == 2


async def test_a_task_is_not_taken_up_twice_after_an_outage_that_outlasts_its_lease(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.services.tasks.RETRY_SECONDS", 0.5)
    monkeypatch.setattr("api.services.tasks.LEASE_CHECK_SECONDS", 0.01)
    now = NOW_MS
    kind = Steps(fail=StorageUnavailableError("gone"))
    async with opened(tmp_path) as store, running(store, {"steps": kind}, clock=lambda: now) as tasks:
        task = await tasks.start("steps", {}, actor="ana")
        await kind.began.wait()
        kind.began = anyio.Event()
        kind.go_on.set()
        while tasks._scopes:  # noqa: ASYNC110 - until it waits for its next try
            await anyio.sleep(0.001)
        # Whoever looks after leases sees that its lease has ended.
        now += 20_000
        kind.go_on = anyio.Event()
        await kind.began.wait()
        await anyio.sleep(0.6)  # One that still waited would have had its next try.
        assert (tasks.active, kind.runs) == (1, 2)
        kind.go_on.set()
        assert (await ended(store, task.id)).state == "completed"
        await until_idle(tasks)
        assert kind.runs == 2
        assert [m["type"] for m in await told(store, task.id)].count("finished") == 1


async def test_a_task_whose_files_cannot_be_removed_at_once_stops_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Stubborn(Steps):
        async def discard(self, task: Task) -> None:
            await super().discard(task)
            if self.discarded == 2:
                raise RuntimeError("a fault of ours")

    monkeypatch.setattr("api.services.tasks.RETRY_SECONDS", 0)
    kind = Stubborn(fail=RuntimeError("it fails"))
    kind.go_on.set()
    async with opened(tmp_path) as store, running(store, {"steps": kind}) as tasks:
        done = await ended(store, (await tasks.start("steps", {}, actor="ana")).id)
        assert (done.state, kind.runs, kind.discarded) == ("completed", 2, 3)


async def test_a_running_task_can_be_cancelled(tmp_path: Path) -> None:
    kind = Steps()
    async with opened(tmp_path) as store, running(store, {"steps": kind}) as tasks:
        task = await tasks.start("steps", {}, actor="ana")
        await kind.began.wait()
        await tasks.cancel(task.id)
        assert (await ended(store, task.id)).state == "cancelled"
        assert (await told(store, task.id))[-1]["status"] == "cancelled"
        assert await tasks.cancel("nobody") is None
        again = await tasks.cancel(task.id)
        assert again is not None
        assert again.state == "cancelled"


async def test_a_task_over_the_limit_waits_and_reports_it(tmp_path: Path) -> None:
    kind = Steps()
    async with opened(tmp_path) as store, running(store, {"steps": kind}, at_work=1) as tasks:
        first = await tasks.start("steps", {}, actor="ana")
        await kind.began.wait()
        second = await tasks.start("steps", {}, actor="ana")
        messages = await first_words(store, second.id)
        assert "number 1 in the queue" in messages[0]["message"]
        await tasks.cancel(second.id)
        assert (await ended(store, second.id)).state == "cancelled"
        kind.go_on.set()
        assert (await ended(store, first.id)).state == "completed"


async def test_an_unfinished_task_restarts_with_the_server_and_finishes_once(tmp_path: Path) -> None:
    cut_short = Steps()
    async with opened(tmp_path) as store:
        async with running(store, {"steps": cut_short}) as tasks:
            task = await tasks.start("steps", {}, actor="ana")
            await cut_short.began.wait()
        kind = Steps()
        kind.go_on.set()
        async with running(store, {"steps": kind}):
            assert (await ended(store, task.id)).state == "completed"
        messages = await told(store, task.id)
        assert [m["type"] for m in messages].count("finished") == 1
        percents = [m["progresso"] for m in messages if m["type"] == "progress"]
        assert percents == sorted(percents)


async def test_a_task_of_a_kind_that_this_version_does_not_have_fails(tmp_path: Path) -> None:
    cut_short = Steps()
    async with opened(tmp_path) as store:
        async with running(store, {"steps": cut_short}) as tasks:
            task = await tasks.start("steps", {}, actor="ana")
            await cut_short.began.wait()
        async with running(store, {}) as tasks:
            done = await ended(store, task.id)
            assert done.state == "failed"
            assert done.error is not None
            assert (done.error.code, done.error.rule, done.error.value) == (
                "internal",
                "unknown_task",
                "steps",
            )
            await until_idle(tasks)


async def test_a_task_whose_lease_expired_is_taken_over_and_its_first_process_publishes_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.services.tasks.LEASE_CHECK_SECONDS", 0.01)
    now = NOW_MS
    stuck, second = Steps(), Steps()
    second.go_on.set()
    async with opened(tmp_path) as store:
        async with running(store, {"steps": stuck}, owner="A") as first:
            monkeypatch.setattr(first, "_look_after_leases", lambda _: anyio.lowlevel.checkpoint())
            task = await first.start("steps", {}, actor="ana")
            await stuck.began.wait()
            now += 20_000
            async with running(store, {"steps": second}, owner="B", clock=lambda: now):
                assert (await ended(store, task.id)).state == "completed"
                stuck.go_on.set()
                await until_idle(first)
        assert [m["type"] for m in await told(store, task.id)].count("finished") == 1


async def test_a_task_can_be_cancelled_through_another_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.services.tasks.LEASE_CHECK_SECONDS", 0.01)
    kind = Steps()
    async with opened(tmp_path) as store, running(store, {"steps": kind}, owner="A") as first:
        task = await first.start("steps", {}, actor="ana")
        await kind.began.wait()
        async with running(store, {"steps": kind}, owner="B") as second:
            await second.cancel(task.id)
            assert (await ended(store, task.id)).state == "cancelled"


async def test_a_task_that_was_asked_to_stop_does_not_complete(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.services.tasks.CANCEL_CHECK_SECONDS", 3600)
    kind = Steps()
    async with opened(tmp_path) as store, running(store, {"steps": kind}, owner="A") as first:
        task = await first.start("steps", {}, actor="ana")
        await kind.began.wait()
        async with running(store, {"steps": kind}, owner="B") as second:
            await second.cancel(task.id)
        kind.go_on.set()  # It is done before it has looked for requests.
        assert (await ended(store, task.id)).state == "cancelled"
        assert [m["status"] for m in await told(store, task.id) if m["type"] == "finished"] == ["cancelled"]


async def test_the_analysis_reads_every_event_and_ends(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        async with store.transaction() as tx:
            await tx.events.insert([fields(n) for n in range(2500)], upload_id=None, at_ms=NOW_MS)
        recife = timezone(timedelta(hours=-3))
        kinds = {"analysis": AnalysisTask(store, clock=lambda: NOW_MS, timezone=recife)}
        async with running(store, kinds) as tasks:
            done = await ended(store, (await tasks.start("analysis", {}, actor="ana")).id)
        assert done.result is not None
        assert (done.result["events"], done.result["past"], done.result["participants"]) == (2500, 2500, 2500)
        lines = [m["message"] for m in await told(store, done.id) if m["type"] == "log"]
        assert lines[0] == "analysing 2500 events"
        assert lines[1].startswith("2500 events in 1 cities")


class Lines:
    """One title a line."""

    def opening(self) -> bytes:
        return b"<"

    def part(self, events: Sequence[Event]) -> bytes:
        return b"".join(event.title.encode() + b"\n" for event in events)

    def closing(self) -> bytes:
        return b">"


def export_task(store: Store, *, now_ms: int = NOW_MS) -> ExportTask:
    return ExportTask(store, {"lines": lambda _: Lines()}, clock=lambda: now_ms, keep_days=7)


async def test_an_export_becomes_a_file_in_several_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.services.exports.task.WRITE_BYTES", 1000)
    async with opened(tmp_path) as store:
        async with store.transaction() as tx:
            await tx.events.insert([fields(n) for n in range(1500)], upload_id=None, at_ms=NOW_MS)
        async with running(store, {"export": export_task(store)}) as tasks:
            task = await tasks.start("export", {"format": "lines"}, actor="ana")
            done = await ended(store, task.id)
        assert done.result is not None
        content = await store.blobs.read(blob_of(task.id), 0, 1 << 20)
        assert content == b"<" + b"".join(b"Evento %d\n" % n for n in range(1500)) + b">"
        assert (done.result["events"], done.result["bytes"]) == (1500, len(content))
        assert (await told(store, task.id))[-1]["links"]["file"] == f"/api/v1/tarefas/{task.id}/file"


async def test_only_files_of_long_ended_tasks_are_deleted(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        async with running(store, {"export": export_task(store)}) as tasks:
            task = await tasks.start("export", {"format": "lines"}, actor="ana")
            await ended(store, task.id)
        await store.blobs.append(blob_of("nobody"), 0, b"x")
        await store.blobs.append("upload", 0, b"x")
        await export_task(store).sweep()
        assert sorted(await store.blobs.ids()) == [blob_of(task.id), "upload"]
        await export_task(store, now_ms=NOW_MS + 8 * 86_400_000).sweep()
        assert await store.blobs.ids() == ["upload"]


@given(
    schedule=SCHEDULES,
    others=SCHEDULES,
    asked=st.lists(st.booleans(), min_size=1, max_size=3),
    pauses=st.lists(st.integers(0, 4), max_size=8),
)
def test_every_schedule_of_faults_ends_each_task_once(
    schedule: list[tuple[Outcome, int]],
    others: list[tuple[Outcome, int]],
    asked: list[bool],
    pauses: list[int],
) -> None:
    """`asked`: for each task, whether it is asked to stop."""

    async def run(folder: Path) -> None:
        kind = Steps()
        kind.go_on.set()
        going_on = iter(pauses)
        async with (
            opened(folder) as store,
            # A lease ends after thirty-three looks at the clock.
            running(
                Scheduled(store, schedule, others),
                {"steps": kind},
                clock=ClockOfLooks(NOW_MS, each_look_ms=300),
            ) as tasks,
        ):
            for stops in asked:
                task = await patiently(going_on, partial(tasks.start, "steps", {}, actor="ana"))
                if stops:
                    await patiently(going_on, partial(tasks.cancel, task.id))
            async with store.snapshot() as snapshot:
                stored, _ = await snapshot.tasks.page(limit=100, before=None)
            for task in stored:
                done = await ended(store, task.id)
                assert done.state in {"completed", "cancelled"}
                words = [message["type"] for message in await told(store, task.id)]
                assert (words.count("finished"), words[-1]) == (1, "finished")
            await until_idle(tasks)

    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as often:
        for name in ("LEASE_CHECK_SECONDS", "CANCEL_CHECK_SECONDS", "RETRY_SECONDS"):
            often.setattr(f"api.services.tasks.{name}", 0.005)
        anyio.run(run, Path(folder))


async def patiently(pauses: Iterator[int], work: Callable[[], Awaitable[T]]) -> T:
    """Do something as a client does who never gives up."""
    while True:
        await rest(next(pauses, 0))
        with suppress(StorageUnavailableError):
            return await work()

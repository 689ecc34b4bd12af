import anyio
import pytest
from anyio.lowlevel import checkpoint

from api.services.job_queue import JobQueue

pytestmark = pytest.mark.anyio


class Job:
    """A job that says when it works and ends when it is told to."""

    def __init__(self) -> None:
        self.places: list[int] = []
        self.working = anyio.Event()
        self.done = anyio.Event()
        self.scope = anyio.CancelScope()

    async def run(self, line: JobQueue) -> None:
        with self.scope:
            async with line.turn(self.tell):
                self.working.set()
                await self.done.wait()

    async def tell(self, place: int) -> None:
        self.places.append(place)


async def settle() -> None:
    for _ in range(10):
        await checkpoint()


async def test_jobs_run_in_order_and_report_their_place() -> None:
    line, jobs = JobQueue(1), [Job() for _ in range(3)]
    with anyio.fail_after(60):
        async with anyio.create_task_group() as group:
            for job in jobs:
                group.start_soon(job.run, line)
                await settle()
            assert [job.places for job in jobs] == [[], [1], [2]]
            jobs[0].done.set()
            await jobs[1].working.wait()
            await settle()
            assert jobs[2].places == [2, 1]
            assert not jobs[2].working.is_set()
            jobs[1].done.set()
            await jobs[2].working.wait()
            jobs[2].done.set()


async def test_a_cancelled_waiter_gives_up_its_place_in_the_queue() -> None:
    line, jobs = JobQueue(1), [Job() for _ in range(3)]
    with anyio.fail_after(60):
        async with anyio.create_task_group() as group:
            for job in jobs:
                group.start_soon(job.run, line)
                await settle()
            jobs[1].scope.cancel()
            await settle()
            assert jobs[2].places == [2, 1]
            jobs[0].done.set()
            await jobs[2].working.wait()
            jobs[2].done.set()
    assert line.waiting == 0


async def test_a_place_granted_to_a_cancelled_waiter_goes_to_the_next() -> None:
    line, jobs = JobQueue(1), [Job() for _ in range(3)]
    with anyio.fail_after(60):
        async with anyio.create_task_group() as group:
            for job in jobs:
                group.start_soon(job.run, line)
                await settle()
            jobs[0].scope.cancel()
            jobs[1].scope.cancel()
            await jobs[2].working.wait()
            jobs[2].done.set()


async def test_several_jobs_run_at_once_up_to_the_limit() -> None:
    line, jobs = JobQueue(2), [Job() for _ in range(3)]
    with anyio.fail_after(60):
        async with anyio.create_task_group() as group:
            for job in jobs:
                group.start_soon(job.run, line)
            await jobs[0].working.wait()
            await jobs[1].working.wait()
            await settle()
            assert jobs[2].places == [1]
            for job in jobs:
                job.done.set()

"""Addresses begin with the path at which the server is reached, for one request and its jobs alone."""

import asyncio

from api.services.links import link, reached_under


async def answered(prefix: str, both: asyncio.Barrier) -> tuple[str, str]:
    """Answer a request that came under a path, and begin a job."""
    reached_under(prefix)
    await both.wait()
    job = asyncio.create_task(begun())
    return link("/schema"), await job


async def begun() -> str:
    return link("/job")


async def both_at_once() -> list[tuple[str, str]]:
    both = asyncio.Barrier(2)
    return await asyncio.gather(answered("/a", both), answered("", both))


def test_requests_at_the_same_time_have_their_own_paths_and_jobs_those_of_their_requests() -> None:
    assert asyncio.run(both_at_once()) == [("/a/schema", "/a/job"), ("/schema", "/job")]
    assert link("/schema") == "/schema"

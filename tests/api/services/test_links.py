"""Addresses begin with the path at which the server is reached, for one request and its jobs alone."""

import asyncio
import contextvars

from api.services.links import link, reached_under, read_link, stored_link


async def answered(prefix: str, both: asyncio.Barrier) -> tuple[str, str]:
    """Answer a request that came under a path, and begin a job."""
    reached_under(prefix, own="/own")
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


def test_what_is_stored_has_the_prefix_of_the_settings_and_is_read_under_that_of_the_caller() -> None:
    def stored_and_read() -> tuple[str, str, str]:
        reached_under("/evil", own="/own")
        stored = stored_link("/api/v1/uploads/a")
        reached_under("/b", own="/own")
        return stored, read_link(stored), read_link("/evil/api/v1/uploads/a")

    found = contextvars.copy_context().run(stored_and_read)
    assert found == ("/own/api/v1/uploads/a", "/b/api/v1/uploads/a", "/b/api/v1/uploads/a")

"""Who comes and who goes, as those who watch see it: within a second, on every server and stream."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from functools import partial
from time import monotonic
from typing import Any

import anyio
import httpx
import pytest

from api.client.transports import OPENERS, Target, Transport
from api.services.presence import GRACE_SECONDS
from tests.end_to_end.deployments import Deployment
from tests.end_to_end.server_process import ServerProcess

pytestmark = [pytest.mark.anyio, pytest.mark.alone]

SEEN_WITHIN_SECONDS = 1.0
BUSY = 5
"""So many times as long a machine may take that has other things to do."""
STREAMS: tuple[Transport, ...] = ("sse", "ws")
COMERS = 8
PACE_SECONDS = 0.13
"""Between two who come: servers look at each other a few times a second, and each comes at another moment."""


class Watcher:
    """Keeps when it was told of how many online."""

    def __init__(self) -> None:
        self._told: list[tuple[float, int]] = []
        self._stirred = anyio.Event()

    async def watch(self, server: ServerProcess, transport: Transport, *, most: int, fewest: int) -> None:
        """Watch until all have come and have gone again."""
        full = False
        async with stream(server, transport, "presenca") as messages:
            async for message in messages:
                if message["type"] == "state":
                    self._note(message["online"])
                    full = full or message["online"] == most
                    if full and message["online"] == fewest:
                        return

    def _note(self, online: int) -> None:
        self._told.append((monotonic(), online))
        stirred, self._stirred = self._stirred, anyio.Event()
        stirred.set()

    async def until(self, online: int) -> None:
        """Wait for a number of people."""
        while not self._told or self._told[-1][1] != online:
            await self._stirred.wait()

    def rose_to(self, online: int) -> float:
        """Return when it was first told of so many."""
        return next(at for at, told in self._told if told >= online)

    def fell_to(self, online: int, *, after: float) -> float:
        """Return when it was first told of so few."""
        return next(at for at, told in self._told if at > after and told <= online)


@asynccontextmanager
async def stream(
    server: ServerProcess, transport: Transport, feed: str
) -> AsyncIterator[AsyncGenerator[dict[str, Any], None]]:
    """Read a feed as a person of its own: without a cookie, every connection is one."""
    async with (
        httpx.AsyncClient(base_url=server.url, timeout=60) as http,
        aclosing(OPENERS[transport](Target(http, [feed], None, None))) as messages,
    ):
        yield messages


async def test_all_readers_see_joins_and_leaves_within_a_second(deployment: Deployment) -> None:
    places = [(server, transport) for server in deployment.servers for transport in STREAMS]
    watchers = [Watcher() for _ in places]
    comers = [AsyncExitStack() for _ in range(COMERS)]
    came, left = list[float](), list[float]()
    fewest, most = len(watchers), len(watchers) + COMERS
    with anyio.fail_after(60):
        async with AsyncExitStack() as all_comers, anyio.create_task_group() as group:
            for comer in comers:
                all_comers.push_async_callback(comer.aclose)
            for watcher, place in zip(watchers, places, strict=True):
                group.start_soon(partial(watcher.watch, *place, most=most, fewest=fewest))
            for watcher in watchers:
                await watcher.until(fewest)
            for number, comer in enumerate(comers):
                came.append(monotonic())
                messages = await comer.enter_async_context(stream(*places[number % len(places)], "eventos"))
                assert (await anext(messages))["type"] == "hello"
                await anyio.sleep(PACE_SECONDS)
            for watcher in watchers:
                await watcher.until(most)
            for comer in comers:
                left.append(monotonic())
                await comer.aclose()
                await anyio.sleep(PACE_SECONDS)
    joins = [
        max(watcher.rose_to(fewest + number) for watcher in watchers) - at
        for number, at in enumerate(came, 1)
    ]
    assert max(joins) < SEEN_WITHIN_SECONDS * BUSY, joins
    # A page that comes back within the grace was never away, so who stays away is seen to go that much later.
    leaves = [
        max(watcher.fell_to(most - number, after=left[0]) for watcher in watchers) - (at + GRACE_SECONDS)
        for number, at in enumerate(left, 1)
    ]
    assert max(leaves) < SEEN_WITHIN_SECONDS * BUSY, leaves
    assert min(leaves) > 0, leaves

"""Two servers behind nginx are restarted one after the other: no message is missed or told twice."""

from collections.abc import Callable
from contextlib import ExitStack, aclosing
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import httpx
import pytest

from api.client.feed_client import FeedClient
from tests.contracts.conftest import postgres, store_url
from tests.end_to_end.conftest import StartServer
from tests.end_to_end.proxies.real import before_two

__all__ = ["postgres", "store_url"]

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.parametrize("store_url", ["postgresql"], indirect=True),
]

READERS = 6
"""As nginx takes turns, some on each server."""
LAST = "the last one"


class Creation:
    """Creates events until it is told that enough has happened."""

    def __init__(self, url: str) -> None:
        self.titles: list[str] = []
        self.enough = False
        self.has_begun = anyio.Event()
        self._url = url

    async def run(self) -> None:
        async with httpx.AsyncClient(base_url=self._url, timeout=60) as http:
            while not self.enough:
                await self._create(http, f"N{len(self.titles)}")
                if len(self.titles) == 10:
                    self.has_begun.set()
            await self._create(http, LAST)

    async def _create(self, http: httpx.AsyncClient, title: str) -> None:
        event = {"title": title, "event_date": "2025-07-01", "city": "Recife"}
        answer = await http.post("/api/v1/eventos", json=event)
        # One that was queued in the kernel when its server closed was not taken: nginx sends no POST twice.
        # Were it taken all the same, the readers would see it twice.
        if answer.status_code == 502:
            answer = await http.post("/api/v1/eventos", json=event)
        assert answer.status_code == 201, answer.text
        self.titles.append(title)


async def follow(url: str, seen: list[str], told: Callable[[str], None], opened: anyio.Event) -> None:
    """Read as clients do: coming back when the server says good-bye."""
    async with httpx.AsyncClient(base_url=url, timeout=60) as http:
        # A state comes at once, and says that the stream is open.
        client = FeedClient(http, ["eventos", "presenca"], on_status=told, replay="all")
        async with aclosing(client.messages()) as messages:
            async for message in messages:
                opened.set()
                if message["type"] == "event.created":
                    seen.append(message["event"]["title"])
                    if seen[-1] == LAST:
                        return


async def test_restarting_one_after_the_other_loses_no_message(
    start_server: StartServer, store_url: str, tmp_path: Path
) -> None:
    start: Any = partial(start_server, database_url=store_url, auth="open")
    servers = [await anyio.to_thread.run_sync(start) for _ in range(2)]
    with ExitStack() as stack:
        port = stack.enter_context(before_two(tmp_path, servers[0].port, servers[1].port))
        url = f"http://127.0.0.1:{port}"
        creation = Creation(url)
        seen: list[list[str]] = [[] for _ in range(READERS)]
        told: list[str] = []
        with anyio.fail_after(150):
            async with anyio.create_task_group() as group:
                for one in seen:
                    opened = anyio.Event()
                    group.start_soon(follow, url, one, told.append, opened)
                    await opened.wait()
                group.start_soon(creation.run)
                await creation.has_begun.wait()
                for server in servers:
                    assert await anyio.to_thread.run_sync(server.stop) == 0
                    await anyio.to_thread.run_sync(server.start)
                creation.enough = True
    for one in seen:
        assert one == creation.titles
    assert not any("missing" in sentence for sentence in told)

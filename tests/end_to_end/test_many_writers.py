"""Eight writers over three servers, readers on all of them by every transport: one order for everyone."""

from functools import partial
from typing import Any

import anyio
import anyio.to_thread
import httpx
import pytest

from api.client.transports import OPENERS
from tests.contracts.conftest import postgres, store_url
from tests.end_to_end.conftest import StartServer
from tests.end_to_end.reader import Reader
from tests.end_to_end.server_process import ServerProcess

__all__ = ["postgres", "store_url"]

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.parametrize("store_url", ["postgresql"], indirect=True),
]

SERVERS = 3
WRITERS = 8
EVENTS = 50
FILES = 2
ROWS = 600
"""Of a file; they are told one by one."""
MESSAGES = 10_000
LAST = "the last one"


class Writer:
    """Sends a file while it creates single events, each call to the next server."""

    def __init__(self, number: int, servers: list[ServerProcess]) -> None:
        self.titles = [f"W{number} {n}" for n in range(EVENTS)]
        self.upload_ids = [f"w{number}-{n}" for n in range(FILES)]
        self._number = number
        self._servers = servers

    async def write(self) -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(self._import)
            group.start_soon(self._create)

    async def _import(self) -> None:
        content = "title,event_date,city\n" + "E,2025-07-01,Recife\n" * ROWS
        for n, upload_id in enumerate(self.upload_ids):
            async with self._client(n) as http:
                answer = await http.post(
                    f"/uploads?upload_id={upload_id}", files={"file": ("a.csv", content.encode())}
                )
            assert answer.status_code == 202, answer.text

    async def _create(self) -> None:
        clients = [self._client(n) for n in range(SERVERS)]
        for n, title in enumerate(self.titles):
            await create(clients[n % SERVERS], title)
        for http in clients:
            await http.aclose()

    def _client(self, n: int) -> httpx.AsyncClient:
        server = self._servers[(self._number + n) % SERVERS]
        return httpx.AsyncClient(base_url=f"{server.url}/api/v1", timeout=120)


async def create(http: httpx.AsyncClient, title: str) -> None:
    event = {"title": title, "event_date": "2025-07-01", "city": "Recife"}
    assert (await http.post("/eventos", json=event)).status_code == 201


async def ended(server: ServerProcess, upload_ids: list[str]) -> None:
    async with httpx.AsyncClient(base_url=f"{server.url}/api/v1", timeout=60) as http:
        for upload_id in upload_ids:
            while (await http.get(f"/uploads/{upload_id}")).json()["status"] != "completed":  # noqa: ASYNC110
                await anyio.sleep(0.1)


async def test_10000_messages_reach_every_reader_once_in_one_order(
    start_server: StartServer, store_url: str
) -> None:
    start = partial(start_server, database_url=store_url)
    servers = [await anyio.to_thread.run_sync(start) for _ in range(SERVERS)]
    writers = [Writer(number, servers) for number in range(WRITERS)]
    feeds = ["eventos", "eventos/progresso"]
    readers = [Reader(server, transport, feeds) for server in servers for transport in OPENERS]
    with anyio.fail_after(220):
        async with anyio.create_task_group() as group:
            for reader in readers:
                group.start_soon(reader.read_to, lambda m: m.get("event", {}).get("title") == LAST)
                await reader.opened.wait()
            async with anyio.create_task_group() as writing:
                for writer in writers:
                    writing.start_soon(writer.write)
            await ended(servers[0], [one for writer in writers for one in writer.upload_ids])
            async with httpx.AsyncClient(base_url=f"{servers[0].url}/api/v1", timeout=60) as http:
                await create(http, LAST)
    for reader in readers:
        assert reader.ids == readers[0].ids
        assert reader.hellos == 1
    check(readers[0].seen, writers)


def check(seen: list[Any], writers: list[Writer]) -> None:
    assert len(seen) >= MESSAGES
    seqs = [int(message["id"].rpartition(".")[2]) for message in seen]
    assert seqs == sorted(set(seqs))
    titles = [m["event"]["title"] for m in seen if m["type"] == "event.created"]
    assert titles[-1] == LAST
    assert len(titles) == WRITERS * EVENTS + 1
    for writer in writers:
        # Each writer's own in the order in which it was answered.
        prefix = writer.titles[0].partition(" ")[0] + " "
        assert [title for title in titles if title.startswith(prefix)] == writer.titles
        for upload_id in writer.upload_ids:
            own = [m for m in seen if m.get("upload_id") == upload_id and m["type"] == "progress"]
            assert [m["record"] for m in own] == list(range(1, ROWS + 1))
    assert [m["type"] for m in seen].count("finished") == WRITERS * FILES

"""Two servers over one PostgreSQL: one feed, and an import that outlives the server it was sent to."""

import json
from contextlib import aclosing
from typing import Any

import anyio
import anyio.to_thread
import httpx
import pytest

from api.client.feed_client import FeedClient
from tests.contracts.conftest import postgres, store_url
from tests.end_to_end.conftest import StartServer
from tests.end_to_end.server_process import ServerProcess

__all__ = ["postgres", "store_url"]

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.parametrize("store_url", ["postgresql"], indirect=True),
]

ROWS = 20_000


async def follow(server: ServerProcess, feed: str, seen: list[Any], enough: int) -> None:
    async with httpx.AsyncClient(base_url=server.url, timeout=60) as http:
        client = FeedClient(http, [feed], on_status=lambda _: None, replay="all")
        async with aclosing(client.messages()) as messages:
            async for message in messages:
                seen.append(message)
                if len(seen) == enough:
                    return


async def test_readers_of_one_server_get_changes_of_the_other_in_order(
    start_server: StartServer, store_url: str
) -> None:
    writer, reader = start_server(database_url=store_url), start_server(database_url=store_url)
    seen: list[Any] = []
    with anyio.fail_after(60):
        async with (
            anyio.create_task_group() as group,
            httpx.AsyncClient(base_url=writer.url, timeout=60) as http,
        ):
            group.start_soon(follow, reader, "eventos", seen, 100)
            for number in range(100):
                event = {"title": f"N{number}", "event_date": "2025-07-01", "city": "Recife"}
                assert (await http.post("/api/v1/eventos", json=event)).status_code == 201
    assert [message["event"]["title"] for message in seen] == [f"N{n}" for n in range(100)]


async def test_an_import_sent_to_a_killed_server_is_finished_by_the_other(
    start_server: StartServer, store_url: str
) -> None:
    first, second = start_server(database_url=store_url), start_server(database_url=store_url)
    content = "title,event_date,city\n" + "".join(f"E{n},2025-07-01,Recife\n" for n in range(ROWS))
    seen: list[Any] = []
    with anyio.fail_after(120):
        async with anyio.create_task_group() as group:
            group.start_soon(follow, second, "upload/legado", seen, 10**9)
            async with httpx.AsyncClient(base_url=first.url, timeout=60) as http:
                answer = await http.post(
                    "/api/v1/uploads",
                    params={"upload_id": "legado"},
                    files={"file": ("a.csv", content.encode())},
                )
            assert answer.status_code == 202, answer.text
            assert not any(message["type"] == "finished" for message in seen)
            await anyio.to_thread.run_sync(first.kill)
    assert [message["type"] for message in seen].count("finished") == 1
    assert seen[-1]["accepted"] == ROWS, json.dumps(seen[-1])
    told = [message["record"] for message in seen if message["type"] == "progress"]
    assert told[:1000] == list(range(1, 1001))
    assert told == sorted(set(told))
    async with httpx.AsyncClient(base_url=second.url, timeout=60) as http:
        assert (await http.get("/api/v1/eventos")).json()["total"] == ROWS

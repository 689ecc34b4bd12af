"""A server is killed again and again while it delivers: its receiver misses nothing, in order."""

from typing import Any

import anyio
import anyio.to_thread
import httpx
import pytest

from tests.api.services.webhooks.receiver import OK, Arrived, Receiver, receiving
from tests.contracts.conftest import postgres, store_url
from tests.end_to_end.conftest import StartServer
from tests.end_to_end.server_process import ServerProcess

__all__ = ["postgres", "store_url"]

pytestmark = pytest.mark.anyio

EVENTS = 60
KILLS = (10, 30)
"""After so many messages have arrived, the server is killed before it can store that they have."""


async def in_thread(work: Any) -> None:
    await anyio.to_thread.run_sync(work)


async def test_a_kill_between_delivery_and_cursor_loses_nothing(
    start_server: StartServer, store_url: str
) -> None:
    async with receiving() as receiver:
        server: ServerProcess = await anyio.to_thread.run_sync(
            lambda: start_server(database_url=store_url, webhook_private_addresses="true")
        )
        await subscribe(server, receiver)
        kills = [*KILLS]

        def answer(_: Arrived) -> bytes | None:
            # The answer never comes: the server is killed while it waits for it.
            return None if kills and len(distinct(receiver)) >= kills[0] else OK

        receiver.answer = answer
        await create_events(server)
        while kills:
            await receiver.until(lambda: len(distinct(receiver)) >= kills[0])
            await in_thread(server.kill)
            kills.pop(0)
            await in_thread(server.start)
        await receiver.until(lambda: len(distinct(receiver)) == EVENTS)
        await in_thread(server.stop)
    titles = distinct(receiver)
    assert titles == [f"E{n}" for n in range(EVENTS)]
    assert len(receiver.arrived) > EVENTS, "what was under way at a kill comes again"


async def subscribe(server: ServerProcess, receiver: Receiver) -> None:
    async with httpx.AsyncClient(base_url=server.url, timeout=30) as client:
        made = await client.post("/api/v1/webhooks", json={"url": receiver.url, "feeds": ["eventos"]})
    assert made.status_code == 201, made.text


async def create_events(server: ServerProcess) -> None:
    async with httpx.AsyncClient(base_url=server.url, timeout=30) as client:
        for n in range(EVENTS):
            event = {"title": f"E{n}", "event_date": "2027-01-01", "city": "Recife"}
            assert (await client.post("/api/v1/eventos", json=event)).status_code == 201


def distinct(receiver: Receiver) -> list[str]:
    """Return what arrived in the order of its first arrival."""
    return [*dict.fromkeys(one.message["event"]["title"] for one in receiver.arrived)]

"""One feed, three ways to read it: the same messages, the same ids, the same order; through kills."""

import json
import random
from contextlib import aclosing
from itertools import cycle
from typing import Any

import anyio
import anyio.to_thread
import httpx
import pytest

from api.client.transports import OPENERS, Broken, Target, Transport
from tests.end_to_end.conftest import StartServer
from tests.end_to_end.deployments import Deployment
from tests.end_to_end.server_process import ServerProcess

pytestmark = pytest.mark.anyio

# The sample that the project began with: quotes escaped by a backslash, a naive time.
BACKSLASHED = (
    "title,description,event_date,city,participants,local_info\n"
    "Evento 1,Descrição do evento,2025-07-01T10:00:00,Recife,Alice;Bob,"
    r'"{\"location_name\": \"Auditório Central\", \"capacity\": 300, \"venue_type\": \"Auditório\", '
    r"\"is_accessible\": true, \"address\": \"Rua Exemplo, 123\", \"past_events\": [], "
    r'\"manually_edited\": false}"' + "\n"
)
DOCUMENTED = {
    "title": "Evento 1",
    "description": "Descrição do evento",
    "event_date": "2025-07-01T10:00:00",
    "city": "Recife",
    "participants": ["Alice", "Bob"],
    "local_info": {
        "location_name": "Auditório Central",
        "capacity": 300,
        "venue_type": "Auditório",
        "is_accessible": True,
        "address": "Rua Exemplo, 123",
        "past_events": [],
        "manually_edited": False,
    },
}


def hundred_rows(*, bad: int) -> str:
    rows = ["title,description,event_date,city,participants,local_info"]
    for n in range(1, 101):
        date = "ontem" if n % (100 // bad) == 0 else f"2025-07-{n % 28 + 1:02}T10:00:00Z"
        venue = json.dumps({"location_name": f"Sala {n}", "capacity": n}).replace('"', '""')
        rows.append(f'Evento {n},"Com ""aspas"" e\nlinha",{date},Olinda,Ana;Bia,"{venue}"')
    return "\r\n".join(rows)


async def read_to_end(
    server: ServerProcess, transport: Transport, feed: str, opened: anyio.Event
) -> list[Any]:
    messages = []
    async with httpx.AsyncClient(base_url=server.url, timeout=60) as http:
        try:
            # Closed here and now: what is left to the garbage collector outlives the test's loop.
            async with aclosing(OPENERS[transport](Target(http, [feed], None, None))) as stream:
                async for message in stream:
                    opened.set()
                    messages.append(message)
                    if message["type"] == "bye":
                        break
        except Broken as broken:
            assert broken.finished  # noqa: PT017 - any other end is a fault
    return messages


async def watched(deployment: Deployment, csv: str, upload_id: str) -> dict[Transport, list[Any]]:
    """Upload a file that all three transports watch from before it was sent."""
    seen: dict[Transport, list[Any]] = {}

    async def watch(transport: Transport, opened: anyio.Event) -> None:
        seen[transport] = await read_to_end(deployment.reader, transport, f"upload/{upload_id}", opened)

    with anyio.fail_after(60):
        async with (
            anyio.create_task_group() as group,
            httpx.AsyncClient(base_url=deployment.writer.url, timeout=60) as http,
        ):
            for transport in OPENERS:
                opened = anyio.Event()
                group.start_soon(watch, transport, opened)
                await opened.wait()
            answer = await http.post(
                "/api/v1/uploads",
                params={"upload_id": upload_id},
                files={"file": ("eventos.csv", csv.encode(), "text/csv")},
            )
            assert answer.status_code == 202, answer.text
    return seen


def durable(messages: list[Any]) -> list[Any]:
    return [message for message in messages if "id" in message]


async def test_three_transports_deliver_the_same_100_messages_and_one_end(deployment: Deployment) -> None:
    seen = await watched(deployment, hundred_rows(bad=10), "cem")
    by_sse = durable(seen["sse"])
    assert by_sse == durable(seen["ws"]) == durable(seen["poll"])
    rows = [m for m in by_sse if m["type"] in ("progress", "row_error")]
    assert [m["record"] for m in rows] == list(range(1, 101))
    assert [m["line"] for m in rows] == list(range(2, 202, 2))
    assert [m["record"] for m in rows if m["type"] == "row_error"] == list(range(10, 101, 10))
    assert [m["type"] for m in by_sse].count("finished") == 1
    assert (by_sse[-1]["type"], by_sse[-1]["accepted"], by_sse[-1]["rejected"]) == ("finished", 90, 10)
    assert all(messages[0]["type"] == "hello" for messages in seen.values())


async def test_the_backslash_sample_is_imported_as_documented(deployment: Deployment) -> None:
    seen = await watched(deployment, BACKSLASHED, "arquivo1")
    assert durable(seen["sse"])[-1]["accepted"] == 1
    async with httpx.AsyncClient(base_url=deployment.reader.url, timeout=60) as http:
        download = await http.get("/api/v1/eventos/download")
    assert download.json() == [DOCUMENTED]
    assert 'filename="eventos.json"' in download.headers["Content-Disposition"]


NOTHING = {"type": "nothing"}


class Restless:
    """A reader that leaves after a few messages and comes back by another transport."""

    def __init__(self, server: ServerProcess, seed: int) -> None:
        self.seen: list[Any] = []
        self._server = server
        self._random = random.Random(seed)
        self._cursor: str | None = None

    async def read_until(self, count: int) -> None:
        for transport in cycle(OPENERS):
            if len(self.seen) >= count:
                return
            await self._visit(transport)

    async def _visit(self, transport: Transport) -> None:
        patience = self._random.randint(1, 60)
        async with httpx.AsyncClient(base_url=self._server.url, timeout=60) as http:
            stream = OPENERS[transport](Target(http, ["eventos"], self._cursor, "all"))
            async with aclosing(stream):
                try:
                    # It leaves silence, but no opening: a connection that comes in that moment is nobody's.
                    self._note(await anext(stream, NOTHING))
                    with anyio.move_on_after(1):
                        async for message in stream:
                            self._note(message)
                            patience -= 1
                            if patience <= 0:
                                return
                except Broken:
                    await anyio.sleep(0.05)  # The server is being started again.

    def _note(self, message: Any) -> None:
        if message["type"] == "hello":
            assert message["resume"] != "reset"
            self._cursor = message["cursor"]
        elif "id" in message:
            self._cursor = message["id"]
            self.seen.append(message)


async def create(server: ServerProcess, numbers: range) -> None:
    """Create events one by one; a number whose answer was lost is looked up before it is sent again."""
    async with httpx.AsyncClient(base_url=server.url, timeout=60) as http:
        for number in numbers:
            body = {"title": f"N{number}", "event_date": "2025-07-01", "city": "Recife"}
            answer = await http.post("/api/v1/eventos", json=body)
            assert answer.status_code == 201, answer.text


async def test_a_reader_that_changes_transport_sees_each_event_once_through_two_kills(
    deployment: Deployment,
) -> None:
    reader = Restless(deployment.reader, seed=7)
    killed = iter((deployment.writer, deployment.reader))
    with anyio.fail_after(200):
        async with anyio.create_task_group() as group:
            group.start_soon(reader.read_until, 400)
            for numbers in (range(160), range(160, 280), range(280, 400)):
                await create(deployment.writer, numbers)
                if (server := next(killed, None)) is not None:
                    server.kill()
                    await anyio.to_thread.run_sync(server.start)
    assert [message["event"]["title"] for message in reader.seen] == [f"N{n}" for n in range(400)]
    ids = [message["id"] for message in reader.seen]
    assert len(set(ids)) == 400


async def test_open_streams_get_a_bye_when_the_server_drains(
    start_server: StartServer,
) -> None:
    server = start_server()
    opened = [anyio.Event() for _ in range(2)]
    ends: list[list[Any]] = []

    async def watch(transport: Transport, event: anyio.Event) -> None:
        ends.append(await read_to_end(server, transport, "eventos", event))

    with anyio.fail_after(60):
        async with anyio.create_task_group() as group:
            for transport, event in zip(("sse", "ws"), opened, strict=True):
                group.start_soon(watch, transport, event)
                await event.wait()
            code = await anyio.to_thread.run_sync(server.stop)
    assert [messages[-1]["reason"] for messages in ends] == ["drain", "drain"]
    assert code == 0

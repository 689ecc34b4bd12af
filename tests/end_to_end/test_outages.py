"""PostgreSQL stops, freezes, fails over, has no connection left: nothing is lost, nothing comes twice."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any, Protocol

import anyio
import anyio.to_thread
import asyncpg
import httpx
import psutil
import pytest

from api.client.transports import OPENERS
from api.server.supervisor import YOUNG_SECONDS
from api.storage.postgres.durability import MARK
from api.storage.postgres.errors import is_of_a_standby
from tests.end_to_end.conftest import StartServer
from tests.end_to_end.postgres_process import PostgresProcess, postgres_process, standby_of
from tests.end_to_end.proxies.switch import Switch
from tests.end_to_end.reader import Reader
from tests.end_to_end.server_process import ServerProcess, workers_of
from tests.end_to_end.slow_body import BLANK_LINES, FORM, SlowBody

pytestmark = pytest.mark.anyio

SHORT_SECONDS = 5
SHORT = pytest.param(SHORT_SECONDS, id="5s")
LONG = pytest.param(30, id="30s", marks=pytest.mark.thorough)
REFUSED_WITHIN_SECONDS = 15
"""A frozen database is given five seconds to answer; the rest is for a machine that is busy."""
WRITTEN_BEFORE = 20
WRITTEN_AFTER = 20
ROWS = 30_000
LAST = "the last one"


@pytest.fixture
def database() -> Iterator[PostgresProcess]:
    with postgres_process() as server:
        yield server


class Writer:
    """Creates events one after the other, and sends again what was refused."""

    def __init__(self, server: ServerProcess) -> None:
        self.titles: list[str] = []
        self.refused = 0
        self.longest_seconds = 0.0
        self.stopping = False
        self.has_begun = anyio.Event()
        self._server = server

    async def write(self) -> None:
        async with httpx.AsyncClient(base_url=self._server.url, timeout=90) as http:
            while not self.stopping:
                await self.create(http, f"N{len(self.titles)}")
                if len(self.titles) == WRITTEN_BEFORE:
                    self.has_begun.set()
            for _ in range(WRITTEN_AFTER):
                await self.create(http, f"N{len(self.titles)}")
            await self.create(http, LAST)

    async def create(self, http: httpx.AsyncClient, title: str) -> None:
        event = {"title": title, "event_date": "2025-07-01", "city": "Recife"}
        began = anyio.current_time()
        while (answer := await http.post("/api/v1/eventos", json=event)).status_code == 503:
            assert int(answer.headers["Retry-After"]) > 0
            self.refused += 1
            await anyio.sleep(0.2)
        assert answer.status_code == 201, f"{answer.text}\n{self._server.log[-5000:]}"
        self.longest_seconds = max(self.longest_seconds, anyio.current_time() - began)
        self.titles.append(title)

    @property
    def has_met_the_outage(self) -> bool:
        """Whether a write was refused, or waited for what became of a commit whose answer was lost."""
        return self.refused > 0 or self.longest_seconds >= SHORT_SECONDS


class Outage(Protocol):
    """Breaks a database for the block of `broken`."""

    @property
    def url(self) -> str: ...

    def broken(self) -> Any: ...


class Stopped:
    def __init__(self, database: PostgresProcess) -> None:
        self.url = database.url
        self._database = database

    @asynccontextmanager
    async def broken(self) -> AsyncIterator[None]:
        await anyio.to_thread.run_sync(self._database.stop)
        yield
        await anyio.to_thread.run_sync(self._database.start)


class Frozen:
    def __init__(self, database: PostgresProcess) -> None:
        self.url = database.url
        self._database = database

    @asynccontextmanager
    async def broken(self) -> AsyncIterator[None]:
        self._database.freeze()
        yield
        self._database.thaw()


async def everything_through(outage: Outage, seconds: float, start_server: StartServer) -> ServerProcess:
    """Write to one server and read from another, with an import at work, while the database is away."""
    start = partial(start_server, database_url=outage.url)
    first = await anyio.to_thread.run_sync(start)
    second = await anyio.to_thread.run_sync(start)
    writer = Writer(first)
    readers = [Reader(second, transport, ["eventos"]) for transport in OPENERS]
    watchers = [Reader(server, "sse", ["upload/longo"]) for server in (first, second)]
    with anyio.fail_after(200):
        async with anyio.create_task_group() as group:
            for reader in readers:
                group.start_soon(reader.read_to, lambda m: m.get("event", {}).get("title") == LAST)
            for watcher in watchers:
                group.start_soon(watcher.read_to, lambda m: m["type"] == "finished")
            for one in (*readers, *watchers):
                await one.opened.wait()
            group.start_soon(writer.write)
            await send_file(first)
            await writer.has_begun.wait()
            async with outage.broken():
                with anyio.fail_after(REFUSED_WITHIN_SECONDS):
                    await refused(second)
                await anyio.sleep(seconds)  # The outage itself.
            await answered(second)
            writer.stopping = True
    check_events(readers, writer)
    check_import(watchers)
    await check_store(second, writer)
    return second


async def send_file(server: ServerProcess) -> None:
    rows = "".join(f"E{n},2025-07-01,Recife\n" for n in range(1, ROWS + 1))
    file = {"file": ("a.csv", f"title,event_date,city\n{rows}".encode())}
    async with httpx.AsyncClient(base_url=server.url, timeout=60) as http:
        answer = await http.post("/api/v1/uploads", params={"upload_id": "longo"}, files=file)
    assert answer.status_code == 202, answer.text


async def refused(server: ServerProcess) -> None:
    """Ask until the answer is 503; a request that finds the last answer of the database is fine, too."""
    async with httpx.AsyncClient(base_url=server.url, timeout=60) as http:
        while (answer := await http.get("/api/v1/eventos?limit=1")).status_code == 200:
            pass
        assert (answer.status_code, int(answer.headers["Retry-After"]) > 0) == (503, True)
        assert (await http.get("/readyz")).status_code == 503
        assert (await http.get("/healthz")).status_code == 200


async def answered(server: ServerProcess) -> None:
    async with httpx.AsyncClient(base_url=server.url, timeout=60) as http:
        while (await http.get("/readyz")).status_code == 503:  # noqa: ASYNC110 - another process's state.
            await anyio.sleep(0.1)


def check_events(readers: list[Reader], writer: Writer) -> None:
    assert writer.has_met_the_outage
    for reader in readers:
        told = [m["event"]["title"] for m in reader.seen if m["type"] == "event.created"]
        assert told == writer.titles, reader.transport
        assert [m["id"] for m in reader.seen] == [m["id"] for m in readers[0].seen]
        assert reader.hellos == 1, f"{reader.transport} had to open again"


def check_import(watchers: list[Reader]) -> None:
    for watcher in watchers:
        assert watcher.hellos == 1
        assert [m["id"] for m in watcher.seen] == [m["id"] for m in watchers[0].seen]
        assert (watcher.seen[-1]["status"], watcher.seen[-1]["accepted"]) == ("completed", ROWS)
        records = [m["record"] for m in watcher.seen if m["type"] == "progress"]
        assert records[:1000] == list(range(1, 1001))
        assert records == sorted(set(records))


async def check_store(server: ServerProcess, writer: Writer) -> None:
    async with httpx.AsyncClient(base_url=server.url, timeout=60) as http:
        events = (await http.get("/api/v1/eventos/download")).json()
    stored = [event["title"] for event in events]
    imported = [f"E{n}" for n in range(1, ROWS + 1)]
    assert sorted(stored) == sorted([*writer.titles, *imported])


@pytest.mark.parametrize("seconds", [SHORT, LONG])
async def test_the_server_recovers_after_the_database_crashed(
    seconds: int, database: PostgresProcess, start_server: StartServer
) -> None:
    await everything_through(Stopped(database), seconds, start_server)


@pytest.mark.parametrize("seconds", [SHORT, LONG])
async def test_the_server_recovers_after_the_database_froze(
    seconds: int, database: PostgresProcess, start_server: StartServer
) -> None:
    await everything_through(Frozen(database), seconds, start_server)


async def test_an_upload_continues_from_its_staged_bytes_after_an_outage(
    database: PostgresProcess, start_server: StartServer
) -> None:
    server = await anyio.to_thread.run_sync(partial(start_server, database_url=database.url))
    rows = "".join(f"E{n},2025-07-01,Recife\n" for n in range(1, 41))
    file = b"title,event_date,city\n" + BLANK_LINES + rows.encode()
    cut = len(BLANK_LINES) + 300
    body = SlowBody(file[:cut], file[cut:])
    answers: list[httpx.Response] = []

    async def send() -> None:
        async with httpx.AsyncClient(base_url=server.url, timeout=60) as http:
            answers.append(await http.post("/api/v1/uploads?upload_id=x", headers=FORM, content=body))

    async with httpx.AsyncClient(base_url=f"{server.url}/api/v1/uploads", timeout=60) as http:
        with anyio.fail_after(120):
            async with anyio.create_task_group() as group:
                group.start_soon(send)
                while (await http.get("/x")).json().get("rows", 0) < 5:  # noqa: ASYNC110 - another process's.
                    await anyio.sleep(0.05)
                async with Stopped(database).broken():
                    body.go_on.set()
                    while not answers:  # noqa: ASYNC110 - the answer crosses a socket.
                        await anyio.sleep(0.05)
            assert answers[0].status_code == 503
            await answered(server)
            while (await http.get("/x")).json()["status"] != "interrupted":  # noqa: ASYNC110
                await anyio.sleep(0.1)
            had = int((await http.head("/x")).headers["Upload-Offset"])
            ended = await http.post(
                "?upload_id=x",
                headers={"Upload-Offset": str(had), "Prefer": "wait=30"},
                files={"file": ("a.csv", file[had:])},
            )
    assert (ended.status_code, ended.json()["status"], ended.json()["accepted"]) == (201, "completed", 40)


class FailedOver:
    """The primary is gone; after a while the standby is promoted and the address leads to it."""

    def __init__(self, primary: PostgresProcess, standby: PostgresProcess, address: Switch) -> None:
        self.url = primary.url.replace(str(primary.port), str(address.port))
        self._primary = primary
        self._standby = standby
        self._address = address

    @asynccontextmanager
    async def broken(self) -> AsyncIterator[None]:
        await anyio.to_thread.run_sync(self._primary.stop)
        yield
        # First to a standby that takes no writes yet, as careless balancers do.
        self._address.turn_to(self._standby.port)
        await self._address.has_answered.wait()
        await anyio.to_thread.run_sync(self._standby.promote)


async def test_a_standby_is_known_by_what_it_answers_to_a_flush(database: PostgresProcess) -> None:
    with standby_of(database) as standby:
        connection = await asyncpg.connect(standby.url)
        for statement in (MARK, "CREATE TABLE t ()"):
            with pytest.raises(asyncpg.PostgresError) as told:
                await connection.execute(statement)
            assert is_of_a_standby(told.value), told.value
        await connection.close()


@pytest.mark.parametrize("seconds", [SHORT, LONG])
async def test_the_server_continues_on_the_standby_after_a_failover(
    seconds: int, database: PostgresProcess, start_server: StartServer
) -> None:
    with standby_of(database) as standby:
        async with Switch(database.port).listening() as address:
            await everything_through(FailedOver(database, standby, address), seconds, start_server)


async def test_the_server_recovers_after_the_database_had_no_free_connection(
    start_server: StartServer,
) -> None:
    with postgres_process(connections=30) as database:
        start = partial(start_server, database_url=database.url)
        server = await anyio.to_thread.run_sync(start)
        reader = Reader(server, "sse", ["eventos"])
        writer = Writer(server)
        with anyio.fail_after(90):
            async with anyio.create_task_group() as group:
                group.start_soon(reader.read_to, lambda m: m["event"]["title"] == LAST)
                await reader.opened.wait()
                taken = await take_every_connection(database)
                await refused(server)
                for connection in taken:
                    await connection.close()
                await answered(server)
                writer.stopping = True
                await writer.write()
        assert [m["event"]["title"] for m in reader.seen] == writer.titles
        assert reader.hellos == 1


async def test_a_worker_that_dies_in_an_outage_is_replaced_after_it(
    database: PostgresProcess, start_server: StartServer
) -> None:
    start = partial(start_server, database_url=database.url, workers="2")
    server = await anyio.to_thread.run_sync(start)
    with anyio.fail_after(120):
        first = await two_workers(server)
        # One that has lived so long shows that workers can start here.
        while time.time() - psutil.Process(first[0]).create_time() < YOUNG_SECONDS + 1:  # noqa: ASYNC110
            await anyio.sleep(0.1)
        async with Stopped(database).broken():
            psutil.Process(first[0]).kill()
            while server.log.count("ended with") < 2:  # noqa: ASYNC110 - the next one could not start.
                await anyio.sleep(0.1)
        await answered(server)
        second = await two_workers(server)
    assert first[1] in second


async def two_workers(server: ServerProcess) -> list[int]:
    while len(found := workers_of(server.pid)) < 2:  # noqa: ASYNC110 - another process's children.
        await anyio.sleep(0.1)
    return found


async def take_every_connection(database: PostgresProcess) -> list[asyncpg.Connection]:
    """Leave the server not one connection, also of those that it opens again meanwhile."""
    taken = [await asyncpg.connect(database.url)]
    had = 0
    while len(taken) > had:
        had = len(taken)
        await cut(taken[0])
        with suppress(asyncpg.TooManyConnectionsError):
            while True:
                taken.append(await asyncpg.connect(database.url))
    return taken


async def cut(by: asyncpg.Connection) -> None:
    """End the server's connections, and wait until their places are free."""
    await by.execute(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'fasttrack'"
    )


async def test_a_process_has_no_more_connections_than_its_pools_allow(
    database: PostgresProcess, start_server: StartServer
) -> None:
    server = await anyio.to_thread.run_sync(partial(start_server, database_url=database.url))
    async with httpx.AsyncClient(base_url=server.url, timeout=60) as http:
        answers = await asyncio.gather(*[http.get("/api/v1/eventos?limit=1") for _ in range(200)])
    assert {answer.status_code for answer in answers} <= {200, 503}
    count = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'fasttrack'"
    assert int(await anyio.to_thread.run_sync(database.sql, count)) <= 23

"""Traces of server processes: of several workers, with a collector that is dead, and without the extra."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import httpx
import pytest

from tests.api.services.webhooks.receiver import receiving
from tests.api.tracing.collector import Span, collecting
from tests.contracts.conftest import postgres, postgres_database
from tests.end_to_end.conftest import StartServer
from tests.end_to_end.server_process import ServerProcess, free_port

__all__ = ["postgres"]

EVENT = {"title": "Abertura", "event_date": "2027-01-01", "city": "Recife"}
REQUESTS = 40


@pytest.fixture
def database(postgres: str) -> Iterator[str]:
    with postgres_database() as url:
        yield url


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "50")


def traceparent(n: int) -> str:
    return f"00-{n:032x}-{n:016x}-01"


@pytest.mark.anyio
async def test_a_trace_goes_through_several_workers(start_server: StartServer, database: str) -> None:
    async with collecting() as collector, receiving() as receiver:
        server: ServerProcess = await anyio.to_thread.run_sync(
            lambda: start_server(
                database_url=database, workers="2", traces=collector.url, webhook_private_addresses="true"
            )
        )
        # A worker that comes later has what was committed before in its ring, and does not publish it.
        while server.log.count("serving version") < 2:  # noqa: ASYNC110 - another process's state.
            await anyio.sleep(0.05)
        async with httpx.AsyncClient(base_url=server.url, timeout=30) as client:
            body = {"url": receiver.url, "feeds": ["eventos"]}
            assert (await client.post("/api/v1/webhooks", json=body)).status_code == 201
        for n in range(1, REQUESTS + 1):
            # A connection each: the workers share them.
            async with httpx.AsyncClient(base_url=server.url, timeout=30) as client:
                headers = {"traceparent": traceparent(n)}
                assert (await client.post("/api/v1/eventos", json=EVENT, headers=headers)).status_code == 201
        wanted = {f"{n:032x}" for n in range(1, REQUESTS + 1)}
        await collector.until(lambda spans: {one.trace for one in delivered(spans)} >= wanted)
        # Each process publishes it to its own readers, the other one a moment later.
        await collector.until(lambda spans: all(len(publishers(spans, trace)) == 2 for trace in wanted))
        await anyio.to_thread.run_sync(server.stop)
        spans = collector.spans
    deliverers = {one.process for one in delivered(spans)}
    requests = [one for one in spans if one.name == "POST /api/v1/eventos"]
    assert len(deliverers) == 1
    assert len({one.process for one in requests}) == 2
    for one in delivered(spans):
        names = [ancestor.name for ancestor in ancestors(one, spans)]
        # The delivery reads the store, and may come before its own process has published the message.
        assert names in (
            ["publish", "transaction", "POST /api/v1/eventos"],
            ["transaction", "POST /api/v1/eventos"],
        )


def publishers(spans: list[Span], trace: str) -> set[str]:
    """Return the processes that have published the event of a trace."""
    published = [one for one in spans if one.name == "publish" and one.trace == trace]
    return {one.process for one in published if one.attributes["messaging.destination.name"] == "eventos"}


def delivered(spans: list[Span]) -> list[Span]:
    return [one for one in spans if one.name == "webhook delivery"]


def ancestors(span: Span, spans: list[Span]) -> list[Span]:
    by_id = {(one.trace, one.id): one for one in spans}
    found = []
    while (parent := by_id.get((span.trace, span.parent))) is not None:
        found.append(parent)
        span = parent
    return found


def work(server: ServerProcess) -> float:
    """Create events for more than the batches of several exports, and return how long that took."""
    began = time.monotonic()
    with httpx.Client(base_url=server.url, timeout=30) as client:
        for _ in range(200):
            assert client.post("/api/v1/eventos", json=EVENT).status_code == 201
    return time.monotonic() - began


def complaints(server: ServerProcess) -> list[str]:
    return [line for line in server.log.splitlines() if "WARN" in line or "ERROR" in line]


def test_a_collector_that_is_not_there_is_logged_once_and_stops_nothing(start_server: StartServer) -> None:
    server = start_server(traces=f"http://127.0.0.1:{free_port()}")
    work(server)
    deadline = time.monotonic() + 60
    while not complaints(server) and time.monotonic() < deadline:
        time.sleep(0.05)
    work(server)
    began = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - began < 8
    told = [line for line in complaints(server) if "traces are not delivered" in line]
    assert len(told) == 1, server.log
    assert complaints(server) == [line for line in complaints(server) if "traces" in line]


@pytest.mark.anyio
async def test_a_collector_that_never_answers_stops_nothing(start_server: StartServer) -> None:
    async with collecting() as collector:
        collector.answers_never()
        server: ServerProcess = await anyio.to_thread.run_sync(lambda: start_server(traces=collector.url))
        usual = await anyio.to_thread.run_sync(work, server)
        await collector.until_asked()
        took = await anyio.to_thread.run_sync(work, server)
        began = time.monotonic()
        assert await anyio.to_thread.run_sync(server.stop) == 0
        assert time.monotonic() - began < 8
    assert took < usual + 10, "an export waits ten seconds for its answer"
    assert "the last traces were not delivered" in server.log


def test_without_the_extra_the_start_says_what_to_install(tmp_path: Path) -> None:
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    (hidden / "sitecustomize.py").write_text(
        "import sys\nfor name in ('opentelemetry.exporter',):\n    sys.modules[name] = None\n"
    )
    answer = run(["serve", "--port", "0"], PYTHONPATH=str(hidden), FASTTRACK_TRACES="http://127.0.0.1:4318")
    assert answer.returncode == 1
    assert answer.stderr.strip() == (
        "Error: FASTTRACK_TRACES needs packages that are not installed: "
        f"{sys.executable} -m pip install 'fasttrack[tracing]'"
    )


def run(arguments: list[str], **environment: str) -> subprocess.CompletedProcess[str]:
    root = Path(__file__).parents[2]
    given: dict[str, Any] = {"capture_output": True, "text": True, "timeout": 90, "cwd": root}
    return subprocess.run([sys.executable, "-m", "api", *arguments], check=False, env=environment, **given)

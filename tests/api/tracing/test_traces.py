"""Spans as a collector gets them, from whole servers on both databases."""

import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.api.services.webhooks.receiver import Receiver, receiving
from tests.api.tracing.collector import Collector, Span, collecting
from tests.contracts.conftest import postgres, store_url
from tests.serving import serving

__all__ = ["postgres", "store_url"]

pytestmark = pytest.mark.anyio

TRACE, CLIENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
TRACEPARENT = f"00-{TRACE}-{CLIENT}-01"
EVENT = {"title": "Abertura", "event_date": "2027-01-01", "city": "Recife"}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "50")


@pytest.fixture
async def collector() -> AsyncIterator[Collector]:
    async with collecting() as one:
        yield one


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as one:
        yield one


def named(spans: list[Span], name: str) -> list[Span]:
    return [span for span in spans if span.name == name]


def settings(collector: Collector, url: str) -> dict[str, Any]:
    return {
        "traces": f"{collector.url}/v1/traces",
        "database_url": url,
        "webhook_private_addresses": True,
        "auth": "open",
    }


async def subscribe(client: httpx.AsyncClient, receiver: Receiver, feed: str = "eventos") -> None:
    made = await client.post("/api/v1/webhooks", json={"url": receiver.url, "feeds": [feed]})
    assert made.status_code == 201, made.text


async def test_a_trace_goes_from_the_clients_request_to_the_delivery(
    tmp_path: Path, store_url: str, collector: Collector, receiver: Receiver
) -> None:
    async with serving(tmp_path, **settings(collector, store_url)) as served, served.client() as client:
        await subscribe(client, receiver)
        answer = await client.post("/api/v1/eventos", json=EVENT, headers={"traceparent": TRACEPARENT})
        spans = await collector.until(lambda spans: bool(named(spans, "webhook delivery")))
        # The delivery may end before the answer of the request is out.
        spans = await collector.until(lambda spans: bool(named(spans, "POST /api/v1/eventos")))
    (request,) = named(spans, "POST /api/v1/eventos")
    (transaction,) = [span for span in named(spans, "transaction") if span.trace == TRACE]
    published = {span.id: span for span in named(spans, "publish") if span.trace == TRACE}
    (delivery,) = named(spans, "webhook delivery")
    assert (request.trace, request.parent) == (TRACE, CLIENT)
    assert transaction.parent == request.id
    assert {span.attributes["messaging.destination.name"] for span in published.values()} == {
        "eventos",
        "admin",
    }
    assert {span.parent for span in published.values()} == {transaction.id}
    assert published[delivery.parent].attributes["messaging.destination.name"] == "eventos"
    assert delivery.trace == TRACE
    assert request.attributes == {
        "http.request.method": "POST",
        "http.route": "/api/v1/eventos",
        "http.response.status_code": 201,
        "url.scheme": "http",
        "fasttrack.request_id": answer.headers["x-request-id"],
    }
    assert receiver.arrived[0].headers["traceparent"] == f"00-{TRACE}-{delivery.id}-01"


async def test_an_import_is_a_trace_of_its_own_that_is_linked_to_its_request(
    tmp_path: Path, store_url: str, collector: Collector, receiver: Receiver
) -> None:
    file = "title,event_date,city\nA,2027-01-01,Recife\nB,x,Recife\n"
    async with serving(tmp_path, **settings(collector, store_url)) as served, served.client() as client:
        await subscribe(client, receiver)
        answer = await client.post(
            "/api/v1/uploads",
            files={"file": ("a.csv", file, "text/csv")},
            headers={"traceparent": TRACEPARENT, "Prefer": "wait=30"},
        )
        assert answer.json()["status"] == "completed", answer.text
        spans = await collector.until(lambda spans: bool(named(spans, "webhook delivery")))
        spans = await collector.until(lambda spans: any(span.trace == TRACE for span in spans))
        # Its end is told before its work has ended: the delivery and the answer may come first.
        spans = await collector.until(lambda spans: bool(named(spans, "import")))
    (work,) = named(spans, "import")
    (delivery,) = named(spans, "webhook delivery")
    assert work.trace != TRACE
    assert not work.parent
    assert [trace for trace, _ in work.links] == [TRACE]
    assert {key: value for key, value in work.attributes.items() if key != "fasttrack.upload_id"} == {
        "fasttrack.upload_state": "completed",
        "fasttrack.rows_accepted": 1,
        "fasttrack.rows_rejected": 1,
    }
    assert work.id in {span.parent for span in named(spans, "transaction") if span.trace == work.trace}
    assert delivery.trace == work.trace


@pytest.mark.parametrize(
    ("headers", "continues"),
    [
        ([("traceparent", TRACEPARENT)], True),
        ([("traceparent", TRACEPARENT), ("traceparent", TRACEPARENT)], False),
        ([("traceparent", "00-nonsense-01")], False),
        ([("traceparent", "00-" + "0" * 32 + "-" + CLIENT + "-01")], False),
        ([("traceparent", "é" * 500)], False),
        ([], False),
    ],
)
async def test_only_a_well_formed_context_is_continued(
    tmp_path: Path, collector: Collector, headers: list[tuple[str, str]], continues: bool
) -> None:
    async with serving(tmp_path, traces=f"{collector.url}/v1/traces", auth="open") as served:
        async with served.client() as client:
            raw = [(name, value.encode()) for name, value in headers]
            await client.get("/api/v1/eventos/7", headers=raw)
        spans = await collector.until(bool)
    assert [(span.name, span.trace == TRACE) for span in spans] == [
        ("GET /api/v1/eventos/{event_id}", continues)
    ]


async def test_what_a_client_does_not_sample_is_not_sent(tmp_path: Path, collector: Collector) -> None:
    async with serving(tmp_path, traces=f"{collector.url}/v1/traces", auth="open") as served:
        async with served.client() as client:
            unsampled = {"traceparent": TRACEPARENT.removesuffix("01") + "00"}
            assert (await client.post("/api/v1/eventos", json=EVENT, headers=unsampled)).status_code == 201
            await client.get("/nowhere")
        await collector.until(bool)
    assert [span.name for span in collector.spans] == ["GET"]


async def test_no_secret_is_in_a_trace(tmp_path: Path, collector: Collector, receiver: Receiver) -> None:
    """Paths of calendars, queries, tokens, tickets, secrets and addresses of webhooks, texts of errors."""
    at = settings(collector, "") | {"database_url": None}
    async with serving(tmp_path, **at) as served, served.client() as client:
        await subscribe(client, receiver)
        calendar = (await client.post("/api/v1/calendars", json={})).json()
        key = calendar["url"].partition("key=")[2]
        ticket = (await client.post("/api/v1/tickets", json={})).json().get("ticket", "ticket-of-nobody")
        assert (await client.get("/eventos.ics", params={"key": key})).status_code == 200
        await client.get("/api/v1/eventos", params={"q": "query-secret"})
        await client.get("/poll", params={"feeds": "eventos", "ticket": ticket, "wait": "0"})
        bearer = {"Authorization": "Bearer token-of-nobody"}
        await client.get("/api/v1/eventos", headers=bearer | {"cookie": "session=cookie-secret"})
        await client.post("/api/v1/eventos", json=EVENT | {"title": "title-secret"})
        await collector.until(lambda spans: bool(named(spans, "webhook delivery")))
        await client.get("/last")
        await collector.until(lambda spans: len(named(spans, "GET")) > 0)
    assert len(key) > 15
    for text in (key, ticket, "query-secret", "token-of-nobody", "cookie-secret", "title-secret", "key=1"):
        assert text.encode() not in collector.bytes, text


async def test_probes_are_not_traced(tmp_path: Path, collector: Collector) -> None:
    async with serving(tmp_path, traces=f"{collector.url}/v1/traces", auth="open") as served:
        async with served.client() as client:
            for path in ("/healthz", "/readyz", "/metrics", "/api/v1/eventos"):
                await client.get(path)
        await collector.until(bool)
    assert [span.name for span in collector.spans] == ["GET /api/v1/eventos"]


async def test_the_last_spans_are_sent_when_the_server_stops(
    tmp_path: Path, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "600000")
    async with serving(tmp_path, traces=f"{collector.url}/v1/traces", auth="open") as served:
        async with served.client() as client:
            assert (await client.head("/api/v1/eventos")).status_code == 200
        assert collector.spans == []
    assert [span.name for span in collector.spans] == ["HEAD /api/v1/eventos"]


def test_without_a_collector_nothing_of_it_is_loaded() -> None:
    """The layers of a request and the store are the untraced ones: there is nothing to switch off."""
    program = (
        "import sys\n"
        "from api.app import create_app\n"
        "from api.settings import Settings\n"
        "create_app(Settings())\n"
        "ours = ('opentelemetry.sdk', 'opentelemetry.exporter', 'api.tracing')\n"
        "print(sorted(name for name in sys.modules if name.startswith(ours)))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"

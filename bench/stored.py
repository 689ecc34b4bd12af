"""What a store full of events costs: lists, the download, the start of a server."""

import http.client
import time
from urllib.parse import quote

from bench.fanout import Result
from bench.probe import percentile
from bench.servers import Running

QUESTIONS = (
    "sort=event_date",
    "sort=-id",
    "city=Recife",
    "city=Recife&sort=-event_date",
    f"venue_type={quote('Museu')}",
    "from=2026-03-01T00:00:00&to=2026-03-02T00:00:00",
    "upload_id=bench&sort=title",
    "q=evento%20199",
)
ASKED_EACH = 12


def list_latencies(server: Running) -> Result:
    """Return p50 and p99 in milliseconds over all questions, and the slowest question."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    slowest, latencies = ("", 0.0), []
    for question in QUESTIONS:
        taken = sorted(_ask(connection, f"/api/v1/eventos?{question}&limit=50") for _ in range(ASKED_EACH))
        latencies += taken
        slowest = max(slowest, (question, taken[len(taken) // 2]), key=lambda pair: pair[1])
    connection.close()
    return {
        "list_p50_ms": percentile(latencies, 0.5),
        "list_p99_ms": percentile(latencies, 0.99),
        "list_slowest": slowest[0],
        "list_slowest_ms": slowest[1],
    }


def _ask(connection: http.client.HTTPConnection, path: str) -> float:
    started = time.perf_counter()
    connection.request("GET", path)
    answer = connection.getresponse()
    answer.read()
    if answer.status != 200:
        raise RuntimeError(f"{path} answered {answer.status}")
    return (time.perf_counter() - started) * 1000


def download(server: Running, events: int) -> Result:
    """Return how fast all events come as JSON."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
    started = time.perf_counter()
    connection.request("GET", "/api/v1/eventos/download")
    answer, size = connection.getresponse(), 0
    while part := answer.read(1 << 20):
        size += len(part)
    connection.close()
    seconds = time.perf_counter() - started
    if answer.status != 200 or size < events * 100:
        raise RuntimeError(f"the download answered {answer.status} with {size} bytes")
    return {"download_events_per_second": events / seconds, "download_mb": size / 1e6}

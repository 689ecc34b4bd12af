"""What a store full of events costs: lists, the download, the start of a server."""

import http.client
import json
import re
import time
from urllib.parse import quote

from bench.fanout import Result
from bench.probe import percentile
from bench.real_server import call
from bench.servers import Running

SPAN = "from=2026-03-01T00:00:00&to=2026-03-20T00:00:00"
QUESTIONS = (
    "sort=event_date",
    "sort=-id",
    "sort=title",
    "city=Recife",
    "city=Recife&sort=-event_date",
    "city=Recife&sort=title",
    f"venue_type={quote('Museu')}",
    f"venue_type={quote('Museu')}&sort=title",
    "from=2026-03-01T00:00:00&to=2026-03-02T00:00:00",
    f"{SPAN}&sort=title",
    f"{SPAN}&city=Olinda",
    f"city=Recife&venue_type={quote('Museu')}&sort=event_date",
    f"city=Olinda&venue_type={quote('Teatro')}&upload_id=bench&{SPAN}",
    "upload_id=bench&sort=title",
    "q=evento%20{n}",
    "q=%23{n}@&sort=title",
    "q=descri%C3%A7%C3%A3o%20do%20evento%20{n}1",
    "q={n}&city=Recife",
    "q=absent%20{n}",
    "q=p%C3%BAblico&sort=event_date",
    "q=ev",
)
"""`{n}` is another number each time, so that no answer is known from the one before."""

ASKED_EACH = 25
PAGES = 4
"""Each question is followed up by its cursor so many pages deep."""

INDEXED_SECONDS = 300.0


def list_latencies(server: Running) -> Result:
    """Return p50 and p99 in milliseconds over all questions, and those of each under `list …`."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    each = {question: _latencies(connection, question) for question in QUESTIONS}
    connection.close()
    every = [taken for latencies in each.values() for taken in latencies]
    ranges = {f"list p50 {question}": percentile(taken, 0.5) for question, taken in each.items()}
    ranges |= {f"list p99 {question}": percentile(taken, 0.99) for question, taken in each.items()}
    total = {"list_p50_ms": percentile(every, 0.5), "list_p99_ms": percentile(every, 0.99)}
    return {**total, **ranges, "list_slowest_ms": max(every)}


def await_indexed(server: Running) -> Result:
    """Return how long the index of texts takes to catch up with an import."""
    started = time.monotonic()
    while time.monotonic() - started < INDEXED_SECONDS:
        _, metrics = call(server.port, "GET", "/metrics")
        behind = re.search(rb"^fasttrack_search_backlog (\d+)", metrics, re.MULTILINE)
        if behind is None or int(behind[1]) < 1000:
            return {"indexed_seconds": time.monotonic() - started}
        time.sleep(0.1)
    raise RuntimeError("the index of texts did not catch up")


def _latencies(connection: http.client.HTTPConnection, question: str) -> list[float]:
    latencies = []
    for number in range(ASKED_EACH):
        asked = question.replace("{n}", str(1234 + 7 * number))
        path = f"/api/v1/eventos?{asked}&limit=50"
        for _ in range(PAGES):
            taken, following = _ask(connection, path)
            latencies.append(taken)
            if following is None:
                break
            path = f"/api/v1/eventos?{asked}&limit=50&cursor={following}"
    return latencies


def _ask(connection: http.client.HTTPConnection, path: str) -> tuple[float, str | None]:
    """Return how long a page took, and the cursor of the next one."""
    started = time.perf_counter()
    connection.request("GET", path)
    answer = connection.getresponse()
    body = answer.read()
    taken = (time.perf_counter() - started) * 1000
    if answer.status != 200:
        raise RuntimeError(f"{path} answered {answer.status}")
    return taken, json.loads(body)["next"]


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

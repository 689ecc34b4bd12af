"""Several processes on one port: replaced when one dies, stopped together."""

import os
import re
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import httpx
import psutil
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.contracts.conftest import postgres, store_url
from tests.end_to_end.conftest import StartServer
from tests.end_to_end.server_process import workers_of

__all__ = ["postgres", "store_url"]

pytestmark = pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)


def until(condition, seconds: float = 20):
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "it did not come to be"
        time.sleep(0.02)
    return found


def test_a_dead_worker_is_replaced_and_all_stop_together(start_server: StartServer, store_url: str) -> None:
    server = start_server(workers="2", database_url=store_url)
    first = until(lambda: len(found := workers_of(server.pid)) == 2 and found)
    event = {"title": "Festa", "event_date": "2026-06-24", "city": "Recife"}
    assert httpx.post(f"{server.url}/api/v1/eventos", json=event, timeout=60).status_code == 201
    # Young deaths mean that nothing can start here; this one has been at work.
    until(lambda: time.time() - psutil.Process(first[0]).create_time() > 6)
    os.kill(first[0], signal.SIGKILL)
    second = until(lambda: len(found := workers_of(server.pid)) == 2 and first[0] not in found and found)
    until(lambda: httpx.get(f"{server.url}/readyz", timeout=60).status_code == 200)
    assert httpx.get(f"{server.url}/api/v1/eventos", timeout=60).json()["total"] == 1
    assert server.stop() == 0
    assert not any(psutil.pid_exists(pid) for pid in {*first, *second})
    assert re.search(rf"worker {first[0]} ended with -9", server.log)


def counted(server, **labels: str) -> float:
    """Return how many requests with these labels a scrape tells of, whichever process it meets."""
    # A connection of its own: the next one may meet another process.
    text = httpx.get(f"{server.url}/metrics", headers={"Connection": "close"}, timeout=60).text
    families = {one.name: one for one in text_string_to_metric_families(text)}
    samples = families["fasttrack_requests"].samples
    return sum(one.value for one in samples if labels.items() <= one.labels.items())


def test_metrics_count_all_workers_and_survive_their_death(start_server: StartServer, store_url: str) -> None:
    server = start_server(workers="2", database_url=store_url)
    until(lambda: len(workers_of(server.pid)) == 2)
    until(lambda: gauge(server, "fasttrack_workers") == 2)
    for _ in range(40):
        assert httpx.get(f"{server.url}/api/v1/eventos/7", timeout=60).status_code == 404
    of_route = {"route": "/api/v1/eventos/{event_id}", "method": "GET", "status": "404"}
    # A request is counted once its answer has gone, which a client may have read before.
    until(lambda: counted(server, **of_route) == 40)
    assert [counted(server, **of_route) for _ in range(10)] == [40] * 10
    with httpx.stream("GET", f"{server.url}/sse/eventos", timeout=60) as stream:
        assert stream.status_code == 200
        lines = stream.iter_lines()
        next(lines)  # Held: without its iterator the client would hang up.
        until(lambda: gauge(server, "fasttrack_streams", transport="sse") == 1)
    first = workers_of(server.pid)[0]
    until(lambda: time.time() - psutil.Process(first).create_time() > 6)
    os.kill(first, signal.SIGKILL)
    until(lambda: len(found := workers_of(server.pid)) == 2 and first not in found)
    assert [counted(server, **of_route) for _ in range(10)] == [40] * 10
    until(lambda: gauge(server, "fasttrack_workers") == 2)
    until(lambda: gauge(server, "fasttrack_streams", transport="sse") == 0)


def gauge(server, name: str, **labels: str) -> float | None:
    text = httpx.get(f"{server.url}/metrics", headers={"Connection": "close"}, timeout=60).text
    families = {one.name: one for one in text_string_to_metric_families(text)}
    found = families[name].samples if name in families else []
    return next((one.value for one in found if one.labels == labels), None)


def test_four_servers_started_at_once_create_one_store(start_server: StartServer, store_url: str) -> None:
    start = partial(start_server, database_url=store_url, auth="token")
    with ThreadPoolExecutor(4) as pool:
        servers = [future.result() for future in [pool.submit(start) for _ in range(4)]]
    printed = [re.search(r"First start: user admin, token (\S+)", server.log) for server in servers]
    (token,) = [found[1] for found in printed if found]
    bearer = {"Authorization": f"Bearer {token}"}
    cursors = [
        httpx.get(f"{one.url}/poll/eventos", headers=bearer, timeout=60).json()["cursor"] for one in servers
    ]
    assert len({cursor.partition(".")[0] for cursor in cursors}) == 1
    assert not any("ERROR" in server.log for server in servers)


def test_workers_end_with_a_parent_that_is_killed(start_server: StartServer, store_url: str) -> None:
    server = start_server(workers="2", database_url=store_url)
    workers = until(lambda: len(found := workers_of(server.pid)) == 2 and found)
    server.kill()
    until(lambda: not any(psutil.pid_exists(pid) for pid in workers))

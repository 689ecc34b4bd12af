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


def test_a_worker_that_dies_is_replaced_and_all_stop_together(
    start_server: StartServer, store_url: str
) -> None:
    server = start_server(workers="2", database_url=store_url)
    first = until(lambda: len(found := workers_of(server.pid)) == 2 and found)
    event = {"title": "Festa", "event_date": "2026-06-24", "city": "Recife"}
    assert httpx.post(f"{server.url}/api/v1/eventos", json=event).status_code == 201
    # Young deaths mean that nothing can start here; this one has been at work.
    until(lambda: time.time() - psutil.Process(first[0]).create_time() > 6)
    os.kill(first[0], signal.SIGKILL)
    second = until(lambda: len(found := workers_of(server.pid)) == 2 and first[0] not in found and found)
    until(lambda: httpx.get(f"{server.url}/readyz").status_code == 200)
    assert httpx.get(f"{server.url}/api/v1/eventos").json()["total"] == 1
    assert server.stop() == 0
    assert not any(psutil.pid_exists(pid) for pid in {*first, *second})
    assert re.search(rf"worker {first[0]} ended with -9", server.log)


def test_four_servers_started_at_once_make_one_store(start_server: StartServer, store_url: str) -> None:
    start = partial(start_server, database_url=store_url, auth="token")
    with ThreadPoolExecutor(4) as pool:
        servers = [future.result() for future in [pool.submit(start) for _ in range(4)]]
    printed = [re.search(r"First start: user admin, token (\S+)", server.log) for server in servers]
    (token,) = [found[1] for found in printed if found]
    bearer = {"Authorization": f"Bearer {token}"}
    cursors = [httpx.get(f"{one.url}/poll/eventos", headers=bearer).json()["cursor"] for one in servers]
    assert len({cursor.partition(".")[0] for cursor in cursors}) == 1
    assert not any("ERROR" in server.log for server in servers)


def test_workers_end_with_a_parent_that_is_killed(start_server: StartServer, store_url: str) -> None:
    server = start_server(workers="2", database_url=store_url)
    workers = until(lambda: len(found := workers_of(server.pid)) == 2 and found)
    server.kill()
    until(lambda: not any(psutil.pid_exists(pid) for pid in workers))

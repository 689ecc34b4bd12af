"""Updates by key, repairs and undos of a real server that is killed at any instant."""

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import httpx
import pytest

from tests.contracts.conftest import postgres_database
from tests.end_to_end.conftest import StartServer
from tests.end_to_end.server_process import ServerProcess
from tests.end_to_end.test_imports_survive import UPLOAD, state, wait_for

ROWS = 20_000


def file_of(description: str) -> bytes:
    lines = (f"row {n},2025-07-01,Recife,{description}\n" for n in range(ROWS))
    return ("title,event_date,city,description\n" + "".join(lines)).encode()


def send(server: ServerProcess, upload_id: str, content: bytes, **options: str) -> None:
    """Send a file, or the rest of one that was begun; the server may die meanwhile."""
    with suppress(httpx.TransportError):
        found = httpx.head(f"{server.url}{UPLOAD}/{upload_id}", timeout=60)
        offset = int(found.headers.get("Upload-Offset", 0)) if found.status_code != 404 else None
        if offset is not None and state(server, upload_id)["status"] not in {"receiving", "interrupted"}:
            return
        httpx.post(
            f"{server.url}{UPLOAD}",
            params={"upload_id": upload_id, **options},
            headers={} if offset is None else {"Upload-Offset": str(offset)},
            files={"file": ("a.csv", content[offset or 0 :])},
            timeout=60,
        )


def finish(server: ServerProcess, upload_id: str, content: bytes, **options: str) -> dict[str, Any]:
    for _ in range(20):
        send(server, upload_id, content, **options)
        last = wait_for(server, lambda one: one.get("status") not in {"receiving", "processing"}, upload_id)
        if last["status"] != "interrupted":
            return last
    raise AssertionError(f"the upload does not end: {last}")


def killed(server: ServerProcess, delays: list[float], work: Callable[[], None]) -> None:
    """Do some work again and again, and kill the server after a while each time."""
    for delay in delays:
        working = threading.Thread(target=work)
        working.start()
        time.sleep(delay)  # The instant of the kill: any will do.
        server.kill()
        working.join(90)
        server.start()


def events(server: ServerProcess) -> list[dict[str, Any]]:
    """Return every event, by title."""
    found: list[dict[str, Any]] = httpx.get(f"{server.url}/api/v1/eventos/download", timeout=60).json()
    return sorted(found, key=lambda event: int(event["title"].split()[1]))


def undo(server: ServerProcess, upload_id: str) -> None:
    with suppress(httpx.TransportError):
        httpx.post(f"{server.url}{UPLOAD}/{upload_id}/undo", timeout=60)


@pytest.fixture(params=["sqlite", "postgresql"])
def writer(request: pytest.FixtureRequest, start_server: StartServer) -> Iterator[ServerProcess]:
    """A server over an empty store."""
    if request.param == "sqlite":
        yield start_server()
        return
    request.getfixturevalue("postgres")
    with postgres_database() as url:
        server = start_server(database_url=url)
        yield server
        server.stop()


def test_an_update_and_its_undo_change_each_event_once_despite_kills(writer: ServerProcess) -> None:
    draw = random.Random(20261128)
    before = finish(writer, "old", file_of("before"))
    assert before["created"] == ROWS
    new = file_of("after")
    delays = [draw.uniform(0.05, 1) for _ in range(3)]
    killed(writer, delays, lambda: send(writer, "x", new, on_duplicate="update"))
    last = finish(writer, "x", new, on_duplicate="update")
    counts = {name: last[name] for name in ("created", "updated", "unchanged", "rejected")}
    assert counts == {"created": 0, "updated": ROWS, "unchanged": 0, "rejected": 0}
    titles = [f"row {n}" for n in range(ROWS)]
    assert [(one["title"], one["description"]) for one in events(writer)] == [(t, "after") for t in titles]
    listed = httpx.get(f"{writer.url}/api/v1/eventos", params={"limit": 500}, timeout=60).json()["items"]
    assert {event["version"] for event in listed} == {2}
    killed(writer, [draw.uniform(0.02, 0.5) for _ in range(2)], lambda: undo(writer, "x"))
    undo(writer, "x")
    ended = wait_for(writer, lambda one: one["status"] != "undoing" and not one["rows_stay"], "x")
    assert (ended["undone"]["restored"], ended["undone"]["deleted"]) == (ROWS, 0)
    assert [(one["title"], one["description"]) for one in events(writer)] == [(t, "before") for t in titles]


def test_corrected_rows_are_stored_once_despite_kills(start_server: StartServer) -> None:
    server, draw = start_server(), random.Random(7)
    bad = 4_000
    lines = "".join(f"row {n},{'bad' if n <= bad else '2025-07-01'},Recife\n" for n in range(1, bad + 101))
    last = finish(server, "x", f"title,event_date,city\n{lines}".encode())
    assert (last["accepted"], last["rejected"]) == (100, bad)
    rows = [{"line": n + 1, "cells": {"event_date": "2025-07-01"}} for n in range(1, bad + 1)]

    def repair() -> None:
        with suppress(httpx.TransportError):
            httpx.post(f"{server.url}{UPLOAD}/x/repairs", json={"rows": rows}, timeout=60)

    killed(server, [draw.uniform(0.02, 0.6) for _ in range(4)], repair)
    repair()
    last = state(server)
    assert (last["accepted"], last["created"], last["rejected"]) == (bad + 100, bad + 100, 0)
    assert [event["title"] for event in events(server)] == [f"row {n}" for n in range(1, bad + 101)]
    undo(server, "x")
    ended = wait_for(server, lambda one: not one["rows_stay"])
    assert (ended["undone"]["deleted"], events(server)) == (bad + 100, [])

"""tus-js-client itself, over a network that cuts it."""

import json
import shutil
import subprocess
import time
from pathlib import Path

import httpx
import pytest

from tests.conftest import unavailable
from tests.end_to_end.conftest import StartServer
from tests.end_to_end.proxies.cutting import cutting_proxy

JS = Path(__file__).parent / "js"
MEGABYTE = 1000 * 1000
ROWS = 25_000
WITHIN_SECONDS = 300


def agenda(path: Path) -> int:
    """Write 50 MB of rows, and return how many bytes they are."""
    with path.open("w") as file:
        file.write("title,description,event_date,city\n")
        for number in range(1, ROWS + 1):
            file.write(f"row {number},{number:2000d},2025-07-01,Recife\n")
    return path.stat().st_size


@pytest.fixture
def node() -> str:
    """The program that runs tus-js-client."""
    found = shutil.which("node")
    if found is None or not (JS / "node_modules" / "tus-js-client").exists():
        unavailable("tus-js-client (npm install in tests/end_to_end/js)")
    return found


def uploaded(node: str, endpoint: str, file: Path) -> dict[str, int]:
    """Send a file with tus-js-client and return what it printed."""
    command = [node, "tus/upload.js", endpoint, str(file), "x"]
    run = subprocess.run(command, cwd=JS, capture_output=True, timeout=WITHIN_SECONDS, check=False)
    assert run.returncode == 0, run.stderr.decode()
    told: dict[str, int] = json.loads(run.stdout)
    return told


def test_tus_js_client_uploads_50_mb_over_a_connection_that_is_cut_every_few(
    start_server: StartServer, tmp_path: Path, node: str
) -> None:
    server = start_server()
    size = agenda(tmp_path / "agenda.csv")
    assert size > 50 * MEGABYTE
    with cutting_proxy(server.port, after_bytes=4 * MEGABYTE) as proxy:
        endpoint = f"http://127.0.0.1:{proxy.port}/api/v1/uploads/tus"
        told = uploaded(node, endpoint, tmp_path / "agenda.csv")
        assert proxy.cuts >= 10
        assert told["attempts"] > 10
    with httpx.Client(base_url=server.url, timeout=60) as http:
        assert [message["type"] for message in story(http)].count("finished") == 1
        upload = http.get("/api/v1/uploads/x").json()
        assert (upload["status"], upload["accepted"], upload["bytes"]) == ("completed", ROWS, size)
        events = http.get("/api/v1/eventos/download").json()
        assert [event["title"] for event in events] == [f"row {n}" for n in range(1, ROWS + 1)]


def test_tus_js_client_learns_that_it_may_not_send_parts_in_parallel(
    start_server: StartServer, tmp_path: Path, node: str
) -> None:
    server = start_server()
    file = tmp_path / "agenda.csv"
    file.write_text("title,description,event_date,city\nrow 1,x,2025-07-01,Recife\n")
    command = [node, "tus/upload.js", f"{server.url}/api/v1/uploads/tus", str(file), "x", "2"]
    run = subprocess.run(command, cwd=JS, capture_output=True, timeout=WITHIN_SECONDS, check=False)
    assert run.returncode == 1
    assert b"without parallel uploads" in run.stderr
    with httpx.Client(base_url=server.url, timeout=60) as http:
        assert http.get("/api/v1/uploads").json()["items"] == []


def story(http: httpx.Client) -> list[dict[str, object]]:
    """Return the feed of the import from its beginning to its end."""
    told: list[dict[str, object]] = []
    cursor: dict[str, str] = {}
    deadline = time.monotonic() + WITHIN_SECONDS
    while not any(message["type"] == "finished" for message in told):
        assert time.monotonic() < deadline, told[-1:]
        answer = http.get("/poll/upload/x", params=cursor).json()
        told, cursor = told + answer["messages"], {"last_event_id": answer["cursor"]}
    return told

"""A plain EventSource goes on when the server behind a documented proxy was restarted."""

import queue
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import unavailable
from tests.end_to_end.conftest import StartServer
from tests.end_to_end.proxies.real import before_two, documented, under_a_path

JS = Path(__file__).parent / "js"
WITHIN_SECONDS = 60
FRONTS: dict[str, Any] = {
    "nginx": lambda folder, port: documented("nginx", folder, port),
    "haproxy": lambda folder, port: documented("haproxy", folder, port),
    "caddy": lambda folder, port: documented("caddy", folder, port),
    "apache": lambda folder, port: documented("apache", folder, port),
    "nginx under a path": under_a_path,
    "nginx before two": lambda folder, port: before_two(folder, port, port),
}


class EventSource:
    """npm's `eventsource` in a process of its own."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._lines: queue.Queue[str] = queue.Queue()
        self.met: list[str] = []
        self._reading = threading.Thread(target=self._read)
        self._reading.start()

    def close(self) -> None:
        """Wait until the last line of a process that has ended is read."""
        self._reading.join()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line.strip())
        self._lines.put(f"ended {self._process.wait()}")

    def until(self, line: str) -> None:
        """Return when this was printed; fail when the process ends before."""
        while True:
            self.met.append(self._lines.get(timeout=WITHIN_SECONDS))
            if self.met[-1] == line:
                return
            assert not self.met[-1].startswith("ended"), self.met


@contextmanager
def event_source(url: str, last: str) -> Iterator[EventSource]:
    """Open an EventSource that ends itself when an event of this title comes."""
    node = shutil.which("node")
    if node is None or not (JS / "node_modules" / "eventsource").exists():
        unavailable("npm's eventsource (npm install in tests/end_to_end/js)")
    command = [node, "eventsource.js", url, last]
    with subprocess.Popen(command, cwd=JS, stdout=subprocess.PIPE, text=True) as process:
        source = EventSource(process)
        try:
            yield source
        finally:
            process.kill()
            source.close()


def create(url: str, title: str) -> None:
    event = {"title": title, "event_date": "2027-01-01", "city": "Recife"}
    assert httpx.post(f"{url}/api/v1/eventos", json=event, timeout=60).status_code == 201


@pytest.mark.parametrize("front", FRONTS)
def test_a_plain_event_source_survives_a_restart(
    front: str, start_server: StartServer, tmp_path: Path
) -> None:
    server = start_server(auth="open", trusted_proxies="127.0.0.1")
    folder = tmp_path / "proxy"
    folder.mkdir()
    with FRONTS[front](folder, server.port) as port:
        prefix = "/fasttrack" if "path" in front else ""
        with event_source(f"http://127.0.0.1:{port}{prefix}/sse/eventos", "last") as source:
            source.until("hello fresh")
            create(server.url, "first")
            source.until("event first")
            server.stop()
            # The proxy itself answers now, with 200: the stream opens, and holds no hello.
            source.until("open")
            source.until("error")
            server.start()
            create(server.url, "last")
            source.until("hello recovered")
            source.until("event last")
            source.until("ended 0")

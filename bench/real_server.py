"""FastTrack as a user runs it: `fasttrack serve` with a store on disk, spoken to over sockets."""

import contextlib
import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.places import OWN_PYTHON, ROOT
from bench.servers import Running, free_port, serving

BOUNDARY = "fasttrack-bench"
WATCH_SECONDS = 300.0
_ENVIRONMENT = {
    "PYTHONPATH": str(ROOT),
    "FASTTRACK_STREAMS_PER_PERSON": "20000",
    "FASTTRACK_CALLS_PER_MINUTE": "1000000000",
    "FASTTRACK_UPLOADS_PER_MINUTE": "1000000",
    "FASTTRACK_LOG_LEVEL": "warning",
}


@contextlib.contextmanager
def fasttrack(core: int | None = None, environment: Mapping[str, str] | None = None) -> Iterator[Running]:
    """Run the real server with a data folder of its own, on one core or, as users do, on all."""
    port = free_port()
    command = [str(OWN_PYTHON), "-m", "api", "serve", "--port", str(port)]
    with serving(command, port, environment={**_ENVIRONMENT, **(environment or {})}, core=core) as server:
        yield server


def call(port: int, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
    """Return status and body of a plain call."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request(method, path, body, {"Content-Type": "application/json"} if body else {})
    answer = connection.getresponse()
    with contextlib.closing(connection):
        return answer.status, answer.read()


def upload(port: int, upload_id: str, file: Path, options: str = "") -> tuple[int, dict[str, Any]]:
    """Send a file as a browser would; return the status and the answer."""
    head = (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{file.name}"\r\n'
        "Content-Type: text/csv\r\n\r\n"
    ).encode()
    tail = f"\r\n--{BOUNDARY}--\r\n".encode()
    length = len(head) + file.stat().st_size + len(tail)
    request = (
        f"POST /api/v1/uploads?upload_id={upload_id}{options} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
        f"Content-Type: multipart/form-data; boundary={BOUNDARY}\r\nContent-Length: {length}\r\n\r\n"
    ).encode()
    with (
        socket.create_connection(("127.0.0.1", port), timeout=WATCH_SECONDS) as sender,
        file.open("rb") as body,
    ):
        sender.sendall(request + head)
        sender.sendfile(body)
        sender.sendall(tail)
        answer = http.client.HTTPResponse(sender)
        answer.begin()
        return answer.status, json.loads(answer.read())


@dataclass
class Watch:
    """One SSE client of an import, in a thread: notes when `finished` came and what it said."""

    port: int
    upload_id: str
    finished_at: float | None = None
    finished: bytes = b""

    def start(self) -> threading.Thread:
        """Subscribe, wait for the first bytes, and go on in a thread."""
        stream = socket.create_connection(("127.0.0.1", self.port), timeout=WATCH_SECONDS)
        stream.sendall(
            f"GET /sse/upload/{self.upload_id} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n\r\n".encode()
        )
        first = stream.recv(65536)
        if not first.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(f"the feed was refused: {first[:100]!r}")
        thread = threading.Thread(target=self._read, args=(stream, first), daemon=True)
        thread.start()
        return thread

    def _read(self, stream: socket.socket, tail: bytes) -> None:
        with stream:
            while received := stream.recv(1 << 18):
                tail += received
                where = tail.find(b'"type":"finished"')
                if where >= 0:
                    self.finished_at, self.finished = time.monotonic(), tail[where : where + 400]
                    return
                tail = tail[-64:]

"""A herd: clients that missed messages come back at once after a restart of the server.

    python -m bench.herd [--clients 10000] [--behind 300] [--tree FOLDER --python PYTHON]

Prints when the last of them had everything, and the CPU time of the server for each. Another version is
measured beside this one by `--tree`, the folder of its clone, and `--python`, that of its environment.
"""

import argparse
import json
import os
import re
import selectors
import socket
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.http_load import cpu_seconds, request
from bench.places import GENERATOR_CORE, OWN_PYTHON
from bench.requests import EVENT, VENUE, call
from bench.servers import Running, free_port, serving

AT_ONCE = 500
"""Clients that are on their way."""
SECONDS = 150.0
_ID = re.compile(rb"\nid: *([^\n]+)\n")
_EVENTS = "/api/v1/eventos"
_BUFFER = bytearray(1 << 18)
"""Of every client in turn: a new one for each part would take longer than to look through it."""


class _Client:
    """One that comes back; `is_live` once it has the last of the messages that it missed.

    To count them all would take longer than the server does to send them; that none is missing, tests hold.
    """

    def __init__(self, port: int, content: bytes, last: bytes) -> None:
        self.socket = socket.socket()
        self.socket.setblocking(False)
        self.socket.connect_ex(("127.0.0.1", port))
        self._content = content
        self._sought = last
        self._tail = b""
        self.is_live = False

    def send(self) -> None:
        self.socket.sendall(self._content)

    def receive(self) -> None:
        length = self.socket.recv_into(_BUFFER)
        if not length or not (self._tail or _BUFFER.startswith(b"HTTP/1.1 200")):
            raise RuntimeError(f"a stream was refused or ended: {bytes(_BUFFER[:200])!r}")
        few = len(self._sought)
        ends = self._tail + _BUFFER[: min(length, few)]
        self.is_live = self.is_live or self._sought in ends or _BUFFER.rfind(self._sought, 0, length) >= 0
        self._tail = bytes(_BUFFER[length - few : length] if length >= few else ends[-few:])


def come_back(server: Running, cursor: str, clients: int, last: bytes) -> dict[str, Any]:
    """Open the streams, some at once, until each has what it missed, up to a last title."""
    content = request("GET", "/sse?feed=eventos", headers={"Last-Event-ID": cursor})
    live, opened = 0, 0
    everyone: list[_Client] = []
    cpu, started = cpu_seconds(server.pid), time.perf_counter()
    with selectors.DefaultSelector() as ready:
        while live < clients:
            if time.perf_counter() - started > SECONDS:
                raise RuntimeError(f"{live} of {clients} had everything after {SECONDS:g} s")
            while opened < clients and opened - live < AT_ONCE:
                everyone.append(_Client(server.port, content, last))
                ready.register(everyone[-1].socket, selectors.EVENT_WRITE, everyone[-1])
                opened += 1
            for key, _ in ready.select(1):
                if key.events == selectors.EVENT_WRITE:
                    key.data.send()
                    ready.modify(key.fileobj, selectors.EVENT_READ, key.data)
                    continue
                was_live = key.data.is_live
                key.data.receive()
                live += key.data.is_live and not was_live
    seconds = time.perf_counter() - started
    for client in everyone:
        client.socket.close()
    return {"seconds": seconds, "cpu_us": (cpu_seconds(server.pid) - cpu) / clients * 1e6}


def _cursor(port: int) -> str:
    """Return the cursor of now."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as stream:
        stream.sendall(request("GET", "/sse?feed=eventos"))
        received = b""
        while not _ID.search(received):
            received += stream.recv(1 << 16)
    return _ID.findall(received)[-1].strip().decode()


def measure(tree: Path, python: str, clients: int, behind: int) -> dict[str, Any]:
    """Make events, restart the server, and let everybody come back."""
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        command = [python, "-m", "api", "serve", "--port", str(port)]
        environment = {
            "FASTTRACK_DATA_DIR": folder,
            "PYTHONPATH": str(tree),
            "FASTTRACK_LOG_LEVEL": "warning",
        }
        with serving(command, port, environment=environment):
            cursor = _cursor(port)
            for number in range(behind):
                call(port, "POST", _EVENTS, EVENT | {"local_info": VENUE, "title": f"H+{number}+"})
        with serving(command, port, environment=environment) as server:
            return come_back(server, cursor, clients, f"H+{behind - 1}+".encode())


def main() -> None:
    """Read the arguments, and print what was measured."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--clients", type=int, default=10_000)
    parser.add_argument("--behind", type=int, default=300)
    parser.add_argument("--tree", type=Path, default=Path(__file__).parent.parent)
    parser.add_argument("--python", default=str(OWN_PYTHON))
    asked = parser.parse_args()
    os.sched_setaffinity(0, {GENERATOR_CORE})
    print(json.dumps(measure(asked.tree.resolve(), asked.python, asked.clients, asked.behind)))


if __name__ == "__main__":
    main()

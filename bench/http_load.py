"""Keep-alive clients that ask one thing again and again: rate, latency, and the server's CPU."""

import os
import re
import selectors
import socket
import time
from collections.abc import Mapping
from pathlib import Path
from statistics import quantiles
from typing import Any

_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_TICKS = os.sysconf("SC_CLK_TCK")


def request(method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None) -> bytes:
    """Return a request as bytes."""
    lines = {"Host": "127.0.0.1", "Content-Type": "application/json", "Content-Length": str(len(body))}
    head = "".join(f"{name}: {value}\r\n" for name, value in {**lines, **(headers or {})}.items())
    return f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + body


def cpu_seconds(pid: int) -> float:
    """Return the CPU time that a process has taken so far, threads included."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


class _Client:
    """One connection with one request under way at a time."""

    def __init__(self, port: int, content: bytes) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._content = content
        self._received = b""
        self._sent_at = 0.0

    def send(self) -> None:
        self._received, self._sent_at = b"", time.perf_counter()
        self.socket.sendall(self._content)

    def receive(self) -> float | None:
        """Return how long the answer took when it has come in full, else None."""
        received = self.socket.recv(1 << 16)
        if not received:
            raise RuntimeError("the server closed a connection")
        self._received += received
        head, found, body = self._received.partition(b"\r\n\r\n")
        if not found or not _is_whole(head, body):
            return None
        if not head.startswith(b"HTTP/1.1 2"):
            raise RuntimeError(f"answered {self._received[:200]!r}")
        return time.perf_counter() - self._sent_at


def _is_whole(head: bytes, body: bytes) -> bool:
    length = _LENGTH.search(head)
    if length is not None:
        return len(body) >= int(length[1])
    return body.endswith(b"0\r\n\r\n") if b"chunked" in head.lower() else True


def load(port: int, pid: int, content: bytes, *, clients: int, seconds: float) -> dict[str, Any]:
    """Ask for some seconds; return rate, p50 and p99 in ms, and the server's CPU in µs a request."""
    with selectors.DefaultSelector() as ready:
        everyone = [_Client(port, content) for _ in range(clients)]
        for client in everyone:
            ready.register(client.socket, selectors.EVENT_READ, client)
        cpu, started = cpu_seconds(pid), time.perf_counter()
        for client in everyone:
            client.send()
        took: list[float] = []
        while time.perf_counter() - started < seconds:
            for key, _ in ready.select(1):
                if (latency := key.data.receive()) is not None:
                    took.append(latency)
                    key.data.send()
        elapsed = time.perf_counter() - started
        cpu = cpu_seconds(pid) - cpu
        for client in everyone:
            client.socket.close()
    cuts = quantiles(took, n=100)
    return {
        "per_second": len(took) / elapsed,
        "p50_ms": cuts[49] * 1e3,
        "p99_ms": cuts[98] * 1e3,
        "cpu_us": cpu * 1e6 / len(took),
    }

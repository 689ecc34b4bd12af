"""The whole way: an event is stored by POST, and all who watch receive it over SSE."""

import contextlib
import json
import os
import re
import selectors
import socket
import time
from collections.abc import Callable
from functools import partial
from statistics import quantiles
from typing import Any

from bench.fanout import Result
from bench.http_load import cpu_seconds, request
from bench.places import GENERATOR_CORE
from bench.requests import SERVERS, Site, call, is_there
from bench.rounds import Case

READERS = (1000, 100)
POSTS = {
    "20 a second": (1, 20.0),
    "one after the other": (1, float("inf")),
    "16 at once": (16, float("inf")),
}
"""Clients that post, each when its last was answered, and posts a second of all; both servers hold 20."""
SECONDS = 6.0
WARM_SECONDS = 2.0
"""Not measured: a server that has just started has other things to do, such as to compress its page."""
TIMED = 10
"""Readers whose latencies are kept."""
_WRITER = -1
"""What a writer's socket is registered as; readers are by their number."""
_MARK = b"T+"
_SENT_AT = re.compile(rb"T\+(\d+)\+")


def _fasttrack_reader(port: int) -> socket.socket:
    return _stream(port, "/sse?feed=eventos")[0]


def _pocketbase_reader(port: int) -> socket.socket:
    stream, first = _stream(port, "/api/realtime")
    found = re.search(rb'"clientId":"([^"]+)"', first)
    if found is None:
        raise RuntimeError(f"no client id in {first[-200:]!r}")
    call(port, "POST", "/api/realtime", {"clientId": found[1].decode(), "subscriptions": ["events/*"]})
    return stream


def _stream(port: int, path: str) -> tuple[socket.socket, bytes]:
    """Open a stream and read until its first message."""
    stream = socket.create_connection(("127.0.0.1", port), timeout=20)
    stream.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n\r\n".encode())
    first = b""
    while b"data:" not in first or not first.endswith(b"\n"):
        received = stream.recv(1 << 16)
        if not received:
            raise RuntimeError(f"the stream ended: {first[:200]!r}")
        first += received
    return stream, first


CONTESTANTS: dict[str, Callable[[int], socket.socket]] = {
    "FastTrack": _fasttrack_reader,
    "PocketBase": _pocketbase_reader,
}


class _Run:
    """Readers and writers in one thread."""

    def __init__(self, site: Site, streams: list[socket.socket], writers: int) -> None:
        self._site = site
        self._ready = selectors.DefaultSelector()
        for number, stream in enumerate(streams):
            self._ready.register(stream, selectors.EVENT_READ, number)
        # Those that wait for no answer.
        self._free: list[socket.socket] = []
        for _ in range(writers):
            writer = socket.create_connection(("127.0.0.1", site.server.port), timeout=20)
            writer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._ready.register(writer, selectors.EVENT_READ, _WRITER)
            self._free.append(writer)
        self.readers = len(streams)
        self.received = 0
        self.answered = 0
        self.latencies: list[float] = []

    def post(self) -> None:
        event = self._site.event | {"title": f"T+{time.perf_counter_ns()}+"}
        self._free.pop().sendall(request("POST", self._site.path, json.dumps(event).encode()))

    def take(self, seconds: float) -> None:
        """Take what comes within so many seconds."""
        for key, _ in self._ready.select(max(seconds, 0.0)):
            assert isinstance(key.fileobj, socket.socket)
            part = key.fileobj.recv(1 << 16)
            if key.data == _WRITER:
                if b"HTTP/1.1 2" in part:
                    self.answered += 1
                    self._free.append(key.fileobj)
                continue
            self.received += part.count(_MARK)
            if key.data < TIMED:
                now = time.perf_counter_ns()
                self.latencies += [(now - int(sent)) / 1e6 for sent in _SENT_AT.findall(part)]

    def post_for(self, seconds: float, rate: float) -> int:
        """Post events, so many a second, and wait until all are there; return how many."""
        posted, started = 0, time.perf_counter()
        answered, received = self.answered, self.received
        while (now := time.perf_counter() - started) < seconds:
            while self._free and now >= posted / rate:
                self.post()
                posted += 1
            self.take(posted / rate - now if self._free else 0.1)
        ends = time.perf_counter() + 5
        while time.perf_counter() < ends and (
            self.answered - answered < posted or self.received - received < posted * self.readers
        ):
            self.take(0.2)
        return posted

    def close(self) -> None:
        for key in [*self._ready.get_map().values()]:
            key.fileobj.close()  # type: ignore[union-attr]
        self._ready.close()


def _measure(name: str, readers: int, writers: int, rate: float) -> Result:
    os.sched_setaffinity(0, {GENERATOR_CORE})
    try:
        with SERVERS[name]() as site:
            streams = [CONTESTANTS[name](site.server.port) for _ in range(readers)]
            return _watch(_Run(site, streams, writers), site.server.pid, rate)
    except (OSError, RuntimeError) as failure:
        return {"failed": str(failure)[-300:]}
    finally:
        os.sched_setaffinity(0, range(os.cpu_count() or 1))


def _watch(run: _Run, pid: int, rate: float) -> Result:
    with contextlib.closing(run):
        run.post_for(WARM_SECONDS, rate)
        run.received, run.latencies = 0, []
        cpu = cpu_seconds(pid)
        posted = run.post_for(SECONDS, rate)
        cpu = cpu_seconds(pid) - cpu
    cuts = quantiles(run.latencies, n=100) if len(run.latencies) > 1 else [0.0] * 99
    result: dict[str, Any] = {
        "posts_per_second": posted / SECONDS,
        "missing": posted * run.readers - run.received,
        "deliveries_per_cpu_second": run.received / cpu,
        "p50_ms": cuts[49],
        "p99_ms": cuts[98],
    }
    return result


def cases() -> list[tuple[Case, Callable[[], Result]]]:
    """Return what the whole way measures, for the servers that are there."""
    return [
        (("whole way", name, f"{readers:,}, {words}"), partial(_measure, name, readers, writers, rate))
        for words, (writers, rate) in POSTS.items()
        for readers in READERS
        for name in CONTESTANTS
        if name == "FastTrack" or is_there(name)
    ]

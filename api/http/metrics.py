"""Metrics for Prometheus, also for several processes on one port.

One process keeps its counts in memory. Of several, each keeps them in files of a folder that all share
(prometheus_client's multiprocess mode), and whichever is scraped adds them up. A process is known there
by its place among the workers and not by its pid, so one that replaces a dead one counts on from there.
"""

import os
import resource
import time
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Literal

import anyio
from msgspec import Struct
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
    values,
)
from prometheus_client.multiprocess import MultiProcessCollector

BUCKETS_SECONDS = (0.001, 0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
MEDIA_TYPE = "text/plain; version=0.0.4"
REFRESH_SECONDS = 1.0
"""How old the gauges of the other processes may be in a scrape."""

UNROUTED = "none"
"""The route of a request that no route takes, or that was refused before it was routed."""

Kind = Literal["gauge", "counter"]
Merge = Literal["livesum", "livemax", "livemin"]
Value = float | Mapping[str, float]


class SharedCounts(Struct, frozen=True):
    """Where the processes of one server count.

    Attributes:
        folder: for nothing else; of this run of the server.
        place: of this process among the workers, from 0.
    """

    folder: Path
    place: int

    def begin(self) -> None:
        """Make the metrics of this process count there; called before the first is made."""
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(self.folder)
        values.ValueClass = values.MultiProcessValue(lambda: self.place)  # type: ignore[no-untyped-call]

    def forget_gauges(self) -> None:
        """Remove the gauges of a dead process from the sums. Its counters stay."""
        for file in self.folder.glob(f"gauge_*_{self.place}.db"):
            file.unlink(missing_ok=True)


class Metrics:
    """Metrics of requests, of other parts of the server, and of the process."""

    def __init__(self, shared: SharedCounts | None = None) -> None:
        # A series more for each counter, which nobody asked for.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        if shared is not None:
            shared.begin()
        self._folder = shared and shared.folder
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "fasttrack_requests_total",
            "Answered requests.",
            ("method", "route", "status"),
            registry=self._registry,
        )
        self._seconds = Histogram(
            "fasttrack_request_seconds",
            "Time to the last byte of an answer.",
            ("route",),
            buckets=BUCKETS_SECONDS,
            registry=self._registry,
        )
        self._counting: dict[tuple[str, str, int], tuple[Callable[[], None], Callable[[float], None]]] = {}
        self._refreshers: list[Callable[[], None]] = []
        self._offer_process(str(shared.place if shared else 0))

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answered request. `route` is a template, so that there are only so many."""
        counting = self._counting.get((method, route, status))
        if counting is None:
            requests = self._requests.labels(method, route, str(status))
            counting = (requests.inc, self._seconds.labels(route).observe)
            self._counting[method, route, status] = counting
        count, measure = counting
        count()
        measure(seconds)

    def count(self, method: str, route: str, status: int) -> None:
        """Count an answer without its time, for answers by the server itself."""
        self._requests.labels(method, route, str(status)).inc()

    def offer(
        self,
        name: str,
        kind: Kind,
        about: str,
        read: Callable[[], Value],
        *,
        label: str = "",
        merge: Merge = "livesum",
    ) -> None:
        """Add a metric that is read at each scrape, and every second where several processes serve.

        Args:
            name: of a counter it ends in `_total`.
            kind: what `read` returns of a counter never falls.
            about: its HELP.
            read: returns the value; with a `label`, that of each value of the label.
            label: the name of the label, if there is one.
            merge: what a gauge of several processes is; counters are added up.
        """
        labels = (label,) if label else ()
        if kind == "counter":
            counter = Counter(name, about, labels, registry=self._registry)
            self._refreshers.append(_counting(counter, read))
        else:
            gauge = Gauge(name, about, labels, registry=self._registry, multiprocess_mode=merge)
            self._refreshers.append(_setting(gauge, read))
        self._refreshers[-1]()

    def refresh(self) -> None:
        """Read the offered metrics."""
        for refresher in self._refreshers:
            refresher()

    async def keep_fresh(self) -> None:
        """Refresh the offered metrics every second, for scrapes of other processes."""
        while self._folder is not None:
            self.refresh()
            await anyio.sleep(REFRESH_SECONDS)

    def render(self) -> bytes:
        """Return the exposition of the values read last. May be called in a thread."""
        if self._folder is None:
            return generate_latest(self._registry)
        together = CollectorRegistry()
        MultiProcessCollector(together, str(self._folder))  # type: ignore[no-untyped-call]
        return generate_latest(together)

    def _offer_process(self, place: str) -> None:
        started, about_memory, build = time.time(), "Resident memory", {version("fasttrack"): 1.0}
        self.offer(
            "fasttrack_build_info",
            "gauge",
            "Always 1; the label has the version of the server.",
            lambda: build,
            label="version",
            merge="livemax",
        )
        self.offer("fasttrack_workers", "gauge", "Processes of the server.", lambda: 1.0)
        self.offer(
            "fasttrack_worker_resident_memory_bytes",
            "gauge",
            f"{about_memory} of one process.",
            lambda: {place: resident_bytes()},
            label="worker",
        )
        self.offer("process_resident_memory_bytes", "gauge", f"{about_memory}.", resident_bytes)
        self.offer("process_cpu_seconds_total", "counter", "User and system CPU time.", cpu_seconds)
        self.offer(
            "process_start_time_seconds",
            "gauge",
            "When the process started, in seconds since 1970.",
            lambda: started,
            merge="livemin",
        )


def _setting(gauge: Gauge, read: Callable[[], Value]) -> Callable[[], None]:
    """Return what sets a gauge; what its source names no more is 0."""
    named: set[str] = set()

    def refresh() -> None:
        now = _by_label(read())
        named.update(now)
        for label in named:
            (gauge.labels(label) if label else gauge).set(now.get(label, 0.0))

    return refresh


def _counting(counter: Counter, read: Callable[[], Value]) -> Callable[[], None]:
    """Return what adds to a counter what its source has counted since."""
    seen: dict[str, float] = {}

    def refresh() -> None:
        for label, value in _by_label(read()).items():
            (counter.labels(label) if label else counter).inc(value - seen.get(label, 0.0))
            seen[label] = value

    return refresh


def _by_label(value: Value) -> Mapping[str, float]:
    return value if isinstance(value, Mapping) else {"": value}


def resident_bytes() -> int:
    """Return the resident memory of this process; 0 where /proc is absent."""
    try:
        with open("/proc/self/statm", "rb") as statm:  # noqa: PTH123  # read at each scrape: Path costs more
            return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def cpu_seconds() -> float:
    """Return the CPU time that this process has taken."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime

"""Counts of this process as Prometheus text. Source: Prometheus exposition format 0.0.4."""

import os
import resource
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate

BUCKETS_SECONDS = (0.001, 0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
MEDIA_TYPE = "text/plain; version=0.0.4"

Labels = tuple[tuple[str, str], ...]
Sample = tuple[Labels, float]


class Metrics:
    """What was answered, and gauges that others offer."""

    def __init__(self) -> None:
        self._requests: Counter[tuple[str, int]] = Counter()
        self._buckets = [0] * (len(BUCKETS_SECONDS) + 1)
        self._seconds = 0.0
        self._offered: list[tuple[str, str, str, Callable[[], float]]] = []

    def observe(self, method: str, status: int, seconds: float) -> None:
        """Count one answered request."""
        self._requests[method, status] += 1
        self._buckets[bisect_left(BUCKETS_SECONDS, seconds)] += 1
        self._seconds += seconds

    def offer(self, name: str, kind: str, about: str, read: Callable[[], float]) -> None:
        """Add a metric, `gauge` or `counter`, that is read at each scrape."""
        self._offered.append((name, kind, about, read))

    def render(self) -> str:
        """Return the exposition."""
        return "\n".join([*self._lines(), ""])

    def _lines(self) -> Iterator[str]:
        requests: list[Sample] = [
            ((("method", method), ("status", str(status))), float(count))
            for (method, status), count in sorted(self._requests.items())
        ]
        yield from _family("fasttrack_requests_total", "counter", "Answered requests.", requests)
        yield from self._histogram("fasttrack_request_seconds")
        resident: list[Sample] = [((), float(resident_bytes()))]
        yield from _family("process_resident_memory_bytes", "gauge", "Resident memory.", resident)
        usage = resource.getrusage(resource.RUSAGE_SELF)
        cpu: list[Sample] = [((), usage.ru_utime + usage.ru_stime)]
        yield from _family("process_cpu_seconds_total", "counter", "User and system CPU time.", cpu)
        for name, kind, about, read in self._offered:
            yield from _family(name, kind, about, [((), read())])

    def _histogram(self, name: str) -> Iterator[str]:
        yield f"# HELP {name} Time to the last byte of an answer."
        yield f"# TYPE {name} histogram"
        bounds = [*map(str, BUCKETS_SECONDS), "+Inf"]
        for bound, count in zip(bounds, accumulate(self._buckets), strict=True):
            yield f'{name}_bucket{{le="{bound}"}} {count}'
        yield f"{name}_sum {self._seconds:.6f}"
        yield f"{name}_count {sum(self._buckets)}"


def resident_bytes() -> int:
    """Return the resident memory of this process; 0 where /proc is absent."""
    try:
        with open("/proc/self/statm", "rb") as statm:  # noqa: PTH123  # read at each scrape: Path costs more
            return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def _family(name: str, kind: str, about: str, samples: Sequence[Sample]) -> Iterator[str]:
    yield f"# HELP {name} {about}"
    yield f"# TYPE {name} {kind}"
    for labels, value in samples:
        inner = ",".join(f'{key}="{text}"' for key, text in labels)
        yield f"{name}{{{inner}}} {_number(value)}" if inner else f"{name} {_number(value)}"


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)

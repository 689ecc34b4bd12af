"""Asks a server for /healthz every few milliseconds, in a process of its own, until stdin closes.

`python -m bench.probe PORT` prints the latencies' percentiles in milliseconds as JSON.
"""

import http.client
import json
import select
import subprocess
import sys
import time
from typing import Any

from bench.places import GENERATOR_CORE, OWN_PYTHON, ROOT
from bench.servers import pinned

EVERY_SECONDS = 0.002


def percentile(values: list[float], fraction: float) -> float:
    """Return the value that this fraction lies at or below; values need no order."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * fraction))]


def _ask(connection: http.client.HTTPConnection) -> float:
    started = time.perf_counter()
    connection.request("GET", "/healthz")
    answer = connection.getresponse()
    answer.read()
    if answer.status != 200:
        raise SystemExit(f"probe: /healthz answered {answer.status}")
    return (time.perf_counter() - started) * 1000


def _probe(port: int) -> list[float]:
    latencies = []
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    while not select.select([sys.stdin], [], [], EVERY_SECONDS)[0]:
        latencies.append(_ask(connection))
    connection.close()
    return latencies


class Probe:
    """The probe as a process beside a block; `result()` after it."""

    def __init__(self, port: int) -> None:
        self._process = subprocess.Popen(
            pinned(GENERATOR_CORE, [str(OWN_PYTHON), "-m", "bench.probe", str(port)]),
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def result(self) -> dict[str, Any]:
        """Stop it and return percentiles in milliseconds."""
        printed, _ = self._process.communicate(timeout=30)
        return dict(json.loads(printed))


if __name__ == "__main__":
    found = _probe(int(sys.argv[1]))
    print(
        json.dumps(
            {
                "healthz_p50_ms": percentile(found, 0.5),
                "healthz_p99_ms": percentile(found, 0.99),
                "healthz_p999_ms": percentile(found, 0.999),
                "healthz_max_ms": max(found),
                "healthz_asked": len(found),
            }
        )
    )

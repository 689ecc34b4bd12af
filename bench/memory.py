"""The server's memory over time."""

import threading
from pathlib import Path
from types import TracebackType
from typing import Self

SAMPLE_SECONDS = 0.1


def pss_mb(pid: int) -> float:
    """Return the proportional memory of a process and all that it started. Source: proc_pid_smaps(5)."""
    # A process is listed with the thread that started it.
    lists = Path(f"/proc/{pid}/task").glob("*/children")
    children = [int(child) for listed in lists for child in listed.read_text().split()]
    return _own_pss_mb(pid) + sum(map(pss_mb, children))


def _own_pss_mb(pid: int) -> float:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    return 0.0


class Growth:
    """Samples a process while the block runs; `mb` is its peak over what it had at the start."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self._before = pss_mb(pid)
        self._peak = self._before

    @property
    def mb(self) -> float:
        """Megabytes that it grew by."""
        return self._peak - self._before

    def _sample(self) -> None:
        while not self._over.wait(SAMPLE_SECONDS):
            self._peak = max(self._peak, pss_mb(self._pid))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()
        self._peak = max(self._peak, pss_mb(self._pid))

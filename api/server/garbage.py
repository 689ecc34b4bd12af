"""Collects cyclic garbage as memory grows, not by the number of objects.

Python counts objects, and a few objects of a request may hold a body of 16 MB. With thresholds that
spare a server of many streams its pauses, such garbage stayed for hours. So the young generations,
which are small, are collected whenever memory has grown by a bound, and all of them seldom.
"""

import gc
import time
from collections.abc import Callable
from pathlib import Path

YOUNG_BYTES = 12 * 1024 * 1024
"""Growth after which the young generations are collected: some milliseconds."""

ALL_BYTES = 128 * 1024 * 1024
"""Growth since the last full collection after which there is another one."""

SPACING = 200
"""A full collection takes at most one part in so many of the time."""

_STATM = Path("/proc/self/statm")
_PAGE_BYTES = 4096


def resident_bytes() -> int:
    """Return the memory of the process in bytes, 0 if that is not cheap to find out (not Linux)."""
    try:
        return int(_STATM.read_bytes().split()[1]) * _PAGE_BYTES
    except OSError:
        return 0


class GarbageWatch:
    """Collects garbage as memory grows; call `look` often."""

    def __init__(
        self,
        *,
        resident: Callable[[], int] = resident_bytes,
        collect: Callable[[int], object] = gc.collect,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._resident = resident
        self._collect = collect
        self._clock = clock
        self._after_young = self._after_all = resident()
        self._not_before = clock()

    def look(self) -> None:
        """Collect, if memory has grown enough since the last time."""
        now = self._resident()
        self._after_young = min(self._after_young, now)
        self._after_all = min(self._after_all, now)
        if now - self._after_young < YOUNG_BYTES:
            return
        self._collect(1)
        self._after_young = self._resident()
        if self._after_young - self._after_all >= ALL_BYTES and self._clock() >= self._not_before:
            self._collect_all()

    def _collect_all(self) -> None:
        began = self._clock()
        self._collect(2)
        ended = self._clock()
        self._not_before = ended + (ended - began) * SPACING
        self._after_young = self._after_all = self._resident()

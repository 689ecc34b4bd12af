"""Tunes how glibc returns freed memory."""

import ctypes

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8  # malloc.h
LARGE_BYTES = 2 * 1024 * 1024
"""Above the pieces in which files pass through: to map each anew cost imports 8% of their rate."""

ARENAS = 2
"""Each keeps what was freed in it, and by itself every thread has one. Python's objects are in none."""


def tune_malloc() -> None:
    """Let glibc give large blocks back at once, and threads share arenas. Elsewhere nothing happens.

    By itself it raises that threshold to the largest block that was freed, up to 32 MiB, and keeps the
    pieces of a file that pass through the server for good. Source: mallopt(3).
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, LARGE_BYTES)
        mallopt(_M_TRIM_THRESHOLD, LARGE_BYTES)
        mallopt(_M_ARENA_MAX, ARENAS)

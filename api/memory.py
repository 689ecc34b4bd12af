"""How the C library keeps memory that was freed."""

import ctypes

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # malloc.h
LARGE_BYTES = 256 * 1024


def return_large_blocks() -> None:
    """Let glibc give large blocks back to the system at once. Elsewhere nothing happens.

    By itself it raises that threshold to the largest block that was freed, up to 32 MiB, and keeps the
    pieces of a file that pass through the server for good. Source: mallopt(3).
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, LARGE_BYTES)
        mallopt(_M_TRIM_THRESHOLD, LARGE_BYTES)

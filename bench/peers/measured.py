"""What every importing peer says about itself: rows a second and the growth of its memory."""

import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def report(load: Callable[[Path, Path], int]) -> None:
    """Import argv[1] into a database at argv[2] and print the result as JSON."""
    before, started = _peak_mb(), time.perf_counter()
    rows = load(Path(sys.argv[1]), Path(sys.argv[2]))
    seconds = time.perf_counter() - started
    result = {
        "rows": rows,
        "seconds": seconds,
        "rows_per_second": rows / seconds,
        "growth_mb": _peak_mb() - before,
    }
    print(json.dumps(result))

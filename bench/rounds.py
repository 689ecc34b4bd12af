"""Takes everyone in turn, round after round, and boils the rounds down to medians."""

import sys
from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from statistics import median
from typing import Any

from bench.fanout import Result, faults

Case = tuple[Hashable, ...]


def take_turns(cases: Sequence[tuple[Case, Callable[[], Result]]], rounds: int) -> dict[Case, list[Result]]:
    """Measure every case once a round, so that a slow minute of the machine hits all of them."""
    results: dict[Case, list[Result]] = defaultdict(list)
    for number in range(1, rounds + 1):
        for case, measure in cases:
            result = measure()
            results[case].append(result)
            line = f"  round {number}: {' · '.join(map(str, case))}: {result.get('failed') or _brief(result)}"
            print(line, file=sys.stderr, flush=True)
    return dict(results)


def _brief(result: Result) -> str:
    value = result.get("deliveries_per_cpu_second") or result.get("rows_per_second")
    return f"{value:,.0f}" if value else "done"


def summarise(results: Sequence[Result]) -> dict[str, Any]:
    """Return medians of all numbers, (lowest, highest) of the rates, and all faults."""
    good = [result for result in results if "failed" not in result]
    numbers = {key for result in good for key, value in result.items() if isinstance(value, int | float)}
    summary: dict[str, Any] = {key: median(r[key] for r in good if key in r) for key in sorted(numbers)}
    for key in ("deliveries_per_cpu_second", "rows_per_second"):
        if key in summary:
            summary[f"{key}_spread"] = [min(r[key] for r in good), max(r[key] for r in good)]
    summary["faults"] = sorted(
        {fault for result in results if _is_fanout(result) for fault in faults(result)}
    )
    summary["failed"] = [result["failed"] for result in results if "failed" in result]
    return summary


def _is_fanout(result: Result) -> bool:
    return "generator_core_share" in result or "failed" in result

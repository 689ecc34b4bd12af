"""The results as a table in Markdown and as JSON."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.places import RESULTS

REFERENCE = "nchan"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def thousands(value: float | None) -> str:
    """Return 1234567 as `1.23M`, 12345 as `12k`, small numbers as they are."""
    if value is None:
        return "-"
    if abs(value) >= 1e6:
        return f"{value / 1e6:.2f}M"
    return f"{value / 1e3:.0f}k" if abs(value) >= 1e4 else f"{value:,.0f}"


def _spread(summary: Mapping[str, Any], key: str) -> str:
    low, high = summary[f"{key}_spread"]
    return f"{thousands(summary[key])} ({thousands(low)}-{thousands(high)})"


def _ratio(value: float, reference: float | None) -> str:
    return f"{value / reference:.2f}" if reference else "-"


def _fanout_row(name: str, summary: Mapping[str, Any], reference: float | None, replay: bool) -> list[str]:
    key = "deliveries_per_cpu_second"
    if key not in summary:
        return [name, "failed", *["-"] * 7, "; ".join(summary["failed"][:1])[:60]]
    return [
        name,
        _spread(summary, key),
        _ratio(summary[key], reference),
        "-" if replay else f"{summary['p50_ms']:.1f}",
        "-" if replay else f"{summary['p99_ms']:.1f}",
        "-" if replay else f"{summary['kb_per_connection']:.1f}",
        thousands(summary["connections_per_second"]),
        "-" if replay else thousands(summary["published_per_second"]),
        f"{summary['generator_core_share']:.0%}",
        "; ".join(summary["faults"]) or "none",
    ]


FANOUT_HEAD = (
    "server", "deliveries/CPU-s (range)", "to nchan", "p50 ms", "p99 ms", "KB/conn", "conn/s", "taken/s",
    "generator", "faults",
)  # fmt: skip


def fanout_tables(summaries: Mapping[tuple[str, str, str], Mapping[str, Any]]) -> str:
    """Return a table for each (scenario, transport); keys are (scenario, transport, server)."""
    parts = []
    for scenario, transport in dict.fromkeys((key[0], key[1]) for key in summaries):
        group = {name: s for (sc, tr, name), s in summaries.items() if (sc, tr) == (scenario, transport)}
        reference = group.get(REFERENCE, {}).get("deliveries_per_cpu_second")
        rows = [_fanout_row(name, s, reference, scenario == "replay") for name, s in group.items()]
        parts.append(f"### {scenario}, {transport.upper()}\n\n{table(FANOUT_HEAD, rows)}")
    return "\n\n".join(parts)


def write(results: Mapping[str, Any], text: str, stamp: str) -> Path:
    """Keep the results as JSON and the tables as Markdown; return the JSON's path."""
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{stamp}.md").write_text(text + "\n")
    path = RESULTS / f"{stamp}.json"
    path.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n")
    return path

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
        "-" if replay or summary["p50_ms"] < 0 else f"{summary['p50_ms']:.1f}",
        "-" if replay or summary["p99_ms"] < 0 else f"{summary['p99_ms']:.1f}",
        "-" if replay else f"{summary['kb_per_connection']:.1f}",
        thousands(summary["connections_per_second"]),
        thousands(summary["published_per_second"] or None),
        f"{summary['generator_core_share']:.0%}",
        "; ".join(summary["faults"]) or "none",
    ]


def machine_line(machine: Mapping[str, Any]) -> str:
    """Return the machine in one line."""
    return (
        f"{machine['date']}, commit {machine['commit']}: {machine['cpu']}, {machine['cores']} cores, "
        f"{machine['memory_gb']} GB, Linux {machine['kernel']}, Python {machine['python']}, "
        f"load before the run {machine['load_average']:.2f}"
    )


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


IMPORT_HEAD = (
    "importer", "rows/s (range)", "to the bare loop", "growth MB", "/healthz p99.9 ms", "start s",
    "download/s",
)  # fmt: skip
BARE_LOOP = "csv.reader + msgspec + executemany"


def _optional(summary: Mapping[str, Any], key: str, form: str) -> str:
    return format(summary[key], form) if key in summary else "-"


def _import_row(name: str, summary: Mapping[str, Any], bare: float | None) -> list[str]:
    if "rows_per_second" not in summary:
        return [name, "failed", *["-"] * 4, "; ".join(summary["failed"][:1])[:80]]
    return [
        name,
        _spread(summary, "rows_per_second"),
        _ratio(summary["rows_per_second"], bare),
        _optional(summary, "growth_mb", ".0f"),
        _optional(summary, "healthz_p999_ms", ".1f"),
        _optional(summary, "start_seconds", ".2f"),
        thousands(summary.get("download_events_per_second")),
    ]


def import_table(summaries: Mapping[tuple[str, str, str], Mapping[str, Any]]) -> str:
    """Return a table of importers; keys are (part, rows, importer)."""
    bare = next((s.get("rows_per_second") for key, s in summaries.items() if key[2] == BARE_LOOP), None)
    rows = [_import_row(f"{name}, {size}", summary, bare) for (_, size, name), summary in summaries.items()]
    return f"### import\n\n{table(IMPORT_HEAD, rows)}"


QUESTIONS = ("POST", "GET one", "list of 20", "dashboard")


def requests_table(summaries: Mapping[tuple[str, str], Mapping[str, Any]]) -> str:
    """Return requests a second, the slowest hundredth and the server's CPU, by server and clients."""
    parts = []
    for clients in (16, 1):
        rows = [
            [name, *[_request_cell(summary, f"{question}, {clients}") for question in QUESTIONS]]
            for (_, name), summary in summaries.items()
        ]
        title = f"### requests, {clients} clients" if clients > 1 else "### requests, one client"
        parts.append(
            f"{title}: requests/s (p99 ms, CPU µs a request)\n\n{table(('server', *QUESTIONS), rows)}"
        )
    return "\n\n".join(parts)


def whole_way_table(summaries: Mapping[tuple[str, str, str], Mapping[str, Any]]) -> str:
    """Return what it takes from a POST to all who watch; keys are (part, server, readers and posts)."""
    head = ("server", "readers, posts", "posts/s", "deliveries a CPU second", "p50 ms", "p99 ms", "missing")
    rows = [_whole_way_row(name, readers, summary) for (_, name, readers), summary in summaries.items()]
    title = "### the whole way: events stored by POST, watched over SSE"
    return f"{title}\n\n{table(head, rows)}"


def _whole_way_row(name: str, readers: str, summary: Mapping[str, Any]) -> list[str]:
    if "missing" not in summary:
        return [name, readers, "; ".join(summary["failed"][:1])[:80], "-", "-", "-", "-"]
    rate = _spread(summary, "deliveries_per_cpu_second")
    posts, p50, p99, missing = (summary[key] for key in ("posts_per_second", "p50_ms", "p99_ms", "missing"))
    return [name, readers, f"{posts:,.0f}", rate, f"{p50:.1f}", f"{p99:.1f}", f"{missing:,.0f}"]


def _request_cell(summary: Mapping[str, Any], asked: str) -> str:
    if f"{asked}: per_second" not in summary:
        return "; ".join(summary["failed"][:1])[:60] or "-"
    rate, p99, cpu = (summary[f"{asked}: {key}"] for key in ("per_second", "p99_ms", "cpu_us"))
    return f"{rate:,.0f} ({p99:.1f}, {cpu:,.0f})"


EVENTS_COLUMNS = {
    "import rows/s": ("rows_per_second", ",.0f"),
    "growth MB": ("growth_mb", ".0f"),
    "indexed after s": ("indexed_seconds", ".1f"),
    "list p50 ms": ("list_p50_ms", ".1f"),
    "list p99 ms": ("list_p99_ms", ".1f"),
    "slowest": ("list_slowest_ms", ".1f"),
}


def events_table(summaries: Mapping[tuple[str, str, str], Mapping[str, Any]]) -> str:
    """Return how cost grows with the events stored, and what each question to a list takes."""
    by_size = {size: summary for (_, size, _name), summary in summaries.items()}
    rows = [
        [
            size,
            *[_optional(summary, *column) for column in EVENTS_COLUMNS.values()],
            "; ".join(summary["failed"][:1])[:80] or thousands(summary.get("download_events_per_second")),
        ]
        for size, summary in by_size.items()
    ]
    grown = table(("events", *EVENTS_COLUMNS, "download/s"), rows)
    return f"### growth with the events stored\n\n{grown}\n\n{_questions_table(by_size)}"


def _questions_table(by_size: Mapping[str, Mapping[str, Any]]) -> str:
    """Return p50 and p99 of each question, by the number of events."""
    asked = [key.removeprefix("list p99 ") for key in [*by_size.values()][-1] if key.startswith("list p99 ")]
    rows = [
        [
            f"`{question}`",
            *[
                f"{_optional(summary, f'list p50 {question}', '.1f')} / "
                f"{_optional(summary, f'list p99 {question}', '.1f')}"
                for summary in by_size.values()
            ],
        ]
        for question in asked
    ]
    return f"#### p50 / p99 of each question in ms\n\n{table(('question', *by_size), rows)}"


def write(results: Mapping[str, Any], text: str, stamp: str) -> Path:
    """Keep the results as JSON and the tables as Markdown; return the JSON's path."""
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{stamp}.md").write_text(text + "\n")
    path = RESULTS / f"{stamp}.json"
    path.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n")
    return path

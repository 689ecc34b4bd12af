"""`python -m bench [--full] [--rounds N] [--only burst,import]`."""

import argparse
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

from bench import equipment, fanout, growth, imports, machine, processes, report, requests, whole_way
from bench.contestants import EVERYONE, STEPS, Contestant
from bench.fanout import Result, Scenario
from bench.rounds import Case, summarise, take_turns

PARTS = "requests,whole,burst,paced,idle,replay,steps,import,watched,clients,events,processes,postgres"
STEP_SCENARIOS = (fanout.BURST, fanout.PACED)

Cases = Sequence[tuple[Case, Callable[[], Result]]]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--full", action="store_true", help="every peer and scenario (about half an hour)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="", help=PARTS)
    parser.add_argument("--servers", default="", help="servers whose name contains one of these, with commas")
    return parser.parse_args()


def _present(arguments: argparse.Namespace) -> list[Contestant]:
    families = equipment.fetch_peers() | {"own", "limit"}
    wanted = [name for name in arguments.servers.lower().split(",") if name]
    present = []
    for contestant in EVERYONE:
        if contestant.family not in families:
            print(f"left out: {contestant.name} ({contestant.family} could not be had)")
        elif wanted and not any(name in contestant.name.lower() for name in wanted):
            continue
        elif arguments.full or wanted or contestant.quick:
            present.append(contestant)
        else:
            print(f"left out of the quick form: {contestant.name}")
    return present


def _fanout_cases(
    scenarios: Sequence[Scenario], contestants: Sequence[Contestant], *, quick: bool = False
) -> list[tuple[Case, Callable[[], Result]]]:
    cases: list[tuple[Case, Callable[[], Result]]] = []
    for scenario in scenarios:
        for transport_group in (("sse",), ("ws", "socket.io")):
            for contestant in contestants:
                if not scenario.includes(contestant) or (quick and scenario.name not in contestant.quick):
                    continue
                case = (scenario.name, transport_group[0], contestant.name)
                cases.extend(
                    (case, partial(fanout.measure, contestant, scenario, transport))
                    for transport in contestant.paths
                    if transport in transport_group
                )
    return cases


def _cases(arguments: argparse.Namespace) -> dict[str, Cases]:
    """Return what is measured, by part; each part has a table of its own form."""
    quick = not arguments.full and not arguments.servers
    only = {part for part in arguments.only.split(",") if part}
    scenarios = [s for s in (fanout.FULL if arguments.full else fanout.QUICK) if not only or s.name in only]
    parts: dict[str, Cases] = {"fanout": _fanout_cases(scenarios, _present(arguments), quick=quick)}
    parts = {"requests": requests.cases(), "whole": whole_way.cases(), **parts}
    parts["steps"] = _fanout_cases(STEP_SCENARIOS, STEPS)
    parts["import"] = imports.cases(full=arguments.full)
    parts["watched"] = imports.watched_cases()
    parts["clients"] = growth.fanout_cases()
    parts["events"] = growth.event_cases()
    parts["processes"] = processes.fanout_cases()
    parts["postgres"] = processes.import_cases()
    in_quick_form = {"requests", "whole", "fanout", "import"}
    wanted = only | {"fanout"} if only else set(parts) if arguments.full else in_quick_form
    for name in parts.keys() - wanted:
        print(f"left out: {name}")
    return {name: cases for name, cases in parts.items() if name in wanted and cases}


TAKEN_ONCE = {"watched", "clients", "events", "processes", "postgres"}
"""Nobody to compare with: growth and durations show without rounds."""

TABLES: dict[str, Callable[[Any], str]] = {
    "requests": report.requests_table,
    "whole": report.whole_way_table,
    "fanout": report.fanout_tables,
    "steps": report.fanout_tables,
    "import": report.import_table,
    "watched": report.fanout_tables,
    "clients": report.fanout_tables,
    "events": report.events_table,
    "processes": report.fanout_tables,
    "postgres": report.import_table,
}


def main() -> None:
    """Measure, print the tables, keep the JSON."""
    arguments = _arguments()
    equipment.build_generator()
    everything: dict[str, Any] = {"machine": machine.describe()}
    text = [report.machine_line(everything["machine"])]
    for part, cases in _cases(arguments).items():
        once = part in TAKEN_ONCE or (part == "import" and not arguments.full)
        rounds = 1 if once else arguments.rounds
        summaries = {case: summarise(results) for case, results in take_turns(cases, rounds).items()}
        everything[part] = [{"case": case, **summary} for case, summary in summaries.items()]
        text.append(TABLES[part](summaries))
        print(f"\n{text[-1]}\n", flush=True)
    kept = report.write(everything, "\n\n".join(text), datetime.now(UTC).strftime("%Y%m%dT%H%M%S"))
    print(f"kept: {kept}")


if __name__ == "__main__":
    main()

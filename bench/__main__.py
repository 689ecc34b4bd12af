"""`python -m bench [--full] [--rounds N] [--only burst,imports]`."""

import argparse
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

from bench import equipment, fanout, machine, report
from bench.contestants import EVERYONE, Contestant
from bench.fanout import Result, Scenario
from bench.rounds import Case, summarise, take_turns


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--full", action="store_true", help="every peer and scenario (about 20 minutes)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="", help="parts, by name, with commas: burst,paced,idle,replay,…")
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
    scenarios: Sequence[Scenario], contestants: Sequence[Contestant]
) -> list[tuple[Case, Callable[[], Result]]]:
    cases: list[tuple[Case, Callable[[], Result]]] = []
    for scenario in scenarios:
        for transport_group in (("sse",), ("ws", "socket.io")):
            for contestant in contestants:
                if not scenario.includes(contestant):
                    continue
                case = (scenario.name, transport_group[0], contestant.name)
                cases.extend(
                    (case, partial(fanout.measure, contestant, scenario, transport))
                    for transport in contestant.paths
                    if transport in transport_group
                )
    return cases


def main() -> None:
    """Measure, print the tables, keep the JSON."""
    arguments = _arguments()
    equipment.build_generator()
    only = {part for part in arguments.only.split(",") if part}
    scenarios = [s for s in (fanout.FULL if arguments.full else fanout.QUICK) if not only or s.name in only]
    described = machine.describe()
    rounds = take_turns(_fanout_cases(scenarios, _present(arguments)), arguments.rounds)
    summaries = {case: summarise(results) for case, results in rounds.items()}
    text = report.fanout_tables(summaries)  # type: ignore[arg-type]
    everything: dict[str, Any] = {
        "machine": described,
        "fanout": [{"case": case, **summary} for case, summary in summaries.items()],
    }
    path = report.write(everything, text, datetime.now(UTC).strftime("%Y%m%dT%H%M%S"))
    print(text, f"\nkept: {path}", sep="\n")


if __name__ == "__main__":
    main()

"""Fan-out scenarios: what the load generator does to a server, and what came of it."""

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bench.contestants import Contestant, Transport
from bench.places import GENERATOR_CORE, LOAD
from bench.servers import Running, free_port, serving

Result = dict[str, Any]


@dataclass(frozen=True)
class Scenario:
    """One way to load a server.

    Attributes:
        rate: messages a second; 0 as fast as they are taken.
        replay: publish first, then connect with the cursor from before.
        demanding: peers that need a tenth of the messages elsewhere are left out.
    """

    name: str
    clients: int
    messages: int
    rate: float = 0
    replay: bool = False
    demanding: bool = False
    settle_seconds: float = 0.7
    timeout_seconds: float = 60

    def includes(self, contestant: Contestant) -> bool:
        """Whether the contestant can do this at all."""
        return not (self.replay and not contestant.replays) and not (self.demanding and contestant.slow)

    def messages_for(self, contestant: Contestant) -> int:
        """Fewer messages for the slow ones: deliveries per CPU second do not depend on it."""
        return self.messages // 10 if contestant.slow else self.messages


BURST = Scenario("burst", clients=1000, messages=1000)
PACED = Scenario("paced", clients=1000, messages=300, rate=100, demanding=True)
IDLE = Scenario("idle", clients=10_000, messages=20, rate=10, demanding=True, settle_seconds=1.5)
REPLAY = Scenario("replay", clients=200, messages=1000, replay=True)

FULL = (BURST, PACED, IDLE, REPLAY)
QUICK = (
    Scenario("burst", clients=1000, messages=200, settle_seconds=0.4),
    Scenario("paced", clients=1000, messages=100, rate=100, demanding=True, settle_seconds=0.4),
)


def generator_command(scenario: Scenario, transport: Transport, server: Running, path: str) -> list[str]:
    """Return argv of the load generator, less who publishes."""
    command = [
        str(LOAD), "--transport", transport, "--port", str(server.port), "--path", path,
        "--clients", str(scenario.clients), "--rate", str(scenario.rate),
        "--settle", str(scenario.settle_seconds), "--timeout", str(scenario.timeout_seconds),
        "--cpu", str(GENERATOR_CORE), "--pids", str(server.pid),
    ]  # fmt: skip
    return [*command, "--replay"] if scenario.replay else command


def _generate(contestant: Contestant, scenario: Scenario, transport: Transport, server: Running) -> Result:
    command = [
        *generator_command(scenario, transport, server, contestant.paths[transport]),
        "--publish-path", contestant.publish_path,
        "--scout-path", contestant.scout_path,
        "--messages", str(scenario.messages_for(contestant)),
        *(["--subprotocol", contestant.subprotocol] if contestant.subprotocol else []),
    ]  # fmt: skip
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, timeout=scenario.timeout_seconds + 30
    )
    if done.returncode != 0:
        return {"failed": done.stderr.strip()[-300:]}
    return dict(json.loads(done.stdout))


def measure(contestant: Contestant, scenario: Scenario, transport: Transport) -> Result:
    """Run one scenario against a fresh server. A server that fails is a result too: `failed`."""
    port = free_port()
    try:
        with serving(contestant.command(port), port, environment=contestant.environment) as server:
            return _generate(contestant, scenario, transport, server)
    except (RuntimeError, subprocess.TimeoutExpired) as failure:
        return {"failed": str(failure)[-300:]}


def faults(result: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with a run: loss, repeats, disorder, a generator at its own limit."""
    if "failed" in result:
        return ["failed"]
    kinds = ("missing", "repeats", "disorders", "differing", "unreadable", "refused")
    found = [f"{result[kind]:,} {kind}" for kind in kinds if result[kind]]
    return [*found, "generator > 90%"] if result["generator_core_share"] > 0.9 else found

"""How cost grows: with clients, with events stored, with feeds on a connection."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from urllib.parse import urlencode

from bench.contestants import OWN, Contestant
from bench.fanout import Result, Scenario, measure
from bench.imports import import_probed
from bench.real_server import fasttrack
from bench.rounds import Case
from bench.stored import await_indexed, download, list_latencies

CLIENTS = (100, 1_000, 10_000)
EVENTS = (10_000, 100_000, 1_000_000)
FEEDS = (1, 10, 32)
"""32 is the most that one connection may have."""


def _with_feeds(contestant: Contestant, feeds: int) -> Contestant:
    names = ["eventos", *[f"upload/other{number}" for number in range(1, feeds)]]
    return replace(contestant, paths={"sse": "/sse?" + urlencode([("feed", name) for name in names])})


def _with_events(events: int) -> Result:
    try:
        with fasttrack() as server:
            result = import_probed(server, events)
            if "failed" in result:
                return result
            return {**result, **await_indexed(server), **list_latencies(server), **download(server, events)}
    except (OSError, RuntimeError) as failure:
        return {"failed": str(failure)[-300:]}


def fanout_cases() -> list[tuple[Case, Callable[[], Result]]]:
    """Return bursts with more and more clients and feeds."""
    direct = OWN[0]
    by_clients = [Scenario(f"{n:,} clients", n, 100, settle_seconds=1, timeout_seconds=90) for n in CLIENTS]
    by_feeds = [(Scenario(f"{n} feeds on a connection", 1000, 400), _with_feeds(direct, n)) for n in FEEDS]
    pairs = [*[(scenario, direct) for scenario in by_clients], *by_feeds]
    return [
        (("growth: burst", "sse", scenario.name), partial(measure, contestant, scenario, "sse"))
        for scenario, contestant in pairs
    ]


def event_cases() -> list[tuple[Case, Callable[[], Result]]]:
    """Return imports, lists and downloads with more and more events."""
    return [(("growth: events", f"{n:,}", "FastTrack"), partial(_with_events, n)) for n in EVENTS]

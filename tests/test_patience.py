"""Tests wait for what must come, for as long as a slow machine needs, and sleep for nothing.

A deadline here is no measure: it only ends a test whose wait is in vain. So no one is short, and a sleep
stands in a loop that looks at something, or is what the test is about.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).parent
PATIENCE_SECONDS = 30
CLIENTS = {"AsyncClient", "Client", "get", "post", "head", "put", "patch", "delete", "stream", "request"}

# What the time of these sleeps is for.
SLEEPS = {
    "api/services/test_tasks.py": "a try that should not come would come within it",
    "api/services/unreliable_store.py": "a slow store",
    "api/storage/postgres/test_connections.py": "the instant of a cancellation",
    "edge/recorder.py": "a client that sends in pieces",
    "edge/test_bodies.py": "another request arrives meanwhile",
    "edge/test_memory.py": "looks of a second, of which the least counts",
    "end_to_end/browser/test_first_load.py": "a loop of a bounded number of looks",
    "end_to_end/test_imports_survive.py": "the instant of a kill",
    "end_to_end/test_merges_survive.py": "the instant of a kill",
    "end_to_end/test_one_feed.py": "a client's pause before it comes back",
    "end_to_end/test_outages.py": "an outage",
    "end_to_end/test_presence.py": "people who come one by one",
    "end_to_end/test_tables_away.py": "an outage",
    "streams/test_state.py": "changes without pause",
}

# What must be quick, and why.
SHORT = {
    "end_to_end/server_process.py": "asked again and again until the server is ready",
}


def calls() -> Iterator[tuple[str, ast.Call, bool]]:
    """Yield the calls of all tests: their file, and whether they stand in a loop that looks at something."""
    for path in sorted(HERE.rglob("*.py")):
        if "node_modules" in path.parts:
            continue
        tree = ast.parse(path.read_text())
        looped = {
            call
            for loop in ast.walk(tree)
            if isinstance(loop, ast.While)
            for call in ast.walk(loop)
            if isinstance(call, ast.Call)
        }
        for call in ast.walk(tree):
            if isinstance(call, ast.Call):
                yield path.relative_to(HERE).as_posix(), call, call in looped


def deadline(call: ast.Call) -> ast.expr | None:
    """Return the seconds after which a call gives up, or None if it gives none up."""
    name = ast.unparse(call.func)
    named = {keyword.arg: keyword.value for keyword in call.keywords}
    if name in {"anyio.fail_after", "asyncio.timeout"}:
        return call.args[0]
    if name == "asyncio.wait_for":
        return named.get("timeout", call.args[-1])
    if name.startswith("httpx.") and name.removeprefix("httpx.") in CLIENTS and "transport" not in named:
        return named.get("timeout", ast.Constant(5))  # What httpx has without.
    if name in {"connect", "unix_connect"} and {"proxy", "additional_headers", "subprotocols"} & {*named}:
        return named.get("open_timeout", ast.Constant(10))  # What websockets has without.
    return None


def test_no_wait_for_what_must_come_is_short() -> None:
    short = {
        f"{place}:{call.lineno} {ast.unparse(call)[:90]}"
        for place, call, _ in calls()
        if isinstance(seconds := deadline(call), ast.Constant)
        and isinstance(seconds.value, int | float)
        and seconds.value < PATIENCE_SECONDS
        and place not in SHORT
    }
    assert short == set()


def test_no_test_sleeps_until_something_has_happened() -> None:
    slept = {
        place
        for place, call, is_looped in calls()
        if ast.unparse(call.func) in {"anyio.sleep", "asyncio.sleep", "time.sleep"}
        and not (is_looped or (isinstance(call.args[0], ast.Constant) and call.args[0].value == 0))
    }
    assert slept == {*SLEEPS}

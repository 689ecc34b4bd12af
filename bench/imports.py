"""Imports: FastTrack's whole path beside importers that only import."""

import json
import subprocess
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from bench.contestants import Transport
from bench.csv_file import rows_file
from bench.fanout import Result, Scenario, generator_command
from bench.memory import Growth
from bench.places import PEERS, PEERS_PYTHON, SERVER_CORE
from bench.probe import Probe
from bench.real_server import WATCH_SECONDS, Watch, call, fasttrack, upload
from bench.rounds import Case
from bench.servers import Running
from bench.stored import download

ROWS = 200_000
ROWS_IN_FULL = 2_000_000
SETTLE_SECONDS = 1.0
"""Until the probe runs and the server has what it holds ready: neither is growth."""

FEW_ROWS = 10_000
"""For peers that would take a minute: rows a second do not depend on it."""

IMPORTERS = (
    ("csv.reader + msgspec, not stored", "import_csv.py", ROWS),
    ("csv.reader + msgspec + executemany", "import_bare.py", ROWS),
    ("pydantic + SQLAlchemy ORM", "import_orm.py", FEW_ROWS),
    ("django-import-export, bulk", "import_django.py", FEW_ROWS),
)


def _measure_peer(script: str, rows: int) -> Result:
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        command = [str(PEERS_PYTHON), str(PEERS / script), str(rows_file(rows)), str(Path(folder) / "db")]
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=300)
    if done.returncode != 0:
        return {"failed": done.stderr.strip()[-300:]}
    return dict(json.loads(done.stdout))


def import_watched(server: Running, rows: int) -> Result:
    """Import into a running server with one SSE client watching: from the first byte to `finished`."""
    return {"rows": rows, **import_file(server, "bench", rows_file(rows))}


def import_file(server: Running, upload_id: str, file: Path, options: str = "") -> Result:
    """Do the same with a file and options of the URL."""
    watch = Watch(server.port, upload_id)
    thread = watch.start()
    time.sleep(0.3)
    started = time.monotonic()
    status, _ = upload(server.port, upload_id, file, options)
    thread.join(WATCH_SECONDS)
    if watch.finished_at is None or b'"completed"' not in watch.finished:
        return {"failed": f"upload answered {status}, the feed said {watch.finished[:200]!r}"}
    seconds = watch.finished_at - started
    _, answer = call(server.port, "GET", f"/api/v1/uploads/{upload_id}")
    ended = json.loads(answer)
    counts = {name: ended[name] for name in ("created", "updated", "unchanged", "skipped", "rejected")}
    rows = sum(counts.values())
    return {"seconds": seconds, "rows_per_second": rows / seconds, "counts": counts}


def import_probed(server: Running, rows: int) -> Result:
    """Do the same while the server is asked for /healthz and its memory is looked at, which slows it."""
    probe = Probe(server.port)
    time.sleep(SETTLE_SECONDS)
    with Growth(server.pid) as growth:
        result = import_watched(server, rows)
    return {**result, **probe.result(), "growth_mb": growth.mb}


def _measure_own(rows: int) -> Result:
    try:
        with fasttrack() as server:
            result = {**import_watched(server, rows), "start_seconds": server.start_seconds}
            result |= {} if "failed" in result else download(server, rows)
        with fasttrack() as server:
            return {**import_probed(server, rows), **result}
    except (OSError, RuntimeError, subprocess.SubprocessError) as failure:
        return {"failed": str(failure)[-300:]}


def cases(*, full: bool) -> list[tuple[Case, Callable[[], Result]]]:
    """Return what imports measure: ours, then the peers."""
    rows_file(ROWS)
    own: list[tuple[Case, Callable[[], Result]]] = [
        (("import", f"{ROWS:,} rows", "FastTrack, stored and streamed"), partial(_measure_own, ROWS))
    ]
    if full:
        big = ("import", f"{ROWS_IN_FULL:,} rows", "FastTrack, stored and streamed")
        own.append((big, partial(_measure_own, ROWS_IN_FULL)))
    importers = IMPORTERS if full else IMPORTERS[:3]
    return own + [
        (("import", f"{ROWS:,} rows", name), partial(_measure_peer, script, rows))
        for name, script, rows in importers
        if PEERS_PYTHON.exists()
    ]


WATCHED = (
    (Scenario("import watched by 1,000", clients=1000, messages=1000), 1000),
    (Scenario("mixed: 200,000 rows, 1,000 watch", clients=1000, messages=0, timeout_seconds=120), ROWS),
)


def _watch_by_many(scenario: Scenario, rows: int, transport: Transport) -> Result:
    file = rows_file(rows)
    with fasttrack(SERVER_CORE) as server:
        command = generator_command(scenario, transport, server, f"/{transport}/upload/bench")
        counted = ["--messages", str(scenario.messages)] if scenario.messages else ["--until-finished"]
        with subprocess.Popen([*command, *counted], stdout=subprocess.PIPE, text=True) as generator:
            assert generator.stdout is not None
            if generator.stdout.readline().strip() != "ready":
                return {"failed": "the clients could not all subscribe"}
            upload(server.port, "bench", file)
            printed: str = generator.stdout.read()
    result: dict[str, Any] = json.loads(printed)
    return {**result, "rows_per_second": rows / result["wall_seconds"]}


def watch_by_many(scenario: Scenario, rows: int, transport: Transport) -> Result:
    """Import a file while many clients watch every line of it. Latency is not known here."""
    try:
        return _watch_by_many(scenario, rows, transport)
    except (OSError, RuntimeError, ValueError) as failure:
        return {"failed": str(failure)[-300:]}


def watched_cases() -> list[tuple[Case, Callable[[], Result]]]:
    """Return the whole path, database included, with many watching."""
    transports: tuple[Transport, ...] = ("sse", "ws")
    return [
        ((scenario.name, transport, "FastTrack"), partial(watch_by_many, scenario, rows, transport))
        for scenario, rows in WATCHED
        for transport in transports
    ]

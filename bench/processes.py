"""Several processes over PostgreSQL: latency from one to another, imports over COPY."""

import asyncio
import contextlib
import json
import os
import secrets
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from urllib.parse import urlsplit

from bench.fanout import Result, Scenario, generator_command
from bench.imports import ROWS, import_probed, import_watched
from bench.real_server import call, fasttrack
from bench.rounds import Case
from bench.servers import START_SECONDS, Running

URL = os.environ.get("BENCH_POSTGRES_URL", "postgresql://postgres@127.0.0.1:5432/postgres")

ACROSS = Scenario("events created and watched", clients=500, messages=100, rate=20, settle_seconds=1.5)


async def _execute(statement: str) -> None:
    import asyncpg  # type: ignore[import-untyped, unused-ignore]  # noqa: PLC0415 - an extra of the project.

    connection = await asyncpg.connect(URL, timeout=5)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


@contextlib.contextmanager
def postgres_database() -> Iterator[str]:
    """Make a database; it is gone when the block ends."""
    name = f"bench_{secrets.token_hex(4)}"
    asyncio.run(_execute(f"CREATE DATABASE {name}"))
    try:
        yield urlsplit(URL)._replace(path=f"/{name}").geturl()
    finally:
        asyncio.run(_execute(f"DROP DATABASE {name} WITH (FORCE)"))


def _watch_events(readers: Running, writer: Running) -> Result:
    command = [
        *generator_command(ACROSS, "sse", readers, "/sse/eventos"),
        "--messages", str(ACROSS.messages), "--events",
        "--publish-path", "/api/v1/eventos", "--publish-port", str(writer.port),
    ]  # fmt: skip
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=120)
    return dict(json.loads(done.stdout)) if done.returncode == 0 else {"failed": done.stderr[-300:]}


def _on_one(environment: Mapping[str, str]) -> Result:
    with fasttrack(environment=environment) as server:
        return _watch_events(server, server)


def _on_two(environment: Mapping[str, str]) -> Result:
    with fasttrack(environment=environment) as readers, fasttrack(environment=environment) as writer:
        return _watch_events(readers, writer)


def _on_two_workers(environment: Mapping[str, str]) -> Result:
    with fasttrack(environment={**environment, "FASTTRACK_WORKERS": "2"}) as server:
        _await_ready(server)
        return _watch_events(server, server)


def _await_ready(server: Running) -> None:
    """Wait for the workers: the parent listens before there are any."""
    deadline = time.monotonic() + START_SECONDS
    while call(server.port, "GET", "/readyz")[0] != 200:
        if time.monotonic() > deadline:
            raise RuntimeError("the workers were not ready in time")
        time.sleep(0.1)


def _import() -> Result:
    """Return the rate of an import by itself, as of SQLite, and what one that is probed shows."""
    alone = _over_postgres(partial(_imported, import_watched))
    return {**_over_postgres(partial(_imported, import_probed)), **alone}


def _imported(measure: Callable[[Running, int], Result], environment: Mapping[str, str]) -> Result:
    with fasttrack(environment=environment) as server:
        return measure(server, ROWS)


def _over_postgres(measure: Callable[[Mapping[str, str]], Result]) -> Result:
    try:
        with postgres_database() as url:
            return measure({"FASTTRACK_DATABASE_URL": url})
    except (OSError, RuntimeError, ImportError, subprocess.SubprocessError) as failure:
        return {"failed": str(failure)[-300:]}


def fanout_cases() -> list[tuple[Case, Callable[[], Result]]]:
    """Return events created over HTTP, durably, and watched: in one process, and across two."""
    places: list[tuple[str, Callable[[], Result]]] = [
        ("SQLite, one process", partial(_on_one, {})),
        ("PostgreSQL, one process", partial(_over_postgres, _on_one)),
        ("PostgreSQL, written in one, read in another", partial(_over_postgres, _on_two)),
        ("PostgreSQL, two workers on one port", partial(_over_postgres, _on_two_workers)),
    ]
    return [((ACROSS.name, "sse", name), measure) for name, measure in places]


def import_cases() -> list[tuple[Case, Callable[[], Result]]]:
    """Return the import of 200,000 rows into PostgreSQL."""
    return [(("import", f"{ROWS:,} rows", "FastTrack on PostgreSQL"), _import)]

"""Several processes over PostgreSQL: latency from one to another, imports over COPY."""

import asyncio
import contextlib
import json
import os
import secrets
import subprocess
from collections.abc import Callable, Iterator
from functools import partial
from urllib.parse import urlsplit

from bench.fanout import Result, Scenario, generator_command
from bench.imports import ROWS, import_watched
from bench.real_server import fasttrack
from bench.rounds import Case
from bench.servers import Running

URL = os.environ.get("BENCH_POSTGRES_URL", "postgresql://postgres@127.0.0.1:5432/postgres")

ACROSS = Scenario("events over 2 processes", clients=500, messages=100, rate=20, settle_seconds=1.5)


async def _execute(statement: str) -> None:
    import asyncpg  # type: ignore[import-untyped, unused-ignore]  # noqa: PLC0415 - an extra of the project.

    connection = await asyncpg.connect(URL, timeout=5)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


@contextlib.contextmanager
def _database() -> Iterator[str]:
    """Make a database; it is gone when the block ends."""
    name = f"bench_{secrets.token_hex(4)}"
    asyncio.run(_execute(f"CREATE DATABASE {name}"))
    try:
        yield urlsplit(URL)._replace(path=f"/{name}").geturl()
    finally:
        asyncio.run(_execute(f"DROP DATABASE {name} WITH (FORCE)"))


def _across(server: Running) -> Result:
    command = [
        *generator_command(ACROSS, "sse", server, "/sse/eventos"),
        "--messages", str(ACROSS.messages), "--events", "--publish-path", "/api/v1/eventos",
    ]  # fmt: skip
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=120)
    return dict(json.loads(done.stdout)) if done.returncode == 0 else {"failed": done.stderr[-300:]}


def _measure(workers: int, measure: Callable[[Running], Result]) -> Result:
    try:
        with _database() as url:
            environment = {"FASTTRACK_DATABASE_URL": url, "FASTTRACK_WORKERS": str(workers)}
            with fasttrack(environment=environment) as server:
                return measure(server)
    except (OSError, RuntimeError, ImportError, subprocess.SubprocessError) as failure:
        return {"failed": str(failure)[-300:]}


def fanout_cases() -> list[tuple[Case, Callable[[], Result]]]:
    """Return events created over HTTP and watched by clients of all processes: the whole path."""
    return [
        ((ACROSS.name, "sse", f"{workers} processes"), partial(_measure, workers, _across))
        for workers in (1, 2)
    ]


def import_cases() -> list[tuple[Case, Callable[[], Result]]]:
    """Return the import of 200,000 rows into PostgreSQL."""
    measure = partial(import_watched, rows=ROWS)
    return [(("import", f"{ROWS:,} rows", "FastTrack on PostgreSQL"), partial(_measure, 1, measure))]

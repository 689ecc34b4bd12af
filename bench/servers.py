"""Starts a server on its own core, waits until it listens, and stops it."""

import contextlib
import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.places import SERVER_CORE

START_SECONDS = 20.0
STOP_SECONDS = 10.0


@dataclass(frozen=True)
class Running:
    """A server that listens.

    Attributes:
        start_seconds: from its start to the first connection that it took.
    """

    port: int
    pid: int
    folder: Path
    start_seconds: float


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody has just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _await_listening(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not _listens(port):
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"server did not start: {' '.join(log.read_text().split())[-300:]}")
        time.sleep(0.005)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)  # Its own session: nothing else is in the group.
        process.wait()


def pinned(core: int, command: Sequence[str]) -> list[str]:
    """Return the command, kept on one core."""
    return ["taskset", "-c", str(core), *command]


@contextlib.contextmanager
def serving(
    command: Sequence[str],
    port: int,
    *,
    environment: Mapping[str, str] | None = None,
    core: int | None = SERVER_CORE,
) -> Iterator[Running]:
    """Run a server with an empty working folder; it is gone when the block ends.

    Args:
        core: the one that it is kept on; None for all of them.
    """
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder, log = Path(name), Path(name) / "server.log"
        started = time.monotonic()
        with log.open("wb") as output:
            process = subprocess.Popen(
                command if core is None else pinned(core, command),
                cwd=folder,
                env={**os.environ, **(environment or {})},
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        try:
            _await_listening(process, port, log)
            yield Running(port, process.pid, folder, time.monotonic() - started)
        finally:
            _stop(process)

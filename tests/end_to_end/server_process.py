"""A real server in a process of its own: started, killed, started again on the same data."""

import fcntl
import os
import random
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import httpx
import psutil

from tests.end_to_end.warm_process import WarmProcess
from tests.serving import CONNECTIONS

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 90
"""Half a second on an idle machine; on a busy one it is the imports of Python that take long."""


class ServerProcess:
    """`fasttrack serve` with a folder, a port and settings of its own."""

    def __init__(self, folder: Path, **settings: str) -> None:
        """Prepare a server; `settings` are FASTTRACK_* names in lower case without the prefix."""
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._settings = {
            "PORT": str(self.port),
            "DATA_DIR": str(folder / "data"),
            "CALLS_PER_MINUTE": "1000000",
            "UPLOADS_PER_MINUTE": "1000000",
            "DATABASE_CONNECTIONS": str(CONNECTIONS),
            **{name.upper(): value for name, value in settings.items()},
        }
        self._process: WarmProcess | None = None

    @property
    def pid(self) -> int:
        """Of the running process."""
        assert self._process is not None
        return self._process.pid

    @property
    def log(self) -> str:
        """What all runs of it have printed."""
        return (self.folder / "server.log").read_text(errors="replace")

    def start(self) -> None:
        """Start, and return when it is ready."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith("FASTTRACK_")}
        own = {f"FASTTRACK_{name}": value for name, value in self._settings.items()}
        log = self.folder / "server.log"
        self._process = WarmProcess(["serve"], folder=ROOT, environment={**clean, **own}, log=log)
        self._await_ready()

    def kill(self) -> None:
        """End it as a power cut would."""
        self._end(signal.SIGKILL)

    def stop(self, *, within_seconds: float = 60) -> int:
        """End it as an operator would, and return its exit code."""
        return self._end(signal.SIGTERM, within_seconds)

    def hang_up(self) -> int:
        """End it as a terminal that is closed would, and return its exit code."""
        return self._end(signal.SIGHUP)

    def _end(self, how: signal.Signals, within_seconds: float = 60) -> int:
        process, self._process = self._process, None
        if process is None:
            return 0
        process.send_signal(how)
        try:
            return process.wait(within_seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise

    def _await_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            assert self._process is not None
            if self._process.poll() is not None:
                raise AssertionError(f"the server ended with {self._process.returncode}:\n{self.log[-4000:]}")
            try:
                if httpx.get(f"{self.url}/readyz", timeout=10).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.02)
        raise AssertionError(f"the server was not ready in {START_SECONDS} s:\n{self.log[-4000:]}")


def free_port() -> int:
    """Return a port that is this process's alone until it ends, among all runs of these tests.

    A port that the kernel gives and takes back may be given to another run before a server binds
    it: that run's server would then answer here. Ports of outgoing connections begin above these.
    """
    folder = Path(tempfile.gettempdir()) / f"fasttrack-ports-{os.getuid()}"
    folder.mkdir(exist_ok=True)
    for port in random.sample(range(20_000, 30_000), 10_000):
        # The lock goes with the process, however it ends.
        lock = os.open(folder / str(port), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(("127.0.0.1", port))
        except OSError:
            os.close(lock)
        else:
            return port
    raise AssertionError("no port is free")


def workers_of(pid: int) -> list[int]:
    """Processes that serve: children that are not multiprocessing's own tracker."""
    children = psutil.Process(pid).children()
    return [one.pid for one in children if _serves(one)]


def _serves(process: psutil.Process) -> bool:
    try:
        return "spawn_main" in " ".join(process.cmdline())
    except psutil.Error:  # It has just ended.
        return False

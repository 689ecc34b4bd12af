"""Several server processes on one set of sockets: watched, replaced when one dies, stopped together."""

import logging
import multiprocessing
import os
import signal
import socket
import tempfile
import threading
import time
from collections.abc import Sequence
from multiprocessing import connection
from multiprocessing.context import SpawnProcess
from pathlib import Path
from types import FrameType

from api.http.metrics import SharedCounts
from api.logs import configure_logs
from api.server.server import serve_on
from api.settings import Settings

STOP_SECONDS = 10
"""What a worker may take to end: streams two, requests at work three, the lifespan the rest."""
YOUNG_SECONDS = 5.0
"""A worker that dies younger than this could not start: another one could not either, unless one has
lived longer before. Then it is something that passes, such as a database that is away."""
PAUSE_SECONDS = 1.0
"""Before the next try, where one that could start before cannot now."""

logger = logging.getLogger("fasttrack.server")


class Supervisor:
    """Keeps the configured number of worker processes running.

    They are spawned, not forked: a fork would copy locks and threads in whatever state they are.
    """

    def __init__(self, settings: Settings, sockets: Sequence[socket.socket]) -> None:
        self._settings = settings
        self._sockets = list(sockets)
        self._spawning = multiprocessing.get_context("spawn")
        self._born: dict[SpawnProcess, float] = {}
        self._counts: dict[SpawnProcess, SharedCounts] = {}
        self._told: set[SpawnProcess] = set()
        self._stopping = threading.Event()
        self._has_served = False

    def run(self) -> int:
        """Serve until a signal says to stop; return the exit status."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        # Ignored under `nohup`, and so it stays.
        if signal.getsignal(signal.SIGHUP) is signal.SIG_DFL:
            signal.signal(signal.SIGHUP, self._stop)
        with tempfile.TemporaryDirectory(prefix="fasttrack-metrics-", ignore_cleanup_errors=True) as folder:
            status = self._keep_serving(Path(folder))
            self._end_all()
        return status

    def _keep_serving(self, metrics: Path) -> int:
        while not self._stopping.is_set():
            self._fill(metrics)
            if self._stopping.is_set():
                break
            connection.wait([worker.sentinel for worker in self._born])
            if not self._stopping.is_set() and self._bury():
                return 1
        return 0

    def _fill(self, metrics: Path) -> None:
        taken = {counts.place for counts in self._counts.values()}
        for place in range(self._settings.workers):
            if place not in taken:
                counts = SharedCounts(metrics, place)
                args = (self._settings, self._sockets, counts)
                worker = self._spawning.Process(target=work, args=args)
                worker.start()
                self._born[worker], self._counts[worker] = time.monotonic(), counts

    def _bury(self) -> bool:
        """Forget the dead; return whether there is no point in replacing them."""
        now, young = time.monotonic(), False
        self._has_served |= any(now - born >= YOUNG_SECONDS for born in self._born.values())
        for worker, born in [*self._born.items()]:
            if worker.is_alive():
                continue
            logger.error("worker %s ended with %s", worker.pid, worker.exitcode)
            young |= now - born < YOUNG_SECONDS
            del self._born[worker]
            self._counts.pop(worker).forget_gauges()
            worker.close()
        if young and self._has_served:
            self._stopping.wait(PAUSE_SECONDS)
        return young and not self._has_served

    def _stop(self, _signal: int, _frame: FrameType | None) -> None:
        self._stopping.set()
        # The wait for an end is over when they end.
        self._tell_all()

    def _tell_all(self) -> None:
        """Signal each worker to stop, once: a second signal would cut its streams off."""
        for worker in self._born:
            if worker not in self._told:
                self._told.add(worker)
                worker.terminate()

    def _end_all(self) -> None:
        deadline = time.monotonic() + STOP_SECONDS
        self._tell_all()
        for worker in self._born:
            worker.join(max(0.0, deadline - time.monotonic()))
            if worker.is_alive():
                worker.kill()
                worker.join()


def work(settings: Settings, sockets: Sequence[socket.socket], counts: SharedCounts) -> None:
    """Serve in a worker process."""
    # Ctrl+C goes to the whole group; only the parent handles it, and signals the workers.
    os.setpgrp()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    configure_logs(settings.log_format, settings.log_level)
    serve_on(sockets, settings, counts)


def _end_with_parent() -> None:
    """End when the parent is gone, so that no worker outlives a killed server."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    connection.wait([parent.sentinel])
    os.kill(os.getpid(), signal.SIGTERM)

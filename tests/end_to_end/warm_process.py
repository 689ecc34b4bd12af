"""Processes that begin as copies of one that has imported FastTrack.

Of the start of a server, imports are nine tenths, and these tests start some thousand servers. A copy is as
much a process of its own: it has its own pid, environment, folder and log, and is killed as any other. Tests
of the command itself run the command.
"""

import atexit
import multiprocessing
import os
import signal
import subprocess
from pathlib import Path

_copying = multiprocessing.get_context("forkserver")
_copying.set_forkserver_preload([__name__ + "_imports"])


class WarmProcess:
    """`fasttrack` with some arguments, in a process of its own. The interface is that of `subprocess.Popen`.

    Args:
        folder: where it runs.
        environment: all of it.
        log: what the process prints is appended.
    """

    def __init__(self, arguments: list[str], *, folder: Path, environment: dict[str, str], log: Path) -> None:
        self.args = ["fasttrack", *arguments]
        self._process = _copying.Process(target=_run, args=(arguments, folder, environment, log))
        self._process.start()
        _running.add(self)

    @property
    def pid(self) -> int:
        """Of the process."""
        assert self._process.pid is not None
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """Its exit code; the negative number of a signal; None while it runs."""
        return self._process.exitcode

    def poll(self) -> int | None:
        """Return the exit code, None while it runs."""
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it as a power cut would."""
        self.send_signal(signal.SIGKILL)

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit code. Raises subprocess.TimeoutExpired."""
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired(self.args, timeout or 0)
        _running.discard(self)
        return self._process.exitcode


_running: set[WarmProcess] = set()


@atexit.register
def _end_all() -> None:
    """End what a failed test has left: Python would wait for it."""
    for process in [*_running]:
        process.kill()


def _run(arguments: list[str], folder: Path, environment: dict[str, str], log: Path) -> None:
    """Become the command."""
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.close(output)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    from api.__main__ import main  # noqa: PLC0415 - the process that is copied has imported it.

    main(arguments, prog_name="fasttrack")

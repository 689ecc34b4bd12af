"""Runs a command of backups again and again, killed at each of its steps in turn, and tells what it left.

Run as a program: ``python -m tests.api.cli.cut_off FOLDER COMMAND…`` works on a copy of FOLDER, called
``now`` beside it. It prints a line of JSON for each kill, the last for the run that was not killed.
"""

import contextlib
import os
import shutil
import signal
import sqlite3
import sys
import tarfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from api.__main__ import main
from api.storage.sqlite.restoring import complete_restore

STEPS = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link", "os.chmod", "os.truncate"}
"""Audited calls that change a folder. Each is a step, and so is a file that is opened to be written."""


def kill_at(step: int) -> None:
    """Let this process be killed in front of its nth step."""
    left = [step]

    def count(event: str, arguments: tuple[Any, ...]) -> None:
        if event in STEPS or (event == "open" and (arguments[2] or 0) & (os.O_WRONLY | os.O_RDWR)):
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(count)


def run(command: Sequence[str], step: int) -> bool:
    """Run a command in a child; tell whether it came to its end before its nth step."""
    child = os.fork()
    if child == 0:
        with contextlib.redirect_stdout(None), contextlib.suppress(SystemExit):
            kill_at(step)
            main([*command], standalone_mode=False)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if os.waitstatus_to_exitcode(status) not in (0, -signal.SIGKILL):
        raise RuntimeError(f"step {step}: the command ended with {status}")
    return status == 0


def held(now: Path) -> dict[str, Any]:
    """Return what the store and the file of a backup hold, as whoever opens them next finds them."""
    data = now / "data"
    complete_restore(data / "fasttrack.sqlite3", data / "blobs")
    with contextlib.closing(sqlite3.connect(data / "fasttrack.sqlite3")) as connection:
        titles = [row[0] for row in connection.execute("SELECT title FROM events ORDER BY id")]
    with tarfile.open(now / "one.backup") as tar:
        members = sorted(tar.getnames())
    return {
        "titles": titles,
        "blobs": sorted(path.name for path in (data / "blobs").iterdir()),
        "backup": members,
        "left": sorted(path.name for path in (*now.iterdir(), *data.iterdir()) if path.name[0] == "."),
    }


def everything(folder: Path, command: Sequence[str]) -> None:
    now, step, is_done = folder.parent / "now", 0, False
    while not is_done:
        step += 1
        shutil.rmtree(now, ignore_errors=True)
        shutil.copytree(folder, now)
        is_done = run(command, step)
        print(msgspec.json.encode(held(now)).decode(), flush=True)  # noqa: T201
    # Once more on what the last kill left: nothing of it stays.
    shutil.rmtree(now, ignore_errors=True)
    shutil.copytree(folder, now)
    run(command, step - 1)
    run(command, 10**9)
    print(msgspec.json.encode(held(now)).decode(), flush=True)  # noqa: T201


if __name__ == "__main__":
    everything(Path(sys.argv[1]), sys.argv[2:])

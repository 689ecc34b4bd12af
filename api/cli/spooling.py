"""Copies what can be read only once, such as a pipe, so that it can be sent again after a break."""

import asyncio
import shutil
import threading
from contextlib import suppress
from pathlib import Path


async def spool(origin: int | Path, path: Path) -> None:
    """Copy a pipe, a device or an open descriptor to a file.

    A thread that nobody joins waits for the bytes: Ctrl+C must not wait for them.

    Raises:
        OSError: it cannot be read, or the copy not written.
    """
    failed: list[OSError] = []
    done, loop = asyncio.Event(), asyncio.get_running_loop()

    def copy() -> None:
        try:
            _copy(origin, path)
        except OSError as error:
            failed.append(error)
        with suppress(RuntimeError):  # The loop has ended before.
            loop.call_soon_threadsafe(done.set)

    threading.Thread(target=copy, daemon=True).start()
    await done.wait()
    if failed:
        error = failed[0]
        raise OSError(error.errno, error.strerror, error.filename or str(path)) from error


def _copy(origin: int | Path, path: Path) -> None:
    # Unbuffered: the lock of a buffer would be held at the exit.
    is_named = isinstance(origin, Path)
    with open(origin, "rb", buffering=0, closefd=is_named) as content, path.open("wb") as target:
        shutil.copyfileobj(content, target, 1 << 20)

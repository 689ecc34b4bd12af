"""The thread that commits: it does without what a pool of threads has for each piece of work."""

import asyncio
from collections.abc import Callable
from queue import SimpleQueue
from threading import Thread
from typing import NamedTuple

Then = Callable[[BaseException | None], None]


class _Work(NamedTuple):
    """Work, and who is told of its end on which loop."""

    work: Callable[[], None]
    then: Then
    loop: asyncio.AbstractEventLoop


class CommitThread:
    """One thread that works in the order in which work comes."""

    def __init__(self, name: str) -> None:
        self._queue: SimpleQueue[_Work | None] = SimpleQueue()
        # Nobody waits for it where the process ends without closing its store: that is as if it was killed.
        self._thread = Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def submit(self, work: Callable[[], None], then: Then) -> None:
        """Run work in the thread, and call the loop back with its error."""
        self._queue.put(_Work(work, then, asyncio.get_running_loop()))

    def close(self) -> None:
        """Wait for what was submitted, and end."""
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (job := self._queue.get()) is not None:
            error: BaseException | None = None
            try:
                job.work()
            except BaseException as failure:  # noqa: BLE001 - it is told to who waits for it.
                error = failure
            try:
                job.loop.call_soon_threadsafe(job.then, error)
            except RuntimeError:
                # Who waited is gone with its loop.
                if not job.loop.is_closed():
                    raise
            # Nothing is held while there is nothing to do.
            del job, error

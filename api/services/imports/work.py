"""Jobs at work in this process: one an import, a few at a time, begun again where trying may help."""

import logging
from collections.abc import Awaitable, Callable

import anyio
from anyio.abc import TaskGroup

from api.services.imports.job import Job
from api.services.imports.live import Clock, ImportElsewhereError, Live
from api.services.imports.narration import log_line
from api.services.imports.portions import OpenSource, ReaderLostError
from api.services.line import Line
from api.services.store import Store, Transaction
from domain.imports import Upload
from domain.ports import StorageError
from domain.problems import Problem

logger = logging.getLogger("fasttrack.imports")

READERS_LOST_AT_MOST = 3
"""By one import, before the file is taken to be what ends them."""


class Work:
    """Brings imports forward.

    Attributes:
        group: where the jobs run; set before the first is set on.
    """

    def __init__(
        self,
        store: Store,
        *,
        open_source: OpenSource,
        now_ms: Clock,
        places: int,
        retry_seconds: float,
        ended: Callable[[Live], Awaitable[None]],
        lost: Callable[[Live], None],
    ) -> None:
        """Work on so many imports at a time, and say which `ended` or were `lost` to another process."""
        self.group: TaskGroup | None = None
        self._store = store
        self._open_source = open_source
        self._now_ms = now_ms
        self._retry_seconds = retry_seconds
        self._line = Line(places)
        self._ended = ended
        self._lost = lost

    def set_on(self, live: Live) -> None:
        """Set an import to work, where it has any that nobody is at."""
        if not live.at_work and not live.ended.is_set() and live.has_work:
            live.at_work = True
            self._running.start_soon(self._work, live)

    async def _work(self, live: Live) -> None:
        try:
            await self._wait_and_run(live)
        except Exception as fault:  # noqa: BLE001 - an import must not take the server down.
            if _is_of(fault, ImportElsewhereError):
                self._lost(live)
                return
            if self._may_pass(live, fault):
                reason = _reasons(fault)[0]
                logger.warning("import %s waits, and goes on from its last batch: %s", live.upload.id, reason)
                live.seen = 0  # What was read and not stored has to be read again, though no more may come.
                await anyio.sleep(self._retry_seconds)
            else:
                await self._fail(live, fault)
        finally:
            live.at_work = False
            live.stir()
        if live.ended.is_set():
            await self._ended(live)
        else:
            self.set_on(live)

    def _may_pass(self, live: Live, fault: Exception) -> bool:
        """Tell whether trying again may help: always where the store failed, and for a few lost readers."""
        if _is_of(fault, ReaderLostError):
            live.readers_lost += 1
            return live.readers_lost <= READERS_LOST_AT_MOST
        return _is_of(fault, StorageError)

    async def _wait_and_run(self, live: Live) -> None:
        job = Job(live, store=self._store, open_source=self._open_source, now_ms=self._now_ms)
        with anyio.CancelScope() as queueing:
            live.queueing = queueing
            async with self._line.turn(lambda place: self._tell_place(live, place)):
                live.queueing = None
                await job.run()
        live.queueing = None
        if live.cancel_requested:
            await job.cancel()

    async def _tell_place(self, live: Live, place: int) -> None:
        async def edit(tx: Transaction, upload: Upload) -> Upload:
            message = f"Waiting for other imports: place {place} in the queue"
            now = self._now_ms()
            await tx.messages.append([log_line(f"upload/{upload.id}", "info", message, at_ms=now)])
            return upload

        await live.change(self._store, edit)

    async def _fail(self, live: Live, fault: Exception) -> None:
        """End an import whose job broke; the log has why, the feed has only that."""
        logger.error("import %s failed", live.upload.id, exc_info=fault)
        job = Job(live, store=self._store, open_source=self._open_source, now_ms=self._now_ms)
        error = Problem("", "internal", "the import failed by a fault of the server; its log has more")
        try:
            await job.fail(error)
        except StorageError as error:
            logger.warning("import %s could not even be ended; trying again: %s", live.upload.id, error)
            await anyio.sleep(self._retry_seconds)

    @property
    def _running(self) -> TaskGroup:
        assert self.group is not None, "imports work only inside `running()`"
        return self.group


def _reasons(fault: BaseException) -> list[BaseException]:
    """Return what a fault is made of: task groups wrap what their tasks raised."""
    if isinstance(fault, BaseExceptionGroup):
        return [reason for inner in fault.exceptions for reason in _reasons(inner)]
    return [fault]


def _is_of(fault: BaseException, kind: type[Exception]) -> bool:
    return any(isinstance(reason, kind) for reason in _reasons(fault))

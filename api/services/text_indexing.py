"""Keeps the index of texts close behind the events, without being in an import's way."""

import logging

import anyio

from domain.ports import StorageError, TextIndexing

BATCH = 1000
"""Events in one transaction: other changes wait for a few hundredths of a second."""

FEW = 250
"""So many are left to searches to read: single changes do not each bring on a transaction."""

LOOK_SECONDS = 0.5
PAUSE_SECONDS = 0.01

logger = logging.getLogger(__name__)


class TextIndexer:
    """Indexes what is new while nobody stores much."""

    def __init__(self, texts: TextIndexing) -> None:
        self._texts = texts
        self._changed = anyio.Event()
        self.behind = 0

    def changed(self) -> None:
        """Note that events may have come. Called after each commit; does not block."""
        self._changed.set()

    async def run(self) -> None:
        """Index until cancelled. A store that does not answer is tried again."""
        newest = 0
        while True:
            self._changed = anyio.Event()
            try:
                newest = await self._look(newest)
            except StorageError:
                logger.exception("the index of texts could not be brought up to date")
            if self.behind < FEW:
                await self._changed.wait()
            await anyio.sleep(LOOK_SECONDS)

    async def _look(self, newest_before: int) -> int:
        """Index what is there, for as long as no import goes on, and return the newest event's id."""
        newest = newest_before
        while True:
            backlog = await self._texts.backlog()
            grown, newest = backlog.newest - newest, backlog.newest
            self.behind = backlog.newest - backlog.indexed
            if self.behind < FEW or grown >= BATCH:
                return newest
            await self._texts.index(BATCH)
            await anyio.sleep(PAUSE_SECONDS)

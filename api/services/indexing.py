"""Fills deferred indexes after imports, without slowing imports down."""

import logging

import anyio

from api.services.outage import Outage
from domain.ports.errors import StorageError
from domain.ports.indexing import Backlog, Indexing

ENTRIES_BATCH = 8000
"""Events that get their entries in one transaction: other changes wait for less than a tenth of a second."""

MOST_WITHOUT_ENTRIES = 250_000
"""So many are read by each list by filter or title. From there on imports share their time."""

TEXTS_BATCH = 1000
"""Events whose texts are indexed in one transaction: other changes wait for a few hundredths of a second."""

FEW_TEXTS = 250
"""So many are left to searches to read: single changes do not each bring on a transaction."""

LOOK_SECONDS = 0.5
PAUSE_SECONDS = 0.01

logger = logging.getLogger(__name__)


class Indexer:
    """Indexes new events while few are being stored."""

    def __init__(self, indexing: Indexing) -> None:
        self._indexing = indexing
        self._changed = anyio.Event()
        self._newest = 0
        self._stale = 0
        self.texts_behind = 0
        self.entries_behind = 0

    def changed(self) -> None:
        """Note that there may be new events. Called after each commit; does not block."""
        self._changed.set()

    async def run(self) -> None:
        """Index until cancelled. A store that does not answer is tried again."""
        sentence = "the deferred index entries wait until the store answers"
        outage = Outage(logger, sentence, first_pause_seconds=LOOK_SECONDS)
        while True:
            self._changed = anyio.Event()
            try:
                await self._catch_up()
            except StorageError as error:
                await anyio.sleep(outage.pause(error))
                continue
            outage.over()
            if not self.entries_behind and self.texts_behind < FEW_TEXTS:
                await self._changed.wait()
            await anyio.sleep(LOOK_SECONDS)

    async def _catch_up(self) -> None:
        """Index what is there, for as long as no import goes on; entries first, which every list needs."""
        while True:
            backlog = await self._indexing.backlog()
            is_growing = self._note(backlog) >= TEXTS_BATCH
            rests = is_growing or self.texts_behind < FEW_TEXTS
            if backlog.entries > (MOST_WITHOUT_ENTRIES if is_growing else 0):
                await self._indexing.add_entries(ENTRIES_BATCH)
            elif rests or not await self._indexing.index_texts(TEXTS_BATCH):
                return
            await anyio.sleep(PAUSE_SECONDS)

    def _note(self, backlog: Backlog) -> int:
        """Return how many events came, or had their texts changed, since the last look."""
        grown = backlog.newest - self._newest + max(0, backlog.stale - self._stale)
        self._newest, self._stale = backlog.newest, backlog.stale
        self.texts_behind = backlog.newest - backlog.texts + backlog.stale
        self.entries_behind = backlog.entries
        return grown

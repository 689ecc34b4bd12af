"""Reads earlier messages: from the ring if it has them, otherwise from the store.

After a restart or a network failure many readers want the same page at once. They share the
read, its frames and their joined bytes.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Sequence

from streams.feeds import FeedCatalogue
from streams.frames import Encoding, Frame, Payload, stored_frame
from streams.log import Log
from streams.ports import FeedReader

PAGE_MESSAGES = 500
PAGE_BYTES = 256 * 1024
_CACHED_PAGES = 16
_KNOWN_ENDS = 4096
_RETRY_SECONDS = 1.0

logger = logging.getLogger(__name__)

Place = tuple[tuple[str, ...], int]
"""Topics and the seq after which their page starts."""


class Page:
    """All messages of some topics from a position up to `covered`, joined once per encoding."""

    __slots__ = ("_joined", "covered", "frames")

    def __init__(self, frames: Sequence[Frame], covered: int) -> None:
        self.frames = frames
        self.covered = covered
        self._joined: dict[str, Payload] = {}

    def joined(self, encoding: Encoding) -> Payload:
        """Return the page as one write."""
        if encoding.name not in self._joined:
            self._joined[encoding.name] = encoding.join(self.frames)
        return self._joined[encoding.name]


def _page(frames: list[Frame], upto: int) -> Page:
    size = 0
    for count, frame in enumerate(frames, 1):
        size += len(frame.body)
        if count == PAGE_MESSAGES or size >= PAGE_BYTES:
            return Page(frames[:count], frame.seq)
    return Page(frames, upto)


class History:
    """Pages of earlier messages, and the ends of feeds."""

    def __init__(
        self, catalogue: FeedCatalogue, log: Log, store: FeedReader, tasks: asyncio.TaskGroup
    ) -> None:
        self._catalogue = catalogue
        self._log = log
        self._store = store
        self._tasks = tasks
        self._pages: OrderedDict[Place, Page] = OrderedDict()
        self._loading: dict[Place, list[Callable[[], None]]] = {}
        self._ends: OrderedDict[str, int | None] = OrderedDict()
        self._loads: set[asyncio.Task[None]] = set()

    def page(self, topics: tuple[str, ...], after: int, upto: int) -> Page | None:
        """Return the page after a position, ending at or before `upto`; None when it is in the store."""
        place = (topics, after)
        page = self._pages.get(place)
        if page is not None and page.covered <= upto:
            self._pages.move_to_end(place)
            return page
        if after < self._log.start:
            return None
        page = _page(self._log.between(topics, after, upto, PAGE_MESSAGES), upto)
        self._remember(place, page)
        return page

    def load(self, topics: tuple[str, ...], after: int, upto: int, then: Callable[[], None]) -> None:
        """Read a page from the store, then call `then`: `page` returns it. A running read is shared."""
        place = (topics, after)
        waiting = self._loading.setdefault(place, [])
        waiting.append(then)
        if len(waiting) == 1:
            task = self._tasks.create_task(self._load(place, upto))
            self._loads.add(task)
            task.add_done_callback(self._loads.discard)

    async def load_page(self, topics: tuple[str, ...], after: int, upto: int) -> Page:
        """Return the page after a position, from the ring or the store."""
        while (page := self.page(topics, after, upto)) is None:
            # Each caller has an event of its own: cancelling one must not cancel the others.
            loaded = asyncio.Event()
            self.load(topics, after, upto, loaded.set)
            await loaded.wait()
        return page

    async def oldest(self) -> int:
        """Return the lowest seq that a client may resume from."""
        oldest, _ = await self._store.bounds()
        return oldest

    async def newest(self) -> int:
        """Return the seq of the last message committed by any process."""
        _, head = await self._store.bounds()
        return head

    async def ends(self, feeds: Sequence[str]) -> dict[str, int]:
        """Return the seq of the last message of each feed that has ended."""
        unknown = [feed for feed in feeds if feed not in self._ends]
        if unknown:
            found = await self._store.ends(unknown)
            for feed in unknown:
                # An end that was published during the read is newer than its answer.
                self._learn(feed, self._ends.get(feed) or found.get(feed))
        return self.known_ends(feeds)

    def known_ends(self, feeds: Sequence[str]) -> dict[str, int]:
        """Return the result of `ends` as far as it is known without the store."""
        known = {feed: self._ends.get(feed) for feed in feeds}
        return {feed: seq for feed, seq in known.items() if seq is not None}

    def ended(self, feed: str, seq: int) -> None:
        """Note that a feed has ended."""
        self._learn(feed, seq)

    def close(self) -> None:
        """Cancel the reads of the store."""
        for task in self._loads:
            task.cancel()

    def _learn(self, feed: str, seq: int | None) -> None:
        self._ends[feed] = seq
        self._ends.move_to_end(feed)
        while len(self._ends) > _KNOWN_ENDS:
            self._ends.popitem(last=False)

    async def _load(self, place: Place, upto: int) -> None:
        topics, after = place
        feeds, prefixes = self._catalogue.stored_under(topics)
        while True:
            try:
                stored = await self._store.read(feeds, prefixes, after=after, upto=upto, limit=PAGE_MESSAGES)
                break
            except Exception as error:  # noqa: BLE001 - streams must survive any fault.
                # The streams stay open and continue when the store answers again.
                logger.warning("could not read the feed after %d; trying again: %s", after, error)
                await asyncio.sleep(_RETRY_SECONDS)
        self._remember(place, _page([stored_frame(message, self._log.epoch) for message in stored], upto))
        for then in self._loading.pop(place):
            then()

    def _remember(self, place: Place, page: Page) -> None:
        self._pages[place] = page
        self._pages.move_to_end(place)
        while len(self._pages) > _CACHED_PAGES:
            self._pages.popitem(last=False)

"""Fills the ring at the start with the newest messages, before clients ask for them."""

from streams.context import FeedOptions
from streams.feeds import FeedCatalogue
from streams.log import Log
from streams.ports import FeedReader

_PAGE = 1000
_EVERYTHING = ("",)
"""The prefix of every feed's name."""


async def filled_log(catalogue: FeedCatalogue, epoch: str, store: FeedReader, options: FeedOptions) -> Log:
    """Return a log that holds the newest messages of the store.

    After a restart all clients come back at once, each lacking some messages: they find them in memory.
    """
    oldest, head = await store.bounds()
    after = max(oldest, head - min(options.refill_messages, options.ring_messages))
    log = Log(catalogue, epoch, after, max_messages=options.ring_messages, max_bytes=options.ring_bytes)
    while log.head < head:
        page = await store.read((), _EVERYTHING, after=log.head, upto=head, limit=_PAGE)
        if not log.append(page):
            log.head = head
    return log

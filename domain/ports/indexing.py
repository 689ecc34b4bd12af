"""The port for deferred indexes."""

from typing import NamedTuple, Protocol


class Backlog(NamedTuple):
    """How far the indexes lag.

    Attributes:
        newest: the id of the newest event.
        texts: the id up to which the index of texts has come.
        entries: how many events at most have no entries in the other indexes.
        stale: how many events' texts were changed by imports since the index of texts took them up.
    """

    newest: int
    texts: int
    entries: int
    stale: int = 0


class Indexing(Protocol):
    """The port for deferred indexes. With a backlog, lists are slower but never wrong."""

    async def backlog(self) -> Backlog:
        """Return how far the indexes lag."""
        ...

    async def add_entries(self, limit: int) -> None:
        """Write the index entries of some events, the oldest first, in one transaction; no texts."""
        ...

    async def index_texts(self, limit: int) -> bool:
        """Index the texts of some events in one transaction, those that wait longest first.

        Returns False where another process is at it.
        """
        ...

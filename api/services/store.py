"""The store as services see it: ports bound together by a transaction or a snapshot."""

from contextlib import AbstractAsyncContextManager
from typing import Protocol

from domain.ports.blobs import BlobStore
from domain.ports.events import EventStore
from domain.ports.keys import KeyStore
from domain.ports.people import PeopleStore
from domain.ports.personal import PersonalStore
from domain.ports.tasks import TaskStore
from domain.ports.uploads import UploadStore
from domain.ports.webhooks import WebhookStore
from domain.ports.work_requests import RequestStore
from streams.ports import FeedReader, FeedWriter


class Snapshot(Protocol):
    """One consistent read of everything."""

    @property
    def events(self) -> EventStore:
        """Events."""
        ...

    @property
    def uploads(self) -> UploadStore:
        """Imports."""
        ...

    @property
    def tasks(self) -> TaskStore:
        """Long tasks."""
        ...

    @property
    def people(self) -> PeopleStore:
        """Users, sessions, tickets."""
        ...

    @property
    def personal(self) -> PersonalStore:
        """What people keep for themselves."""
        ...

    @property
    def webhooks(self) -> WebhookStore:
        """Webhooks and their last attempts."""
        ...

    @property
    def requests(self) -> RequestStore:
        """Requests to the process that holds a lease."""
        ...


class Transaction(Snapshot, Protocol):
    """All or nothing: changes and the messages that report them."""

    @property
    def messages(self) -> FeedWriter:
        """Appends to the feed."""
        ...

    @property
    def keys(self) -> KeyStore:
        """Idempotency keys."""
        ...


class Store(Protocol):
    """Everything durable. Opened and closed by the composition root.

    `transaction()` commits when its block ends well, else rolls back; after the commit its
    messages are handed to the feed's log in the order of seq, before another transaction of
    this process can commit. Cancelling the block rolls back.
    """

    epoch: str
    head: int
    """Seq of the last message when the store was opened: what comes after is published."""

    blobs: BlobStore
    feed: FeedReader

    def transaction(self) -> AbstractAsyncContextManager[Transaction]:
        """Return a read-write unit of work. Raises StorageUnavailableError, StorageFullError."""
        ...

    def snapshot(self) -> AbstractAsyncContextManager[Snapshot]:
        """Return a read-only unit of work. Raises StorageUnavailableError."""
        ...

    def glance(self) -> AbstractAsyncContextManager[Snapshot]:
        """Return a read of one statement, for which no snapshot is begun. Raises StorageUnavailableError."""
        ...

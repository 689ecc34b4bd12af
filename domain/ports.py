"""What the domain asks of storage. Adapters in api/storage; one contract suite in tests/contracts.

Every store is bound to one connection: to a transaction (all reads and writes of it commit or
vanish together) or to a snapshot (reads only). Writing through a snapshot is a broken promise.
Times are milliseconds since 1970, UTC, and come from the caller: adapters have no clock.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any, Literal, NamedTuple, Protocol

from msgspec import Struct

from domain.event_columns import EventColumns
from domain.events import Event, EventFields
from domain.imports import RejectedRow, Upload, UploadState
from domain.people import Role, Session, User
from domain.tasks import Task, TaskState

WorkRequest = Literal["stop_upload", "stop_task", "hand_over_upload"]
"""To hand over is to release the lease on an import that rests until its next bytes come."""

EventSort = Literal["event_date", "-event_date", "id", "-id", "title"]


class EventFilter(Struct, frozen=True):
    """Which events. None does not restrict. `from_us` inclusive, `to_us` exclusive, UTC µs."""

    city: str | None = None
    q: str | None = None
    from_us: int | None = None
    to_us: int | None = None
    venue_type: str | None = None
    upload_id: str | None = None


class Page(Struct, frozen=True):
    """Some events, the position after the last one (None at the end), and how many match in all."""

    items: list[Event]
    next: tuple[Any, ...] | None
    total: int


class EventCounts(Struct, frozen=True):
    """The dashboard's counts. Keys of `by_month` are ``YYYY-MM`` of the wall clock."""

    events: int
    upcoming: int
    cities: int
    participants: int
    capacity: int
    by_city: list[tuple[str, int]]
    by_month: list[tuple[str, int]]
    by_venue_type: list[tuple[str | None, int]]


class EventBatch(Struct, frozen=True):
    """Events packed for a store, perhaps by another process.

    Attributes:
        chunks: all of their cells, some events in each, in a form that the store alone knows.
        counts: what they add to the counts, as (kind, key, n).
    """

    count: int
    chunks: list[bytes]
    counts: list[tuple[str, str, int]]


Pack = Callable[[EventColumns], EventBatch]
"""A store's own: pure, needs no connection."""


class EventStore(Protocol):
    """Events. Whatever changes them keeps the counts true in the same transaction."""

    async def insert(self, events: Sequence[EventFields], *, upload_id: str | None, at_ms: int) -> range:
        """Store events in order and return their ids, which are consecutive and never reused."""
        ...

    async def insert_batch(self, batch: EventBatch, *, upload_id: str | None, at_ms: int) -> range:
        """Store what was packed, as `insert` does."""
        ...

    async def get(self, event_id: int) -> Event | None:
        """Return one event."""
        ...

    async def page(
        self, where: EventFilter, *, sort: EventSort, limit: int, after: tuple[Any, ...] | None
    ) -> Page:
        """Return up to `limit` events after a position that an earlier page gave (keyset, no offset)."""
        ...

    def scan(self, where: EventFilter, *, chunk: int = 1000) -> AsyncIterator[Sequence[Event]]:
        """Yield all matching events by id, in chunks, in constant memory."""
        ...

    def scan_documents(self, where: EventFilter, *, separator: str, chunk: int = 500) -> AsyncIterator[bytes]:
        """Yield all matching events by id as JSON in UTF-8: objects joined by `separator`, in parts.

        Parts but the first begin with the separator. Each object has exactly the six documented
        members. For exports: several times as fast as `scan`.
        """
        ...

    async def replace(
        self, event_id: int, fields: EventFields, *, at_ms: int, if_version: int | None
    ) -> Event | None:
        """Overwrite the fields, raise the version; None when absent or of another version."""
        ...

    async def delete(self, event_id: int, *, if_version: int | None) -> bool:
        """Delete one; False when absent or of another version."""
        ...

    async def delete_matching(self, where: EventFilter) -> int:
        """Delete all that match and return how many."""
        ...

    async def delete_untouched(self, upload_id: str) -> tuple[int, list[int]]:
        """Delete an import's events whose version is still 1; return how many, and the ids kept."""
        ...

    async def counts(self, *, now_us: int) -> EventCounts:
        """Return the counts, at a cost that does not grow with the number of events."""
        ...


class Backlog(NamedTuple):
    """What indexes are behind by.

    Attributes:
        newest: the id of the newest event.
        texts: the id up to which the index of texts has come.
        entries: how many events at most have no entries in the other indexes.
    """

    newest: int
    texts: int
    entries: int


class Indexing(Protocol):
    """Indexes that are filled behind the events. Lists are right at any backlog, and slower."""

    async def backlog(self) -> Backlog:
        """Return how far the indexes are behind."""
        ...

    async def add_entries(self, limit: int) -> None:
        """Take up some events in every index but that of texts, the oldest first, in one transaction."""
        ...

    async def index_texts(self, limit: int) -> None:
        """Take up the texts of some events, the oldest first, in one transaction."""
        ...


class UploadStore(Protocol):
    """Imports and their rejected rows."""

    async def add(self, upload: Upload) -> bool:
        """Store a new import; False when its id or idempotency key is in use (nothing is stored)."""
        ...

    async def get(self, upload_id: str, *, to_change: bool = False) -> Upload | None:
        """Return one import; where it is read to be changed, nobody else can until the transaction ends."""
        ...

    async def by_idempotency_key(self, key: str) -> Upload | None:
        """Return the import that first came with this key."""
        ...

    async def by_sha256(self, sha256: str, *, other_than: str) -> Upload | None:
        """Return the latest earlier import of the same bytes that completed."""
        ...

    async def save(self, upload: Upload) -> None:
        """Overwrite every member of an import but `idempotency_key` and `created_at`."""
        ...

    async def page(
        self, *, limit: int, before: tuple[int, str] | None
    ) -> tuple[list[Upload], tuple[int, str] | None]:
        """Return imports, newest first, and the position for the next page."""
        ...

    async def unfinished(self) -> list[Upload]:
        """Return imports in `receiving`, `processing` or `interrupted`, oldest first."""
        ...

    async def add_rejected(self, upload_id: str, rows: Sequence[RejectedRow]) -> None:
        """Keep rejected rows."""
        ...

    async def rejected(self, upload_id: str, *, after_record: int, limit: int) -> list[RejectedRow]:
        """Return rejected rows in file order."""
        ...

    async def clear_rejected(self, upload_id: str) -> None:
        """Forget an import's rejected rows."""
        ...

    async def claim(
        self, owner: str, *, states: Sequence[UploadState], now_ms: int, lease_ms: int
    ) -> Upload | None:
        """Lease the oldest import in one of these states that nobody holds; None when there is none.

        Of several processes that ask at once, each gets another import.
        """
        ...

    async def hold(self, upload_id: str, owner: str, *, now_ms: int, lease_ms: int) -> bool:
        """Take or renew the lease on one import; False when another holds it.

        Within the transaction of each batch it is the fence: a process that slept through the end
        of its lease, and whose work another has taken up, finds False here and must roll back.
        """
        ...

    async def release(self, upload_id: str, owner: str) -> None:
        """Let others have it at once; not held is fine."""
        ...

    async def hand_over(self, upload_id: str, owner: str, *, to: str, now_ms: int, lease_ms: int) -> None:
        """Make the lease on an import another's, if `owner` has it."""
        ...


class TaskStore(Protocol):
    """Long tasks."""

    async def add(self, task: Task) -> None:
        """Store a new task."""
        ...

    async def get(self, task_id: str) -> Task | None:
        """Return one task."""
        ...

    async def save(self, task: Task) -> None:
        """Overwrite every member of a task."""
        ...

    async def page(
        self, *, limit: int, before: tuple[int, str] | None
    ) -> tuple[list[Task], tuple[int, str] | None]:
        """Return tasks, newest first, and the position for the next page."""
        ...

    async def unfinished(self) -> list[Task]:
        """Return tasks in `queued` or `running`, oldest first."""
        ...

    async def claim(
        self, owner: str, *, states: Sequence[TaskState], now_ms: int, lease_ms: int
    ) -> Task | None:
        """Lease the oldest task in one of these states that nobody holds; None when there is none.

        Of several processes that ask at once, each gets another task.
        """
        ...

    async def hold(self, task_id: str, owner: str, *, now_ms: int, lease_ms: int) -> bool:
        """Take or renew the lease on one task; False when another holds it.

        Within the transaction of each batch it is the fence: a process that slept through the end
        of its lease, and whose work another has taken up, finds False here and must roll back.
        """
        ...

    async def release(self, task_id: str, owner: str) -> None:
        """Let others have it at once; not held is fine."""
        ...


class RequestStore(Protocol):
    """What is asked of the process that has the lease on an import or a task, whichever that is."""

    async def put(self, request: WorkRequest, work_id: str, *, asker: str, at_ms: int) -> None:
        """Ask; to ask again makes the request new."""
        ...

    async def pending(
        self, request: WorkRequest, work_ids: Sequence[str], *, since_ms: int = 0
    ) -> dict[str, str]:
        """Return of which of these it is asked, not before `since_ms`, and by which process last."""
        ...

    async def clear(self, request: WorkRequest, work_id: str) -> None:
        """Forget a request; absent is fine."""
        ...


class PeopleStore(Protocol):
    """Users, sessions, tickets. Secrets come and are kept as SHA-256 hex digests only."""

    async def add_user(self, name: str, role: Role, token_hash: str, *, at_ms: int) -> User | None:
        """Store a user; None when the name is taken."""
        ...

    async def users(self) -> list[User]:
        """Return every user by name."""
        ...

    async def user(self, user_id: int) -> User | None:
        """Return one user."""
        ...

    async def user_by_name(self, name: str) -> User | None:
        """Return one user."""
        ...

    async def user_by_token(self, token_hash: str) -> User | None:
        """Return the user of a token, disabled or not."""
        ...

    async def save_user(self, user: User) -> None:
        """Overwrite role, token hash and `disabled`."""
        ...

    async def add_session(self, session: Session) -> None:
        """Store a session."""
        ...

    async def session(self, id_hash: str) -> tuple[Session, User] | None:
        """Return a session and its user."""
        ...

    async def end_session(self, id_hash: str) -> None:
        """Forget a session; absent is fine."""
        ...

    async def end_sessions_of(self, user_id: int) -> None:
        """Forget every session of a user."""
        ...

    async def live_sessions(self, *, at_ms: int) -> set[str]:
        """Return the `id_hash` of every session that has not expired."""
        ...

    async def add_ticket(self, ticket_hash: str, identity: Mapping[str, Any], *, expires_at: int) -> None:
        """Store a single-use ticket with the identity that it stands for (JSON members)."""
        ...

    async def take_ticket(self, ticket_hash: str, *, at_ms: int) -> Mapping[str, Any] | None:
        """Return and forget a ticket's identity; None when unknown, used or expired."""
        ...

    async def purge(self, *, at_ms: int) -> None:
        """Forget expired sessions and tickets."""
        ...


class BlobStore(Protocol):
    """Bytes that outlive a request: staged uploads, exported files. Append-only, then deleted.

    Its own connection or files, outside of transactions: a checkpoint that names an offset is
    only committed after `append` of the bytes before it has returned, which means durable.
    """

    async def append(self, blob_id: str, offset: int, content: bytes) -> int:
        """Append durably at `offset`, which must be the size; return the new size.

        Raises:
            BlobOffsetError: `offset` is not the size.
            StorageFullError: there is no room; what was there before is unharmed.
        """
        ...

    async def size(self, blob_id: str) -> int:
        """Return the bytes had, 0 when there is no such blob."""
        ...

    async def read(self, blob_id: str, offset: int, limit: int) -> bytes:
        """Return up to `limit` bytes from `offset`; empty at the end."""
        ...

    async def delete(self, blob_id: str) -> None:
        """Forget a blob; absent is fine."""
        ...

    async def ids(self) -> list[str]:
        """Return every blob's id, for the sweep of orphans."""
        ...


class StorageError(Exception):
    """Storage could not do what it promised."""


class StorageFullError(StorageError):
    """There is no room for what was to be written; nothing of it is stored."""


class StorageUnavailableError(StorageError):
    """The store does not answer now; the caller may try again later."""


class BlobOffsetError(StorageError):
    """Bytes were to be appended elsewhere than at the end."""

    def __init__(self, size: int) -> None:
        super().__init__(f"the blob ends at {size}")
        self.size = size

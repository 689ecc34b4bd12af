"""The port for imports, their rejected rows and their leases."""

from collections.abc import Collection, Sequence
from typing import Protocol

from domain.imports import RejectedRow, Upload, UploadState
from domain.remembered import Remembered


class UploadStore(Protocol):
    """Imports and their rejected rows."""

    async def add(self, upload: Upload, *, rests_since_ms: int | None = None) -> bool:
        """Store a new import; False when its id or idempotency key is in use (nothing is stored).

        `rests_since_ms`: it is at rest from the beginning, as `rest` leaves it.
        """
        ...

    async def get(self, upload_id: str, *, to_change: bool = False) -> Upload | None:
        """Return one import; read to be changed, it is locked until the transaction ends."""
        ...

    async def by_idempotency_key(self, key: str) -> Upload | None:
        """Return the import that first came with this key."""
        ...

    async def stored_events(self, upload_ids: Collection[str]) -> dict[str, int]:
        """Return how many of the events that each import created are stored; those without one are left out.

        Changes of the unit of work itself are not counted yet.
        """
        ...

    async def by_sha256(self, sha256: str, *, other_than: str, sheet: str | None = None) -> Upload | None:
        """Return the latest earlier import of the same bytes, and sheet, whose rows are still stored."""
        ...

    async def save(self, upload: Upload) -> None:
        """Overwrite every member of an import but `idempotency_key` and `created_at`."""
        ...

    async def page(
        self, *, limit: int, before: tuple[int, str] | None
    ) -> tuple[list[Upload], tuple[int, str] | None]:
        """Return imports, newest first, and the position for the next page."""
        ...

    async def unfinished_ids(self) -> list[str]:
        """Return the ids of imports in `receiving`, `processing` or `interrupted`."""
        ...

    async def count(self, states: Collection[UploadState]) -> int:
        """Return how many imports are in one of these states."""
        ...

    async def staged_bytes(self, actor: str | None = None) -> int:
        """Return the bytes staged for unfinished imports, as of the end of their last bodies.

        Those of a person, or of all.
        """
        ...

    async def add_rejected(self, upload_id: str, rows: Sequence[RejectedRow]) -> None:
        """Store rejected rows."""
        ...

    async def rejected(self, upload_id: str, *, after_record: int, limit: int) -> list[RejectedRow]:
        """Return rejected rows in file order."""
        ...

    async def rejected_at(self, upload_id: str, lines: Sequence[int]) -> list[RejectedRow]:
        """Return the rejected rows that start on these lines of the file."""
        ...

    async def rejected_records(self, upload_id: str, records: Sequence[int]) -> list[RejectedRow]:
        """Return the rejected rows of these records, of which there may be fewer."""
        ...

    async def replace_rejected(self, upload_id: str, rows: Sequence[RejectedRow]) -> None:
        """Overwrite the cells and errors of rejected rows, by their record."""
        ...

    async def forget_rejected(self, upload_id: str, records: Sequence[int]) -> None:
        """Delete some rejected rows, by their record."""
        ...

    async def clear_rejected(self, upload_id: str) -> None:
        """Delete an import's rejected rows."""
        ...

    async def remember(self, shape: str, options: Remembered, *, at_ms: int) -> None:
        """Store the options of a header, replacing earlier ones; delete all but the newest headers."""
        ...

    async def remembered(self, shape: str) -> Remembered | None:
        """Return the options stored for a header."""
        ...

    async def claim(
        self, owner: str, *, states: Sequence[UploadState], now_ms: int, lease_ms: int
    ) -> Upload | None:
        """Lease the oldest import in one of these states without a lease; None when there is none.

        Imports at rest are passed over. Of several processes that ask at once, each gets another import.
        """
        ...

    async def hold(self, upload_id: str, owner: str, *, now_ms: int, lease_ms: int) -> bool:
        """Take or renew the lease on one import, ending its rest; False if another process holds it.

        The lease of an import at its end holds nobody up: its holder does nothing more.

        Within the transaction of each batch it is the fence: a process that slept through the end
        of its lease, and whose work another has taken up, finds False here and must roll back.
        """
        ...

    async def renew_all(self, owner: str, *, now_ms: int, lease_ms: int) -> list[str]:
        """Renew every lease of a process, in one statement, and return the ids of its imports."""
        ...

    async def rest(self, upload_ids: Sequence[str], owner: str, *, since_ms: int) -> None:
        """Put the imports of `owner` that wait for bytes to rest; nobody claims them until bytes arrive."""
        ...

    async def rests(self, upload_id: str) -> bool:
        """Return whether an import is at rest."""
        ...

    async def resting(self, *, until_ms: int, limit: int) -> list[str]:
        """Return the ids of some imports at rest since this time or longer."""
        ...

    async def release(self, upload_id: str, owner: str) -> None:
        """Release the lease, if `owner` has it."""
        ...

    async def free(self, upload_id: str) -> None:
        """Release the lease, whoever has it."""
        ...

    async def release_all(self, owner: str) -> None:
        """Release the leases of a process on all imports."""
        ...

    async def hand_over(self, upload_id: str, owner: str, *, to: str, now_ms: int, lease_ms: int) -> None:
        """Transfer the lease on an import to another process, if `owner` has it."""
        ...

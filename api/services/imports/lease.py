"""The right to work on an import: for each, one process at a time has it."""

from collections.abc import Callable, Sequence

from api.services.leases import LEASE_MS
from api.services.store import Transaction
from domain.imports import UNFINISHED, Upload
from domain.ports.errors import WorkElsewhereError

Clock = Callable[[], int]
"""Milliseconds since 1970, UTC."""


class ImportElsewhereError(WorkElsewhereError):
    """Another process works on the import, or has worked on it since this one last did."""

    def __init__(self, upload_id: str) -> None:
        super().__init__(f"import {upload_id} is running in another process")


class Lease:
    """The leases of one process."""

    def __init__(self, owner: str, now_ms: Clock) -> None:
        """Name the process. One that has its store to itself always has the same name."""
        self.owner = owner
        self._now_ms = now_ms

    async def take(self, tx: Transaction, upload_id: str) -> None:
        """Take or renew it within a transaction, which rolls back where another process has it.

        Raises:
            ImportElsewhereError: another process works on the import.
        """
        if not await tx.uploads.hold(upload_id, self.owner, now_ms=self._now_ms(), lease_ms=LEASE_MS):
            raise ImportElsewhereError(upload_id)

    async def claim(self, tx: Transaction) -> Upload | None:
        """Take an unfinished import whose lease has ended."""
        return await tx.uploads.claim(self.owner, states=UNFINISHED, now_ms=self._now_ms(), lease_ms=LEASE_MS)

    async def renew_all(self, tx: Transaction) -> set[str]:
        """Renew every lease of this process, in one statement, and return the ids of their imports."""
        return {*await tx.uploads.renew_all(self.owner, now_ms=self._now_ms(), lease_ms=LEASE_MS)}

    async def rest(self, tx: Transaction, upload_ids: Sequence[str]) -> None:
        """Give back the leases of imports that wait for their next bytes."""
        await tx.uploads.rest(upload_ids, self.owner, since_ms=self._now_ms())

    async def release(self, tx: Transaction, upload_id: str) -> None:
        """Give the lease up, so that another process can take it at once."""
        await tx.uploads.release(upload_id, self.owner)

    async def release_all(self, tx: Transaction) -> None:
        """Give every lease up, so that other processes can take them at once."""
        await tx.uploads.release_all(self.owner)

    async def hand_over(self, tx: Transaction, upload_id: str, *, to: str) -> None:
        """Hand the lease to one other process, which alone can take it then."""
        await tx.uploads.hand_over(upload_id, self.owner, to=to, now_ms=self._now_ms(), lease_ms=LEASE_MS)

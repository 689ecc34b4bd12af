"""An import that this process works on: what its body, its job and its watchers share."""

from collections.abc import Awaitable, Callable
from typing import Literal

import anyio

from api.services.imports.endings import ENDED
from api.services.imports.intake import Intake
from api.services.store import Store, Transaction
from domain.imports import Upload, UploadState
from domain.ports import StorageUnavailableError

Clock = Callable[[], int]
"""Milliseconds since 1970, UTC."""

UNFINISHED: tuple[UploadState, ...] = ("receiving", "processing", "interrupted")
LEASE_MS = 10_000
"""A killed process's imports are taken up by another soon after so long."""

Edit = Callable[[Transaction, Upload], Awaitable[Upload]]
"""Saves an import with its messages in a transaction and returns it as saved."""

Body = Literal["coming", "resting", "complete", "broken"]
"""Bytes are on their way; none are, by agreement (tus, between two PATCHes); all came; the rest is lost."""


def blob_id(upload_id: str) -> str:
    """Return the name of an import's staged file."""
    return f"upload-{upload_id}"


def table_id(upload_id: str) -> str:
    """Return the name of the table that is made of an import's workbook."""
    return f"{blob_id(upload_id)}.table"


class ImportElsewhereError(StorageUnavailableError):
    """Another process works on the import, or has since this one last did."""

    def __init__(self, upload_id: str) -> None:
        super().__init__(f"import {upload_id} is at work in another process")


class Lease:
    """This process's right to work on an import: of several, one at a time has it."""

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
        """Take an unfinished import that nobody works on any more."""
        return await tx.uploads.claim(self.owner, states=UNFINISHED, now_ms=self._now_ms(), lease_ms=LEASE_MS)

    async def release(self, tx: Transaction, upload_id: str) -> None:
        """Let another process have it at once."""
        await tx.uploads.release(upload_id, self.owner)

    async def hand_over(self, tx: Transaction, upload_id: str, *, to: str) -> None:
        """Make it another process's, which alone can take it then."""
        await tx.uploads.hand_over(upload_id, self.owner, to=to, now_ms=self._now_ms(), lease_ms=LEASE_MS)


class Live:
    """Shared by one job and one body at a time; all on one event loop.

    Attributes:
        upload: as last committed.
        staged: bytes of the file that are durable.
        seen: bytes of the file that a job has read.
        opened: the file's head was understood, or the import ended.
        ended: nothing of this import will change any more.
        needs_whole: nothing can be read before the file is complete.
        handover: held while a body begins or ends, so that of two at once one speaks for the import.
        lock: held over every transaction that saves the import.
    """

    def __init__(self, upload: Upload, *, staged: int, body: Body, lease: Lease) -> None:
        """Take up an import as it is stored."""
        self.upload = upload
        self.lease = lease
        self.staged = staged
        self.seen = 0
        self.body: Body = body
        self.intake: Intake | None = None
        self.cancel_requested = False
        self.at_work = False
        self.needs_whole = False
        self.readers_lost = 0
        self.queueing: anyio.CancelScope | None = None
        self.opened = anyio.Event()
        self.ended = anyio.Event()
        self.handover = anyio.Lock()
        self.lock = anyio.Lock()
        self.stirred = anyio.Event()
        self.settle(upload)

    @property
    def blob(self) -> str:
        """Name of the staged file."""
        return blob_id(self.upload.id)

    @property
    def about_to_end(self) -> bool:
        """All bytes that were announced are there; only the body's end is not."""
        return self.body == "coming" and self.staged == self.upload.total_bytes

    @property
    def has_work(self) -> bool:
        """A job would find something to do now."""
        if self.cancel_requested or self.body == "complete":
            return True
        if self.body == "broken":
            return self.upload.state != "interrupted"
        return self.staged > self.seen and not (self.about_to_end or self.needs_whole)

    def is_as(self, stored: Upload | None) -> bool:
        """Tell whether nobody else has changed it: every change is seen in one of these."""
        own = self.upload
        return stored is not None and (
            (own.state, own.record, own.bytes_received, own.updated_at, own.checkpoint)
            == (stored.state, stored.record, stored.bytes_received, stored.updated_at, stored.checkpoint)
        )

    def stir(self) -> None:
        """Wake whoever waits for a change."""
        # Swap before set: a woken waiter must wait on the new event.
        stirred, self.stirred = self.stirred, anyio.Event()
        stirred.set()

    def settle(self, upload: Upload) -> None:
        """Take over what was committed."""
        self.upload = upload
        if upload.dialect is not None:
            self.opened.set()
        if upload.state in ENDED:
            self.opened.set()
            self.ended.set()
        self.stir()

    async def change(self, store: Store, edit: Edit) -> Upload:
        """Commit a change of the import, alone among all that change it, and return it.

        Raises:
            ImportElsewhereError: another process has changed it since, and what is known here is old.
        """
        async with self.lock:
            async with store.transaction() as tx:
                # The lease first: it waits for whoever is changing the import.
                await self.lease.take(tx, self.upload.id)
                if not self.is_as(await tx.uploads.get(self.upload.id)):
                    raise ImportElsewhereError(self.upload.id)
                upload = await edit(tx, self.upload)
            self.settle(upload)
        return upload

"""An import as last committed: changed one transaction at a time, under its lease, and waited for."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import anyio

from api.services.imports.lease import ImportElsewhereError, Lease
from api.services.store import Store, Transaction
from domain.imports import ENDED, Upload
from domain.ports.errors import StorageError

Edit = Callable[[Transaction, Upload], Awaitable[Upload]]
"""Saves an import that has not ended, with its messages, in a transaction and returns it as saved."""


class CommittedImport:
    """What this process knows to be stored of an import whose lease it has; all on one event loop."""

    def __init__(self, upload: Upload, lease: Lease) -> None:
        """Start from an import as it is stored."""
        self._upload = upload
        self._lease = lease
        self._is_opened = False
        self._is_sure = True
        self._ended = anyio.Event()
        self._changed = anyio.Event()
        self._on_end: set[Callable[[], None]] = set()
        # Held over every transaction that saves the import.
        self._saving = anyio.Lock()
        self._adopt(upload)

    @property
    def upload(self) -> Upload:
        """The import as last committed."""
        return self._upload

    @property
    def is_opened(self) -> bool:
        """Whether the file's head was understood, or the import ended."""
        return self._is_opened

    @property
    def ended(self) -> bool:
        """Whether nothing of this import will change any more."""
        return self._ended.is_set()

    @property
    def is_sure(self) -> bool:
        """Whether `upload` is what is stored: False after a change whose outcome is not known."""
        return self._is_sure

    @property
    def is_changing(self) -> bool:
        """Whether a transaction that saves it is under way."""
        return self._saving.locked()

    async def change(self, store: Store, edit: Edit) -> Upload:
        """Commit a change of the import, one change at a time, and return it.

        One that has ended or is being undone stays as it is: when the change was decided on, it was open.
        Where the outcome of the last change is not known, this one begins with what is stored.

        Raises:
            ImportElsewhereError: another process has changed it since, and what is known here is old.
        """
        async with self._saving:
            if not self._is_sure:
                await self._look(store)
            try:
                async with store.transaction() as tx:
                    # The lease first: it waits for the transaction that is changing the import.
                    await self._lease.take(tx, self._upload.id)
                    if not self._is_as(await tx.uploads.get(self._upload.id)):
                        raise ImportElsewhereError(self._upload.id)
                    is_open = self._upload.state not in ENDED
                    upload = await edit(tx, self._upload) if is_open else self._upload
            except (StorageError, anyio.get_cancelled_exc_class()):
                self._is_sure = False
                raise
            self._adopt(upload)
        return upload

    async def reload(self, store: Store) -> Upload:
        """Adopt what is stored, and return it: a commit whose answer was lost may have happened.

        Raises:
            ImportElsewhereError: another process works on it.
        """
        async with self._saving:
            return await self._reload(store)

    async def _look(self, store: Store) -> None:
        """Adopt what is stored, unless it has other rows: then nobody here can go on from what he knows.

        Raises:
            ImportElsewhereError: another process works on it, or has; or a lost commit stored rows.
        """
        known = self._upload
        stored = await self._reload(store)
        if (known.record, known.checkpoint) != (stored.record, stored.checkpoint):
            raise ImportElsewhereError(known.id)

    async def _reload(self, store: Store) -> Upload:
        async with store.transaction() as tx:
            # That commit may even be under way; the lease waits for its end.
            await self._lease.take(tx, self._upload.id)
            stored = await tx.uploads.get(self._upload.id)
        assert stored is not None, "a lease is on a row"
        self._adopt(stored)
        return stored

    async def hand_over(self, store: Store, *, to: str) -> None:
        """Hand the lease on the import to another process, between two changes."""
        async with self._saving, store.transaction() as tx:
            await self._lease.hand_over(tx, self._upload.id, to=to)

    @property
    def changed(self) -> anyio.Event:
        """Set by the next change of anything here. Take it before you look at what may have changed."""
        return self._changed

    async def wait_until(self, condition: Callable[[], bool]) -> None:
        """Wait until a change makes this true."""
        while not condition():
            changed = self._changed
            await changed.wait()

    async def wait_for_end(self) -> None:
        """Wait until the import has ended."""
        await self._ended.wait()

    @contextmanager
    def on_end(self, act: Callable[[], None]) -> Iterator[None]:
        """Call `act` when the import ends during the block, or has ended before."""
        if self.ended:
            act()
        self._on_end.add(act)
        try:
            yield
        finally:
            self._on_end.discard(act)

    def _is_as(self, stored: Upload | None) -> bool:
        """Return whether no other process has changed the import."""
        own = self._upload
        return stored is not None and (
            (own.state, own.record, own.bytes_received, own.updated_at, own.checkpoint)
            == (stored.state, stored.record, stored.bytes_received, stored.updated_at, stored.checkpoint)
        )

    def _adopt(self, upload: Upload) -> None:
        self._upload = upload
        self._is_sure = True
        if upload.dialect is not None:
            self._is_opened = True
        if upload.state in ENDED:
            self._is_opened = True
            self._ended.set()
            for act in [*self._on_end]:
                act()
        self._wake()

    def _wake(self) -> None:
        # Swap before set: a woken waiter must wait on the new event.
        changed, self._changed = self._changed, anyio.Event()
        changed.set()

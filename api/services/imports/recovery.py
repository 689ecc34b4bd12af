"""Goes on with what other processes, or an earlier run of this one, did not finish."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
from anyio.abc import TaskGroup

from api.services.imports.blob_names import blob_id, table_id
from api.services.imports.held_imports import HeldImports
from api.services.imports.ownership import LOOK_SECONDS
from api.services.imports.undo import Undoing
from api.services.store import Store
from domain.imports import Upload
from domain.ports.errors import StorageError

logger = logging.getLogger("fasttrack.imports")

TAKEN_UP_AT_ONCE = 8
"""So many at most wait here for a place at work."""


class Recovery:
    """Takes up imports and undos that were left, and deletes files that nothing needs any more."""

    def __init__(self, held: HeldImports, undoing: Undoing, store: Store) -> None:
        """Go on with what is in a store."""
        self._held = held
        self._undoing = undoing
        self._store = store
        self._tasks: TaskGroup | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Begin with some of what an earlier run of this process left, and work on it for the block.

        The rest follows with each `take_up_left_behind`.
        """
        async with anyio.create_task_group() as self._tasks:
            await self._begin()
            self._tasks.start_soon(self._sweep_orphans)
            yield
            self._tasks.cancel_scope.cancel()

    async def take_up_left_behind(self) -> None:
        """Go on with what a killed process has left, as places at work become free."""
        while left := await self._held.ownership.left_behind(TAKEN_UP_AT_ONCE - self._held.worker.waiting):
            for upload in left:
                await self._go_on_with(upload)
            await anyio.sleep(LOOK_SECONDS)

    async def _begin(self) -> None:
        await self._held.ownership.release_all()
        try:
            for upload in await self._held.ownership.left_behind(TAKEN_UP_AT_ONCE):
                await self._go_on_with(upload)
        except StorageError as error:
            logger.warning("imports of an earlier run wait until the store answers again: %s", error)

    async def _go_on_with(self, upload: Upload) -> None:
        assert self._tasks is not None, "undos are finished only inside `running()`"
        if upload.state == "undoing":
            self._tasks.start_soon(self._finish_undo, upload.id)
        else:
            await self._held.take_up(upload)

    async def _finish_undo(self, upload_id: str) -> None:
        try:
            await self._undoing.finish(upload_id)
        except StorageError as error:
            logger.warning("the undo of import %s waits: %s", upload_id, error)

    async def _sweep_orphans(self) -> None:
        """Delete what ended imports left. Blobs first: an import may begin between the two looks."""
        prefix = blob_id("")
        try:
            staged = [blob for blob in await self._store.blobs.ids() if blob.startswith(prefix)]
            async with self._store.snapshot() as snapshot:
                unfinished = await snapshot.uploads.unfinished_ids()
            kept = {name(upload_id) for upload_id in unfinished for name in (blob_id, table_id)}
        except StorageError as error:
            logger.warning("staged files of ended imports stay until the next start: %s", error)
            return
        for blob in staged:
            if blob not in kept:
                await self._sweep(blob)

    async def _sweep(self, blob: str) -> None:
        try:
            await self._store.blobs.delete(blob)
        except StorageError as error:
            logger.warning("a staged file of an ended import stays until the next start: %s", error)

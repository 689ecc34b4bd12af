"""The history of imports, and their rejected rows."""

from collections.abc import AsyncIterator

from api.services.store import Store
from domain.imports import UNSETTLED, RejectedRow, Upload

_CHUNK = 500


class ImportHistory:
    """Reads the history of imports."""

    def __init__(self, store: Store) -> None:
        """Read from a store."""
        self._store = store

    async def page(
        self, *, limit: int, before: tuple[int, str] | None
    ) -> tuple[list[tuple[Upload, int]], tuple[int, str] | None]:
        """Return imports, newest first, with how many of their events are stored; and the next position."""
        async with self._store.snapshot() as snapshot:
            uploads, position = await snapshot.uploads.page(limit=limit, before=before)
            stored = await snapshot.uploads.stored_events([one.id for one in uploads if one.has_rows_in])
        return [(upload, stored.get(upload.id, 0)) for upload in uploads], position

    async def stored_events(self, upload: Upload) -> int:
        """Return how many of the events that an import created are stored; 0 where it left nothing."""
        if upload.state in UNSETTLED or not upload.has_rows_in:
            return 0
        async with self._store.snapshot() as snapshot:
            return (await snapshot.uploads.stored_events([upload.id])).get(upload.id, 0)

    async def rejected(self, upload_id: str, *, after_record: int, limit: int) -> list[RejectedRow]:
        """Return rejected rows in file order."""
        async with self._store.snapshot() as snapshot:
            return await snapshot.uploads.rejected(upload_id, after_record=after_record, limit=limit)

    async def all_rejected(self, upload_id: str) -> AsyncIterator[list[RejectedRow]]:
        """Yield every rejected row in file order, in chunks, in constant memory."""
        after = 0
        while rows := await self.rejected(upload_id, after_record=after, limit=_CHUNK):
            yield rows
            after = rows[-1].record

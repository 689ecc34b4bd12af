"""The port for blobs: bytes that outlive a request."""

from typing import Protocol


class BlobStore(Protocol):
    """Bytes that outlive a request: staged uploads, exported files. Append-only, then deleted.

    Its own connection or files, outside of transactions: a checkpoint that names an offset is
    only committed after `append` of the bytes before it has returned, which means durable.

    Every method raises a StorageError and no other error of a disk or a connection.
    """

    async def append(self, blob_id: str, offset: int, content: bytes) -> int:
        """Append durably at `offset`, which must be the size; return the new size.

        Raises:
            BlobOffsetError: `offset` is not the size.
            StorageFullError: there is no room; what was there before is unharmed.
            StorageUnavailableError: the disk or the database refuses it for now.
        """
        ...

    async def size(self, blob_id: str) -> int:
        """Return the size in bytes, 0 if there is no such blob.

        Raises:
            StorageUnavailableError: the disk or the database refuses it for now.
        """
        ...

    async def read(self, blob_id: str, offset: int, limit: int) -> bytes:
        """Return up to `limit` bytes from `offset`; empty at the end.

        Raises:
            StorageUnavailableError: the disk or the database refuses it for now.
        """
        ...

    async def delete(self, blob_id: str) -> None:
        """Delete a blob, if it exists.

        Raises:
            StorageUnavailableError: the disk or the database refuses it for now.
        """
        ...

    async def ids(self) -> list[str]:
        """Return every blob's id, for the sweep of orphans.

        Raises:
            StorageUnavailableError: the disk or the database refuses it for now.
        """
        ...

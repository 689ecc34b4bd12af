"""Blobs as files of one folder, for a store that one machine serves."""

import errno
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import ParamSpec, TypeVar

from anyio import to_thread

from api.storage.blob_names import blob_name
from api.storage.private_files import make_subfolder, open_private
from domain.ports.errors import BlobOffsetError, StorageError, StorageFullError, StorageUnavailableError

Arguments = ParamSpec("Arguments")
Answer = TypeVar("Answer")

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}

RESERVE_BYTES = 1 << 30
RESERVE_PART = 20
"""The reserve of a disk is at most this part of it: on a small disk, 1 GiB would be all there is."""


class FileBlobs:
    """Blobs under a folder, one file each. Source: `domain.ports.blobs.BlobStore`."""

    def __init__(self, folder: Path, *, reserve_bytes: int | None = 0) -> None:
        """Keep blobs in a folder, and leave `reserve_bytes` of its disk free for the rest of the store.

        None is 1 GiB, or a twentieth of a disk below 20 GiB, as large as the disk is at the time.
        """
        self._folder = folder
        self._reserve_bytes = reserve_bytes
        make_subfolder(folder)

    def free_bytes(self) -> int:
        """Return the free bytes of the disk."""
        disk = os.statvfs(self._folder)
        return disk.f_bavail * disk.f_frsize

    def reserved_bytes(self) -> int:
        """Return the reserved bytes of the disk."""
        if self._reserve_bytes is not None:
            return self._reserve_bytes
        disk = os.statvfs(self._folder)
        return min(RESERVE_BYTES, disk.f_blocks * disk.f_frsize // RESERVE_PART)

    async def append(self, blob_id: str, offset: int, content: bytes) -> int:
        """Append durably at `offset`, which must be the size; return the new size."""
        return await self._in_thread(self._append, self._path(blob_id), offset, content)

    async def size(self, blob_id: str) -> int:
        """Return the size in bytes, 0 if there is no such blob."""
        return await self._in_thread(_size, self._path(blob_id))

    async def read(self, blob_id: str, offset: int, limit: int) -> bytes:
        """Return up to `limit` bytes from `offset`; empty at the end."""
        return await self._in_thread(_read, self._path(blob_id), offset, limit)

    async def delete(self, blob_id: str) -> None:
        """Delete a blob, if it exists."""
        await self._in_thread(_delete, self._path(blob_id))

    async def ids(self) -> list[str]:
        """Return every blob's id."""
        return sorted(await self._in_thread(os.listdir, self._folder))

    async def _in_thread(
        self, work: Callable[Arguments, Answer], *args: Arguments.args, **named: Arguments.kwargs
    ) -> Answer:
        """Work in a thread; what the disk refuses is an error of the store, which callers know."""
        try:
            return await to_thread.run_sync(partial(work, *args, **named))
        except OSError as error:
            raise self._refused(error) from error

    def _refused(self, error: OSError) -> StorageError:
        reason = f"{error.filename or self._folder} cannot be used: {error.strerror or error}"
        return StorageFullError(reason) if error.errno in _NO_ROOM else StorageUnavailableError(reason)

    def _path(self, blob_id: str) -> Path:
        return self._folder / blob_name(blob_id)

    def _append(self, path: Path, offset: int, content: bytes) -> int:
        reserve = self.reserved_bytes()
        if self.free_bytes() - len(content) < reserve:
            raise StorageFullError(f"only the reserve of {reserve} bytes is left on the disk")
        file = open_private(path, os.O_WRONLY)
        try:
            size = os.fstat(file).st_size
            if offset != size:
                raise BlobOffsetError(size)
            if size == 0:
                # Before the bytes: where this fails, the next append finds no bytes, and tries it again.
                self._keep_entry()
            _write_durably(file, offset, content)
        finally:
            os.close(file)
        return offset + len(content)

    def _keep_entry(self) -> None:
        """Make a new file's entry in the folder as durable as its bytes."""
        folder = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _write_durably(file: int, offset: int, content: bytes) -> None:
    rest = memoryview(content)
    try:
        while rest:
            rest = rest[os.pwrite(file, rest, offset + len(content) - len(rest)) :]
        os.fdatasync(file)
    except OSError:
        os.ftruncate(file, offset)
        raise


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _delete(path: Path) -> None:
    path.unlink(missing_ok=True)


def _read(path: Path, offset: int, limit: int) -> bytes:
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return b""
    try:
        return os.pread(file, limit, offset)
    finally:
        os.close(file)

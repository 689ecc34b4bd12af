"""Files as blobs when the disk is full, or refuses what is asked of it."""

import errno
import os
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

from api.storage import blobs_files
from api.storage.blobs_files import FileBlobs
from domain.ports.errors import StorageFullError, StorageUnavailableError
from tests.api.storage.disk import room_for

pytestmark = pytest.mark.anyio


async def test_an_append_that_does_not_fit_keeps_the_earlier_bytes(tmp_path: Path) -> None:
    blobs = FileBlobs(tmp_path / "blobs")
    await blobs.append("a", 0, b"kept")
    with room_for(100), pytest.raises(StorageFullError):
        await blobs.append("a", 4, b"x" * 200)
    assert await blobs.read("a", 0, 999) == b"kept"
    assert await blobs.append("a", 4, b"!") == 5


@pytest.mark.parametrize(
    ("disk_bytes", "reserve"), [(20 << 20, 1 << 20), (10 << 30, 1 << 29), (1 << 40, 1 << 30)]
)
async def test_the_default_reserve_of_a_small_disk_is_a_twentieth(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, disk_bytes: int, reserve: int
) -> None:
    blobs = FileBlobs(tmp_path, reserve_bytes=None)
    free_blocks = reserve // 4096 + 1
    disk = SimpleNamespace(f_frsize=4096, f_blocks=disk_bytes // 4096, f_bavail=free_blocks)
    monkeypatch.setattr("api.storage.blobs_files.os.statvfs", lambda _folder: disk)
    assert blobs.reserved_bytes() == reserve
    assert await blobs.append("a", 0, b"x" * 4096) == 4096
    with pytest.raises(StorageFullError, match=f"reserve of {reserve} bytes"):
        await blobs.append("a", 4096, b"x" * 4097)


async def test_an_append_into_the_disk_reserve_is_refused(tmp_path: Path) -> None:
    free = FileBlobs(tmp_path).free_bytes()
    blobs = FileBlobs(tmp_path, reserve_bytes=free * 2)
    with pytest.raises(StorageFullError, match="reserve"):
        await blobs.append("a", 0, b"x")
    assert await blobs.size("a") == 0
    assert await blobs.ids() == []
    assert await FileBlobs(tmp_path, reserve_bytes=1).append("a", 0, b"x") == 1


@contextmanager
def refusing(monkeypatch: pytest.MonkeyPatch, owner: object, name: str, number: int) -> Iterator[None]:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number), "/blobs/a")

    with monkeypatch.context() as patched:
        patched.setattr(owner, name, refuse)
        yield


CALLS: list[tuple[object, str, Callable[[FileBlobs], Awaitable[object]]]] = [
    (os, "statvfs", lambda blobs: blobs.append("a", 4, b"x")),
    (blobs_files, "open_private", lambda blobs: blobs.append("a", 4, b"x")),
    (os, "pwrite", lambda blobs: blobs.append("a", 4, b"x")),
    (os, "fdatasync", lambda blobs: blobs.append("a", 4, b"x")),
    (os, "fsync", lambda blobs: blobs.append("new", 0, b"x")),
    (Path, "stat", lambda blobs: blobs.size("a")),
    (os, "pread", lambda blobs: blobs.read("a", 0, 9)),
    (Path, "unlink", lambda blobs: blobs.delete("a")),
    (os, "listdir", lambda blobs: blobs.ids()),
]
"""What the disk refuses, and who asks for it."""

UNAVAILABLE = [errno.EIO, errno.EMFILE, errno.ENFILE, errno.EACCES, errno.EPERM, errno.EROFS, errno.ESTALE]
FULL = [errno.ENOSPC, errno.EDQUOT]


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        *((number, StorageUnavailableError) for number in UNAVAILABLE),
        *((number, StorageFullError) for number in FULL),
    ],
)
@pytest.mark.parametrize(("owner", "name", "call"), CALLS, ids=[f"{one[1]}" for one in CALLS])
async def test_what_the_disk_refuses_is_an_error_of_the_store_and_harms_nothing(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    number: int,
    kind: type[Exception],
    owner: object,
    name: str,
    call: Callable[[FileBlobs], Awaitable[object]],
) -> None:
    blobs = FileBlobs(tmp_path / "blobs")
    await blobs.append("a", 0, b"kept")
    with refusing(monkeypatch, owner, name, number), pytest.raises(kind, match=os.strerror(number)):
        await call(blobs)
    assert await blobs.read("a", 0, 9) == b"kept"
    assert await blobs.append("a", 4, b"!") == 5
    assert await blobs.append("new", 0, b"x") == 1


async def test_what_is_not_there_is_empty_and_deleted(tmp_path: Path) -> None:
    blobs = FileBlobs(tmp_path / "blobs")
    assert (await blobs.size("a"), await blobs.read("a", 0, 9)) == (0, b"")
    await blobs.delete("a")

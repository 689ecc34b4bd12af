"""Files as blobs when the disk is full."""

from pathlib import Path

import pytest

from api.storage.blobs_files import FileBlobs
from domain.ports import StorageFullError
from tests.api.storage.disk import room_for

pytestmark = pytest.mark.anyio


async def test_bytes_that_do_not_fit_leave_those_before_unharmed(tmp_path: Path) -> None:
    blobs = FileBlobs(tmp_path / "blobs")
    await blobs.append("a", 0, b"kept")
    with room_for(100), pytest.raises(StorageFullError):
        await blobs.append("a", 4, b"x" * 200)
    assert await blobs.read("a", 0, 999) == b"kept"
    assert await blobs.append("a", 4, b"!") == 5

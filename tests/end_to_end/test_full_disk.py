"""An import into a disk that is really full, and goes on when there is room again."""

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.conftest import unavailable
from tests.end_to_end.conftest import StartServer
from tests.end_to_end.test_imports_survive import UPLOAD, check, file_of, finish

ROWS = 20_000
SMALL = "20m"
LARGE_ENOUGH = "300m"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Return a folder that is a file system of its own, with little room."""
    if os.geteuid() != 0:
        unavailable("root, to mount a small file system")
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SMALL}", "tmpfs", disk], check=True)
    yield disk
    # Lazily: a server that is still to be stopped has files open there.
    subprocess.run(["umount", "--lazy", disk], check=True)


def leave(disk: Path, room: int) -> None:
    """Fill a disk up to so many bytes."""
    state = os.statvfs(disk)
    (disk / "ballast").write_bytes(bytes(state.f_bavail * state.f_frsize - room))


@pytest.mark.parametrize(
    ("room", "settings", "status"),
    [
        pytest.param(16 * 1024, {"disk_reserve_bytes": "0"}, 507, id="not even for its name"),
        pytest.param(256 * 1024, {"disk_reserve_bytes": "0"}, 507, id="not for its bytes"),
        pytest.param(640 * 1024, {"disk_reserve_bytes": "0"}, 202, id="not for its rows, which wait"),
        pytest.param(1024 * 1024, {}, 507, id="only the reserve"),
    ],
)
def test_an_import_into_a_full_disk_is_refused_or_waits_until_there_is_room(
    start_server: StartServer, small_disk: Path, room: int, settings: dict[str, str], status: int
) -> None:
    content = file_of(ROWS)
    server = start_server(data_dir=str(small_disk), **settings)
    leave(small_disk, room)
    with httpx.Client(base_url=server.url, timeout=60) as http:
        answer = http.post(UPLOAD, params={"upload_id": "x"}, files={"file": ("a.csv", content)})
        assert answer.status_code == status, answer.text
        if answer.status_code == 507:
            assert answer.headers["Content-Type"] == "application/problem+json"
            assert answer.json()["type"] == "/problems/storage-full"
        assert http.get("/api/v1/eventos").json()["total"] < ROWS
        assert http.get(f"{UPLOAD}/x").json()["status"] != "failed"
        subprocess.run(["mount", "-o", f"remount,size={LARGE_ENOUGH}", small_disk], check=True)
    check(server, ROWS, finish(server, content))
    deadline = time.monotonic() + 60
    while left := list((small_disk / "blobs").iterdir()):  # They go soon after the end.
        assert time.monotonic() < deadline, left
        time.sleep(0.02)

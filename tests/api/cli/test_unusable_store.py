"""A store that cannot be used is answered by each command with a sentence that says what to do."""

import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from api.storage.store import open_store

ROOT = Path(__file__).resolve().parents[3]
COMMANDS = {
    "serve": ("serve", "--port", "0"),
    "migrate": ("migrate",),
    "doctor": ("doctor",),
    "user": ("user", "list"),
}


def make_no_database(path: Path) -> None:
    path.write_bytes(b"These are no pages of a database. " * 500)


def make_damaged(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE alembic_version (version_num TEXT)")
        connection.execute("INSERT INTO alembic_version VALUES ('0001')")
    connection.close()
    with path.open("r+b") as file:
        file.seek(100)
        file.write(b"\xff" * 8000)


def make_newer(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE alembic_version (version_num TEXT)")
        connection.execute("INSERT INTO alembic_version VALUES ('9999')")
    connection.close()


def make_another_program(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE events (name TEXT)")
    connection.close()


def make_another_name(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE foo (name TEXT)")
    connection.close()


def make_another_revision(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE alembic_version (version_num TEXT)")
        connection.execute("INSERT INTO alembic_version VALUES ('5f1c2d')")
    connection.close()


FAULTS: dict[str, tuple[Callable[[Path], None], str]] = {
    "no database": (make_no_database, "restore a backup"),
    "damaged": (make_damaged, "restore a backup"),
    "newer": (make_newer, "newer version of FastTrack"),
    "another program": (make_another_program, "tables of another program"),
    "another name": (make_another_name, "tables of another program"),
    "another revision": (make_another_revision, "tables of another program"),
    "a folder": (Path.mkdir, "fasttrack.sqlite3"),
}


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("fault", FAULTS)
def test_an_unusable_store_gives_a_sentence_and_no_traceback(
    tmp_path: Path, command: str, fault: str
) -> None:
    make, said = FAULTS[fault]
    make(tmp_path / "fasttrack.sqlite3")
    clean = {name: value for name, value in os.environ.items() if not name.startswith("FASTTRACK_")}
    ended = subprocess.run(
        [sys.executable, "-m", "api", *COMMANDS[command]],
        cwd=ROOT,
        env={**clean, "FASTTRACK_DATA_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    told = ended.stdout + ended.stderr
    assert ended.returncode != 0, told
    assert said in told
    assert "Traceback" not in told


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.anyio
@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077, 0o177, 0o277, 0o777])
async def test_files_of_the_store_can_be_used_by_their_owner_only(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        store = await open_store("", committed=list, data_dir=tmp_path / "new", timezone="UTC")
        await store.blobs.append("upload-1", 0, b"x")
        made = {path.name: mode(path) for path in (tmp_path / "new").iterdir() if path.is_file()}
        made |= {path.name: mode(path) for path in (tmp_path / "new" / "blobs").iterdir()}
        await store.aclose()
    finally:
        os.umask(before)
    assert mode(tmp_path / "new") == mode(tmp_path / "new" / "blobs") == 0o700
    assert "upload-1" in made
    assert "fasttrack.sqlite3-wal" in made
    assert set(made.values()) == {0o600}


@pytest.mark.anyio
async def test_the_file_modes_of_an_older_store_are_corrected_and_its_folder_gives_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    os.chmod(tmp_path, 0o755)  # noqa: PTH101
    for _ in range(2):
        store = await open_store("", committed=list, data_dir=tmp_path, timezone="UTC")
        await store.aclose()
        database = tmp_path / "fasttrack.sqlite3"
        assert mode(database) == 0o600
        database.chmod(0o644)
    assert "chmod 700" in caplog.text
    assert mode(tmp_path) == 0o755

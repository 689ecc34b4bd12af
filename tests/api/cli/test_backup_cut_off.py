"""`fasttrack backup` and `restore` that are killed: what was there is there, or what was to be."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import anyio
import asyncpg
import msgspec
import pytest

from tests.api.cli.test_backup import Store, add, anyio_backend, postgres, store_url, titles
from tests.conftest import unavailable

__all__ = ["anyio_backend", "postgres", "store_url"]

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).parents[3]


async def cut_off(folder: Path, *command: str) -> list[dict[str, Any]]:
    """Return what is there after a kill at each step, after a run that was not killed, after a repeat."""
    now = folder.parent / "now"
    words = [*command, str(now / "one.backup"), "--data-dir", str(now / "data")]
    program = [sys.executable, "-m", "tests.api.cli.cut_off", str(folder), *words]
    done = await anyio.run_process(program, cwd=ROOT, check=False, stderr=subprocess.STDOUT)
    assert done.returncode == 0, done.stdout.decode()
    return [msgspec.json.decode(line) for line in done.stdout.splitlines() if line.startswith(b"{")]


async def a_store_and_an_older_backup(tmp_path: Path) -> Path:
    """Return a folder with a store as a killed server leaves it, and a backup of what it was before."""
    folder = tmp_path / "before"
    store = Store("sqlite:", folder / "data")
    async with store.served() as (_, client):
        await add(client, "old")
        (folder / "data" / "blobs" / "of-both").write_bytes(b"1")
        await store.done("backup", str(folder / "one.backup"))
        (folder / "data" / "blobs" / "of-now").write_bytes(b"2")
        await add(client, "new")
        # The newest change is only in the log of changes.
        shutil.copytree(folder, tmp_path / "killed")
    return tmp_path / "killed"


async def test_a_killed_restore_leaves_the_store_as_it_was_or_as_it_is_restored(tmp_path: Path) -> None:
    folder = await a_store_and_an_older_backup(tmp_path)
    *killed, whole, repeated = await cut_off(folder, "restore", "--force")
    was = (["old", "new"], ["of-both", "of-now"])
    becomes = (["old"], ["of-both"])
    found = [(one["titles"], one["blobs"]) for one in killed]
    assert found[0] == was
    assert found[-1] == (whole["titles"], whole["blobs"]) == becomes
    # It changes once, and only the one is seen before, only the other after.
    assert found == sorted(found, key=lambda one: one == becomes)
    assert [one for one in found if one not in (was, becomes)] == []
    assert ".restored" not in {name for one in killed for name in one["left"]}
    assert (whole["left"], repeated["left"]) == ([], [])


async def test_a_killed_backup_leaves_the_file_before_and_the_store_alone(tmp_path: Path) -> None:
    folder = await a_store_and_an_older_backup(tmp_path)
    *killed, whole, repeated = await cut_off(folder, "backup")
    before = ["SHA256SUMS", "blobs/of-both", "fasttrack.sqlite3"]
    after = ["SHA256SUMS", "blobs/of-both", "blobs/of-now", "fasttrack.sqlite3"]
    found = [one["backup"] for one in killed]
    assert found[0] == before
    assert whole["backup"] == repeated["backup"] == after
    assert [one for one in found if one not in (before, after)] == []
    assert all((one["titles"], one["blobs"]) == (["old", "new"], ["of-both", "of-now"]) for one in killed)
    assert (whole["left"], repeated["left"]) == ([], [])


@pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)
async def test_a_killed_restore_of_postgresql_changes_nothing(store_url: str, tmp_path: Path) -> None:
    store, file = Store(store_url, tmp_path / "data"), tmp_path / "one.backup"
    async with store.served() as (_, client):
        await add(client, "old")
        await store.done("backup", str(file))
        await add(client, "new")
    half_way = half_of_a_restore(tmp_path)
    restoring = subprocess.Popen(  # noqa: ASYNC220 - it is killed below
        [sys.executable, "-m", "api", "restore", str(file), "--force", "--database-url", store_url],
        env={**os.environ, "PATH": f"{half_way.parent}:{os.environ['PATH']}"},
        cwd=ROOT,
        start_new_session=True,
    )
    try:
        with anyio.fail_after(60):
            while not (tmp_path / "half").exists():  # noqa: ASYNC110 - another program makes it
                await anyio.sleep(0.02)
        os.kill(restoring.pid, signal.SIGKILL)
        await asyncio.to_thread(restoring.wait)
        await until_nobody_restores(store_url)
    finally:
        os.killpg(restoring.pid, signal.SIGKILL)
    async with store.served() as (_, client):
        assert await titles(client) == {"old", "new"}


def half_of_a_restore(tmp_path: Path) -> Path:
    """Return a `pg_restore` that stops in the middle of what it says."""
    real = shutil.which("pg_restore")
    if real is None:
        unavailable("pg_restore")
    folder = tmp_path / "programs"
    folder.mkdir()
    program = folder / "pg_restore"
    program.write_text(
        f'#!/bin/bash\ncase "$*" in *--data-only*) exec {real} "$@";; esac\n'
        f'{real} "$@" > {tmp_path}/all\n'
        f"head -n $(($(wc -l < {tmp_path}/all) * 2 / 3)) {tmp_path}/all\n"
        f"touch {tmp_path}/half\nexec sleep 600\n"
    )
    program.chmod(0o700)
    return program


async def until_nobody_restores(url: str) -> None:
    connection = await asyncpg.connect(url)
    count = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    try:
        with anyio.fail_after(60):
            while await connection.fetchval(f"{count} AND application_name = 'psql'"):  # noqa: ASYNC110 - nobody reports it
                await anyio.sleep(0.05)
    finally:
        await connection.close()

"""`fasttrack backup` and `restore`: what is stored comes back, over both databases, while a server runs."""

import errno
import io
import os
import signal
import sqlite3
import subprocess
import sys
import tarfile
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from click.testing import CliRunner, Result

from api.__main__ import main
from api.storage.sqlite import backup as of_sqlite
from tests.api.services.webhooks.receiver import Receiver, receiving
from tests.contracts.conftest import anyio_backend, postgres, store_url
from tests.serving import Served, serving

__all__ = ["anyio_backend", "postgres", "store_url"]

pytestmark = pytest.mark.anyio

ROWS = 300
CSV = "titulo,data,cidade\n" + "".join(f"Festa {n},2026-06-24,Recife\n" for n in range(ROWS))


class Store:
    """A store of a test, served or not, and the commands on it."""

    def __init__(self, url: str, folder: Path) -> None:
        self.is_sqlite = url.startswith("sqlite")
        self.folder = folder
        self.url = None if self.is_sqlite else url

    @asynccontextmanager
    async def served(self, **settings: Any) -> AsyncIterator[tuple[Served, httpx.AsyncClient]]:
        server = serving(self.folder, database_url=self.url, **settings)
        async with server as served, served.client() as client:
            yield served, client

    async def run(self, *words: str) -> Result:
        options = ["--data-dir", str(self.folder), *(["--database-url", self.url] if self.url else [])]
        command = [*words, *options]
        return await anyio.to_thread.run_sync(lambda: CliRunner().invoke(main, command))

    async def done(self, *words: str) -> str:
        result = await self.run(*words)
        assert result.exit_code == 0, result.output
        return result.output

    async def refused(self, *words: str) -> str:
        result = await self.run(*words)
        assert result.exit_code == 1, result.output
        assert result.output.startswith("Error: ")
        assert "Traceback" not in result.output
        return result.output


@pytest.fixture
def store(store_url: str, tmp_path: Path) -> Store:
    return Store(store_url, tmp_path / "data")


def names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


async def add(client: httpx.AsyncClient, title: str) -> int:
    event = {"title": title, "event_date": "2026-06-24", "city": "Recife"}
    answer = await client.post("/api/v1/eventos", json=event)
    assert answer.status_code == 201
    return int(answer.json()["id"])


async def titles(client: httpx.AsyncClient) -> set[str]:
    listed = (await client.get("/api/v1/eventos")).json()
    return {event["title"] for event in listed["items"]}


async def cursor(client: httpx.AsyncClient) -> str:
    return str((await client.get("/poll/eventos", params={"wait": 0})).json()["cursor"])


async def test_a_restore_brings_back_the_store_as_of_the_backup(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "one.backup"
    async with store.served() as (_, client):
        await add(client, "before")
        assert "1 events" in await store.done("backup", str(file))
        await add(client, "after")
        before = await cursor(client)
    assert file.stat().st_mode & 0o777 == 0o600
    assert not [name for name in names_in(tmp_path) if name.startswith(".")]
    assert "not empty; --force" in await store.refused("restore", str(file))
    assert "Restored: 1 events." in await store.done("restore", str(file), "--force")
    async with store.served() as (_, client):
        assert await titles(client) == {"before"}
        await add(client, "again")
        assert await titles(client) == {"before", "again"}
        # Other messages are at the same places of the log: who knows the old ones is told to begin anew.
        assert '"resume":"reset"' in await hello(client, before)
        assert '"reason":"epoch"' in await hello(client, before)


async def hello(client: httpx.AsyncClient, last_event_id: str) -> str:
    """Return what a stream that goes on from a cursor is told first."""
    async with client.stream("GET", "/sse/eventos", params={"last_event_id": last_event_id}) as stream:
        return await anext(line async for line in stream.aiter_lines() if '"hello"' in line)


@pytest.mark.parametrize("keeps", [False, True])
async def test_a_restored_store_delivers_to_webhooks_only_when_it_is_told_to(
    store: Store, tmp_path: Path, keeps: bool
) -> None:
    file, path = tmp_path / "one.backup", "/api/v1/webhooks"
    async with receiving() as receiver:
        async with store.served(webhook_private_addresses=True) as (_, client):
            asked = {"url": receiver.url, "feeds": ["eventos"]}
            one = f"{path}/{(await client.post(path, json=asked)).json()['id']}"
            await add(client, "before")
            await receiver.until_arrived(1)
        await store.done("backup", str(file))
        await store.done("restore", str(file), "--force", *(["--keep-webhooks"] if keeps else []))
        for _ in range(2):  # Also at the start after the next.
            async with store.served(webhook_private_addresses=True) as (_, client):
                await until_webhooks_are_counted(client, "enabled" if keeps else "restored")
                shown = (await client.get(one)).json()
                assert shown["disabled_because"] == (None if keeps else "restored")
        async with store.served(webhook_private_addresses=True) as (_, client):
            await add(client, "after")
            if not keeps:
                told = (await client.get("/poll/admin", params={"replay": "all", "wait": 0})).json()
                params = [message.get("params", {}) for message in told["messages"]]
                assert [one["because"] for one in params if "because" in one] == ["restored"]
                assert titles_of(receiver) == ["before"]
                assert (await client.patch(one, json={"enabled": True})).status_code == 200
            await receiver.until(lambda: titles_of(receiver)[-1] == "after")


def titles_of(receiver: Receiver) -> list[str]:
    return [one.message["event"]["title"] for one in receiver.arrived]


async def until_webhooks_are_counted(client: httpx.AsyncClient, state: str) -> None:
    """Wait until the metrics say that a webhook is in a state."""
    with anyio.fail_after(30):
        while f'fasttrack_webhooks{{state="{state}"}} 1.0' not in (await client.get("/metrics")).text:  # noqa: ASYNC110
            await anyio.sleep(0.05)


async def test_an_unfinished_import_continues_after_a_restore(store: Store, tmp_path: Path) -> None:
    file, half = tmp_path / "one.backup", len(CSV) // 2
    tus = {"Tus-Resumable": "1.0.0"}
    async with store.served() as (_, client):
        headers = {**tus, "Upload-Length": str(len(CSV)), "Upload-Metadata": "filename Zi5jc3Y="}
        made = await client.post("/api/v1/uploads/tus", headers=headers)
        assert made.status_code == 201, made.text
        where = httpx.URL(made.headers["Location"]).path
        patch = {**tus, "Content-Type": "application/offset+octet-stream"}
        sent = await client.patch(where, headers={**patch, "Upload-Offset": "0"}, content=CSV[:half])
        assert sent.status_code == 204, sent.text
        await store.done("backup", str(file))
        rest = await client.patch(where, headers={**patch, "Upload-Offset": str(half)}, content=CSV[half:])
        assert rest.status_code == 204
    await store.done("restore", str(file), "--force")
    async with store.served() as (_, client):
        assert (await client.head(where, headers=tus)).headers["Upload-Offset"] == str(half)
        rest = await client.patch(where, headers={**patch, "Upload-Offset": str(half)}, content=CSV[half:])
        assert rest.status_code == 204
        with anyio.fail_after(60):
            while (await client.get("/api/v1/eventos")).json()["total"] < ROWS:  # noqa: ASYNC110
                await anyio.sleep(0.05)


async def test_a_restore_over_a_store_in_use_is_refused(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "one.backup"
    async with store.served() as (_, client):
        await add(client, "kept")
        await store.done("backup", str(file))
        told = await store.refused("restore", str(file), "--force")
        assert "server" in told
        assert "stop" in told
        assert await titles(client) == {"kept"}


async def test_an_empty_store_is_restored_without_force(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "one.backup"
    async with store.served() as (_, client):
        await add(client, "one")
        event = await add(client, "two")
        await store.done("backup", str(file))
        for one in range(1, event + 1):
            await client.delete(f"/api/v1/eventos/{one}")
    assert "Restored: 2 events." in await store.done("restore", str(file))


@pytest.mark.parametrize("damage", ["empty", "text", "cut"])
async def test_a_broken_backup_file_is_refused_and_changes_nothing(
    store: Store, tmp_path: Path, damage: str
) -> None:
    file = tmp_path / "one.backup"
    async with store.served() as (_, client):
        await add(client, "kept")
        await store.done("backup", str(file))
    whole = file.read_bytes()
    file.write_bytes({"empty": b"", "text": b"hello\n" * 1000, "cut": whole[: len(whole) // 2]}[damage])
    await store.refused("restore", str(file), "--force")
    async with store.served() as (_, client):
        assert await titles(client) == {"kept"}


async def test_a_backup_without_a_store_is_refused_and_leaves_no_file(store: Store, tmp_path: Path) -> None:
    told = await store.refused("backup", str(tmp_path / "one.backup"))
    assert "there is no store" in told
    assert not [name for name in names_in(tmp_path) if "backup" in name]


async def test_a_failed_backup_keeps_the_previous_file(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "one.backup"
    async with store.served() as (_, client):
        await add(client, "one")
    await store.done("backup", str(file))
    before = file.read_bytes()
    elsewhere = Store("sqlite:", tmp_path / "nowhere")
    await elsewhere.refused("backup", str(file))
    assert file.read_bytes() == before
    await store.refused("backup", str(tmp_path / "no" / "folder" / "x"))


@pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)
async def test_a_missing_postgresql_program_is_named(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "pg_dump is not installed" in await store.refused("backup", str(tmp_path / "x"))
    (tmp_path / "x").write_bytes(b"PGDMP")
    assert "pg_restore is not installed" in await store.refused("restore", str(tmp_path / "x"))


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
async def test_the_backup_contains_an_ordinary_sqlite_database(store: Store, tmp_path: Path) -> None:
    async with store.served() as (_, client):
        await add(client, "one")
        await store.done("backup", str(tmp_path / "one.tar"))
    with tarfile.open(tmp_path / "one.tar") as tar:
        tar.extractall(tmp_path / "out", filter="data")
    connection = sqlite3.connect(tmp_path / "out" / "fasttrack.sqlite3")
    assert connection.execute("SELECT title FROM events").fetchall() == [("one",)]
    connection.close()


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("name", ["../outside", "/tmp/outside", "blobs/../../outside", "else"])
async def test_a_tar_with_paths_outside_its_folder_is_refused(
    store: Store, tmp_path: Path, name: str
) -> None:
    file = tmp_path / "evil.tar"
    (tmp_path / "content").write_bytes(b"x")
    with tarfile.open(file, "w") as tar:
        tar.add(tmp_path / "content", name, filter=lambda entry: entry.replace(name=name, deep=False))
    assert "not a backup" in await store.refused("restore", str(file))
    assert "outside" not in names_in(tmp_path)


@pytest.fixture
def folder_of_a_store(tmp_path: Path) -> Path:
    """A data folder with the user `ana` and a staged file."""
    folder = tmp_path / "data"
    assert run("user", "add", "ana", "--data-dir", str(folder)).exit_code == 0
    (folder / "blobs" / "upload").write_bytes(b"staged")
    return folder


def run(*words: str) -> Result:
    return CliRunner().invoke(main, words)


def users(folder: Path) -> str:
    return run("user", "list", "--data-dir", str(folder)).stdout


OWN_FILES = [
    *("data/fasttrack.sqlite3", "data/fasttrack.sqlite3-wal", "data/fasttrack.sqlite3.lock"),
    *(
        "data/blobs/upload",
        "data/blobs/new",
        "data/../data/fasttrack.sqlite3",
        "hard",
        "soft",
        "blobs/upload",
    ),
]


@pytest.mark.parametrize("name", OWN_FILES)
@pytest.mark.parametrize("command", ["backup", "restore"])
def test_no_file_of_the_store_is_a_backup_of_it(
    folder_of_a_store: Path, monkeypatch: pytest.MonkeyPatch, command: str, name: str
) -> None:
    monkeypatch.chdir(folder_of_a_store.parent)
    database = folder_of_a_store / "fasttrack.sqlite3"
    Path("hard").hardlink_to(database)
    Path("soft").symlink_to(database)
    Path("blobs").symlink_to(folder_of_a_store / "blobs")
    is_new = not Path(name).exists()
    before = database.read_bytes()
    done = run(command, name, "--data-dir", "data")
    assert done.exit_code == 2 or (is_new and command == "restore"), done.output
    assert (database.read_bytes(), Path(name).exists()) == (before, not is_new)
    assert (folder_of_a_store / "blobs" / "upload").read_bytes() == b"staged"


def test_a_backup_may_stand_in_the_data_folder_and_behind_a_link(folder_of_a_store: Path) -> None:
    whole, link = folder_of_a_store / "one.backup", folder_of_a_store.parent / "link"
    link.symlink_to(whole)
    for _ in range(2):
        assert run("backup", str(link), "--data-dir", str(folder_of_a_store)).exit_code == 0
    assert link.is_symlink()
    assert tarfile.is_tarfile(whole)


def test_a_backup_is_written_into_a_pipe_or_device_which_stays(folder_of_a_store: Path) -> None:
    pipe, read = folder_of_a_store.parent / "pipe", list[bytes]()
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    done = run("backup", str(pipe), "--data-dir", str(folder_of_a_store))
    reader.join(30)
    assert done.exit_code == 0, done.output
    assert pipe.is_fifo()
    assert tarfile.is_tarfile(io.BytesIO(read[0]))


def test_a_backup_goes_through_standard_output_and_input(folder_of_a_store: Path) -> None:
    made = run("backup", "-", "--data-dir", str(folder_of_a_store))
    assert (made.exit_code, "checked" in made.stderr) == (0, True), made.output
    other = folder_of_a_store.parent / "other"
    program = [sys.executable, "-m", "api", "restore", "-", "--data-dir", str(other)]
    put_back = subprocess.run(program, input=made.stdout_bytes, capture_output=True, check=False)
    assert put_back.returncode == 0, put_back.stderr
    assert str(other / "fasttrack.sqlite3").encode() in put_back.stdout
    assert users(other) == users(folder_of_a_store)
    assert not (Path.cwd() / "-").exists()


@pytest.mark.parametrize("words", [("backup", "-"), ("restore", "pipe"), ("backup", "pipe")])
def test_where_no_temporary_file_can_be_made_tmpdir_is_named(
    folder_of_a_store: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, str]
) -> None:
    os.mkfifo(folder_of_a_store.parent / "pipe")
    monkeypatch.chdir(folder_of_a_store.parent)
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.setattr("tempfile._candidate_tempdir_list", lambda: ["/proc/nowhere"])
    done = run(*words, "--data-dir", str(folder_of_a_store))
    assert done.exit_code == 1, done.output
    assert "set TMPDIR" in done.output
    assert isinstance(done.exception, SystemExit)


@pytest.mark.parametrize("force", [[], ["--force"]])
@pytest.mark.parametrize(
    "table", ["foo (x)", "users (id, email)", "alembic_version (version_num)", "alembic_version (x)"]
)
def test_a_restore_leaves_the_file_of_another_program(
    folder_of_a_store: Path, table: str, force: list[str]
) -> None:
    backup, other = folder_of_a_store.parent / "one.backup", folder_of_a_store.parent / "other"
    assert run("backup", str(backup), "--data-dir", str(folder_of_a_store)).exit_code == 0
    other.mkdir()
    with sqlite3.connect(other / "fasttrack.sqlite3") as connection:
        connection.execute(f"CREATE TABLE {table}")
    connection.close()
    before = (other / "fasttrack.sqlite3").read_bytes()
    done = run("restore", str(backup), "--data-dir", str(other), *force)
    assert (done.exit_code, "tables of another program" in done.output) == (1, True), done.output
    assert (other / "fasttrack.sqlite3").read_bytes() == before


@pytest.mark.parametrize(
    "left",
    [
        "VACUUM",
        "CREATE TABLE t (x INTEGER PRIMARY KEY AUTOINCREMENT); ANALYZE; DROP TABLE t",
        "CREATE TABLE _litestream_seq (id INTEGER)",
    ],
)
def test_a_file_with_no_tables_but_of_tools_is_no_store_and_becomes_one(tmp_path: Path, left: str) -> None:
    with sqlite3.connect(tmp_path / "fasttrack.sqlite3") as connection:
        connection.executescript(left)
    connection.close()
    for words in (["user", "list"], ["after-restore"], ["backup", str(tmp_path / "backup")]):
        assert "there is no store" in run(*words, "--data-dir", str(tmp_path)).output
    assert run("user", "add", "ana", "--data-dir", str(tmp_path)).exit_code == 0
    assert "ana" in users(tmp_path)


def test_every_damaged_byte_of_a_backup_is_found(folder_of_a_store: Path) -> None:
    file, other = folder_of_a_store.parent / "one.backup", folder_of_a_store.parent / "other"
    assert run("backup", str(file), "--data-dir", str(folder_of_a_store)).exit_code == 0
    whole = file.read_bytes()
    for content in (b"ana", b"staged", b"  blobs/upload"):
        at = whole.rindex(content)
        file.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        done = run("restore", str(file), "--data-dir", str(other))
        assert done.exit_code == 1, done.output
        assert "is not as it was written" in done.output
        assert not (other / "fasttrack.sqlite3").exists()


@pytest.mark.parametrize(
    ("tells", "code"), [(True, 1), (False, 0)], ids=["of this version", "of an older one"]
)
def test_a_backup_without_sums_is_restored_only_if_it_never_had_them(
    folder_of_a_store: Path, tells: bool, code: int
) -> None:
    file, other = folder_of_a_store.parent / "one.backup", folder_of_a_store.parent / "other"
    assert run("backup", str(file), "--data-dir", str(folder_of_a_store)).exit_code == 0
    shorter = file.with_name("shorter")
    with tarfile.open(file) as tar:
        kept, said = [(one, tar.extractfile(one)) for one in tar if one.name != "SHA256SUMS"], tar.pax_headers
        with tarfile.open(shorter, "w", pax_headers=said if tells else {}) as short:
            for member, content in kept:
                member.pax_headers = {}
                short.addfile(member, content)
    done = run("restore", str(shorter), "--data-dir", str(other))
    assert done.exit_code == code, done.output
    assert (other / "fasttrack.sqlite3").exists() == (code == 0)


def test_the_sums_are_those_of_the_files(folder_of_a_store: Path) -> None:
    file = folder_of_a_store.parent / "one.backup"
    assert run("backup", str(file), "--data-dir", str(folder_of_a_store)).exit_code == 0
    with tarfile.open(file) as tar:
        tar.extractall(folder_of_a_store.parent / "out", filter="data")
    checked = subprocess.run(
        ["sha256sum", "--check", "--strict", "SHA256SUMS"],
        cwd=folder_of_a_store.parent / "out",
        capture_output=True,
        text=True,
        check=False,
    )
    assert (checked.returncode, checked.stdout.count(": OK")) == (0, 2), checked.stdout


def test_a_stopped_backup_keeps_the_previous_file(
    folder_of_a_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = folder_of_a_store.parent / "one.backup"
    file.write_bytes(b"before")

    def stopped(_copy: Path) -> int:
        os.kill(os.getpid(), signal.SIGINT)
        return 0

    monkeypatch.setattr(of_sqlite, "_checked", stopped)
    done = run("backup", str(file), "--data-dir", str(folder_of_a_store))
    assert done.exit_code == 130, done.output
    assert file.read_bytes() == b"before"
    assert sorted(names_in(file.parent)) == ["data", "one.backup"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes files that are another user's")
def test_what_root_makes_in_the_folder_of_a_user_is_that_users(folder_of_a_store: Path) -> None:
    file, folder = folder_of_a_store.parent / "one.backup", folder_of_a_store.parent / "of-another"
    assert run("backup", str(file), "--data-dir", str(folder_of_a_store)).exit_code == 0
    folder.mkdir(mode=0o700)
    os.chown(folder, 1234, 2345)
    theirs = folder.parent / "theirs"
    theirs.write_bytes(b"of root")
    (folder / "fasttrack.sqlite3.lock").symlink_to(theirs)
    for words in (["restore", str(file), "--force"], ["user", "add", "bia"], ["backup", str(file)]):
        done = run(*words, "--data-dir", str(folder))
        assert done.exit_code == 0, done.output
        owners = {path.name: (path.lstat().st_uid, path.lstat().st_gid) for path in folder.rglob("*")}
        del owners["fasttrack.sqlite3.lock"]
        assert set(owners.values()) == {(1234, 2345)}, owners
    assert {"fasttrack.sqlite3", "upload"} <= owners.keys()
    # A link that the user has put there gives nobody what is root's.
    assert theirs.stat().st_uid == 0


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
async def test_a_restored_store_ignores_the_old_write_ahead_log(store: Store, tmp_path: Path) -> None:
    file, database = tmp_path / "one.backup", store.folder / "fasttrack.sqlite3"
    async with store.served() as (_, client):
        await add(client, "before")
        await store.done("backup", str(file))
        await add(client, "after")
        # As a server that was killed leaves it: the newest changes are only there.
        log = (database.with_name(database.name + "-wal")).read_bytes()
    database.with_name(database.name + "-wal").write_bytes(log)
    await store.done("restore", str(file), "--force")
    async with store.served() as (_, client):
        assert await titles(client) == {"before"}


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script_for_the_shell(shell: str) -> None:
    told = CliRunner().invoke(main, ["completion", shell])
    assert told.exit_code == 0
    assert "_FASTTRACK_COMPLETE" in told.output


def test_bash_completes_a_command() -> None:
    environment: dict[str, Any] = {
        "_FASTTRACK_COMPLETE": "bash_complete",
        "COMP_WORDS": "fasttrack rest",
        "COMP_CWORD": "1",
    }
    told = CliRunner().invoke(main, env=environment, prog_name="fasttrack")
    assert told.output.split() == ["plain,restore"]


@pytest.mark.parametrize("content", [b"trash " * 2000, bytes(9000), b"SQLite format 3\0" + b"\xff" * 9000])
async def test_a_damaged_store_is_named_and_replaced_by_force(tmp_path: Path, content: bytes) -> None:
    """The backup is sound: to blame it would have its owner look for another one."""
    store = Store("sqlite://", tmp_path / "data")
    async with store.served():
        pass
    file = tmp_path / "backup"
    await store.done("backup", str(file))
    database = store.folder / "fasttrack.sqlite3"
    database.write_bytes(content)
    refused = await store.refused("restore", str(file))
    assert f"{database} is damaged" in refused
    assert "--force" in refused
    assert str(file) not in refused
    await store.done("restore", "--force", str(file))


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS])
async def test_a_store_on_a_disk_that_takes_nothing_is_told_how_it_is_backed_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    store = Store("sqlite://", tmp_path / "data")
    async with store.served():
        pass

    def fail(*_: Any) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(of_sqlite, "_linked", fail)
    assert "copy the data folder to another disk" in await store.refused("backup", str(tmp_path / "backup"))

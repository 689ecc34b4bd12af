"""The commands of whoever operates a server."""

import errno
import os
import socket
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from api.__main__ import main
from api.cli.serve import banner
from api.settings import Settings


def run(*args: str, **environment: str):
    return CliRunner().invoke(main, [*args], env=environment)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_help_names_every_setting_with_its_variable():
    told = " ".join(run("serve", "--help").output.split())
    for name in ("FASTTRACK_DATA_DIR", "FASTTRACK_HEARTBEAT_SECONDS", "--log-format"):
        assert name in told


def test_a_wrong_setting_ends_the_command_with_one_line():
    refused = run("serve", "--port", "x")
    assert refused.exit_code == 1
    assert refused.output == "Error: FASTTRACK_PORT must be a whole number from 0 to 65535, not 'x'\n"


def test_a_misspelt_variable_gives_a_warning(tmp_path):
    told = run("doctor", "--data-dir", str(tmp_path), FASTTRACK_PROT="1")
    assert "there is no setting FASTTRACK_PROT" in told.output


def said(**settings: Any) -> str:
    return banner(Settings(**settings), ["http://127.0.0.1:8000"])


def test_the_banner_says_who_may_call():
    assert "everyone is admin" in said()
    assert "WARNING" not in said()
    assert "WARNING" in said(host="0.0.0.0", auth="open")
    assert "WARNING" in said(auth="open", trusted_proxies=("127.0.0.1/32",))
    assert "token" in said(host="0.0.0.0")
    assert "token: " in said(allowed_hosts=("events.example",))
    assert said().startswith("FastTrack on http://127.0.0.1:8000\n")


def test_doctor_reports_a_healthy_installation_as_healthy(tmp_path):
    migrated = run("migrate", "--data-dir", str(tmp_path))
    assert (migrated.exit_code, migrated.output) == (0, "The store is up to date.\n")
    told = run("doctor", "--data-dir", str(tmp_path), "--port", str(free_port()), "--streams-per-server", "1")
    assert told.exit_code == 0
    assert "is sound" in told.output
    assert "FAIL" not in told.output


def test_doctor_says_what_to_do_about_a_port_in_use(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        told = run("doctor", "--data-dir", str(tmp_path), "--port", str(taken.getsockname()[1]))
    assert "FASTTRACK_PORT" in told.output


def test_doctor_fails_on_a_damaged_store(tmp_path):
    (tmp_path / "fasttrack.sqlite3").write_bytes(b"SQLite format 3\0" + b"\xff" * 8192)
    told = run("doctor", "--data-dir", str(tmp_path))
    assert told.exit_code == 1
    assert "restore a backup" in told.output


def test_doctor_does_not_have_a_store_replaced_that_another_program_holds(tmp_path, monkeypatch):
    run("migrate", "--data-dir", str(tmp_path))
    with closing(sqlite3.connect(tmp_path / "fasttrack.sqlite3", isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode=EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        monkeypatch.setattr("api.cli.doctor.BUSY_SECONDS", 0)
        told = run("doctor", "--data-dir", str(tmp_path))
    assert told.exit_code == 1
    assert "another program holds it" in told.output
    assert "backup" not in told.output


@pytest.mark.parametrize(
    ("number", "advice"), [(errno.ENOSPC, "free some space"), (errno.EROFS, "mount its disk")]
)
def test_doctor_says_what_to_do_about_a_disk_that_takes_nothing(tmp_path, monkeypatch, number, advice):
    def fail(**_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("api.cli.doctor.tempfile.TemporaryFile", fail)
    told = run("doctor", "--data-dir", str(tmp_path))
    assert told.exit_code == 1
    assert advice in told.output


def test_doctor_creates_nothing(tmp_path):
    told = run("doctor", "--data-dir", str(tmp_path / "new" / "data"), "--port", str(free_port()))
    assert told.exit_code == 0, told.output
    assert f"{tmp_path / 'new' / 'data'} can be created" in told.output
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize("name", ["nowhere/x.sock", "taken", "x" * 120])
def test_doctor_fails_on_a_place_where_no_socket_can_be(tmp_path, name):
    (tmp_path / "taken").touch()
    told = run("doctor", "--data-dir", str(tmp_path), "--unix-socket", str(tmp_path / name))
    assert told.exit_code == 1
    assert "FAIL  socket" in told.output
    assert "None" not in told.output


def test_doctor_finds_a_place_for_a_socket(tmp_path):
    told = run("doctor", "--data-dir", str(tmp_path), "--unix-socket", str(tmp_path / "x.sock"))
    assert told.exit_code == 0, told.output
    assert not (tmp_path / "x.sock").exists()


def test_doctor_reports_a_folder_that_cannot_be_read(tmp_path, monkeypatch):
    def denied(self, **_):
        raise PermissionError(errno.EACCES, "Permission denied", str(self))

    with monkeypatch.context() as patched:
        patched.setattr(Path, "stat", denied)
        told = run("doctor", "--data-dir", "/closed/data")
    assert told.exit_code == 1
    assert "/closed/data cannot be written: Permission denied" in told.output
    assert "fasttrack.sqlite3 cannot be read: Permission denied" in told.output


def test_doctor_fails_on_a_folder_that_cannot_be_written():
    told = run("doctor", "--data-dir", "/proc/nowhere")
    assert told.exit_code == 1
    assert "FASTTRACK_DATA_DIR" in told.output


@pytest.mark.parametrize("make", [Path.touch, lambda path: path.symlink_to("/nowhere")], ids=["file", "link"])
def test_doctor_fails_on_a_place_for_uploads_that_is_no_folder(tmp_path, make):
    make(tmp_path / "blobs")
    told = run("doctor", "--data-dir", str(tmp_path))
    assert told.exit_code == 1
    assert f"{tmp_path / 'blobs'} cannot be written" in told.output


@pytest.mark.parametrize("url", ["sqlite:////proc/nowhere/x.db", "postgresql://127.0.0.1:1/none"])
def test_migrate_reports_why_it_failed(tmp_path, url):
    told = run("migrate", "--data-dir", str(tmp_path), "--database-url", url)
    assert told.exit_code == 1
    assert told.output.startswith("Error: ")
    assert "Traceback" not in told.output


def test_migrate_creates_the_store(tmp_path: Path):
    assert run("migrate", "--data-dir", str(tmp_path)).exit_code == 0
    connection = sqlite3.connect(tmp_path / "fasttrack.sqlite3")
    assert connection.execute("SELECT count(*) FROM events").fetchone() == (0,)
    connection.close()


def test_serve_says_what_to_do_about_a_port_in_use(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        # A process of its own: serving sets up the logs of a whole process.
        told = subprocess.run(
            [sys.executable, "-m", "api", "serve", "--data-dir", str(tmp_path), "--port", port],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    assert told.returncode == 1
    assert f"Error: cannot listen on 127.0.0.1:{port}" in told.stderr
    assert "FASTTRACK_PORT" in told.stderr
    assert "Traceback" not in told.stderr
    assert "FastTrack on" not in told.stderr


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://ana:secret@db/x",
        "postgresql://ana:se%63ret@db/x",
        "postgresql://ana:@db/x",
        "postgresql://:secret@db/x",
        "postgresql://ana:secret/1@db/x",
        "postgresql://ana:secret#1@db/x",
        "postgresql://ana:secret?1@db/x",
        "postgresql:ana:secret@db/x",
        "postgresql+asyncpg://ana:secret@db/x",
        "postgresql://db/x?user=ana&password=secret",
        "postgresql://db/x?PASSWORD=secret",
        "postgresql://db/x?pass%77ord=secret",
        "postgresql://db/x?sslpassword=secret",
        "postgresql://ana@db/x?password=secret",
    ],
)
@pytest.mark.parametrize("joined", [False, True])
@pytest.mark.parametrize("command", [("serve",), ("migrate",), ("user", "list")])
def test_a_password_on_the_command_line_is_refused(command, url, joined):
    option = [f"--database-url={url}"] if joined else ["--database-url", url]
    told = run(*command, *option)
    assert told.exit_code == 1
    assert "FASTTRACK_DATABASE_URL_FILE" in told.output
    assert "secret" not in told.output

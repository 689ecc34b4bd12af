"""`fasttrack doctor`: looks at what a server needs, and says what to do."""

import os
import resource
import shutil
import socket
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

import click

from api.cli.settings_options import chosen_settings, with_settings
from api.settings import Settings

FREE_BYTES_WANTED = 2 << 30
EARLIEST_CLOCK = 1_750_000_000


class Finding(NamedTuple):
    """What one check found. `advice` is empty when all is well."""

    about: str
    found: str
    advice: str = ""
    is_fatal: bool = False


@click.command()
@with_settings
def doctor(**options: str | None) -> None:
    """Check what the server needs, and say what to do."""
    findings = [*examine(chosen_settings(options))]
    for one in findings:
        mark = "FAIL" if one.is_fatal else "warn" if one.advice else "ok"
        click.echo(f"{mark:<5} {one.about:<11} {one.found}")
        if one.advice:
            click.echo(f"{'':<18}{one.advice}")
    if any(one.is_fatal for one in findings):
        sys.exit(1)


def examine(settings: Settings) -> Iterator[Finding]:
    """Yield a finding for each check."""
    yield Finding("settings", f"read; access is {'open' if settings.is_open else 'by token'}")
    yield _folder(settings.data_dir)
    yield _disk(settings.data_dir)
    yield _store(settings)
    yield _port(settings)
    yield _zone(settings.timezone)
    yield _clock()
    yield _open_files(settings.streams_per_server)


def _folder(folder: Path) -> Finding:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(b"probe")
    except OSError as error:
        advice = "give the user of the server write access, or set FASTTRACK_DATA_DIR"
        return Finding("data folder", f"{folder} cannot be written: {error.strerror}", advice, is_fatal=True)
    return Finding("data folder", f"{folder.resolve()} is writable")


def _disk(folder: Path) -> Finding:
    present = folder if folder.exists() else folder.parent
    try:
        free = shutil.disk_usage(present).free
    except OSError as error:
        return Finding("disk", f"unknown: {error.strerror}", "check the data folder")
    advice = "" if free >= FREE_BYTES_WANTED else "make room: staged uploads and the store grow here"
    return Finding("disk", f"{free / 2**30:.1f} GiB free", advice)


def _store(settings: Settings) -> Finding:
    if settings.database_url and not settings.database_url.startswith("sqlite"):
        return Finding("store", "PostgreSQL; reached when the server starts")
    path = settings.data_dir / "fasttrack.sqlite3"
    if not path.exists():
        return Finding("store", "SQLite, made at the first start")
    return _sqlite(path)


def _sqlite(path: Path) -> Finding:
    try:
        connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=5)
        try:
            answer = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        finally:
            connection.close()
    except sqlite3.Error as error:
        return Finding(
            "store", f"{path.name}: {error}", "restore a backup (docs/operating.md)", is_fatal=True
        )
    if answer != "ok":
        return Finding(
            "store", f"{path.name} is damaged", "restore a backup (docs/operating.md)", is_fatal=True
        )
    return Finding("store", f"{path.name} is sound, {path.stat().st_size / 2**20:.1f} MiB")


def _port(settings: Settings) -> Finding:
    try:
        family = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)[0][0]
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((settings.host, settings.port))
    except OSError as error:
        advice = "stop the other program, or set FASTTRACK_PORT; a running server takes it too"
        return Finding("port", f"{settings.host}:{settings.port}: {error.strerror}", advice)
    return Finding("port", f"{settings.host}:{settings.port} is free")


def _zone(name: str) -> Finding:
    return Finding("time zone", f"{ZoneInfo(name).key} is known")


def _clock() -> Finding:
    now = time.time()
    advice = "" if now > EARLIEST_CLOCK else "set the clock: times of messages come from it"
    return Finding("clock", time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now)), advice)


def _open_files(streams: int) -> Finding:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    enough = soft == resource.RLIM_INFINITY or soft >= streams + 200
    advice = "" if enough else f"for {streams} streams, allow {streams + 200} (ulimit -n, LimitNOFILE=)"
    return Finding("open files", f"{soft} allowed, {os.cpu_count()} processors", advice)

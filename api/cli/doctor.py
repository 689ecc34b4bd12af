"""`fasttrack doctor`: checks what a server needs, and prints advice."""

import errno
import os
import resource
import shutil
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

import anyio
import click

from api.cli.settings_options import chosen_settings, with_settings
from api.server.listening import check_unix_socket, listening_sockets
from api.settings import Settings
from api.storage.backup import BLOBS
from domain.ports.errors import StorageError

FREE_BYTES_WANTED = 2 << 30
EARLIEST_CLOCK = 1_750_000_000
BUSY_SECONDS = 5
"""How long another program may hold the store."""


class Finding(NamedTuple):
    """What one check found. `advice` is empty when all is well."""

    about: str
    found: str
    advice: str = ""
    is_fatal: bool = False


@click.command()
@with_settings
def doctor(**options: str | None) -> None:
    """Check what the server needs, and print advice."""
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
    yield Finding("settings", f"read; access is {settings.access_in_words}")
    yield _folder(settings.data_dir)
    yield _disk(settings.data_dir)
    yield _store(settings)
    yield _port(settings)
    yield _zone(settings.timezone)
    yield _clock()
    yield _open_files(settings.streams_per_server)


_FOLDER_ADVICE = {
    errno.ENOSPC: "free some space on its disk",
    errno.EDQUOT: "free some space in the quota of its user",
    errno.EROFS: "mount its disk for writing, once you know why it is not",
}


def _folder(folder: Path) -> Finding:
    used = folder
    try:
        present = _present(folder)
        for used in (present, *([folder / BLOBS] if present == folder else [])):
            if used.is_symlink() or used.exists():
                with tempfile.TemporaryFile(dir=used) as probe:
                    probe.write(b"probe")
    except OSError as error:
        advice = _FOLDER_ADVICE.get(error.errno or 0, "give the user of the server write access to it")
        advice += ", or set FASTTRACK_DATA_DIR to another folder"
        found = f"{used} cannot be written: {error.strerror}"
        return Finding("data folder", found, advice, is_fatal=True)
    if present != folder:
        return Finding("data folder", f"{folder.absolute()} can be created")
    return Finding("data folder", f"{folder.resolve()} is writable")


def _present(path: Path) -> Path:
    """Return a path, or the nearest folder above it that is there, because a check creates nothing."""
    return next(one for one in (path, *path.absolute().parents) if one.is_symlink() or _is_there(one))


def _is_there(path: Path) -> bool:
    try:
        path.stat()
    except FileNotFoundError:
        return False
    return True


def _disk(folder: Path) -> Finding:
    try:
        free = shutil.disk_usage(_present(folder)).free
    except OSError as error:
        return Finding("disk", f"unknown: {error.strerror}", "check the data folder")
    advice = "" if free >= FREE_BYTES_WANTED else "free disk space: staged uploads and the store grow here"
    return Finding("disk", f"{free / 2**30:.1f} GiB free", advice)


def _store(settings: Settings) -> Finding:
    if settings.database_url and not settings.database_url.startswith("sqlite"):
        return _postgres(settings.database_url, settings.database_connections)
    from api.storage.store import sqlite_path  # noqa: PLC0415  # --help need not wait for it

    path = sqlite_path(settings.database_url or "", settings.data_dir)
    assert path is not None, "the URL is for SQLite"
    try:
        if not path.exists():
            return Finding("store", "SQLite, created at the first start")
    except OSError as error:
        advice = "give the user of the server read and write access to it and to its folder"
        return Finding("store", f"{path} cannot be read: {error.strerror}", advice, is_fatal=True)
    return _sqlite(path)


def _postgres(url: str, connections: int) -> Finding:
    from api.storage.postgres.trial import try_to_open  # noqa: PLC0415  # needs the driver.

    try:
        anyio.run(try_to_open, url, connections)
    except StorageError as error:
        return Finding("store", f"PostgreSQL: {error}", is_fatal=True)
    return Finding("store", "PostgreSQL answers, and can be the store")


def _sqlite(path: Path) -> Finding:
    from api.storage.migrate import is_foreign, why_newer  # noqa: PLC0415
    from api.storage.sqlite.contents import version_and_tables  # noqa: PLC0415
    from api.storage.unusable import OF_ANOTHER_PROGRAM  # noqa: PLC0415

    try:
        connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=BUSY_SECONDS)
        try:
            answer = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
            version, tables = version_and_tables(connection)
        finally:
            connection.close()
    except sqlite3.Error as error:
        return Finding("store", f"{path.name}: {error}", _advice_on(error), is_fatal=True)
    if is_foreign(version, tables):
        advice = "set FASTTRACK_DATA_DIR or FASTTRACK_DATABASE_URL to a place for FastTrack alone"
        return Finding("store", f"{path.name} {OF_ANOTHER_PROGRAM}", advice, is_fatal=True)
    if version is not None and (fault := why_newer(version)):
        advice = "install that version again, or restore a backup"
        return Finding("store", f"{path.name} {fault}", advice, is_fatal=True)
    if answer != "ok":
        return Finding(
            "store", f"{path.name} is damaged", "restore a backup (docs/operating.md)", is_fatal=True
        )
    return Finding("store", f"{path.name} is sound, {path.stat().st_size / 2**20:.1f} MiB")


def _advice_on(error: sqlite3.Error) -> str:
    """Return what to do: a store that is only locked, or on a disk that takes no changes, is not lost."""
    match getattr(error, "sqlite_errorcode", 0) & 0xFF:
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return "another program holds it: find which (fuser, lsof), end that, and look again"
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return "restore a backup (docs/operating.md)"
    return "the store may be whole: look at the rights, the space and the mount of its folder first"


def _port(settings: Settings) -> Finding:
    if settings.unix_socket is not None:
        return _socket(settings.unix_socket)
    try:
        for one in listening_sockets(settings.host, settings.port):
            one.close()
    except OSError as error:
        advice = "stop the other program, or set FASTTRACK_PORT; perhaps a server is already running"
        return Finding("port", f"{settings.host}:{settings.port}: {error.strerror}", advice)
    return Finding("port", f"{settings.host}:{settings.port} is free")


def _socket(path: Path) -> Finding:
    try:
        check_unix_socket(path)
    except OSError as error:
        advice = "set FASTTRACK_UNIX_SOCKET to a place in a folder that the user of the server can write to"
        return Finding("socket", f"{path}: {error.strerror or error}", advice, is_fatal=True)
    return Finding("socket", f"the server can listen on {path}")


def _zone(name: str) -> Finding:
    return Finding("time zone", f"{ZoneInfo(name).key} is known")


def _clock() -> Finding:
    now = time.time()
    advice = "" if now > EARLIEST_CLOCK else "set the clock: the times of messages come from it"
    return Finding("clock", time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now)), advice)


def _open_files(streams: int) -> Finding:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    enough = soft == resource.RLIM_INFINITY or soft >= streams + 200
    advice = "" if enough else f"for {streams} streams, allow {streams + 200} (ulimit -n, LimitNOFILE=)"
    return Finding("open files", f"{soft} allowed, {os.cpu_count()} processors", advice)

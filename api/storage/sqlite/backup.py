"""Backups of a SQLite store while servers run: a tar of the database and the staged files.

It can be opened without this program: `tar xf FILE` gives `fasttrack.sqlite3` and the folder `blobs`.
"""

import errno
import hashlib
import io
import os
import shutil
import sqlite3
import tarfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO

from api.services.imports.blob_names import blob_id
from api.storage.backup import (
    BLOBS,
    DATABASE,
    HELD,
    RESTORED,
    BackupError,
    keep,
    new_epoch,
    replacing,
    temporary_folder,
)
from api.storage.backup_kinds import refuse_other_kind
from api.storage.blob_names import blob_name
from api.storage.migrate import is_foreign, why_newer
from api.storage.private_files import give_to_owner_of, make_folder, make_subfolder
from api.storage.sqlite.contents import version_and_tables
from api.storage.sqlite.database import lock
from api.storage.sqlite.restoring import STAGED, no_store, put_in_place
from api.storage.unusable import OF_ANOTHER_PROGRAM

ATTEMPTS = 5
_OF_THE_DISK = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN}
SUMS = "SHA256SUMS"
"""The last member: a line for each other one, as `sha256sum --check` reads it. Older backups have none."""
SUMMED = {"comment": f"the last member is {SUMS}"}
"""In the head of the tar: one that lacks its last member is cut off, and not an older one."""


def back_up(database: Path, blobs: Path, file: Path) -> int:
    """Write a backup, and return how many events are in it.

    Raises:
        BackupError: there is no store, it is damaged, or the file cannot be written.
    """
    if not database.exists():
        raise BackupError(no_store(database))
    with replacing(file) as part:
        copy = part.with_name(DATABASE)
        try:
            with _linked(blobs) as links:
                _copy_with_blobs(database, blobs, copy, links)
                _write_tar(part, copy, links)
            return _checked(copy)
        except (sqlite3.Error, OSError) as error:
            raise BackupError(f"{database} cannot be backed up: {error}{_advice(error)}") from error


def restore(file: Path, database: Path, blobs: Path, *, force: bool, keep_webhooks: bool) -> int:
    """Replace a store with a backup, and return its number of events.

    Cut off by a crash it leaves what was, or what whoever opens the store next puts in its place.

    Raises:
        StoreInUseError: a server serves the store.
        BackupError: the file is no sound backup, or the store is not empty and `force` was not said.
    """
    refuse_other_kind(file, "SQLite")
    make_folder(database.parent)
    make_folder(blobs.parent)
    locked = lock(database)
    try:
        put_in_place(database, blobs)
        _refuse_foreign(database)
        if not force:
            _refuse_in_use(database)
        with temporary_folder(blobs.parent, ".restoring-") as folder:
            staged = folder / STAGED
            staged.mkdir(mode=0o700)
            _read_tar(file, staged)
            events = _checked(staged / DATABASE)
            _begin_anew(staged / DATABASE, keep_webhooks=keep_webhooks)
            keep(staged / BLOBS)
            keep(staged)
            give_to_owner_of(blobs.parent, staged)
            # From here on the store is the restored one.
            staged.rename(blobs.parent / STAGED)
            keep(blobs.parent)
            put_in_place(database, blobs)
            return events
    except (sqlite3.Error, OSError) as error:
        raise BackupError(f"{file} cannot be restored: {error}") from error
    finally:
        os.close(locked)


def _advice(error: Exception) -> str:
    """Return what to do where the store's own disk does not let it be read while it may change."""
    is_full = getattr(error, "errno", None) in (errno.ENOSPC, errno.EROFS)
    if is_full or getattr(error, "sqlite_errorcode", 0) & 0xFF in _OF_THE_DISK:
        return (
            "; if the disk of the store or of the backup is full, or mounted read-only, free some space, or "
            "stop the server, copy the data folder to another disk, and back up the copy (--data-dir)"
        )
    return ""


def _refuse_foreign(database: Path) -> None:
    """Raise BackupError for another program's file, which no restore replaces; what is damaged, it may."""
    if not database.exists():
        return
    try:
        with closing(_connected(database)) as connection:
            is_of_another = is_foreign(*version_and_tables(connection))
    except sqlite3.DatabaseError:
        return
    if is_of_another:
        raise BackupError(
            f"{database} {OF_ANOTHER_PROGRAM}: set FASTTRACK_DATA_DIR or FASTTRACK_DATABASE_URL "
            "to a place for FastTrack alone"
        )


def _refuse_in_use(database: Path) -> None:
    try:
        is_in_use = _is_in_use(database)
    except sqlite3.DatabaseError as error:
        raise BackupError(f"{database} is damaged ({error}); --force replaces it with the backup") from error
    if is_in_use:
        raise BackupError(f"{database} is not empty; --force replaces it with the backup")


@contextmanager
def _linked(blobs: Path) -> Iterator[Path]:
    """Give a folder for second names of blobs: what has one stays, though the server deletes the blob."""
    make_subfolder(blobs)
    with temporary_folder(blobs.parent, ".backup-") as folder:
        yield folder


def _copy_with_blobs(database: Path, blobs: Path, copy: Path, links: Path) -> None:
    """Copy the database as of one moment, and link every blob that it needs."""
    for _ in range(ATTEMPTS):
        _link(blobs, links)
        copy.unlink(missing_ok=True)
        _copy(database, copy)
        # Those that began between the two.
        _link(blobs, links)
        if all((links / blob_id(upload)).exists() for upload in _staged(copy)):
            return
    raise BackupError("imports begin and end too quickly for a consistent backup; try again")


def _link(blobs: Path, links: Path) -> None:
    for blob in blobs.iterdir():
        try:
            (links / blob.name).hardlink_to(blob)
        except (FileExistsError, FileNotFoundError):
            continue


def _copy(database: Path, copy: Path) -> None:
    """Copy in one step: a snapshot that writers need not wait for. Source: SQLite, "Online Backup API"."""
    with closing(_connected(database)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target, pages=-1)
        # One file: nothing beside it can be forgotten.
        target.execute("PRAGMA journal_mode=DELETE")
    copy.chmod(0o600)


def _connected(database: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{database.absolute().as_uri()}?mode=rw", uri=True, timeout=30)


def _staged(copy: Path) -> list[str]:
    """Return the imports whose bytes must be there; the tables of older versions do not say."""
    with closing(_connected(copy)) as connection:
        columns = connection.execute("SELECT name FROM pragma_table_info('uploads')").fetchall()
        if ("staged_bytes",) not in columns:
            return []
        rows = connection.execute("SELECT id FROM uploads WHERE staged_bytes > 0").fetchall()
    return [row[0] for row in rows]


def _checked(copy: Path) -> int:
    """Return how many events a copy holds. Raises BackupError when it is not sound."""
    with closing(_connected(copy)) as connection:
        answer = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
        if answer != "ok":
            raise BackupError(f"the store is damaged: {answer}")
        version, tables = version_and_tables(connection)
        if is_foreign(version, tables):
            raise BackupError(f"it {OF_ANOTHER_PROGRAM}")
        if version is None:
            raise BackupError("there is no store in it")
        if fault := why_newer(version):
            raise BackupError(f"it {fault}: install that version")
        return int(connection.execute("SELECT count(*) FROM events").fetchone()[0])


def _write_tar(part: Path, copy: Path, links: Path) -> None:
    """Write the backup, and read it back."""
    blobs = sorted(links.iterdir())
    with tarfile.open(part, "w", pax_headers=SUMMED) as tar:
        sums = {DATABASE: _add_growing(tar, copy, DATABASE)}
        for blob in blobs:
            name = f"{BLOBS}/{blob.name}"
            sums[name] = _add_growing(tar, blob, name)
        _add_sums(tar, sums)
    with tarfile.open(part) as tar, copy.open("rb") as original:
        written = tar.extractfile(DATABASE)
        is_whole = len(tar.getmembers()) == 2 + len(blobs)
        if written is None or not is_whole or _digest(written) != _digest(original):
            raise BackupError("what was written reads back differently: the disk seems to be faulty")


def _digest(content: IO[bytes]) -> bytes:
    digest = hashlib.sha256()
    while piece := content.read(1 << 20):
        digest.update(piece)
    return digest.digest()


class _Summed:
    """A file that is read and summed up at once."""

    def __init__(self, content: IO[bytes]) -> None:
        self._content = content
        self._digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        """Return what the file has next."""
        piece = self._content.read(size)
        self._digest.update(piece)
        return piece

    @property
    def sum(self) -> str:
        """The SHA-256 of what was read, in hexadecimal digits."""
        return self._digest.hexdigest()


def _add_growing(tar: tarfile.TarFile, path: Path, name: str) -> str:
    """Add a file as it is now: bytes may be appended meanwhile. Return its sum."""
    with path.open("rb") as content:
        entry = tar.gettarinfo(arcname=name, fileobj=content)
        entry.name, entry.type, entry.linkname = name, tarfile.REGTYPE, ""
        entry.size = os.fstat(content.fileno()).st_size
        summed = _Summed(content)
        tar.addfile(entry, summed)
        return summed.sum


def _add_sums(tar: tarfile.TarFile, sums: dict[str, str]) -> None:
    lines = "".join(f"{digest}  {name}\n" for name, digest in sums.items()).encode()
    entry = tarfile.TarInfo(SUMS)
    entry.size, entry.mode = len(lines), 0o600
    tar.addfile(entry, io.BytesIO(lines))


def _read_tar(file: Path, folder: Path) -> None:
    (folder / BLOBS).mkdir(mode=0o700)
    found, sums = dict[str, str](), b""
    try:
        with tarfile.open(file) as tar:
            is_summed = SUMS in tar.pax_headers.get("comment", "")
            for member in tar:
                content = tar.extractfile(member) if member.isreg() else None
                if content is None:
                    continue
                if member.name == SUMS:
                    sums = content.read()
                else:
                    found[member.name] = _write(content, folder / _safe(member.name))
    except tarfile.ReadError as error:
        # Its text has a line for each kind of compression that was tried.
        raise BackupError(f"{file} is not a backup, or not all of one") from error
    except tarfile.TarError as error:
        raise BackupError(f"{file} is not a complete backup: {error}") from error
    if is_summed or sums:
        _check_sums(file, found, sums)
    if not (folder / DATABASE).exists():
        raise BackupError(f"{file} is not a backup of a SQLite store")


def _safe(name: str) -> str:
    """Return a member's name. Raises BackupError for one that no backup has: it could lead elsewhere."""
    if name == DATABASE:
        return name
    folder, _, blob = name.partition("/")
    try:
        if folder == BLOBS:
            return f"{BLOBS}/{blob_name(blob)}"
    except ValueError:
        pass
    raise BackupError(f"it is not a backup: it contains {name!r}")


def _check_sums(file: Path, found: dict[str, str], sums: bytes) -> None:
    """Raise BackupError unless the members are those that were written."""
    told = (line.partition("  ") for line in sums.decode("utf-8", "replace").splitlines())
    written = {name: digest for digest, _, name in told}
    if not written:
        raise BackupError(f"{file} is not a complete backup: its end is missing")
    if damaged := sorted(name for name in {*written, *found} if written.get(name) != found.get(name)):
        raise BackupError(f"{file} is damaged: {damaged[0]} is not as it was written")


def _write(content: IO[bytes], path: Path) -> str:
    """Write a member to a file, and return its sum."""
    summed = _Summed(content)
    with path.open("wb") as target:
        shutil.copyfileobj(summed, target, 1 << 20)
    path.chmod(0o600)
    keep(path)
    return summed.sum


def _is_in_use(database: Path) -> bool:
    if not database.exists():
        return False
    with closing(_connected(database)) as connection:
        named = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        held = {row[0] for row in named}.intersection(HELD)
        return any(connection.execute(f"SELECT 1 FROM {name} LIMIT 1").fetchone() for name in held)  # noqa: S608


def _begin_anew(copy: Path, *, keep_webhooks: bool) -> None:
    with closing(_connected(copy)) as connection:
        connection.execute("UPDATE meta SET text = ? WHERE key = 'epoch'", (new_epoch(),))
        if not keep_webhooks:
            connection.execute("INSERT OR REPLACE INTO meta (key, text) VALUES (?, '1')", (RESTORED,))
        connection.commit()
    keep(copy)

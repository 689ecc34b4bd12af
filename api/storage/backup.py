"""Common parts of backups: a file that exists completely or not at all."""

import fcntl
import glob
import os
import secrets
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from domain.ports.errors import StorageError

HELD = ("events", "uploads", "tasks", "users")
"""Tables that have rows in a store that is in use."""

DATABASE = "fasttrack.sqlite3"
BLOBS = "blobs"
"""What a SQLite store consists of in its folder, and in its backup."""

ORIGIN = "origin"
"""In the metadata: the database that it was written in. Another name means that this one is a copy."""
RESTORED = "restored"
"""Key of `meta` that a restored store has until a server has disabled its webhooks."""

_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"


class BackupError(StorageError):
    """The backup or restore failed. The message says why and what to do."""


@contextmanager
def replacing(file: Path, *, private: bool = True) -> Iterator[Path]:
    """Yield a private path to write to; it replaces `file` if the block succeeds.

    A link stays, and the file that it leads to is replaced. A device or a pipe stays too: into it the bytes
    are written. What is not `private` gets the mode of the file before, or of any new file.

    Raises:
        BackupError: the folder cannot be written.
    """
    with ExitStack() as opened:
        try:
            is_stream = _is_stream(file)
            target = file if is_stream else Path(os.path.realpath(file))
            if is_stream:
                folder = opened.enter_context(folder_for_a_copy())
            else:
                folder = opened.enter_context(temporary_folder(target.parent, f".{target.name}.part-"))
            part = folder / "part"
            os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        except OSError as error:
            raise BackupError(f"{file} cannot be written: {error.strerror}") from error
        yield part
        if is_stream:
            with part.open("rb") as content, target.open("wb", buffering=0) as stream:
                shutil.copyfileobj(content, stream, 1 << 20)
            return
        if not private:
            part.chmod(_usual_mode(target))
        keep(part)
        part.replace(target)
        keep(target.parent)


def _is_stream(file: Path) -> bool:
    """Return whether a path leads to something that is written into, not replaced. Raises OSError."""
    try:
        mode = file.stat().st_mode
    except FileNotFoundError:
        return False
    return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)


def _usual_mode(file: Path) -> int:
    """Return the mode of a file; if there is none, that of a new one."""
    if file.exists():
        return stat.S_IMODE(file.stat().st_mode)
    umask = os.umask(0o077)
    os.umask(umask)
    return 0o666 & ~umask


def is_of_store(file: Path, database: Path, blobs: Path) -> bool:
    """Return whether a file is, or would become, one of a SQLite store's own, whatever name leads to it."""
    database, blobs = Path(os.path.realpath(database)), Path(os.path.realpath(blobs))
    own = [Path(f"{database}{ending}") for ending in ("", "-wal", "-shm", "-journal", ".lock")]
    target = Path(os.path.realpath(file))
    if target in own or not {blobs, blobs.with_name(".restored")}.isdisjoint(target.parents):
        return True
    # A second name of the same file, as `ln` makes.
    return file.exists() and any(one.exists() and one.samefile(file) for one in own)


@contextmanager
def folder_for_a_copy() -> Iterator[Path]:
    """Give a folder among the temporary ones, which goes with the block.

    Raises:
        BackupError: none of them can be written.
    """
    refuse_no_temporary_folder()
    with tempfile.TemporaryDirectory(prefix="fasttrack-") as name:
        yield Path(name)


def refuse_no_temporary_folder() -> None:
    """Raise BackupError where no temporary file can be made."""
    try:
        tempfile.gettempdir()
    except OSError as error:
        raise BackupError(
            "no folder for temporary files can be written: set TMPDIR to one that can, "
            "with space for the backup"
        ) from error


@contextmanager
def temporary_folder(parent: Path, prefix: str) -> Iterator[Path]:
    """Give a folder that goes with the block; one that a killed process left is removed by the next call."""
    for left in parent.glob(f"{glob.escape(prefix)}*"):
        with suppress(BlockingIOError, FileNotFoundError), _locked(left):
            shutil.rmtree(left)
    with tempfile.TemporaryDirectory(dir=parent, prefix=prefix, ignore_cleanup_errors=True) as name:
        folder = Path(name)
        with _locked(folder):
            yield folder


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold a folder, which the kernel lets go when this process dies. Raises BlockingIOError."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)


def keep(path: Path) -> None:
    """Make what was written to a file, or the entries of a folder, durable."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def new_epoch() -> str:
    """Return a name for the log of a store.

    A restored store needs another: its log goes on from an older head, and a client whose cursor is of the
    lost messages has to be told so.
    """
    return "".join(secrets.choice(_ALPHABET) for _ in range(6))

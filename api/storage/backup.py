"""Common parts of backups: a file that exists completely or not at all."""

import fcntl
import glob
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from domain.ports.errors import StorageError

HELD = ("events", "uploads", "tasks", "users")
"""Tables that have rows in a store that is in use."""

RESTORED = "restored"
"""Key of `meta` that a restored store has until a server has disabled its webhooks."""

_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"


class BackupError(StorageError):
    """The backup or restore failed. The message says why and what to do."""


@contextmanager
def replacing(file: Path) -> Iterator[Path]:
    """Yield a private path to write to; it replaces `file` if the block succeeds.

    Raises:
        BackupError: the folder cannot be written.
    """
    with ExitStack() as opened:
        try:
            part = opened.enter_context(temporary_folder(file.parent, f".{file.name}.part-")) / "part"
            os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        except OSError as error:
            raise BackupError(f"{file} cannot be written: {error.strerror}") from error
        yield part
        keep(part)
        part.replace(file)
        keep(file.parent)


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

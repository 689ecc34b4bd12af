"""Sets the modes of the store's files: only the server's user may read them."""

import logging
import os
import stat
from pathlib import Path

logger = logging.getLogger("fasttrack.storage")

_OF_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def make_folder(folder: Path) -> None:
    """Create the data folder for its owner only; log a warning if others can enter an existing one.

    That one is left as it is: it may be shared on purpose, or be no folder of ours alone.
    """
    if not folder.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
    elif folder.stat().st_mode & _OF_OTHERS:
        logger.warning("other users of this machine can enter the data folder; run: chmod 700 %s", folder)


def make_subfolder(folder: Path) -> None:
    """Create a folder in the data folder, unless it exists."""
    if not folder.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)


def open_private(path: Path, flags: int) -> int:
    """Open a file, or create it, that only its owner can read and write, whatever the umask."""
    file = os.open(path, flags | os.O_CREAT | os.O_CLOEXEC, 0o600)
    if stat.S_IMODE(os.fstat(file).st_mode) != 0o600:
        os.fchmod(file, 0o600)
    return file


def make_private(database: Path) -> None:
    """Create a database file that only its owner can read; correct the modes of older files."""
    os.close(open_private(database, os.O_RDWR))
    for path in (Path(f"{database}{ending}") for ending in ("-wal", "-shm")):
        if path.exists() and path.stat().st_mode & _OF_OTHERS:
            path.chmod(0o600)

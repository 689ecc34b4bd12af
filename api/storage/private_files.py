"""Sets the modes and the owner of the store's files: only the server's user may read them.

What root creates in the folder of another user belongs to that user, because the server runs as that user.
"""

import errno
import logging
import os
import stat
from contextlib import suppress
from pathlib import Path

logger = logging.getLogger("fasttrack.storage")

_OF_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def make_folder(folder: Path) -> None:
    """Create the data folder for its owner only; log a warning if others can enter an existing one.

    That one is left as it is: it may be shared on purpose, or be no folder of ours alone.
    """
    if folder.exists() and not folder.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, "it is a file, not a folder", str(folder))
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
        give_to_owner_of(folder.parent, folder)


def open_private(path: Path, flags: int) -> int:
    """Open a file, or create it, that only its owner can read and write, whatever the umask."""
    file = os.open(path, flags | os.O_CREAT | os.O_CLOEXEC, 0o600)
    if stat.S_IMODE(os.fstat(file).st_mode) != 0o600:
        os.fchmod(file, 0o600)
    if os.geteuid() == 0:
        _give(file, path)
    return file


def give_to_owner_of(folder: Path, made: Path) -> None:
    """Give what root made in a folder, and all in it, to the owner of the folder."""
    if os.geteuid() != 0:
        return
    for path in (*made.rglob("*"), made):
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            _give(file, path, folder)
        finally:
            os.close(file)


def _give(file: int, path: Path, folder: Path | None = None) -> None:
    """Give an open file of root's to the owner of a folder, by default of the one that it is in."""
    owner, now, entry = (folder or path.parent).stat(), os.fstat(file), path.lstat()
    if now.st_uid != 0 or (owner.st_uid, owner.st_gid) == (now.st_uid, now.st_gid):
        return
    # The owner of the folder could have put a link there, to a file that is to stay root's.
    is_link = (entry.st_dev, entry.st_ino) != (now.st_dev, now.st_ino)
    if is_link or (stat.S_ISREG(now.st_mode) and now.st_nlink > 1):
        return
    # A container may run as root without the right to give files away.
    with suppress(PermissionError):
        os.fchown(file, owner.st_uid, owner.st_gid)


def make_private(database: Path) -> None:
    """Create a database file that only its owner can read; correct the modes of older files."""
    os.close(open_private(database, os.O_RDWR))
    for path in (Path(f"{database}{ending}") for ending in ("-wal", "-shm")):
        if path.exists() and path.stat().st_mode & _OF_OTHERS:
            path.chmod(0o600)

"""Puts a restored SQLite store in place, so that a kill leaves what was or what is restored, never a mixture.

The restore is decided when the folder with all of it gets its name. What follows can be repeated: whoever
opens the store next completes it.
"""

import errno
import os
import secrets
import shutil
from pathlib import Path

from api.storage.backup import BLOBS, DATABASE, keep
from api.storage.private_files import give_to_owner_of
from api.storage.sqlite.database import lock

STAGED = ".restored"
"""Beside the blobs: a whole restored store that is not in its place yet."""


def is_there(database: Path, blobs: Path) -> bool:
    """Return whether there is a store, or one that was restored and is not yet in its place."""
    return database.exists() or (blobs.parent / STAGED / DATABASE).exists()


def no_store(database: Path) -> str:
    """Return the sentence that says where no store is, and how to name another place."""
    return (
        f"there is no store at {database.absolute()}: name the data folder with --data-dir or "
        "FASTTRACK_DATA_DIR; under systemd (deploy/fasttrack@.service) it is /var/lib/fasttrack"
    )


def complete_restore(database: Path, blobs: Path) -> None:
    """Put a restored store in its place, if one was cut off before it was there.

    Raises:
        StoreInUseError: a restore is at work.
    """
    if (blobs.parent / STAGED).exists():
        locked = lock(database)
        try:
            put_in_place(database, blobs)
        finally:
            os.close(locked)


def put_in_place(database: Path, blobs: Path) -> None:
    """Exchange the store for the staged one. The caller holds its lock; can be cut off and repeated."""
    staged = blobs.parent / STAGED
    if not staged.exists():
        return
    if (staged / BLOBS).exists():
        if blobs.exists():
            blobs.rename(staged / f"before-{secrets.token_hex(4)}")
        (staged / BLOBS).rename(blobs)
    if (staged / DATABASE).exists():
        # The old log of changes must not be taken for the new database's.
        for ending in ("-wal", "-shm"):
            database.with_name(database.name + ending).unlink(missing_ok=True)
        _exchange(staged / DATABASE, database)
    keep(database.parent)
    keep(blobs.parent)
    shutil.rmtree(staged)


def _exchange(new: Path, old: Path) -> None:
    try:
        new.replace(old)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        # The data folder is on another disk than the database.
        copied = old.with_name(f".{old.name}.restored")
        shutil.copyfile(new, copied)
        copied.chmod(0o600)
        give_to_owner_of(old.parent, copied)
        keep(copied)
        copied.replace(old)

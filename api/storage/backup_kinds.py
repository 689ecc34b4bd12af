"""Tells whose backup a file is by its first bytes: one of the other kind of store is sound, only not here."""

import tarfile
from pathlib import Path
from typing import Literal

from api.storage.backup import DATABASE, BackupError

Kind = Literal["SQLite", "PostgreSQL"]

_ADVICE: dict[Kind, str] = {
    "SQLite": "restore it with a sqlite:/// FASTTRACK_DATABASE_URL, or none",
    "PostgreSQL": "restore it with the postgresql:// URL of a database as FASTTRACK_DATABASE_URL",
}


def refuse_other_kind(file: Path, own: Kind) -> None:
    """Raise BackupError for a backup of the other kind of store; say nothing of any other file."""
    kind = _kind_of(file)
    if kind is not None and kind != own:
        raise BackupError(
            f"{file} is the backup of a {kind} store, and this one is {own}: {_ADVICE[kind]}. "
            "Backups do not cross; events do, by a download and an import"
        )


def _kind_of(file: Path) -> Kind | None:
    try:
        with file.open("rb") as content:
            if content.read(5) == b"PGDMP":
                return "PostgreSQL"
        with tarfile.open(file) as tar:
            first = tar.next()
    except (OSError, EOFError, tarfile.TarError):
        return None
    return "SQLite" if first is not None and first.name == DATABASE else None

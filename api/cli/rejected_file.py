"""The file for the rejected rows of an import: what it may be, checked before anything is sent."""

import os
import stat
import sys
from pathlib import Path

import click

from api.storage.backup import BLOBS, DATABASE, is_of_store

_FORMS = {"": "csv", ".csv": "csv", ".txt": "csv", ".xlsx": "xlsx", ".json": "json"}


def form_of(file: Path) -> str:
    """Return the format that a name asks for: `csv`, `xlsx` or `json`."""
    return _FORMS[file.suffix.lower()]


def check_rejected(file: Path, source: Path | None) -> None:
    """Return if the rejected rows can be written to a file.

    Args:
        file: as the command line names it.
        source: what is imported, "-" for standard input.

    Raises:
        click.BadParameter: it has another suffix, is what is imported or a file of a store, or its folder
            cannot be written.
    """
    if str(file) == "-":
        raise _wrong("- is no file: name one, or /dev/stdout")
    target = Path(os.path.realpath(file))
    is_stream = file.exists() and not file.is_file()
    if not is_stream and not {file.suffix.lower(), target.suffix.lower()} <= _FORMS.keys():
        raise _wrong(f"{file} must end in .csv, .xlsx or .json")
    if _is_source(file, source):
        raise _wrong(f"{file} is the file that is imported: choose another one")
    if any(_is_of_store_in(folder, file) for folder in (_data_folder(), target.parent, target.parent.parent)):
        raise _wrong(f"{file} is a file of a store: choose another one")
    if is_stream:
        return
    if not target.parent.is_dir():
        raise _wrong(f"the folder {target.parent} does not exist")
    if not os.access(target.parent, os.W_OK | os.X_OK):
        raise _wrong(f"the folder {target.parent} cannot be written")


def _is_source(file: Path, source: Path | None) -> bool:
    """Return whether a file is the one that is imported, under whatever name."""
    if source is None or not file.is_file():
        return False
    try:
        imported = os.fstat(sys.stdin.fileno()) if str(source) == "-" else source.stat()
    except (OSError, ValueError):
        return False
    return stat.S_ISREG(imported.st_mode) and os.path.samestat(imported, file.stat())


def _data_folder() -> Path:
    return Path(os.environ.get("FASTTRACK_DATA_DIR") or "data")


def _is_of_store_in(folder: Path, file: Path) -> bool:
    database = folder / DATABASE
    return database.exists() and is_of_store(file, database, folder / BLOBS)


def _wrong(reason: str) -> click.BadParameter:
    return click.BadParameter(reason, param_hint="--rejected")

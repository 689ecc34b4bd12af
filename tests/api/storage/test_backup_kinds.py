"""The backup of another kind of store is named for what it is, and is not called broken."""

import io
import tarfile
from pathlib import Path

import pytest

from api.storage.backup import DATABASE, BackupError
from api.storage.backup_kinds import refuse_other_kind


def tar_of(name: str, mode: str = "w") -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode=mode, pax_headers={"comment": "x"}) as tar:
        tar.addfile(tarfile.TarInfo(name), io.BytesIO())
    return content.getvalue()


POSTGRES = b"PGDMP\x01\x0e\x00"


@pytest.mark.parametrize(
    ("content", "own", "other"),
    [
        (POSTGRES, "SQLite", "PostgreSQL"),
        (tar_of(DATABASE), "PostgreSQL", "SQLite"),
        (tar_of(DATABASE, "w:gz"), "PostgreSQL", "SQLite"),
        (POSTGRES, "PostgreSQL", None),
        (tar_of(DATABASE), "SQLite", None),
        (tar_of("toc.dat"), "PostgreSQL", None),
        (b"", "SQLite", None),
        (b"PG", "SQLite", None),
        (tar_of(DATABASE)[:700], "SQLite", None),
    ],
)
def test_only_the_backup_of_another_kind_of_store_is_refused(
    tmp_path: Path, content: bytes, own: str, other: str | None
) -> None:
    file = tmp_path / "backup"
    file.write_bytes(content)
    if other is None:
        refuse_other_kind(file, own)
        return
    with pytest.raises(BackupError, match=f"is the backup of a {other} store, and this one is {own}"):
        refuse_other_kind(file, own)


def test_a_missing_file_is_left_to_who_reads_it(tmp_path: Path) -> None:
    refuse_other_kind(tmp_path / "missing", "SQLite")

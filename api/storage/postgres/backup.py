"""Backups of a PostgreSQL store with `pg_dump` and `pg_restore`."""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any

import asyncpg
from anyio import to_thread

from api.storage.backup import (
    HELD,
    ORIGIN,
    RESTORED,
    BackupError,
    new_epoch,
    refuse_no_temporary_folder,
    replacing,
)
from api.storage.backup_kinds import refuse_other_kind
from api.storage.migrate import LOCK, is_foreign, why_newer
from api.storage.postgres import backup_contents
from api.storage.postgres.address import driver_url, no_store_at, password_environment, public_url
from api.storage.postgres.errors import storage_error
from api.storage.postgres.suitability import refuse_encoding, refuse_read_only
from api.storage.unusable import OF_ANOTHER_PROGRAM
from domain.ports.errors import StorageUnavailableError

_IN_USE = "SELECT " + " OR ".join(f"EXISTS (SELECT FROM {name})" for name in HELD)  # noqa: S608
_SERVED = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND application_name = 'fasttrack' AND pid <> pg_backend_pid()
"""
_TABLES = "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND pg_table_is_visible(oid)"
_VERSIONED = """
SELECT count(*) FROM pg_attribute
WHERE attrelid = to_regclass('alembic_version') AND attname = 'version_num'
"""


async def back_up(url: str, file: Path) -> int:
    """Write a backup while servers run, and return how many events were there when it began.

    Raises:
        BackupError: a program is missing or fails, or the file cannot be written.
        StorageUnavailableError: the database does not answer.
    """
    dump, look = _program("pg_dump"), _program("pg_restore")
    async with _connected(url) as connection:
        version = await _version(connection)
        if version is None:
            raise BackupError(no_store_at(url))
        if is_foreign(version, await _tables(connection)):
            raise BackupError(f"the database {OF_ANOTHER_PROGRAM}")
        events = int(await connection.fetchval("SELECT count(*) FROM events"))
    with replacing(file) as part:
        command = [dump, "--format=custom", "--no-owner", "--no-acl", f"--file={part}", public_url(url)]
        await to_thread.run_sync(_run, command, url)
        # Reads all of it.
        await to_thread.run_sync(_run, [look, f"--file={os.devnull}", str(part)], url)
    return events


async def restore(url: str, file: Path, *, force: bool, keep_webhooks: bool) -> int:
    """Replace the content of a database with a backup, and return its number of events.

    All of it is one transaction. A server that starts meanwhile waits.

    Raises:
        BackupError: the file is no sound backup, or the store is served, or not empty and not to be replaced,
            or tables of another program would be replaced.
        StorageUnavailableError: the database does not answer.
    """
    await to_thread.run_sync(refuse_other_kind, file, "PostgreSQL")
    read, write = _program("pg_restore"), _program("psql")
    version = await to_thread.run_sync(_version_of, read, file, url)
    async with _connected(url) as connection:
        refuse_encoding(connection)
        await refuse_read_only(connection)
        await connection.execute("SELECT pg_advisory_lock($1)", LOCK)
        listed = await to_thread.run_sync(_run, [read, "--list", str(file)], url)
        with _list_file() as chosen:
            how = ["--clean", "--if-exists", "--no-owner", "--no-acl", "--file=-"]
            told = [read, f"--use-list={chosen}", *how, str(file)]
            left = await backup_contents.shared(connection, listed)
            chosen.write_text(backup_contents.without(listed, left))
            statements = await to_thread.run_sync(_run, [*told, "--schema-only"], url)
            await _check_free(connection, version, backup_contents.replaced(statements), force=force)
            into = [write, "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", f"--dbname={public_url(url)}"]
            last = _begin_anew(listed, keep_webhooks=keep_webhooks)
            await to_thread.run_sync(_pour, told, into, last, url)
        return int(await connection.fetchval("SELECT count(*) FROM events"))


@contextmanager
def _list_file() -> Iterator[Path]:
    """Give a file for what is to be restored of a backup."""
    refuse_no_temporary_folder()
    with tempfile.NamedTemporaryFile(prefix="fasttrack-") as file:
        yield Path(file.name)


def _begin_anew(listed: str, *, keep_webhooks: bool) -> str:
    """Return what makes the restored store another than the one that the backup is of."""
    statements = ["RESET search_path", *backup_contents.made_at_the_end(listed)]
    statements.append(f"UPDATE meta SET text = '{new_epoch()}' WHERE key = 'epoch'")  # noqa: S608
    statements.append(f"DELETE FROM meta WHERE key = '{ORIGIN}'")  # noqa: S608
    if not keep_webhooks:
        statements.append(f"INSERT INTO meta VALUES ('{RESTORED}', '1') ON CONFLICT DO NOTHING")  # noqa: S608
    return "".join(f"{one};\n" for one in statements)


async def _check_free(connection: Any, version: str, replaced: Sequence[str], *, force: bool) -> None:
    """Raise BackupError unless a restore replaces nothing, or a store that it may replace.

    `replaced`: the names of tables and the like that it drops where they are there.
    """
    if await connection.fetchval(_SERVED):
        raise BackupError("a server uses the store; stop every server first")
    before = await _version(connection)
    if before is None or is_foreign(before, await _tables(connection)):
        if found := await connection.fetch(backup_contents.THERE, replaced):
            names = ", ".join(str(name) for (name,) in found[:3]) + (", …" if len(found) > 3 else "")
            raise BackupError(
                f"the database {OF_ANOTHER_PROGRAM} that the restore would replace ({names}); "
                "create an empty database and restore into it"
            )
        return
    if before != version:
        raise BackupError(
            f"the database has tables of version {before}, the backup of version {version}; "
            "create an empty database and restore into it"
        )
    if not force and await connection.fetchval(_IN_USE):
        raise BackupError("the database is not empty; --force replaces it with the backup")


async def _version(connection: Any) -> str | None:
    """Return which version the tables are of, None where nothing says it."""
    if not await connection.fetchval(_VERSIONED):
        return None
    version = await connection.fetchval("SELECT version_num FROM alembic_version")
    return None if version is None else str(version)


async def _tables(connection: Any) -> list[str]:
    return [str(name) for (name,) in await connection.fetch(_TABLES)]


def _version_of(program: str, file: Path, url: str) -> str:
    """Return which version the tables of a backup are of. Raises BackupError where it is none."""
    told = _run([program, "--data-only", "--table=alembic_version", "--file=-", str(file)], url)
    found = re.search(r"^COPY \S*alembic_version .*\n([0-9]{4})$", told, re.MULTILINE)
    if found is None:
        raise BackupError(f"{file} is not a FastTrack backup")
    if fault := why_newer(found[1]):
        raise BackupError(f"{file} {fault}: install that version")
    return found[1]


@asynccontextmanager
async def _connected(url: str) -> AsyncIterator[Any]:
    try:
        connection = await asyncpg.connect(driver_url(url), timeout=10)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise StorageUnavailableError(f"the database does not answer: {error}") from error
    try:
        yield connection
    except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        meant = storage_error(error)
        if meant is None:
            raise
        raise meant from error
    finally:
        await connection.close()


def _run(command: Sequence[str], url: str) -> str:
    # The command is ours; the URL is a word of it, and no shell reads it.
    done = subprocess.run(command, env=password_environment(url), capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        lines = done.stderr.strip().splitlines()
        raise BackupError(lines[0] if lines else f"{command[0]} ended with {done.returncode}")
    return done.stdout


def _pour(source: Sequence[str], target: Sequence[str], at_the_end: str, url: str) -> None:
    """Run what one program writes by the other, in one transaction, with some statements at its end.

    Nothing is committed unless both came to their end: where this process is killed, the target's input ends
    before its COMMIT.
    """
    refuse_no_temporary_folder()
    with tempfile.TemporaryFile("w+") as read_errors, tempfile.TemporaryFile("w+") as write_errors:
        reading = _started(source, url, stdout=subprocess.PIPE, stderr=read_errors)
        writing = _started(target, url, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=write_errors)
        with reading, writing:
            assert reading.stdout is not None
            assert writing.stdin is not None
            with suppress(BrokenPipeError), writing.stdin as statements:
                statements.write(b"BEGIN;\n")
                shutil.copyfileobj(reading.stdout, statements, 1 << 20)
                if reading.wait() == 0:
                    statements.write(f"{at_the_end}COMMIT;\n".encode())
        for words, process, errors in ((target, writing, write_errors), (source, reading, read_errors)):
            if process.returncode:
                errors.seek(0)
                raise BackupError(errors.readline().strip() or f"{words[0]} ended with {process.returncode}")


def _started(command: Sequence[str], url: str, **files: Any) -> subprocess.Popen[bytes]:
    # The command is ours; the URL is a word of it, and no shell reads it.
    return subprocess.Popen(command, env=password_environment(url), **files)  # noqa: S603


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise BackupError(
            f"{name} is not installed: it is in Debian's package postgresql-client, "
            "and has to be as new as the database"
        )
    return found

"""`fasttrack backup` and `fasttrack restore`: the whole store in one file, and back."""

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import IO

import anyio
import click

from api.cli.own_store import look_for_store, on_a_store, opened_store
from api.cli.settings_options import chosen_settings
from api.settings import Settings
from api.storage.backup import BLOBS, DATABASE, folder_for_a_copy, is_of_store
from domain.ports.errors import StorageError

FILE = click.argument("file", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True))


@click.command()
@FILE
@on_a_store
def backup(file: Path, **options: str | None) -> None:
    """Write everything stored to FILE (- for standard output), while servers run, and check it.

    SQLite: a tar of the database and the files of unfinished imports. PostgreSQL: a dump by pg_dump.
    A FILE that is there is replaced when the new one is whole.
    """
    settings = chosen_settings(options)
    if str(file) == "-":
        with _folder_for_a_copy() as folder:
            whole = folder / "backup"
            events = _write_backup(settings, whole)
            size = whole.stat().st_size
            _pour(whole)
    else:
        _refuse_own(settings, file)
        events = _write_backup(settings, file.absolute())
        size = file.stat().st_size
    # Beside the backup, where that goes to standard output.
    click.echo(f"{file}: {events} events, {size / 2**20:.1f} MiB, checked.", err=str(file) == "-")


@click.command()
@FILE
@click.option("--force", is_flag=True, help="replace a store that is not empty")
@click.option("--keep-webhooks", is_flag=True, help="let enabled webhooks deliver from here")
@on_a_store
def restore(file: Path, *, force: bool, keep_webhooks: bool, **options: str | None) -> None:
    """Replace the store with the backup FILE (- for standard input); no server may be running.

    Its webhooks are disabled at the next start, because the server that the backup is of may still deliver.
    """
    settings = chosen_settings(options)
    with _seekable(file) as backup_file:
        _refuse_own(settings, backup_file)
        events = _put_back(settings, backup_file.absolute(), force=force, keep_webhooks=keep_webhooks)
    click.echo(f"Restored: {events} events. The store is {_place(settings)}.")


@click.command("after-restore")
@click.option("--keep-webhooks", is_flag=True, help="let enabled webhooks deliver from here")
@on_a_store
def after_restore(*, keep_webhooks: bool, **options: str | None) -> None:
    """Tell readers that the store was put back by other means than `restore`; no server may be running.

    After a snapshot, a point-in-time recovery, a failover that lost changes, or a copied data folder, other
    messages get the ids of lost ones. The feed begins anew: streams get a `reset`. Webhooks are disabled.
    """
    settings = chosen_settings(options)
    look_for_store(settings, creates=False)
    try:
        anyio.run(partial(_begin_anew, settings, keep_webhooks=keep_webhooks))
    except (StorageError, OSError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"The feed begins anew. The store is {_place(settings)}.")


async def _begin_anew(settings: Settings, *, keep_webhooks: bool) -> None:
    from api.storage.sqlite.database import lock  # noqa: PLC0415  # --help need not wait for it

    path = _sqlite_path(settings)
    locked = None if path is None else lock(path)
    try:
        async with opened_store(settings, creates=False) as store:
            await store.begin_anew(keep_webhooks=keep_webhooks)
    finally:
        if locked is not None:
            os.close(locked)


@contextmanager
def _seekable(file: Path) -> Iterator[Path]:
    """Give a file with the bytes of FILE, which may be a pipe, or standard input."""
    if file.is_file():
        yield file
        return
    if str(file) != "-" and not file.exists():
        raise click.ClickException(f"the file {file} does not exist")
    origin = sys.stdin.fileno() if str(file) == "-" else file
    with (
        _folder_for_a_copy() as folder,
        open(origin, "rb", closefd=isinstance(origin, Path)) as content,
    ):
        copy = folder / "backup"
        with copy.open("wb") as target:
            _done(partial(_copy, content, target))
        yield copy


@contextmanager
def _folder_for_a_copy() -> Iterator[Path]:
    with ExitStack() as opened:
        try:
            folder = opened.enter_context(folder_for_a_copy())
        except StorageError as error:
            raise click.ClickException(str(error)) from error
        yield folder


def _copy(content: IO[bytes], target: IO[bytes]) -> int:
    shutil.copyfileobj(content, target, 1 << 20)
    return target.tell()


def _pour(whole: Path) -> None:
    """Write a file to standard output."""
    if sys.stdout.isatty():
        raise click.UsageError("standard output is a terminal: redirect it to a file or a program")
    with whole.open("rb") as content:
        shutil.copyfileobj(content, sys.stdout.buffer, 1 << 20)
    sys.stdout.buffer.flush()


def _refuse_own(settings: Settings, file: Path) -> None:
    """Return unless a file is one of the store's own, which a backup or a restore would destroy."""
    database = _sqlite_path(settings) or settings.data_dir / DATABASE
    if is_of_store(file, database, settings.data_dir / BLOBS):
        raise click.UsageError(f"{file} is a file of the store itself: choose another one")


def _place(settings: Settings) -> str:
    path = _sqlite_path(settings)
    return "in the PostgreSQL database" if path is None else str(path.absolute())


def _sqlite_path(settings: Settings) -> Path | None:
    from api.storage.store import sqlite_path  # noqa: PLC0415  # --help need not wait for it

    return sqlite_path(settings.database_url or "", settings.data_dir)


def _write_backup(settings: Settings, file: Path) -> int:
    """Back up, and return how many events there are.

    Not in an event loop where there is nothing to wait for: there, the first Ctrl+C would stop nothing.
    """
    path = _sqlite_path(settings)
    if path is None:
        from api.storage.postgres import backup as of_postgres  # noqa: PLC0415  # its driver is an extra

        return _done(lambda: anyio.run(of_postgres.back_up, settings.database_url or "", file))
    from api.storage.sqlite import backup as of_sqlite  # noqa: PLC0415

    return _done(lambda: of_sqlite.back_up(path, settings.data_dir / BLOBS, file))


def _put_back(settings: Settings, file: Path, *, force: bool, keep_webhooks: bool) -> int:
    path = _sqlite_path(settings)
    if path is None:
        from api.storage.postgres import backup as of_postgres  # noqa: PLC0415

        url = settings.database_url or ""
        work = partial(of_postgres.restore, url, file, force=force, keep_webhooks=keep_webhooks)
        return _done(lambda: anyio.run(work))
    from api.storage.sqlite import backup as of_sqlite  # noqa: PLC0415

    blobs = settings.data_dir / BLOBS
    return _done(lambda: of_sqlite.restore(file, path, blobs, force=force, keep_webhooks=keep_webhooks))


def _done(work: Callable[[], int]) -> int:
    """Return what the work does, or end the command with why it could not be done."""
    try:
        return work()
    except StorageError as error:
        raise click.ClickException(str(error)) from error
    except OSError as error:
        reason = f"{error.filename}: {error.strerror}" if error.filename else str(error)
        raise click.ClickException(reason) from error

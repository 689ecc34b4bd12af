"""`fasttrack backup` and `fasttrack restore`: the whole store in one file, and back."""

from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import click

from api.cli.settings_options import chosen_settings
from api.cli.user import STORE_OPTIONS
from api.settings import Settings
from domain.ports.errors import StorageError

FILE = click.argument("file", type=click.Path(path_type=Path, dir_okay=False))


def _of_a_store(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in STORE_OPTIONS:
        command = option(command)
    return command


@click.command()
@FILE
@_of_a_store
def backup(file: Path, **options: str | None) -> None:
    """Write everything stored to FILE, while servers run, and check it.

    SQLite: a tar of the database and the files of unfinished imports. PostgreSQL: a dump by pg_dump.
    A FILE that is there is replaced when the new one is whole.
    """
    settings = chosen_settings(options)
    file = file.absolute()
    events = _done(partial(_back_up, settings, file))
    click.echo(f"{file}: {events} events, {file.stat().st_size / 2**20:.1f} MiB, checked.")


@click.command()
@FILE
@click.option("--force", is_flag=True, help="replace a store that is not empty")
@click.option("--keep-webhooks", is_flag=True, help="let enabled webhooks deliver from here")
@_of_a_store
def restore(file: Path, *, force: bool, keep_webhooks: bool, **options: str | None) -> None:
    """Replace the store with the backup FILE; no server may be running.

    Its webhooks are disabled at the next start, because the server that the backup is of may still deliver.
    """
    settings = chosen_settings(options)
    if not file.is_file():
        raise click.ClickException(f"the file {file} does not exist")
    events = _done(partial(_restore, settings, file.absolute(), force=force, keep_webhooks=keep_webhooks))
    click.echo(f"Restored: {events} events.")


async def _back_up(settings: Settings, file: Path) -> int:
    from api.storage.store import sqlite_path  # noqa: PLC0415  # --help need not wait for it

    path = sqlite_path(settings.database_url or "", settings.data_dir)
    if path is None:
        from api.storage.postgres import backup as of_postgres  # noqa: PLC0415  # its driver is an extra

        return await of_postgres.back_up(settings.database_url or "", file)
    from api.storage.sqlite import backup as of_sqlite  # noqa: PLC0415

    return of_sqlite.back_up(path, settings.data_dir / "blobs", file)


async def _restore(settings: Settings, file: Path, *, force: bool, keep_webhooks: bool) -> int:
    from api.storage.store import sqlite_path  # noqa: PLC0415

    path = sqlite_path(settings.database_url or "", settings.data_dir)
    if path is None:
        from api.storage.postgres import backup as of_postgres  # noqa: PLC0415

        return await of_postgres.restore(
            settings.database_url or "", file, force=force, keep_webhooks=keep_webhooks
        )
    from api.storage.sqlite import backup as of_sqlite  # noqa: PLC0415

    return of_sqlite.restore(
        file, path, settings.data_dir / "blobs", force=force, keep_webhooks=keep_webhooks
    )


def _done(work: Callable[[], Awaitable[int]]) -> int:
    """Return what the work does, or end the command with why it could not be done."""
    try:
        return anyio.run(work)
    except (StorageError, OSError) as error:
        raise click.ClickException(str(error)) from error

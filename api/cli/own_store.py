"""The store as commands open it, beside servers or without: its options, and whether it is there."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import click

from api.settings import Settings

if TYPE_CHECKING:
    from api.storage.store import SqlStore

_OPTIONS = (
    click.option("--data-dir", "data_dir", help="data folder [FASTTRACK_DATA_DIR]"),
    click.option(
        "--database-url",
        "database_url",
        help="URL of the store, if not in the data folder [FASTTRACK_DATABASE_URL]",
    ),
)


def on_a_store(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that say where its store is."""
    for option in _OPTIONS:
        command = option(command)
    return command


def look_for_store(settings: Settings, *, creates: bool) -> None:
    """Say that a store will be created, or end the command, if its file is missing.

    Whether a database holds a store is seen when it is opened.
    """
    from api.storage.backup import BLOBS  # noqa: PLC0415  # --help need not wait for the database.
    from api.storage.sqlite.restoring import is_there, no_store  # noqa: PLC0415
    from api.storage.store import sqlite_path  # noqa: PLC0415

    path = sqlite_path(settings.database_url or "", settings.data_dir)
    if path is None or is_there(path, settings.data_dir / BLOBS):
        return
    if not creates:
        raise click.ClickException(no_store(path))
    click.echo(f"there is no store at {path.absolute()}: a new one is created", err=True)


@asynccontextmanager
async def opened_store(settings: Settings, *, creates: bool) -> "AsyncIterator[SqlStore]":
    """Open the store as no server does: its time zone and tables of an earlier version stay as they are.

    Only where it `creates` a missing store: otherwise a wrong name would be taken for an empty store.
    """
    from api.storage.store import open_store  # noqa: PLC0415

    store = await open_store(
        settings.database_url or "",
        committed=lambda _: None,
        data_dir=settings.data_dir,
        timezone=settings.timezone,
        serves=False,
        creates=creates,
    )
    try:
        yield store
    finally:
        await store.aclose()

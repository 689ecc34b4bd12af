"""`fasttrack user`: manages users in the store itself, with or without a running server."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import anyio
import click

from api.cli.settings_options import chosen_settings
from api.services.people import People, PersonError
from api.settings import Settings
from domain.people import ROLES, Role, User
from domain.ports.errors import StorageError

ACTOR = "command line"
Result = TypeVar("Result")
STORE_OPTIONS = (
    click.option("--data-dir", "data_dir", help="data folder [FASTTRACK_DATA_DIR]"),
    click.option(
        "--database-url",
        "database_url",
        help="URL of the store, if not in the data folder [FASTTRACK_DATABASE_URL]",
    ),
)


@click.group()
def user() -> None:
    """Add, list, disable and enable users, and give them new tokens.

    A running server follows within 5 seconds.
    """


def _on_the_store(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in STORE_OPTIONS:
        command = option(command)
    return command


@user.command()
@click.argument("name")
@click.option("--role", type=click.Choice(ROLES), default="viewer", show_default=True)
@_on_the_store
def add(name: str, role: Role, **options: str | None) -> None:
    """Add the user NAME and print the personal token, which is shown only once."""
    click.echo(_done(options, lambda people: people.add(name, role, actor=ACTOR)))


@user.command("list")
@_on_the_store
def list_(**options: str | None) -> None:
    """List every user."""
    for one in _done(options, lambda people: people.users()):
        click.echo(_line(one))


@user.command()
@click.argument("name")
@_on_the_store
def disable(name: str, **options: str | None) -> None:
    """Disable NAME: sessions end at once, open streams within 5 seconds."""
    click.echo(_line(_done(options, lambda people: people.set_disabled(name, disabled=True, actor=ACTOR))))


@user.command()
@click.argument("name")
@_on_the_store
def enable(name: str, **options: str | None) -> None:
    """Enable NAME again, with the same token."""
    click.echo(_line(_done(options, lambda people: people.set_disabled(name, disabled=False, actor=ACTOR))))


@user.command()
@click.argument("name")
@_on_the_store
def rotate(name: str, **options: str | None) -> None:
    """Give NAME a new token and print it, only once; the old one becomes invalid."""
    click.echo(_done(options, lambda people: people.rotate(name, actor=ACTOR)))


def _line(one: User) -> str:
    since = time.strftime("%Y-%m-%d", time.gmtime(one.created_at // 1000))
    return f"{one.name:<24} {one.role:<8} {'disabled' if one.disabled else 'active':<9} since {since}"


def _done(options: dict[str, str | None], change: Callable[[People], Awaitable[Result]]) -> Result:
    """Return what a use case answers, or end the command with why it could not."""
    settings = chosen_settings(options)

    async def run() -> Result:
        async with _people(settings) as people:
            return await change(people)

    try:
        return anyio.run(run)
    except (PersonError, StorageError) as error:
        raise click.ClickException(str(error)) from error


@asynccontextmanager
async def _people(settings: Settings) -> AsyncIterator[People]:
    # Imported here: --help need not wait for the database.
    from api.storage.store import open_store  # noqa: PLC0415

    store = await open_store(
        settings.database_url or "",
        committed=lambda _: None,
        data_dir=settings.data_dir,
        timezone=settings.timezone,
        serves=False,
    )
    try:
        yield People(
            store,
            clock=lambda: time.time_ns() // 1_000_000,
            session_seconds=settings.session_hours * 3600,
        )
    finally:
        await store.aclose()

"""`fasttrack user`: manages users in the store itself, with or without a running server."""

import shlex
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

import anyio
import click
import msgspec

from api.cli.own_store import look_for_store, on_a_store, opened_store
from api.cli.settings_options import chosen_settings
from api.cli.standard_streams import show_secret
from api.services.people import LastAdminError, People, PersonError
from api.settings import Settings
from domain.people import ROLES, Role, User
from domain.ports.errors import StorageError

ACTOR = "command line"
Result = TypeVar("Result")


@click.group()
def user() -> None:
    """Add, list, disable and enable users, and give them new tokens.

    A running server follows within 5 seconds.
    """


@user.command()
@click.argument("name")
@click.option("--role", type=click.Choice(ROLES), default="viewer", show_default=True)
@on_a_store
def add(name: str, role: Role, **options: str | None) -> None:
    """Add the user NAME and print the personal token, which is shown only once.

    A store that is missing is created, so that users can be added before the first start.
    """
    token = _done(options, lambda people: people.add(name, role, actor=ACTOR), creates=True)
    show_secret(token, otherwise=f"the user {name!r} was added, but not its token printed; {_again(name)}")


@user.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per line, for programs.")
@on_a_store
def list_(*, as_json: bool, **options: str | None) -> None:
    """List every user."""
    for one in _done(options, lambda people: people.users()):
        click.echo(_json(one) if as_json else _line(one))


@user.command()
@click.argument("name")
@click.option("--force", is_flag=True, help="disable even the last enabled administrator")
@on_a_store
def disable(name: str, *, force: bool, **options: str | None) -> None:
    """Disable NAME: sessions end at once, open streams and uploads within 5 seconds."""
    click.echo(_line(_done(options, lambda people: _disabled(people, name, force=force))))


@user.command()
@click.argument("name")
@on_a_store
def enable(name: str, **options: str | None) -> None:
    """Enable NAME again, with the same token."""
    click.echo(_line(_done(options, lambda people: people.set_disabled(name, disabled=False, actor=ACTOR))))


@user.command()
@click.argument("name")
@click.option("--revoke-calendars", is_flag=True, help="revoke the user's calendar addresses as well")
@on_a_store
def rotate(name: str, *, revoke_calendars: bool, **options: str | None) -> None:
    """Give NAME a new token and print it, only once; the old one, its sessions and tickets become invalid.

    Calendar addresses have secrets of their own, and stay unless --revoke-calendars is given.
    """
    token, addresses = _done(
        options, lambda people: _rotated(people, name, revoke_calendars=revoke_calendars)
    )
    show_secret(token, otherwise=f"{name!r} has a new token, but it was not printed; {_again(name)}")
    if addresses:
        # Not beside the token, which programs take from the output.
        click.echo(_told_of_addresses(name, addresses, are_revoked=revoke_calendars), err=True)


async def _rotated(people: People, name: str, *, revoke_calendars: bool) -> tuple[str, int]:
    """Return a user's new token, and how many calendar addresses the user has, or had."""
    token = await people.rotate(name, actor=ACTOR)
    return token, await people.calendar_addresses(name, revoke=revoke_calendars)


def _told_of_addresses(name: str, count: int, *, are_revoked: bool) -> str:
    if are_revoked:
        return f"calendar addresses of {name} that were revoked: {count}"
    return (
        f"calendar addresses of {name} that still open the calendar: {count}. If the token was leaked, their "
        f"owner revokes those that are not known, or `fasttrack user rotate {name} --revoke-calendars` all."
    )


async def _disabled(people: People, name: str, *, force: bool) -> User:
    try:
        return await people.set_disabled(name, disabled=True, actor=ACTOR, force=force)
    except LastAdminError as error:
        raise PersonError(f"{error}, or use --force") from error


def _again(name: str) -> str:
    return f"run: fasttrack user rotate {shlex.quote(name)}"


def _json(one: User) -> str:
    members = {"name": one.name, "role": one.role, "disabled": one.disabled, "created_at": _since(one)}
    return msgspec.json.encode(members).decode()


def _since(one: User) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(one.created_at // 1000))


def _line(one: User) -> str:
    state = "disabled" if one.disabled else "active"
    return f"{one.name:<24} {one.role:<8} {state:<9} since {_since(one)[:10]}"


def _done(
    options: dict[str, str | None],
    change: Callable[[People], Awaitable[Result]],
    *,
    creates: bool = False,
) -> Result:
    """Return what a use case answers, or end the command with why it could not.

    Only where it `creates` a missing store: otherwise a wrong folder would be taken for an empty store.
    """
    settings = chosen_settings(options)
    look_for_store(settings, creates=creates)

    async def run() -> Result:
        async with _people(settings, creates=creates) as people:
            return await change(people)

    try:
        return anyio.run(run)
    except (PersonError, StorageError) as error:
        raise click.ClickException(str(error)) from error


@asynccontextmanager
async def _people(settings: Settings, *, creates: bool) -> AsyncIterator[People]:
    async with opened_store(settings, creates=creates) as store:
        yield People(
            store,
            clock=lambda: time.time_ns() // 1_000_000,
            session_seconds=settings.session_hours * 3600,
        )

"""Command line options that mirror the settings, one for one."""

import os
from collections.abc import Callable
from dataclasses import fields
from typing import Any

import click

from api.database_url import has_password
from api.settings import SettingError, Settings, read_settings, unknown_variables, variable

Command = Callable[..., Any]


def with_settings(command: Command) -> Command:
    """Add an option for every setting; the command gets their texts by field name."""
    for one in reversed(fields(Settings)):
        rule = one.metadata["rule"].accepts
        about = f"{one.metadata['about']}; {rule} [{variable(one)}, default: {shown(one)}]"
        flag = "--" + one.name.replace("_", "-")
        command = click.option(flag, one.name, metavar=one.metadata["unit"].upper() or "TEXT", help=about)(
            command
        )
    return command


def chosen_settings(options: dict[str, str | None]) -> Settings:
    """Return the settings of this call, or end the command with what is wrong with them."""
    _refuse_password(options.get("database_url"))
    try:
        settings = read_settings(os.environ, options)
    except SettingError as error:
        raise click.ClickException(str(error)) from error
    for name in unknown_variables(os.environ):
        click.echo(f"warning: there is no setting {name}; see fasttrack serve --help", err=True)
    return settings


def _refuse_password(database_url: str | None) -> None:
    if database_url and has_password(database_url):
        raise click.ClickException(
            "--database-url must not contain a password: every user of this machine can see it in the list "
            "of processes. Set FASTTRACK_DATABASE_URL, or FASTTRACK_DATABASE_URL_FILE to a file with it"
        )


def shown(one: Any) -> str:
    """Return a default as text."""
    if one.default in (None, (), ""):
        return "none"
    return str(one.default).lower() if isinstance(one.default, bool) else str(one.default)

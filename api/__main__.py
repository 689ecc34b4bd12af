"""The `fasttrack` command. Each subcommand is imported only when it is called.

The packages are called `api`, `domain` and `streams`, as those of others may be. Ours are used or none.
"""

import sys
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import click

COMMANDS = {
    "serve": "api.cli.serve:serve",
    "migrate": "api.cli.migrate:migrate",
    "doctor": "api.cli.doctor:doctor",
    "user": "api.cli.user:user",
    "backup": "api.cli.backup:backup",
    "restore": "api.cli.backup:restore",
    "after-restore": "api.cli.backup:after_restore",
    "webhook": "api.cli.webhook:webhook",
    "import": "api.cli.upload:import_file",
    "tail": "api.cli.tail:tail",
    "completion": "api.cli.completion:completion",
}

HOME = Path(__file__).parents[1]
"""Where the packages of FastTrack are."""


class LazyGroup(click.Group):
    """A group that imports the module of a command only to run it, so that start-up is short."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        """Return the names in the order of the table."""
        return [*COMMANDS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import one command."""
        if cmd_name not in COMMANDS:
            return None
        check_packages()
        module, _, name = COMMANDS[cmd_name].partition(":")
        command = getattr(import_module(module), name)
        assert isinstance(command, click.Command)
        return command

    def main(self, *args: Any, standalone_mode: bool = True, **extra: Any) -> Any:
        """Run the command that the arguments name; end the process with its exit code."""
        from api.cli.standard_streams import ended, prepare  # noqa: PLC0415  # packages are checked first

        run = partial(super().main, *args, standalone_mode=False, **extra)
        if not standalone_mode:
            return run()
        prepare()
        sys.exit(ended(run))


def check_packages() -> None:
    """Return if the packages beside this one are those that would be imported.

    Raises:
        click.ClickException: another one of the name stands before ours.
    """
    for name in ("domain", "streams"):
        spec = find_spec(name)
        found = Path(spec.origin) if spec is not None and spec.origin else None
        if found is None or found.parents[1] != HOME:
            raise click.ClickException(
                f"the package {name!r} of FastTrack is hidden by {found or 'a folder of that name'}: "
                "install FastTrack into a virtual environment of its own, and leave PYTHONPATH empty"
            )


def leave_current_folder_out() -> None:
    """Forget the current folder, which `python -m` puts first, unless the program stands in it."""
    if not sys.flags.safe_path and sys.path[:1] == [str(Path.cwd())] and Path.cwd() != HOME:
        del sys.path[0]


@click.group(cls=LazyGroup)
@click.version_option(package_name="fasttrack")
def main() -> None:
    """FastTrack: import events and watch every line live."""


if __name__ == "__main__":
    leave_current_folder_out()
    main()

"""The `fasttrack` command. Each subcommand is imported only when it is called."""

from importlib import import_module

import click

COMMANDS = {
    "serve": "api.cli.serve:serve",
    "migrate": "api.cli.migrate:migrate",
    "doctor": "api.cli.doctor:doctor",
    "user": "api.cli.user:user",
    "import": "api.cli.upload:import_file",
    "tail": "api.cli.tail:tail",
}


class LazyGroup(click.Group):
    """A group whose commands are modules that nobody imports in vain: start-up stays short."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        """Return the names in the order of the table."""
        return [*COMMANDS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import one command."""
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        command = getattr(import_module(module), name)
        assert isinstance(command, click.Command)
        return command


@click.group(cls=LazyGroup)
@click.version_option(package_name="fasttrack")
def main() -> None:
    """FastTrack: import events and watch every line live."""


if __name__ == "__main__":
    main()

"""`fasttrack completion`: prints a shell script that completes commands and options."""

import click
from click.shell_completion import get_completion_class


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print the completion script for a shell.

    bash: eval "$(fasttrack completion bash)" in ~/.bashrc. zsh: the same in ~/.zshrc. fish:
    fasttrack completion fish > ~/.config/fish/completions/fasttrack.fish
    """
    made = get_completion_class(shell)
    assert made is not None, "click has all three"
    click.echo(made(context.find_root().command, {}, "fasttrack", "_FASTTRACK_COMPLETE").source())

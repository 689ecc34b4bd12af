"""How every command ends: whatever becomes of standard output, the reason is one sentence."""

import errno
import io
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import click

EXIT_STOPPED = 130
"""Of a command that Ctrl+C ended, as a shell counts it."""

_OF_FILES = {
    *(errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EBADF, errno.EPIPE),
    *(errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.ENAMETOOLONG, errno.ELOOP),
}
"""What may be wrong with the files and folders that a command is given."""


def prepare() -> None:
    """Fill the places of standard streams that are closed, and let no character end a command."""
    # Read only: what is printed without standard output fails, and is not taken for printed.
    for number, flags in ((0, os.O_RDONLY), (1, os.O_RDONLY), (2, os.O_WRONLY)):
        try:
            os.fstat(number)
        except OSError:
            # The next file that is opened would get the number, and what is printed would go into it.
            os.set_inheritable(os.open(os.devnull, flags), True)  # its only signature
    if sys.stdout is None:
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115  # for the whole process
    if sys.stderr is None:
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors == "strict":
        sys.stdout.reconfigure(errors="replace")


def ended(run: Callable[[], Any]) -> int:
    """Run a command, say in one sentence why it failed, and return its exit code."""
    try:
        return _flushed(_code_of(run))
    except click.ClickException as error:
        with suppress(OSError):
            error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt) as stop:
        if isinstance(stop, click.Abort) and not isinstance(stop.__cause__, KeyboardInterrupt):
            _say("the input ended too early")
            return 1
        _say("stopped")
        return EXIT_STOPPED
    except OSError as error:
        if error.errno not in _OF_FILES:
            raise
        if error.filename is None:
            # Files of ours are named, also where writing them fails.
            output_lost()
            return _without_output(error, 1)
        _say(f"Error: {error.filename} cannot be used: {error.strerror}")
        return 1


def show_secret(text: str, *, otherwise: str) -> None:
    """Print what is shown only once; end the command with what to do if it could not be printed.

    Args:
        text: the line.
        otherwise: what was done all the same, and how to get another secret.
    """
    try:
        click.echo(text)
    except OSError as error:
        output_lost()
        raise click.ClickException(f"{otherwise} (standard output: {error.strerror})") from error


def output_lost() -> OSError | None:
    """Return why standard output cannot be written, None if it can; what was to be written is dropped."""
    try:
        sys.stdout.flush()
    except OSError as error:
        # The interpreter flushes once more at its end.
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return error
    return None


def _code_of(run: Callable[[], Any]) -> int:
    try:
        code = run()
    except SystemExit as end:
        code = end.code
    return code if isinstance(code, int) else 0


def _flushed(code: int) -> int:
    lost = output_lost()
    return code if lost is None else _without_output(lost, code)


def _without_output(lost: OSError, code: int) -> int:
    """Return the exit code; a reader that has closed its pipe, as `head` does, wants no more to be said."""
    if isinstance(lost, BrokenPipeError):
        return code
    _say(f"Error: standard output cannot be written: {lost.strerror}")
    return code or 1


def _say(text: str) -> None:
    with suppress(OSError):
        click.echo(text, err=True)

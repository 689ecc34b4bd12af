"""What every command says and how it ends when it cannot print, or is stopped."""

import errno
import io
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest

from api.cli.standard_streams import EXIT_STOPPED, ended, prepare, show_secret

ROOT = Path(__file__).resolve().parents[3]


def raising(error: BaseException) -> Callable[[], None]:
    def run() -> None:
        raise error

    return run


def stopped() -> click.Abort:
    """Return what click makes of Ctrl+C."""
    abort = click.Abort()
    abort.__cause__ = KeyboardInterrupt()
    return abort


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (stopped(), EXIT_STOPPED, "stopped"),
        (KeyboardInterrupt(), EXIT_STOPPED, "stopped"),
        (SystemExit(3), 3, ""),
        (click.UsageError("wrong"), 2, "Error: wrong"),
        (OSError(errno.ENOSPC, "No space left"), 1, "standard output cannot be written: No space left"),
        (OSError(errno.ENOSPC, "No space left", "/x"), 1, "/x cannot be used: No space left"),
        (PermissionError(errno.EACCES, "Permission denied", "/x"), 1, "/x cannot be used: Permission denied"),
        (BrokenPipeError(errno.EPIPE, "Broken pipe"), 1, ""),
    ],
    ids=repr,
)
def test_each_end_has_its_code_and_its_sentence(
    capfd: pytest.CaptureFixture[str], error: BaseException, code: int, said: str
) -> None:
    assert ended(raising(error)) == code
    told = capfd.readouterr().err
    assert said in told
    assert bool(told) == bool(said)


def test_a_fault_of_the_program_is_not_hidden() -> None:
    with pytest.raises(OSError, match="odd"):
        ended(raising(OSError(errno.EINVAL, "odd")))


def test_a_secret_that_cannot_be_printed_is_replaced_by_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(click, "echo", lambda _: raising(OSError(errno.ENOSPC, "No space left"))())
    with pytest.raises(click.ClickException, match="run: fasttrack user rotate ana"):
        show_secret("ft_x", otherwise="run: fasttrack user rotate ana")


def shell(line: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a line of a shell in which `$F` is the program."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("FASTTRACK_")}
    return subprocess.run(
        ["/bin/sh", "-c", line],
        cwd=folder,
        env={**clean, "PYTHONPATH": str(ROOT), "F": f"{sys.executable} -m api", **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("to", [">/dev/full", ">&-"])
def test_a_token_without_a_place_to_print_it_is_not_lost_in_silence(tmp_path: Path, to: str) -> None:
    done = shell(f"$F user add ana --data-dir d {to}", tmp_path)
    assert done.returncode == 1
    assert "run: fasttrack user rotate ana" in done.stderr
    assert "Traceback" not in done.stderr
    # Nothing was printed into a file that got the number of standard output.
    listed = shell(f"$F user list --data-dir d {to}; $F user list --data-dir d", tmp_path)
    assert listed.stdout.startswith("ana ")
    assert "standard output cannot be written" in listed.stderr
    assert "Traceback" not in listed.stderr


def test_characters_that_the_terminal_cannot_show_end_no_command(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, "ascii"))
    prepare()
    assert ended(lambda: sys.stdout.write("title → título\n") and None) == 0
    assert written.getvalue() == b"title ? t?tulo\n"

"""The program uses its own packages `domain` and `streams`, whatever stands in the current folder."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from api.parsing import process
from api.services.imports import container


@pytest.fixture
def foreign(tmp_path: Path) -> Path:
    """Return a folder of another project, with packages of the same names."""
    for name in ("domain", "streams"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise SystemExit('foreign code was run')\n")
    return tmp_path


def run(*command: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *command],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("words", [("doctor", "--help"), ("serve", "--help"), ("user", "--help")])
def test_a_command_runs_in_a_folder_with_packages_of_the_same_names(
    foreign: Path, words: tuple[str, ...]
) -> None:
    done = run("-m", "api", *words, folder=foreign)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("command", [[], ["-P", "-m", "api"]], ids=["fasttrack", "python -P -m api"])
def test_the_program_runs_in_a_folder_with_a_package_called_api(foreign: Path, command: list[str]) -> None:
    shutil.copytree(foreign / "domain", foreign / "api")
    program = command or [str(Path(sys.executable).with_name("fasttrack"))]
    done = run(*program, "doctor", "--help", folder=foreign)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_package_that_shadows_ours_is_reported_in_one_sentence(foreign: Path, tmp_path: Path) -> None:
    done = run("-m", "api", "doctor", folder=Path.home(), PYTHONPATH=str(foreign))
    assert done.returncode == 1
    assert "the package 'domain' of FastTrack is hidden by" in done.stderr
    assert "a virtual environment of its own" in done.stderr
    assert "Traceback" not in done.stderr


def test_processes_that_read_files_ignore_the_current_folder() -> None:
    # Their commands are what the server starts; -P leaves the current folder out.
    assert container.COMMAND[1:4] == ["-P", "-m", "api.unpacking"]
    assert '"-P", "-m", "api.parsing"' in Path(process.__file__).read_text()

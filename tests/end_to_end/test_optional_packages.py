"""Without an optional package each command says in one sentence what to install, and does nothing."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COMMANDS = (["serve", "--port", "0"], ["migrate"], ["user", "list"], ["backup", "x.backup"], ["doctor"])


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_postgresql_without_its_driver(command: list[str], tmp_path: Path) -> None:
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    (hidden / "sitecustomize.py").write_text("import sys\nsys.modules['asyncpg'] = None\n")
    answer = subprocess.run(
        [sys.executable, "-m", "api", *command],
        capture_output=True,
        text=True,
        timeout=90,
        cwd=tmp_path,
        check=False,
        env={
            "PYTHONPATH": f"{hidden}:{ROOT}",
            "FASTTRACK_DATABASE_URL": "postgresql://postgres@127.0.0.1:1/x",
        },
    )
    assert (answer.returncode, answer.stdout) == (1, "")
    assert answer.stderr.strip() == (
        "Error: FASTTRACK_DATABASE_URL is for PostgreSQL, whose driver is not installed: "
        f"{sys.executable} -m pip install 'fasttrack[postgres]'"
    )

"""The JavaScript modules that need no browser, by node's own test runner."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import unavailable

JS = Path(__file__).parent / "js"


@pytest.mark.parametrize("suite", ["client", "page"])
def test_javascript_modules_keep_their_promises(suite: str) -> None:
    node = shutil.which("node")
    if node is None:
        unavailable("node, for the JavaScript client's tests")
    files = sorted(map(str, (JS / suite).glob("*.test.js")))
    assert files
    run = subprocess.run(
        [node, "--test", *files], cwd=JS, capture_output=True, text=True, timeout=60, check=False
    )
    assert run.returncode == 0, run.stdout

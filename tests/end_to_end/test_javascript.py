"""The JavaScript modules that need no browser, by node's own test runner."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import unavailable

JS = Path(__file__).parent / "js"


def test_the_client_keeps_the_types_it_documents() -> None:
    compiler = JS / "node_modules" / ".bin" / "tsc"
    if not compiler.exists():
        unavailable("TypeScript (npm install in tests/end_to_end/js), for the types of the JavaScript client")
    run = subprocess.run(
        [compiler, "--project", JS], capture_output=True, text=True, timeout=120, check=False
    )
    assert run.returncode == 0, run.stdout


@pytest.mark.parametrize("suite", ["client", "page"])
def test_javascript_modules_keep_their_promises(suite: str) -> None:
    node = shutil.which("node")
    if node is None:
        unavailable("node, for the JavaScript client's tests")
    files = sorted(map(str, (JS / suite).glob("*.test.js")))
    assert files
    run = subprocess.run(
        [node, "--test", *files], cwd=JS, capture_output=True, text=True, timeout=120, check=False
    )
    assert run.returncode == 0, run.stdout

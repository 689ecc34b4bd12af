"""The JavaScript modules that need no browser, by node's own test runner."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from api.http.asyncapi import build_asyncapi
from tests.conftest import unavailable

JS = Path(__file__).parent / "js"


def test_the_client_matches_its_documented_types() -> None:
    compiler = JS / "node_modules" / ".bin" / "tsc"
    if not compiler.exists():
        unavailable("TypeScript (npm install in tests/end_to_end/js), for the types of the JavaScript client")
    run = subprocess.run(
        [compiler, "--project", JS], capture_output=True, text=True, timeout=120, check=False
    )
    assert run.returncode == 0, run.stdout


@pytest.mark.parametrize("suite", ["client", "page"])
def test_javascript_test_suites_pass(suite: str) -> None:
    node = shutil.which("node")
    if node is None:
        unavailable("node, for the JavaScript client's tests")
    files = sorted(map(str, (JS / suite).glob("*.test.js")))
    assert files
    run = subprocess.run(
        [node, "--test", *files], cwd=JS, capture_output=True, text=True, timeout=120, check=False
    )
    assert run.returncode == 0, run.stdout


def test_the_messages_become_discriminated_unions_in_typescript(tmp_path: Path) -> None:
    generator, compiler = JS / "feeds" / "types.mjs", JS / "node_modules" / ".bin" / "tsc"
    if not (JS / "node_modules" / "json-schema-to-typescript").exists() or not compiler.exists():
        unavailable("json-schema-to-typescript (npm install in tests/end_to_end/js)")
    document = json.dumps(build_asyncapi(version="1.2.3"))
    made = subprocess.run(
        ["node", generator], input=document, capture_output=True, text=True, timeout=60, check=False
    )
    assert made.returncode == 0, made.stderr
    assert ": unknown" not in made.stdout
    (tmp_path / "generated.ts").write_text(made.stdout)
    shutil.copy(JS / "feeds" / "reader.ts", tmp_path)
    options = [
        "--noEmit",
        "--strict",
        "--skipLibCheck",
        "--target",
        "es2022",
        "--moduleResolution",
        "bundler",
    ]
    run = subprocess.run(
        [compiler, *options, "--module", "esnext", "--moduleResolution", "bundler", tmp_path / "reader.ts"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 0, run.stdout

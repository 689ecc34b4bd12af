"""The OpenAPI document holds against a server, whatever is sent: schemathesis, bounded and seeded."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.end_to_end.conftest import StartServer

CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,"
    "response_headers_conformance"
)
# Streams do not end, and a poll waits; its own account would be shut out, or its token made void;
# it knows no way to write tus's media type (the real tus client has a test of its own).
UNSUITED = "^/(sse|poll|api/v1/users/|api/v1/uploads/tus/)"
# An unknown method, such as QUERY, is answered 501 by rule (RFC 9110 §9.1): that is no fault of the server.
CONFIG = """
[checks.not_a_server_error]
expected-statuses = ["2xx", "3xx", "4xx", 501]
"""
RUN_SECONDS = 240


@pytest.mark.parametrize(
    ("mode", "phases"),
    [
        ("token", "examples,coverage,fuzzing"),
        ("open", "examples,fuzzing"),
        pytest.param("open", "coverage", marks=pytest.mark.thorough),
    ],
)
def test_every_answer_is_one_that_the_openapi_document_names(
    start_server: StartServer, tmp_path: Path, mode: str, phases: str
) -> None:
    server = start_server(auth=mode)
    found = re.search(r"ft_[A-Za-z0-9_-]{43}", server.log)
    assert (found is not None) == (mode == "token")
    (tmp_path / "schemathesis.toml").write_text(CONFIG)
    with_token = ["-H", f"Authorization: Bearer {found[0]}"] if found else []
    run = subprocess.run(
        [
            sys.executable,
            "-m",
            "schemathesis.cli",
            *("run", f"{server.url}/schema/openapi.json", *with_token),
            *("--checks", CHECKS, "--phases", phases),
            *("--max-examples", "5", "--seed", "1", "--generation-database", "none"),
            *("--exclude-path-regex", UNSUITED, "--request-timeout", "20", "--warnings", "off"),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-8000:] + run.stderr[-2000:]

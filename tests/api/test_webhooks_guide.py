"""What docs/webhooks.md tells receivers to do accepts what is sent, and nothing else."""

import re
import subprocess
import time
from pathlib import Path
from typing import Any

import msgspec

from api.services.webhooks.signing import new_webhook_secret, signed_headers

GUIDE = (Path(__file__).parents[2] / "docs" / "webhooks.md").read_text()
BODY = '{"título":"São João"}'.encode()


def example(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", GUIDE, re.DOTALL)
    assert found is not None
    return found[1]


def cases() -> list[tuple[bool, str, dict[str, str], bytes]]:
    """Return (is genuine, secret, headers, body)."""
    secret, now_s = new_webhook_secret(), int(time.time())
    headers = signed_headers([secret], "e.1", at_s=now_s, body=BODY)
    old = signed_headers([secret], "e.1", at_s=now_s - 3600, body=BODY)
    rotated = signed_headers([new_webhook_secret(), secret], "e.1", at_s=now_s, body=BODY)
    return [
        (True, secret, headers, BODY),
        (True, secret, rotated, BODY),
        (False, secret, headers, BODY + b" "),
        (False, secret, headers | {"webhook-id": "e.2"}, BODY),
        (False, secret, headers | {"webhook-timestamp": str(now_s + 1)}, BODY),
        (False, secret, old, BODY),
        (False, new_webhook_secret(), headers, BODY),
    ]


def test_the_python_example_verifies_signatures() -> None:
    names: dict[str, Any] = {}
    exec(example("python"), names)
    assert [names["is_genuine"](*given) for _, *given in cases()] == [expected for expected, *_ in cases()]


def test_the_javascript_example_verifies_signatures(tmp_path: Path) -> None:
    given = [[secret, headers, body.decode()] for _, secret, headers, body in cases()]
    asked = f"\nconst cases = {msgspec.json.encode(given).decode()};\n"
    asked += "console.log(JSON.stringify(cases.map(([s, h, b]) => isGenuine(s, h, Buffer.from(b)))));\n"
    script = tmp_path / "check.mjs"
    script.write_text(example("js") + asked)
    run = subprocess.run(["node", script], capture_output=True, text=True, timeout=60, check=True)
    assert msgspec.json.decode(run.stdout) == [is_genuine for is_genuine, *_ in cases()]

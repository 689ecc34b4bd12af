"""Clients that others' generators make of the OpenAPI document: every model is kept, and they work."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import unavailable
from tests.end_to_end.conftest import StartServer
from tests.end_to_end.server_process import ServerProcess

JS = Path(__file__).parent / "js"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
RAW = {
    "patch_api_v1_uploads_tus_upload_id": "bytes of tus's own media type",
    "post_api_v1_uploads_tus_upload_id": "bytes of tus's own media type",
}
"""What the Python generator knows no way to send; nobody calls it without a client for tus."""

USE_PYTHON = """
from made import Client
from made.api.events import get_api_v1_eventos, post_api_v1_eventos
from made.models import EventInput, EventPage, VenueInput
client = Client(base_url={url!r})
venue = VenueInput(location_name="Marco Zero", capacity=9)
event = EventInput(title="Festa", event_date="2026-06-24", city="Recife", local_info=venue)
made = post_api_v1_eventos.sync(client=client, body=event)
page = get_api_v1_eventos.sync(client=client, city="Recife")
assert isinstance(page, EventPage), page
assert [(one.id, one.title, one.local_info.capacity) for one in page.items] == [(made.id, "Festa", 9)]
"""

SEND_FILES = """
from io import BytesIO
from made import Client
from made.api.events import get_api_v1_eventos
from made.api.imports import get_api_v1_uploads_template_xlsx, post_api_v1_uploads
from made.api.imports import post_api_v1_uploads_preview
from made.models import PostApiV1UploadsBody, PostApiV1UploadsPreviewBody
from made.types import File
client = Client(base_url={url!r}, raise_on_unexpected_status=True)
template = get_api_v1_uploads_template_xlsx.sync(client=client).payload.read()
assert template.startswith(b"PK"), template[:9]
latin = "title;event_date;city\\nFestança;2026-06-24;São Luís\\n".encode("cp1252")
for name, content, accepted in (("t.xlsx", template, 1), ("t.csv", latin, 1)):
    file = File(payload=BytesIO(content), file_name=name, mime_type="application/octet-stream")
    seen = post_api_v1_uploads_preview.sync(client=client, body=PostApiV1UploadsPreviewBody(file=file))
    file.payload.seek(0)
    made = post_api_v1_uploads.sync(client=client, body=PostApiV1UploadsBody(file=file), prefer="wait=30")
    assert (made.accepted, made.rejected) == (accepted, 0), made
page = get_api_v1_eventos.sync(client=client)
assert {{one.city for one in page.items}} == {{"Recife", "São Luís"}}, page
"""


@pytest.fixture
def server(start_server: StartServer) -> ServerProcess:
    return start_server()


@pytest.fixture
def document(server: ServerProcess) -> dict[str, Any]:
    answer = httpx.get(f"{server.url}/schema/openapi.json", timeout=60)
    found: dict[str, Any] = answer.json()
    return found


def run(*command: str | Path, cwd: Path) -> str:
    # Generators format what they make by tools that stand beside Python.
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    ended = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout + ended.stderr


def plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def test_the_generated_python_client_has_every_model_and_operation(
    server: ServerProcess, document: dict[str, Any], tmp_path: Path
) -> None:
    (tmp_path / "openapi.json").write_text(json.dumps(document))
    made = tmp_path / "made"
    # The generator knows no type of file but this; `format` is what makes it one.
    config = {"content_type_overrides": {XLSX: "application/octet-stream"}}
    (tmp_path / "config.yaml").write_text(json.dumps(config))
    options = ("--path", "openapi.json", "--output-path", made, "--meta", "none", "--config", "config.yaml")
    run(sys.executable, "-m", "openapi_python_client", "generate", *options, cwd=tmp_path)
    models = {plain(path.stem) for path in (made / "models").glob("*.py")}
    assert {name for name in document["components"]["schemas"] if plain(name) not in models} == set()
    calls = {path.stem for path in (made / "api").rglob("*.py")}
    operations = {one["operationId"] for path in document["paths"].values() for one in path.values()}
    assert operations - calls == set(RAW)
    for use in (USE_PYTHON, SEND_FILES):
        (tmp_path / "use.py").write_text(use.format(url=server.url))
        run(sys.executable, "use.py", cwd=tmp_path)


def test_the_generated_typescript_has_every_model(document: dict[str, Any], tmp_path: Path) -> None:
    programs = JS / "node_modules" / ".bin"
    if not (programs / "openapi-typescript").exists():
        unavailable("openapi-typescript (npm install in tests/end_to_end/js)")
    (tmp_path / "openapi.json").write_text(json.dumps(document))
    run(programs / "openapi-typescript", "openapi.json", "-o", "made.ts", cwd=tmp_path)
    models = [
        f'export type M{number} = components["schemas"]["{name}"];'
        for number, name in enumerate(document["components"]["schemas"])
    ]
    use = [
        'import type { components } from "./made";',
        *models,
        (
            'const event: components["schemas"]["EventInput"] = '
            '{ title: "Festa", event_date: "2026-06-24", city: "Recife", local_info: null };'
        ),
        "export const city: string = event.city;",
    ]
    (tmp_path / "use.ts").write_text("\n".join(use))
    run(programs / "tsc", "--noEmit", "--strict", "--skipLibCheck", "use.ts", cwd=tmp_path)

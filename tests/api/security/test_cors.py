"""What pages of other origins may send and read."""

from pathlib import Path

import pytest

from api.security.cors import EXPOSED
from tests.serving import serving

pytestmark = pytest.mark.anyio
TAURI = "tauri://localhost"
TUS = {"Tus-Resumable": "1.0.0", "Origin": TAURI}
READABLE_BY_ALL = {
    "cache-control",
    "content-language",
    "content-length",
    "content-type",
    "expires",
    "last-modified",
    "pragma",
}
"""Source: WHATWG Fetch, "CORS-safelisted response-header name"."""
FOR_BROWSERS = {
    "access-control-allow-credentials",
    "access-control-allow-origin",
    "access-control-expose-headers",
    "content-security-policy",
    "cross-origin-opener-policy",
    "date",
    "permissions-policy",
    "referrer-policy",
    "vary",
    "x-content-type-options",
    "x-frame-options",
}


async def test_every_tus_response_header_is_exposed_to_other_origins(tmp_path: Path) -> None:
    async with serving(tmp_path, auth="open", allowed_origins=(TAURI,)) as served, served.client() as client:
        options = await client.options("/api/v1/uploads/tus", headers={"Origin": TAURI})
        created = await client.post(
            "/api/v1/uploads/tus",
            headers=TUS | {"Upload-Length": "5", "Upload-Metadata": "filename YS5jc3Y="},
        )
        held = await client.head(created.headers["location"], headers=TUS)
        refused = await client.head("/api/v1/uploads/tus/none", headers=TUS)
    readable = READABLE_BY_ALL | FOR_BROWSERS | {name.lower() for name in EXPOSED}
    for answer in (options, created, held, refused):
        assert answer.headers["access-control-allow-origin"] == TAURI
        assert set(answer.headers) - readable == set()
        exposed = answer.headers["access-control-expose-headers"].split(",")
        assert {name.strip() for name in exposed} == set(EXPOSED)
    assert options.headers["tus-version"] == "1.0.0"


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE", "HEAD"])
async def test_a_preflight_is_answered_for_any_route_and_header(method: str, tmp_path: Path) -> None:
    asked = {
        "Origin": TAURI,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "tus-resumable,upload-offset,x-http-method-override,if-match",
        "Access-Control-Request-Private-Network": "true",
    }
    async with serving(tmp_path, auth="token", allowed_origins=(TAURI,)) as served, served.client() as client:
        answer = await client.options("/api/v1/uploads/tus/x", headers=asked)
        foreign = await client.options("/api/v1/uploads/tus/x", headers=asked | {"Origin": "tauri://evil"})
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == TAURI
    assert answer.headers["access-control-allow-headers"] == asked["Access-Control-Request-Headers"]
    assert method in answer.headers["access-control-allow-methods"]
    assert answer.headers["access-control-allow-private-network"] == "true"
    assert not any(name.startswith("access-control-allow") for name in foreign.headers)


async def test_refusals_can_be_read_by_allowed_origins(tmp_path: Path) -> None:
    async with serving(tmp_path, auth="token", allowed_origins=(TAURI,)) as served, served.client() as client:
        answer = await client.get("/api/v1/eventos", headers={"Origin": TAURI})
    assert answer.status_code == 401
    assert answer.headers["access-control-allow-origin"] == TAURI
    assert "www-authenticate" in answer.headers["access-control-expose-headers"].lower()


async def test_answers_vary_by_origin(tmp_path: Path) -> None:
    async with serving(tmp_path, auth="open", allowed_origins=(TAURI,)) as served, served.client() as client:
        assert "Origin" in (await client.get("/api/v1/eventos")).headers["vary"]

"""What a client says of itself does not reach the server through a documented proxy."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from api.security.proxies import FORWARDED_PORT, PREFIX, TrustedProxies, parse_networks
from tests.edge.recorder import recording
from tests.end_to_end.proxies.real import before_two, documented_for_any_host, of_compose, under_a_path

pytestmark = pytest.mark.anyio
FORGED = {
    "X-Forwarded-For": "6.6.6.6",
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Port": "4711",
    "X-Forwarded-Prefix": "/evil",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Scheme": "https",
    "X-Forwarded-Ssl": "on",
    "Forwarded": "for=6.6.6.6;host=evil.example;proto=https",
}
PROXIES: dict[str, Any] = {
    "nginx": lambda folder, port: documented_for_any_host("nginx", folder, port),
    "haproxy": lambda folder, port: documented_for_any_host("haproxy", folder, port),
    "caddy": lambda folder, port: documented_for_any_host("caddy", folder, port),
    "apache": lambda folder, port: documented_for_any_host("apache", folder, port),
    "nginx under a path": under_a_path,
    "nginx before two": lambda folder, port: before_two(folder, port, port),
    "nginx of compose": of_compose,
}


def seen(headers: list[tuple[bytes, bytes]]) -> dict[str, Any]:
    """Return what the server takes a request for that came through a proxy of this machine."""
    scope: dict[str, Any] = {
        "type": "http",
        "scheme": "http",
        "client": ("127.0.0.1", 1),
        "headers": list(headers),
        "state": {},
    }
    TrustedProxies(parse_networks(["127.0.0.1"])).apply(scope)
    return {
        "client": scope["client"][0],
        "scheme": scope["scheme"],
        "host": dict(scope["headers"])[b"host"],
        "port": scope["state"].get(FORWARDED_PORT),
        "prefix": scope["state"].get(PREFIX, ""),
    }


@pytest.mark.parametrize("proxy", PROXIES)
async def test_a_proxy_passes_no_forwarded_header_of_a_client_on(proxy: str, tmp_path: Path) -> None:
    path = "/fasttrack/healthz" if "path" in proxy else "/healthz"
    sent = [{}, *({name: value} for name, value in FORGED.items()), FORGED]
    async with recording() as recorder:
        with PROXIES[proxy](tmp_path, recorder.port) as port:
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
                for headers in sent:
                    await client.get(path, headers=headers)
        plain, *others = [seen(headers) for headers in recorder.headers if headers]
    assert len(others) == len(FORGED) + 1
    assert plain["client"] == "127.0.0.1"
    assert [one for one in others if one != plain] == []

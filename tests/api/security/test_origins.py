"""Host and Origin: which requests are refused before anything looks at them."""

from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.loopback import _is_loopback, is_loopback
from api.security.locality import _is_mark, sign_of_others
from api.security.origins import AllowedHosts, OriginPolicy, _hostname, hostname, origin_of
from tests.api.security.test_locality import scope as local


def scope(
    *, method: str = "GET", path: str = "/", kind: str = "http", query: str = "", **headers: str
) -> dict[str, Any]:
    given_headers = {"host": "localhost:8000", **headers}
    return {
        "type": kind,
        "scheme": "ws" if kind == "websocket" else "http",
        "method": method,
        "path": path,
        "query_string": query.encode(),
        "server": ("127.0.0.1", 8000),
        "headers": [(name.encode(), value.encode()) for name, value in given_headers.items()],
    }


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST:8000",
        "127.0.0.1:1",
        "[::1]:8000",
        "localhost.",
        "agenda.localhost:8000",
        "127.0.0.53",
        "[0:0:0:0:0:0:0:1]:8000",
        "[::ffff:127.0.0.1]",
    ],
)
def test_loopback_names_are_answered_on_any_port(host: str) -> None:
    assert AllowedHosts([], listening_on="127.0.0.1").allow(scope(host=host))


@pytest.mark.parametrize(
    "host",
    [
        "127.1",
        "localhost.evil.example",
        "evil-localhost",
        "0.0.0.0",
        "evil.example",
        "127.0.0.1.evil.example",
        "localhost@evil.example",
        "",
        "[",
        "10.0.0.1",
    ],
)
def test_a_rebound_host_name_is_refused(host: str) -> None:
    assert not AllowedHosts([], listening_on="127.0.0.1").allow(scope(host=host))


def test_a_request_without_host_is_refused() -> None:
    bare = scope()
    bare["headers"] = []
    assert not AllowedHosts([], listening_on="127.0.0.1").allow(bare)


def test_a_server_on_every_address_accepts_the_address_that_was_reached() -> None:
    reached = scope(host="192.168.1.5:8000") | {"server": ("192.168.1.5", 8000)}
    elsewhere = scope(host="192.168.1.6:8000") | {"server": ("192.168.1.5", 8000)}
    hosts = AllowedHosts([], listening_on="0.0.0.0")
    assert (hosts.allow(reached), hosts.allow(elsewhere)) == (True, False)


def test_configured_hosts_are_added_to_the_default_ones() -> None:
    hosts = AllowedHosts(["agenda.example"], listening_on="127.0.0.1")
    assert hosts.allow(scope(host="agenda.example"))
    assert not hosts.allow(scope(host="evil.example"))


OWN = "http://localhost:8000"
EVIL = "https://evil.example"


@pytest.mark.parametrize(
    ("request_scope", "refused"),
    [
        (scope(kind="websocket", path="/ws/eventos", origin=EVIL), True),
        (scope(kind="websocket", path="/ws/eventos", origin=OWN), False),
        (scope(kind="websocket", path="/ws/eventos", origin="https://localhost:8000"), True),
        (scope(kind="websocket", path="/ws/eventos", origin="http://localhost:8001"), True),
        (scope(kind="websocket", path="/ws/eventos", origin="null"), True),
        (scope(kind="websocket", path="/ws/eventos"), False),
        (scope(path="/sse/eventos", origin=EVIL, cookie="a=b"), True),
        (scope(path="/poll/eventos", origin=EVIL, cookie="a=b"), True),
        (scope(path="/sse/eventos", origin=EVIL), False),
        # A ticket says by itself for whose pages it is.
        (scope(path="/sse/eventos", origin=EVIL, query="ticket=x"), False),
        (scope(path="/sse/eventos", origin="https://good.example", cookie="a=b"), False),
        (scope(method="POST", path="/api/v1/eventos", origin=EVIL, cookie="a=b"), True),
        (scope(method="POST", path="/api/v1/eventos", origin=OWN, cookie="a=b"), False),
        (scope(method="POST", path="/api/v1/eventos", origin=EVIL), False),
        (scope(method="POST", path="/api/v1/session", origin=EVIL), True),
        (scope(path="/api/v1/eventos", origin=EVIL, cookie="a=b"), False),
    ],
)
def test_foreign_pages_cannot_act_with_a_cookie(request_scope: dict[str, Any], refused: bool) -> None:
    policy = OriginPolicy(["https://good.example"], ambient=False)
    assert (policy.refuses(request_scope) is not None) is refused


def test_on_an_open_server_foreign_pages_cannot_act_even_without_a_cookie() -> None:
    policy = OriginPolicy([], ambient=True)
    assert policy.refuses(scope(method="POST", path="/api/v1/eventos", origin=EVIL)) == EVIL


@pytest.mark.parametrize(
    "origin",
    [
        "tauri://localhost",
        "capacitor://localhost",
        "ionic://localhost",
        "app://obsidian.md",
        "chrome-extension://gighmmpiobklfepjocnamgkkbiglidom",
        "safari-web-extension://8F3C4A55-2E1D-4F5B-9C0A-1B2C3D4E5F60",
        "https://good.example",
        "http://[2001:db8::7]:3000",
    ],
)
def test_origins_of_any_scheme_can_be_allowed(origin: str) -> None:
    policy = OriginPolicy([origin], ambient=False)
    assert policy.refuses(scope(kind="websocket", path="/ws/eventos", origin=origin)) is None
    for other in (origin + ".evil.example", "null", "file://", origin.replace("://", "x://")):
        assert policy.refuses(scope(kind="websocket", path="/ws/eventos", origin=other)) == other


@given(st.text())
def test_any_text_can_be_checked_as_an_origin(text: str) -> None:
    found = origin_of(text)
    assert found is None or origin_of(found) == found


LONG = "a" * 60_000


@pytest.mark.parametrize(
    "host", [LONG, f"{LONG}.localhost", "localhost:" + "8" * 60_000, " " * 60_000 + "localhost"]
)
def test_what_is_longer_than_a_host_name_is_none_and_is_not_kept(host: str) -> None:
    hosts = AllowedHosts(["events.example"], listening_on="127.0.0.1")
    caches = (_hostname, _is_loopback, _is_mark, urlsplit)
    kept = [cache.cache_info().currsize for cache in caches]
    assert not hosts.allow(scope(host=host))
    assert not hosts.allow(scope(host=f"[{host}]:1"))
    assert OriginPolicy([], ambient=True).refuses(scope(host=host, method="POST", origin=f"http://{host}"))
    assert not is_loopback(host)
    assert [cache.cache_info().currsize for cache in caches] == kept


def test_a_mark_is_known_by_its_beginning_and_kept_without_the_rest() -> None:
    for number in range(3):
        assert sign_of_others(local((f"X-Forwarded-{LONG}{number}", "x")))
    assert not sign_of_others(local((f"X-Plain-{LONG}", "x")))
    before = _is_mark.cache_info().currsize
    assert sign_of_others(local((f"X-Forwarded-{LONG}4", "x")))
    assert _is_mark.cache_info().currsize == before


@pytest.mark.parametrize("name", ["a" * 63 + "." + "b" * 63 + ".example", "a." * 125 + "io", "[::1]"])
def test_the_longest_names_are_hosts_and_origins(name: str) -> None:
    own = AllowedHosts([name], listening_on="127.0.0.1")
    assert own.allow(scope(host=f"{name}:65535"))
    assert origin_of(f"safari-web-extension://{name}:65535")


@given(st.text())
def test_the_port_is_removed_from_any_host(text: str) -> None:
    assert isinstance(hostname(text), str)

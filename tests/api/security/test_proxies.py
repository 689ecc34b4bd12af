"""X-Forwarded-* counts from trusted proxies only."""

from typing import Any

from api.security.proxies import TrustedProxies, parse_networks


def applied(peer: str, *, kind: str = "http", **headers: str) -> dict[str, Any]:
    scope: dict[str, Any] = {
        "type": kind,
        "scheme": "ws" if kind == "websocket" else "http",
        "client": (peer, 5000),
        "headers": [(b"host", b"inner:8000")]
        + [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()],
    }
    TrustedProxies(parse_networks(["10.0.0.0/8", "::1"])).apply(scope)
    return scope


def test_a_trusted_proxy_tells_client_scheme_and_host() -> None:
    scope = applied(
        "10.0.0.2",
        x_forwarded_for="203.0.113.9, 10.0.0.7",
        x_forwarded_proto="https",
        x_forwarded_host="agenda.example",
    )
    assert scope["client"] == ("203.0.113.9", 0)
    assert scope["scheme"] == "https"
    assert scope["headers"] == [(b"host", b"agenda.example")]


def test_a_forged_first_hop_does_not_count() -> None:
    scope = applied("10.0.0.2", x_forwarded_for="127.0.0.1, 203.0.113.9")
    assert scope["client"] == ("203.0.113.9", 0)


def test_a_stranger_is_not_believed_and_nobody_later_can_be_fooled() -> None:
    scope = applied("203.0.113.9", x_forwarded_for="127.0.0.1", x_forwarded_proto="https")
    assert scope["client"] == ("203.0.113.9", 5000)
    assert scope["scheme"] == "http"
    assert scope["headers"] == [(b"host", b"inner:8000")]


def test_a_websocket_behind_tls_is_secure() -> None:
    assert applied("::1", kind="websocket", x_forwarded_proto="https")["scheme"] == "wss"


def test_an_address_mapped_into_ipv6_is_the_address() -> None:
    assert applied("::ffff:10.0.0.2", x_forwarded_for="203.0.113.9")["client"] == ("203.0.113.9", 0)


def test_nonsense_from_a_proxy_changes_nothing() -> None:
    scope = applied("10.0.0.2", x_forwarded_for="unknown", x_forwarded_proto="gopher")
    assert (scope["client"], scope["scheme"]) == (("10.0.0.2", 5000), "http")

"""What shows that a request is not local end to end."""

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.security.locality import _MARKING_PREFIXES, _MARKS, sign_of_others


def scope(
    *headers: tuple[str, str], host: str | None = "localhost:8000", peer: str = "127.0.0.1", http: str = "1.1"
) -> dict[str, Any]:
    named = [(b"host", host.encode())] if host is not None else []
    return {
        "type": "http",
        "http_version": http,
        "client": (peer, 5000) if peer else None,
        "headers": [*named, *((name.lower().encode(), value.encode()) for name, value in headers)],
    }


LOCAL = [
    ("Accept", "*/*"),
    ("Authorization", "Bearer ft_x"),
    ("Connection", "keep-alive"),
    ("Cookie", "a=b"),
    ("Last-Event-ID", "k.1"),
    ("Origin", "http://localhost:8000"),
    ("Sec-Fetch-Site", "same-origin"),
    ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
    ("X-Request-ID", "r1"),
    ("X-HTTP-Method-Override", "PATCH"),
    ("X-Requested-With", "XMLHttpRequest"),
    ("X-Client-Version", "1"),
]
MARKS = [
    "Forwarded",
    "Via",
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Forwarded-Proto",
    "X-Forwarded-Prefix",
    "X-Forwarded-Server",
    "X-Forwarded-Client-Cert",
    "X-Forwarded",
    "X-Real-IP",
    "X-Client-IP",
    "X-Cluster-Client-IP",
    "True-Client-IP",
    "CF-Connecting-IP",
    "CF-Ray",
    "CDN-Loop",
    "X-Original-Host",
    "X-Original-URL",
    "X-Original-Forwarded-For",
    "X-Envoy-External-Address",
    "X-ARR-LOG-ID",
    "X-Appgw-Trace-Id",
    "X-Azure-ClientIP",
    "X-Amzn-Trace-Id",
    "X-Amz-Cf-Id",
    "Fastly-Client-IP",
    "Fly-Client-IP",
    "X-Vercel-Id",
    "X-ProxyUser-Ip",
    "Remote-User",
    "Remote-Email",
    "Remote-Addr",
    "X-Real-Port",
    "X-Real-Host",
    "X-Host",
    "X-Served-By",
    "X-Auth-Request-User",
    "X-Authentik-Username",
    "X-WebAuth-User",
    "X-Pomerium-Jwt-Assertion",
    "X-MS-Client-Principal",
    "X-Kong-Proxy-Latency",
    "X-Consumer-Username",
    "X-NF-Client-Connection-IP",
    "X-BlueCoat-Via",
]


def test_requests_of_local_clients_are_local() -> None:
    assert sign_of_others(scope(*LOCAL)) is None
    assert sign_of_others(scope(host="[::1]:8000", peer="::1")) is None
    assert sign_of_others(scope(host="127.0.0.1", peer="::ffff:127.0.0.1")) is None
    assert sign_of_others(scope(http="1.0")) is None


@pytest.mark.parametrize("mark", MARKS)
def test_a_proxy_header_makes_a_request_remote_and_is_named(mark: str) -> None:
    assert mark.lower() in (sign_of_others(scope((mark, "127.0.0.1"))) or "")


@pytest.mark.parametrize(
    "others",
    [
        scope(peer="192.0.2.7"),
        scope(peer="::ffff:192.0.2.7"),
        scope(peer=""),
        scope(host="events.example"),
        scope(host="localhost.evil.example"),
        scope(host="127.0.0.1.evil.example"),
        scope(host=None),
        scope(host=""),
        scope(("Connection", "close"), http="1.0"),
    ],
)
def test_a_foreign_peer_or_host_makes_a_request_remote(others: dict[str, Any]) -> None:
    assert sign_of_others(others)


@given(st.text(alphabet="abcdefghijklmnopqrstuvwxyz-", max_size=20))
def test_any_header_with_a_forwarding_prefix_makes_a_request_remote(rest: str) -> None:
    assert sign_of_others(scope(("X-Forwarded" + rest, "x")))


def test_docs_access_names_every_sign_and_no_other() -> None:
    text = (Path(__file__).parents[3] / "docs" / "access.md").read_text()
    listed = text.partition("The signs are the headers ")[2].partition(";")[0]
    documented = {name.lower() for name in re.findall(r"`([^`]+)`", listed)}
    known = {name.decode() for name in _MARKS} | {f"{start.decode()}*" for start in _MARKING_PREFIXES}
    assert documented == known

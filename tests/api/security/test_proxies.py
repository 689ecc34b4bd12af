"""What proxies send, in each of their forms, counts from trusted ones only."""

from itertools import combinations
from time import thread_time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.security.forwarded import parse_forwarded, parse_node, parse_prefix
from api.security.origins import own_origins
from api.security.proxies import TrustedProxies, parse_networks

TRUSTED = ["10.0.0.0/8", "::1", "fd00::/8"]
Lines = list[tuple[str, str]]
LISTED = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-Prefix")


def applied(
    peer: str | None, *lines: tuple[str, str], kind: str = "http", unix: bool = False
) -> dict[str, Any]:
    """Return a scope as it is after the proxies; `lines` are headers in the order in which they came."""
    host = [] if "Host" in dict(lines) else [("Host", "inner:8000")]
    scope: dict[str, Any] = {
        "type": kind,
        "scheme": "ws" if kind == "websocket" else "http",
        "client": (peer, 5000) if peer else None,
        "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in [*host, *lines]],
        "state": {},
    }
    TrustedProxies(parse_networks(TRUSTED), trusts_unix=unix).apply(scope)
    return scope


def seen(scope: dict[str, Any]) -> tuple[str, str, str]:
    """Return client, scheme and Host."""
    return scope["client"][0], scope["scheme"], dict(scope["headers"])[b"host"].decode()


HOST = ("Host", "agenda.example")
CLIENT = ("X-Forwarded-For", "203.0.113.9")
HTTPS = ("X-Forwarded-Proto", "https")
TOLD_HOST = ("X-Forwarded-Host", "agenda.example")
PORT = ("X-Forwarded-Port", "443")
SENT: dict[str, Lines] = {
    "nginx, as documented": [HOST, CLIENT, HTTPS],
    "nginx that appends to what a client forged": [
        HOST,
        ("X-Forwarded-For", "127.0.0.1, 203.0.113.9"),
        HTTPS,
    ],
    "HAProxy, which adds a line of its own": [HOST, ("X-Forwarded-For", "10.9.9.9"), CLIENT, HTTPS],
    "HAProxy, option forwarded": [HOST, ("Forwarded", "proto=https;for=203.0.113.9")],
    "Traefik": [
        HOST,
        CLIENT,
        TOLD_HOST,
        PORT,
        HTTPS,
        ("X-Forwarded-Server", "0c2f6bd0e7b1"),
        ("X-Real-Ip", "203.0.113.9"),
    ],
    "Caddy": [HOST, CLIENT, TOLD_HOST, HTTPS, ("Via", "1.1 Caddy")],
    "Apache": [HOST, HTTPS, CLIENT, TOLD_HOST, ("X-Forwarded-Server", "agenda.example")],
    "Azure Application Gateway, with ports": [
        ("Host", "inner"),
        ("X-Forwarded-For", "203.0.113.9:51234"),
        HTTPS,
        PORT,
        ("X-Original-Host", "agenda.example"),
        TOLD_HOST,
        ("X-Appgw-Trace-Id", "e2c0"),
    ],
    "AWS Application Load Balancer": [HOST, CLIENT, PORT, HTTPS, ("X-Amzn-Trace-Id", "Root=1-67891233")],
    "Cloudflare, before nginx on this machine": [
        HOST,
        ("X-Forwarded-For", "203.0.113.9, 10.7.7.7"),
        HTTPS,
        ("CF-Connecting-IP", "203.0.113.9"),
        ("CF-Visitor", '{"scheme":"https"}'),
    ],
    "two proxies that both append": [
        ("Host", "inner"),
        ("X-Forwarded-For", "203.0.113.9, 10.7.7.7"),
        ("X-Forwarded-Proto", "https, http"),
        ("X-Forwarded-Host", "agenda.example, middle.example"),
    ],
    "upper case and blanks": [HOST, ("X-Forwarded-For", " 203.0.113.9 "), ("X-Forwarded-Proto", " HTTPS ")],
    "a scheme of WebSockets on a request": [HOST, CLIENT, ("X-Forwarded-Proto", "wss")],
    "TLS told by X-Forwarded-Ssl": [HOST, CLIENT, ("X-Forwarded-Ssl", "on")],
    "RFC 7239 with quotes, ports, two proxies": [
        ("Forwarded", 'For="203.0.113.9:4711";Proto=HTTPS;Host="agenda.example";by="[fd00::1]"'),
        ("Forwarded", "for=10.7.7.7;proto=http;host=middle.example"),
    ],
    "RFC 7239 behind a hop that a client forged": [
        ("Forwarded", "for=127.0.0.1;proto=http;host=evil.example"),
        ("Forwarded", "for=203.0.113.9;proto=https;host=agenda.example"),
    ],
    "X-Forwarded and a Forwarded that a client forged": [
        HOST,
        ("Forwarded", "for=127.0.0.1;proto=http;host=evil.example"),
        CLIENT,
        HTTPS,
    ],
}
"""What each of them sends by its manual for a client at 203.0.113.9 that asks https://agenda.example."""


@pytest.mark.parametrize("proxy", SENT)
def test_the_headers_of_each_proxy_give_the_client_and_scheme(proxy: str) -> None:
    scope = applied("10.0.0.2", *SENT[proxy])
    assert seen(scope) == ("203.0.113.9", "https", "agenda.example")
    assert "https://agenda.example:443" in own_origins(scope)
    names = [name for name, _ in scope["headers"]]
    assert not any(name.startswith(b"x-forwarded") or name == b"forwarded" for name in names)


@pytest.mark.parametrize("proxy", SENT)
def test_forwarded_headers_of_an_untrusted_peer_are_ignored_and_removed(proxy: str) -> None:
    scope = applied("203.0.113.77", *SENT[proxy])
    assert (scope["client"], scope["scheme"]) == (("203.0.113.77", 5000), "http")
    assert not any(b"forwarded" in name for name, _ in scope["headers"])
    assert scope["state"] == {}


SAID_ALONE: Lines = [
    CLIENT,
    HTTPS,
    TOLD_HOST,
    ("X-Forwarded-Scheme", "https"),
    ("X-Forwarded-Ssl", "on"),
]
FORGED = ("Forwarded", "for=127.0.0.1;proto=https;host=evil.example")


@pytest.mark.parametrize("forged", [[], [FORGED]], ids=["alone", "with a forged Forwarded"])
@pytest.mark.parametrize(
    "lines", [lines for count in range(1, 6) for lines in combinations(SAID_ALONE, count)], ids=str
)
def test_each_header_counts_alone_and_a_forwarded_beside_it_does_not(lines: Lines, forged: Lines) -> None:
    told = {name for name, _ in lines}
    client = "203.0.113.9" if CLIENT[0] in told else "10.0.0.2"
    is_https = told & {"X-Forwarded-Proto", "X-Forwarded-Scheme", "X-Forwarded-Ssl"}
    host = "agenda.example" if TOLD_HOST[0] in told else "inner:8000"
    expected = (client, "https" if is_https else "http", host)
    assert seen(applied("10.0.0.2", *forged, *lines)) == expected
    assert seen(applied("10.0.0.2", *lines, *forged)) == expected


@pytest.mark.parametrize(
    "other", [PORT, ("X-Forwarded-Prefix", "/a"), ("X-Forwarded-Server", "s"), ("X-Forwarded-By", "10.0.0.2")]
)
def test_forwarded_counts_beside_headers_that_say_nothing_it_would_say(other: tuple[str, str]) -> None:
    said = ("Forwarded", "for=203.0.113.9;proto=https;host=agenda.example")
    assert seen(applied("10.0.0.2", said, other)) == ("203.0.113.9", "https", "agenda.example")


@pytest.mark.parametrize("proto", ["https", "wss", "WSS"])
def test_a_websocket_forwarded_from_tls_has_scheme_wss(proto: str) -> None:
    assert applied("::1", ("X-Forwarded-Proto", proto), kind="websocket")["scheme"] == "wss"


def test_an_ipv4_mapped_ipv6_address_is_read_as_ipv4() -> None:
    assert applied("::ffff:10.0.0.2", CLIENT)["client"] == ("203.0.113.9", 0)


def test_a_unix_socket_is_trusted_if_it_is_configured() -> None:
    assert applied(None, CLIENT, unix=True)["client"] == ("203.0.113.9", 0)
    assert applied(None, CLIENT)["client"] is None


def test_x_forwarded_port_completes_the_own_origin() -> None:
    scope = applied("10.0.0.2", HOST, ("X-Forwarded-Port", "8443"))
    assert own_origins(scope) == {"http://agenda.example:80", "http://agenda.example:8443"}


@pytest.mark.parametrize(
    "nonsense",
    [
        ("X-Forwarded-For", "unknown"),
        ("X-Forwarded-For", "_hidden"),
        ("X-Forwarded-For", ", ,"),
        ("X-Forwarded-Proto", "gopher"),
        ("X-Forwarded-Host", "["),
        ("X-Forwarded-Host", "agenda.example:99999"),
        ("X-Forwarded-Host", "agenda.example/admin"),
        ("X-Forwarded-Host", "user@agenda.example"),
        ("X-Forwarded-Host", "agenda.example:<script>"),
        ("Forwarded", 'host="agenda.example:x"'),
        ("X-Forwarded-Prefix", "//evil.example"),
        ("X-Forwarded-Prefix", "/a/../b"),
        ("X-Forwarded-Prefix", "https://evil.example"),
        ("Forwarded", "for=unknown;proto=gopher"),
        ("Forwarded", 'for="203.0.113.9'),
        ("Forwarded", "garbage"),
    ],
)
def test_invalid_proxy_headers_are_ignored(nonsense: tuple[str, str]) -> None:
    scope = applied("10.0.0.2", nonsense)
    assert seen(scope) == ("10.0.0.2", "http", "inner:8000")
    assert scope["state"].get("prefix", "") == ""


@pytest.mark.parametrize(
    ("text", "node"),
    [
        ("203.0.113.9", ("203.0.113.9", 0)),
        ("203.0.113.9:4711", ("203.0.113.9", 4711)),
        ("2001:db8::7", ("2001:db8::7", 0)),
        ("[2001:db8::7]", ("2001:db8::7", 0)),
        ("[2001:db8::7]:4711", ("2001:db8::7", 4711)),
        ('"[2001:db8::7]:4711"', ("2001:db8::7", 4711)),
        ("fe80::1%eth0", ("fe80::1", 0)),
        ("::ffff:203.0.113.9", ("203.0.113.9", 0)),
        ("203.0.113.9:_obfuscated", ("203.0.113.9", 0)),
        ("unknown", None),
        ("_secret", None),
        ("999.1.1.1", None),
        ("", None),
    ],
)
def test_each_form_of_a_forwarded_node_is_parsed(text: str, node: tuple[str, int] | None) -> None:
    found = parse_node(text)
    assert (None if found is None else (str(found[0]), found[1])) == node


@pytest.mark.parametrize(
    ("text", "hops"),
    [
        ("for=a", [{"for": "a"}]),
        ('for="a,b;c\\"d";proto=http , for=x', [{"for": 'a,b;c"d', "proto": "http"}, {"for": "x"}]),
        (" For = a ; PROTO=http", [{"for": "a", "proto": "http"}]),
        (",,for=a,", [{"for": "a"}]),
        ("", []),
        ("for", None),
    ],
)
def test_quoted_values_of_the_forwarded_header_are_parsed(
    text: str, hops: list[dict[str, str]] | None
) -> None:
    assert parse_forwarded(text) == hops


@pytest.mark.parametrize("unit", [" ", "a", '"', "\\", '="', "=", "a ", ";", ",", "for=1 ", "\x85"])
@pytest.mark.parametrize("before", ["for=8.8.8.8,", "for", "for=", 'for="', ""])
def test_forwarded_takes_time_in_proportion_to_its_length(before: str, unit: str) -> None:
    def seconds(size: int) -> float:
        text = before + unit * (size // len(unit)) + "@"
        times = []
        for _ in range(3):
            begun = thread_time()
            parse_forwarded(text)
            times.append(thread_time() - begun)
        return min(times)

    # Quadratic time would be 256-fold; what is quick is not measured well.
    assert seconds(60_000) < max(5 * 16 * seconds(3750), 0.1)


@pytest.mark.parametrize(
    ("text", "prefix"),
    [
        ("/fasttrack", "/fasttrack"),
        ("/fasttrack/", "/fasttrack"),
        ("/", ""),
        ("/apps, /fasttrack", "/apps/fasttrack"),
        ("fasttrack", None),
        ("/a b", None),
        ("//evil.example", None),
        ("/" + "a" * 300, None),
    ],
)
def test_a_prefix_is_a_plain_path_or_nothing(text: str, prefix: str | None) -> None:
    assert parse_prefix(text) == prefix


@given(st.text(max_size=40), st.text(max_size=40))
def test_any_header_text_is_parsed_without_an_exception(one: str, two: str) -> None:
    texts = [text.encode("utf-8", "replace").decode("latin-1") for text in (one, two)]
    lines = [(name, text) for name in LISTED for text in texts]
    assert applied("10.0.0.2", *lines)["scheme"] in ("http", "https")
    assert applied("10.0.0.2", lines[0], lines[1])["scheme"] in ("http", "https")

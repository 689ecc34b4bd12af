"""A `Host` holds a name or an address, and a port that exists. What can be looked up is known before."""

import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.authority import is_authority, is_host_name

GOOD = [
    "a",
    "a.example",
    "A_b",
    "xn--bcher-kva.example",
    "127.0.0.1",
    "[::1]",
    "[::ffff:10.0.0.1]",
    "",
    "%41",
    "a.",
]
PORTS = ["", ":", ":0", ":80", ":00080", ":65535"]
NO_PORTS = [":65536", ":99999", ":000080", ":-1", ":+80", ":8 0", ": 80", ":80:80", ":1e3", ":\u0661", ":x"]
BAD = [
    "user@a",
    "a/b",
    "a b",
    "a,b@",
    "[::1",
    "::1",
    "[::1].evil",
    "[fe80::1%25eth0]",
    "a?b",
    "a#b",
    "a\\b",
    "é",
    "a\tb",
]


@pytest.mark.parametrize("port", PORTS)
@pytest.mark.parametrize("name", GOOD)
def test_a_name_or_address_may_have_a_port(name: str, port: str) -> None:
    assert is_authority((name + port).encode())


@pytest.mark.parametrize(
    "text", [*BAD, *("a" + port for port in NO_PORTS), *("[::1]" + port for port in NO_PORTS)]
)
def test_other_text_is_refused(text: str) -> None:
    assert not is_authority(text.encode())


@given(st.integers(0, 99_999))
def test_only_ports_that_exist_are_accepted(port: int) -> None:
    assert is_authority(b"a:%d" % port) == (port < 1 << 16)


@given(st.text("ab.-_é\u3002\u00ad:", max_size=70) | st.text("a.", min_size=60, max_size=70))
def test_no_host_name_fails_in_another_way_than_to_be_unknown(name: str) -> None:
    try:
        socket.getaddrinfo(name, 1, flags=socket.AI_NUMERICHOST)
    except socket.gaierror:
        pass
    except UnicodeError:
        assert not is_host_name(name)
        return
    assert is_host_name(name)

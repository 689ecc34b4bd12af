"""Names and addresses that mean this machine, in every form that a URL or a socket has them."""

import pytest

from api.loopback import is_loopback


@pytest.mark.parametrize(
    "host",
    ["localhost", "LOCALHOST.", "a.localhost", "127.0.0.1", "127.9.9.9", "::1", "[::1]", "::ffff:127.0.0.1"],
)
def test_this_machine(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host",
    [
        *(
            "",
            "localhost.example",
            "notlocalhost",
            "0.0.0.0",
            "::",
            "128.0.0.1",
            "127.0.0.1.example",
            "127.1",
        ),
        "a" * 250 + ".localhost",
    ],
)
def test_others(host: str) -> None:
    assert not is_loopback(host)

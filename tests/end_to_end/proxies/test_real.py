"""How the tests start proxies: another one is not taken for theirs, and what it prints is not lost."""

import socket
from pathlib import Path

import pytest

from tests.end_to_end.proxies import real


def test_a_stranger_on_the_port_is_not_taken_for_the_proxy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        monkeypatch.setattr(real, "free_port", lambda: stranger.getsockname()[1])
        with pytest.raises(AssertionError) as failed, real.bare_nginx(tmp_path, 9):
            pass
    assert any("Address already in use" in note for note in failed.value.__notes__)


@pytest.mark.parametrize("proxy", ["nginx", "haproxy", "caddy", "apache"])
def test_what_a_proxy_printed_is_shown_with_a_failure(proxy: real.Documented, tmp_path: Path) -> None:
    def fail() -> None:
        with real.documented(proxy, tmp_path, 9):
            (tmp_path / "said.log").write_text("something")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError) as failed:
        fail()
    assert any("said.log:\nsomething" in note for note in failed.value.__notes__)

"""Proxies of this machine on free ports: as docs/proxies.md sets them up, and set up to do harm."""

import contextlib
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from tests.conftest import unavailable
from tests.end_to_end.server_process import free_port

HERE = Path(__file__).parent
PROXIES = HERE.parents[2] / "docs" / "proxies.md"
OPERATING = PROXIES.with_name("operating.md")
STARTS_WITHIN_SECONDS = 30

Documented = Literal["nginx", "haproxy", "caddy", "apache"]

# Where the document listens, and how a test says it.
_LISTENS: dict[Documented, tuple[str, str]] = {
    "nginx": ("listen 80;", "listen 127.0.0.1:@port@;"),
    "haproxy": ("bind :80", "bind 127.0.0.1:@port@"),
    "caddy": ("events.example {", "http://127.0.0.1:@port@ {"),
    "apache": ("<VirtualHost *:80>", "Listen 127.0.0.1:@port@\n<VirtualHost 127.0.0.1:@port@>"),
}


@contextlib.contextmanager
def documented(proxy: Documented, folder: Path, upstream_port: int) -> Iterator[int]:
    """Run a proxy with the text of docs/proxies.md, but for addresses. Yields its port."""
    with _as_in(PROXIES, proxy, folder, {8000: upstream_port}) as port:
        yield port


@contextlib.contextmanager
def before_two(folder: Path, first_port: int, second_port: int) -> Iterator[int]:
    """Run nginx before two servers with the text of docs/operating.md. Yields its port."""
    with _as_in(OPERATING, "nginx", folder, {8001: first_port, 8002: second_port}) as port:
        yield port


@contextlib.contextmanager
def _as_in(document: Path, proxy: Documented, folder: Path, upstreams: dict[int, int]) -> Iterator[int]:
    block = re.search(rf"```{proxy}\n(.*?)```", document.read_text(), re.DOTALL)
    assert block is not None
    said, meant = _LISTENS[proxy]
    assert said in block[1]
    text = block[1].replace(said, meant)
    for written, real in upstreams.items():
        assert f"127.0.0.1:{written}" in text
        text = text.replace(f"127.0.0.1:{written}", f"127.0.0.1:{real}")
    frame = (HERE / f"{proxy}.frame").read_text()
    port = free_port()
    config = folder / proxy
    config.write_text(
        frame.replace("@document@", text).replace("@port@", str(port)).replace("@folder@", str(folder))
    )
    with _running(_command(proxy, config), [port]):
        yield port


@contextlib.contextmanager
def hostile(proxy: Literal["nginx", "haproxy"], folder: Path, upstream_port: int) -> Iterator[dict[str, int]]:
    """Run a proxy that does harm. Yields its ports by the names in its configuration."""
    text = (HERE / f"{proxy}.hostile").read_text()
    names = set(re.findall(r"127\.0\.0\.1:@(\w+)@", text)) - {"upstream"}
    ports = {name: free_port() for name in sorted(names)}
    for name, value in {**ports, "upstream": upstream_port, "folder": folder}.items():
        text = text.replace(f"@{name}@", str(value))
    config = folder / proxy
    config.write_text(text)
    with _running(_command(proxy, config), list(ports.values())):
        yield ports


def _command(proxy: Documented, config: Path) -> list[str]:
    program = _program({"apache": "apache2"}.get(proxy, proxy))
    arguments = {
        "nginx": ["-p", str(config.parent), "-e", str(config.parent / "start.log"), "-c", str(config)],
        "haproxy": ["-db", "-f", str(config)],
        "caddy": ["run", "--adapter", "caddyfile", "--config", str(config)],
        "apache": ["-X", "-f", str(config)],
    }
    return [program, *arguments[proxy]]


def _program(name: str) -> str:
    # /usr/sbin is not on everyone's path.
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin")
    if found is None:
        unavailable(f"{name}, for the tests of networks")
    return found


@contextlib.contextmanager
def _running(command: list[str], ports: list[int]) -> Iterator[None]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for port in ports:
            _await_port(port, process)
        yield
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            # Some wait for their connections to end.
            process.kill()
            process.wait()


def _await_port(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + STARTS_WITHIN_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, "the proxy ended at once: is its configuration right?"
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise AssertionError(f"nothing listens on {port}")

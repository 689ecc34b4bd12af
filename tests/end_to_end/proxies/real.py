"""nginx and HAProxy of this machine, started on free ports with the configurations beside this file."""

import contextlib
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from tests.conftest import unavailable
from tests.end_to_end.server_process import free_port

HERE = Path(__file__).parent
STARTS_WITHIN_SECONDS = 15


@contextlib.contextmanager
def nginx(folder: Path, upstream_port: int) -> Iterator[dict[str, int]]:
    """Run nginx. Yields its ports by the names of nginx.conf."""
    config, ports = _filled("nginx.conf", folder, upstream_port)
    with _running(
        [_program("nginx"), "-p", str(folder), "-e", str(folder / "start.log"), "-c", str(config)], ports
    ):
        yield ports


@contextlib.contextmanager
def haproxy(folder: Path, upstream_port: int) -> Iterator[dict[str, int]]:
    """Run HAProxy. Yields its ports by the names of haproxy.cfg."""
    config, ports = _filled("haproxy.cfg", folder, upstream_port)
    with _running([_program("haproxy"), "-db", "-f", str(config)], ports):
        yield ports


def _program(name: str) -> str:
    # /usr/sbin is not on everyone's path.
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin")
    if found is None:
        unavailable(f"{name}, for the tests of hostile networks")
    return found


def _filled(template: str, folder: Path, upstream_port: int) -> tuple[Path, dict[str, int]]:
    text = (HERE / template).read_text()
    names = set(re.findall(r"127\.0\.0\.1:@(\w+)@", text)) - {"upstream"}
    ports = {name: free_port() for name in sorted(names)}
    for name, value in {**ports, "upstream": upstream_port, "folder": folder}.items():
        text = text.replace(f"@{name}@", str(value))
    config = folder / template
    config.write_text(text)
    return config, ports


@contextlib.contextmanager
def _running(command: list[str], ports: dict[str, int]) -> Iterator[None]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for port in ports.values():
            _await_port(port, process)
        yield
    finally:
        process.terminate()
        process.wait(10)


def _await_port(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + STARTS_WITHIN_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, "the proxy ended at once: is its configuration right?"
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise AssertionError(f"nothing listens on {port}")

"""A client whose network is cut, with no FIN and no RST: gone within 45 seconds, presence and all.

The network is a real one: a namespace of the kernel's, joined to the server's by a veth pair.
"""

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.conftest import unavailable
from tests.end_to_end.network_turns import changing_the_network
from tests.serving import Served, serving

pytestmark = pytest.mark.anyio

GONE_WITHIN_SECONDS = 45.0
UNDER_ANOTHER_SERVER_SECONDS = 90.0
"""A heartbeat, then the patience of the kernel (TCP_USER_TIMEOUT), the grace of a page; and slack."""

TRANSPORTS = {"/sse/eventos", "/ws/eventos", "/poll/eventos"}


class Network:
    """A namespace behind a cable that can be pulled."""

    def __init__(self) -> None:
        self.name = f"ft{os.getpid() % 100_000}"
        self._net = f"10.{200 + os.getpid() % 50}.{os.getpid() // 50 % 250}"
        self.server = f"{self._net}.1"

    def plug_in(self) -> None:
        near, far = f"{self.name}s", f"{self.name}c"
        ip("netns", "add", self.name)
        ip("link", "add", near, "type", "veth", "peer", "name", far)
        ip("link", "set", far, "netns", self.name)
        ip("addr", "add", f"{self.server}/24", "dev", near)
        ip("link", "set", near, "up")
        self.inside("addr", "add", f"{self._net}.2/24", "dev", far)
        self.inside("link", "set", far, "up")

    def inside(self, *words: str) -> None:
        ip("-n", self.name, *words)

    def cut(self) -> None:
        # What the server sends goes nowhere, and nothing of the client comes back.
        self.inside("link", "set", f"{self.name}c", "down")

    def remove(self) -> None:
        subprocess.run(["ip", "netns", "del", self.name], check=False, capture_output=True)
        subprocess.run(["ip", "link", "del", f"{self.name}s"], check=False, capture_output=True)


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)


@pytest.fixture
def network() -> Iterator[Network]:
    if shutil.which("ip") is None or os.geteuid() != 0:
        unavailable("iproute2 as root")
    made = Network()
    with changing_the_network():
        try:
            try:
                made.plug_in()
            except subprocess.CalledProcessError as error:
                unavailable(f"a network namespace ({error.stderr.decode().strip()})")
            yield made
        finally:
            made.remove()


@asynccontextmanager
async def readers(network: Network, served: Served) -> AsyncIterator[None]:
    """Run a client of every transport in the namespace, until it is killed."""
    inside = ["ip", "netns", "exec", network.name]
    script = [sys.executable, "-m", "tests.end_to_end.vanishing_client", network.server, str(served.port)]
    process = await asyncio.create_subprocess_exec(*inside, *script, stdout=asyncio.subprocess.PIPE)
    try:
        assert process.stdout is not None
        async with asyncio.timeout(30):
            told = {(await process.stdout.readline()).decode().strip() for _ in TRANSPORTS}
        assert told == TRANSPORTS
        yield
    finally:
        process.kill()
        await process.wait()


async def cut_and_wait(network: Network, served: Served, within_seconds: float) -> None:
    """Pull the cable, and wait until nobody is online."""
    presence = served.app.state.services.presence
    assert presence.online >= len(TRANSPORTS)
    network.cut()
    async with asyncio.timeout(within_seconds):
        while presence.online:  # noqa: ASYNC110 - who tells of it is a stream, and would be online.
            await asyncio.sleep(0.1)
    assert not served.app.state.services.hub.registry.open


async def test_a_client_whose_network_is_cut_is_detected_within_45_s(
    network: Network, tmp_path: Path
) -> None:
    async with serving(tmp_path, host=network.server, auth="open") as served, readers(network, served):
        await cut_and_wait(network, served, GONE_WITHIN_SECONDS)
        assert not served.server.server_state.connections


@pytest.mark.thorough
async def test_under_another_server_a_cut_client_is_detected_by_the_kernel(
    network: Network, tmp_path: Path
) -> None:
    async with (
        serving(tmp_path, direct=False, host=network.server, auth="open") as served,
        readers(network, served),
    ):
        await cut_and_wait(network, served, UNDER_ANOTHER_SERVER_SECONDS)

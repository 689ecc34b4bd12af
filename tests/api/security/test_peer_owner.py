"""Whose the other end of a loopback connection is."""

import os
import pwd
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import anyio
import pytest
from websockets.asyncio.client import connect

from api.security import locality
from api.security.peer_owner import Address, Owner, is_of_a_person, owner_of
from api.transport_extension import CONNECTION_STATE
from tests.conftest import unavailable
from tests.serving import Served, serving

Pair = tuple[socket.socket, socket.socket]

# Connects, says so, and waits: as another account.
CLIENT = """
import encodings.idna, os, socket, sys
os.setgroups([]), os.setgid(int(sys.argv[3])), os.setuid(int(sys.argv[3]))
client = socket.create_connection((sys.argv[1], int(sys.argv[2])))
print(client.getsockname()[1], flush=True)
sys.stdin.read()
"""
ASK = """
import encodings.idna, os, socket, sys
os.setgroups([]), os.setgid(int(sys.argv[2])), os.setuid(int(sys.argv[2]))
client = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
client.sendall(b"GET /api/v1/session HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: keep-alive\\r\\n\\r\\n")
print(client.recv(65536).decode(errors="replace"))
"""


@pytest.fixture(params=["127.0.0.1", "::1", "127.0.0.1 on a socket of both"])
def listening(request: pytest.FixtureRequest) -> Iterator[tuple[socket.socket, str]]:
    host = request.param.partition(" ")[0]
    if host != request.param:
        own = socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True)
    else:
        own = socket.create_server((host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    own.settimeout(30)
    with own:
        yield own, host


def _owner_at(server: socket.socket) -> object:
    return owner_of(server.getpeername()[:2], server.getsockname()[:2])


def test_the_owner_of_a_connection_is_told_until_it_is_closed(listening: tuple[socket.socket, str]) -> None:
    own, host = listening
    with socket.create_connection((host, own.getsockname()[1])) as client:
        server, _ = own.accept()
        with server:
            assert _owner_at(server) == os.geteuid()
            client.shutdown(socket.SHUT_WR)
            assert _owner_at(server) == os.geteuid()
            peer, here = server.getpeername()[:2], server.getsockname()[:2]
            client.close()
            assert owner_of(peer, here) == "gone"
    assert owner_of(peer, here) == "gone"


def _account(name: str) -> int:
    if os.geteuid() != 0:
        unavailable("root, to connect as another account")
    return pwd.getpwnam(name).pw_uid


def test_the_owner_is_the_account_that_connected(listening: tuple[socket.socket, str]) -> None:
    own, host = listening
    uid = _account("www-data")
    command = [sys.executable, "-I", "-c", CLIENT, host, str(own.getsockname()[1]), str(uid)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        server, _ = own.accept()
        with server:
            assert _owner_at(server) == uid
        other.communicate()


@pytest.mark.parametrize(
    ("owner", "is_person"),
    [
        (0, True),
        (1, False),
        (33, False),
        (999, False),
        (1000, True),
        (60_000, True),
        (60_513, True),  # systemd-homed gives people these.
        (61_183, True),
        (61_184, False),
        (64_055, False),  # libvirt-qemu, by Debian
        (65_519, False),
        (65_534, False),
        (65_535, False),
        (65_536, True),
        (100_000, True),
        (1_668_400_001, True),  # FreeIPA
    ],
)
def test_persons_are_told_from_services_by_their_number(owner: int, *, is_person: bool) -> None:
    assert is_of_a_person(owner) == is_person or owner == os.geteuid()


def test_the_account_of_the_server_itself_is_no_stranger() -> None:
    assert is_of_a_person(os.geteuid())


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    async with serving(tmp_path / "data") as running:
        yield running


@pytest.mark.anyio
@pytest.mark.parametrize(("account", "status"), [("root", "200"), ("www-data", "401"), ("nobody", "401")])
async def test_the_account_of_a_service_is_asked_for_a_token(
    served: Served, account: str, status: str
) -> None:
    uid = _account(account)
    ran = await anyio.run_process([sys.executable, "-I", "-c", ASK, str(served.port), str(uid)])
    answer = ran.stdout.decode()
    assert answer.startswith(f"HTTP/1.1 {status}")
    assert ("runs as the account of a service" in answer) == (status == "401")


def _scope(state: dict[str, object]) -> dict[str, object]:
    return {
        "http_version": "1.1",
        "client": ("127.0.0.1", 5000),
        "server": ("127.0.0.1", 8000),
        "headers": [(b"host", b"localhost")],
        "extensions": {CONNECTION_STATE: state},
    }


@pytest.mark.parametrize("owner", [1000, 33, "gone", None])
def test_the_kernel_is_asked_once_a_connection(monkeypatch: pytest.MonkeyPatch, owner: Owner) -> None:
    asked: list[object] = []

    def counted(*ends: object) -> Owner:
        asked.append(ends)
        return owner

    monkeypatch.setattr(locality, "owner_of", counted)
    one: dict[str, object] = {}
    signs = {locality.sign_of_others(_scope(one)) for _ in range(3)}
    assert len(signs) == len(asked) == 1
    locality.sign_of_others(_scope({}))
    assert len(asked) == 2


@pytest.mark.anyio
async def test_requests_and_streams_of_a_server_ask_once_a_connection(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []

    def counted(peer: Address, own: Address) -> Owner:
        asked.append(peer)
        return owner_of(peer, own)

    monkeypatch.setattr(locality, "owner_of", counted)
    async with served.client() as client:
        assert [(await client.get("/api/v1/session")).status_code for _ in range(3)] == [200] * 3
    assert len(asked) == 1
    async with connect(f"ws://{served.address}/ws?feed=eventos", open_timeout=60) as stream:
        await stream.recv()
    assert len(asked) == len(set(asked)) == 2

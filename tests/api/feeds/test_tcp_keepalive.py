"""What the kernel tells of a client: what it has taken, and nothing once it has left."""

import asyncio
import socket

import pytest
import uvloop

from api.feeds.tcp_keepalive import (
    STREAM_SEND_BUFFER_BYTES,
    STREAM_UNACKNOWLEDGED_MS,
    asking_while_silent,
    bound_stream,
    has_vanished,
    set_user_timeout,
    untaken_bytes,
)
from api.feeds.transport_outlet import TransportSse


async def closed_transport() -> asyncio.BaseTransport:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(asyncio.Protocol, "127.0.0.1", 0)
    transport, _ = await loop.create_connection(asyncio.Protocol, *server.sockets[0].getsockname())
    transport.abort()
    while transport.get_extra_info("socket").fileno() >= 0:  # noqa: ASYNC110 - turn by turn, until it is closed.
        await asyncio.sleep(0)
    server.close()
    return transport


@pytest.mark.parametrize("new_loop", [uvloop.new_event_loop, asyncio.new_event_loop])
def test_what_a_client_takes_counts_before_the_kernel_has_room_for_more(new_loop: object) -> None:
    """A client that takes a little all the time is not slow, though nothing leaves the transport."""

    async def take_a_little() -> None:
        listening = socket.create_server(("127.0.0.1", 0))
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client = socket.create_connection(listening.getsockname())
        accepted, _ = listening.accept()
        with listening, client:
            loop = asyncio.get_running_loop()
            transport, _ = await loop.connect_accepted_socket(asyncio.Protocol, accepted)
            outlet = TransportSse()
            outlet.take(transport, set())
            outlet.begin([b"hello"])
            outlet.write(bytes(1_000_000))
            waiting, before = transport.get_write_buffer_size(), outlet.buffered()
            assert before > waiting > 0
            for _ in range(4):
                client.recv(4096)
            async with asyncio.timeout(60):
                while outlet.buffered() == before:  # noqa: ASYNC110 - the kernel has no event for it.
                    await asyncio.sleep(0.005)
            assert outlet.buffered() < before
            transport.abort()

    with asyncio.Runner(loop_factory=new_loop) as runner:  # type: ignore[arg-type]
        runner.run(take_a_little())


@pytest.mark.parametrize("new_loop", [uvloop.new_event_loop, asyncio.new_event_loop])
def test_a_stream_is_bounded_behind_its_first_payloads(new_loop: object) -> None:
    """The page that was missed goes out whole; what comes later waits here, where clients share it."""

    async def open_one() -> None:
        with socket.create_server(("127.0.0.1", 0)) as listening:
            client = socket.create_connection(listening.getsockname())
            accepted, _ = listening.accept()
        with client:
            loop = asyncio.get_running_loop()
            transport, _ = await loop.connect_accepted_socket(asyncio.Protocol, accepted)
            outlet = TransportSse()
            outlet.take(transport, set(), b"head ")
            outlet.begin([b"hello ", b"page"])
            assert await loop.run_in_executor(None, client.recv, 100) == b"head hello page"
            options = transport.get_extra_info("socket")
            # Linux doubles the one for its own accounts. Source: socket(7).
            assert options.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) == 2 * STREAM_SEND_BUFFER_BYTES
            assert options.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == STREAM_UNACKNOWLEDGED_MS
            outlet.write(b"later")
            assert await loop.run_in_executor(None, client.recv, 100) == b"later"
            transport.abort()

    with asyncio.Runner(loop_factory=new_loop) as runner:  # type: ignore[arg-type]
        runner.run(open_one())


@pytest.mark.parametrize("new_loop", [uvloop.new_event_loop, asyncio.new_event_loop])
def test_socket_options_of_a_closed_socket_raise_nothing(new_loop: object) -> None:
    async def ask() -> None:
        transport = await asyncio.wait_for(closed_transport(), 60)
        connection = transport.get_extra_info("socket")
        with asking_while_silent(connection):
            set_user_timeout(connection, 1000)
        bound_stream(connection)
        bound_stream(None)
        assert not has_vanished(connection)
        assert untaken_bytes(connection) == 0

    with asyncio.Runner(loop_factory=new_loop) as runner:  # type: ignore[arg-type]
        runner.run(ask())

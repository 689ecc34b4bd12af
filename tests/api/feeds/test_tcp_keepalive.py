"""A client that has left meanwhile: its socket can be asked nothing, and nobody minds."""

import asyncio

import pytest
import uvloop

from api.feeds.tcp_keepalive import asking_while_silent, has_vanished, set_user_timeout


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
def test_socket_options_of_a_closed_socket_raise_nothing(new_loop: object) -> None:
    async def ask() -> None:
        transport = await asyncio.wait_for(closed_transport(), 60)
        connection = transport.get_extra_info("socket")
        with asking_while_silent(connection):
            set_user_timeout(connection, 1000)
        assert not has_vanished(connection)

    with asyncio.Runner(loop_factory=new_loop) as runner:  # type: ignore[arg-type]
        runner.run(ask())

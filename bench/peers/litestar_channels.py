"""Litestar's channels with ServerSentEvent, and its channels over WebSocket. They have no ids."""

from collections.abc import AsyncIterator

from litestar import Litestar, Request, WebSocket, get, post, websocket
from litestar.channels import ChannelsPlugin
from litestar.channels.backends.memory import MemoryChannelsBackend
from litestar.response import ServerSentEvent

channels = ChannelsPlugin(backend=MemoryChannelsBackend(history=4000), channels=["feed"])


@get("/sse")
async def sse(channels: ChannelsPlugin) -> ServerSentEvent:
    async def events() -> AsyncIterator[str]:
        async with channels.start_subscription("feed") as subscriber:
            async for message in subscriber.iter_events():
                yield message.decode()

    return ServerSentEvent(events())


@websocket("/ws")
async def ws(socket: WebSocket, channels: ChannelsPlugin) -> None:
    await socket.accept()
    async with channels.start_subscription("feed") as subscriber:
        async for message in subscriber.iter_events():
            await socket.send_text(message)


@post("/pub", status_code=200)
async def pub(request: Request, channels: ChannelsPlugin) -> None:
    channels.publish((await request.body()).decode(), "feed")


app = Litestar([sse, ws, pub], plugins=[channels], openapi_config=None)

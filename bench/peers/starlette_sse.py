"""sse-starlette: EventSourceResponse over a queue a client; Starlette's own WebSocket."""

from collections.abc import AsyncIterator

from history import Broadcast
from sse_starlette import EventSourceResponse
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

broadcast = Broadcast()


async def sse(request: Request) -> EventSourceResponse:
    async def events() -> AsyncIterator[dict[str, str]]:
        async for number, text in broadcast.messages(request.headers.get("last-event-id")):
            yield {"id": str(number), "data": text}

    return EventSourceResponse(events(), sep="\n")


async def ws(socket: WebSocket) -> None:
    await socket.accept()
    async for _, text in broadcast.messages(socket.headers.get("last-event-id")):
        await socket.send_text(text)


async def pub(request: Request) -> Response:
    broadcast.publish((await request.body()).decode())
    return Response(status_code=200)


app = Starlette(routes=[Route("/sse", sse), WebSocketRoute("/ws", ws), Route("/pub", pub, methods=["POST"])])

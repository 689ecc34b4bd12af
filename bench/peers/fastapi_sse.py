"""FastAPI with its own SSE response and WebSocket, over a queue a client."""

from collections.abc import AsyncIterable
from typing import Annotated

from fastapi import FastAPI, Header, Request, Response, WebSocket
from fastapi.sse import EventSourceResponse, ServerSentEvent
from history import Broadcast

app = FastAPI()
broadcast = Broadcast()


@app.get("/sse", response_class=EventSourceResponse)
async def sse(last_event_id: Annotated[str | None, Header()] = None) -> AsyncIterable[ServerSentEvent]:
    async for number, text in broadcast.messages(last_event_id):
        yield ServerSentEvent(id=str(number), raw_data=text)


@app.websocket("/ws")
async def ws(socket: WebSocket) -> None:
    await socket.accept()
    async for _, text in broadcast.messages(socket.headers.get("last-event-id")):
        await socket.send_text(text)


@app.post("/pub")
async def pub(request: Request) -> Response:
    broadcast.publish((await request.body()).decode())
    return Response(status_code=200)

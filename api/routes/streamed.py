"""Answers of any length in constant memory."""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Any

import anyio
from anyio.streams.memory import MemoryObjectSendStream
from litestar.response.base import ASGIResponse
from litestar.types import Receive, Scope, Send

SEND_SECONDS = 60
"""How long a client may leave one chunk lying; it holds a snapshot of the store meanwhile."""


class StreamedAnswer(ASGIResponse):
    """Sends chunks as they are produced; cleans up at once when the client disconnects.

    The first chunk is made before the head is sent, so that a failing store still answers 503.
    """

    def __init__(
        self, chunks: Callable[[], AsyncGenerator[bytes, None]], *, media_type: str, headers: dict[str, str]
    ) -> None:
        super().__init__(media_type=media_type, headers=headers)
        self._chunks = chunks
        self._head = [
            (b"content-type", media_type.encode()),
            *((name.lower().encode(), value.encode()) for name, value in headers.items()),
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the answer."""
        async with aclosing(self._chunks()) as chunks:
            first = await anext(chunks, b"")
            await send({"type": "http.response.start", "status": 200, "headers": self._head})
            if not scope["state"].get("is_head"):
                await _send_all(first, chunks, receive, send)
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _send_all(first: bytes, chunks: AsyncGenerator[bytes, None], receive: Receive, send: Send) -> None:
    """Send each chunk while the next one is made, which may be another thread's work."""
    ahead, made = anyio.create_memory_object_stream[bytes](0)
    async with made, anyio.create_task_group() as tasks:
        tasks.start_soon(_cancel_when_gone, receive, tasks.cancel_scope)
        tasks.start_soon(_make, chunks, ahead)
        await _send_chunk(first, send)
        async for chunk in made:
            await _send_chunk(chunk, send)
        tasks.cancel_scope.cancel()


async def _make(chunks: AsyncGenerator[bytes, None], ahead: MemoryObjectSendStream[bytes]) -> None:
    async with ahead:
        async for chunk in chunks:
            await ahead.send(chunk)


async def _send_chunk(chunk: bytes, send: Send) -> None:
    with anyio.fail_after(SEND_SECONDS):
        await send({"type": "http.response.body", "body": chunk, "more_body": True})


async def _cancel_when_gone(receive: Receive, scope: anyio.CancelScope) -> None:
    message: Any = await receive()
    while message["type"] != "http.disconnect":
        message = await receive()
    scope.cancel()

"""Accepts WebSockets, or refuses them with a close code."""

from typing import Any, NoReturn

from litestar import WebSocket
from litestar.exceptions import WebSocketException

BATCH = "fasttrack.batch"
"""The one subprotocol: a frame is an array of messages."""

TRY_AGAIN = 1013
"""The store is away. Source: IANA, WebSocket Close Code Number Registry."""

CLOSE_CODES = {400: 4400, 401: 4401, 403: 4403, 404: 4404, 429: 4429, 503: TRY_AGAIN}
"""What stands for the status of a refusal."""

Socket = WebSocket[Any, Any, Any]


def is_batched(socket: Socket) -> bool:
    """Return whether the client asks for arrays of messages."""
    return BATCH in socket.scope["subprotocols"]


async def accept(socket: Socket) -> None:
    """Accept, with the subprotocol if it is asked for: without it browsers drop the connection."""
    await socket.accept(subprotocols=BATCH if is_batched(socket) else None)


async def refuse(socket: Socket, status: int, reason: str) -> NoReturn:
    """Accept, then close: a page cannot read the status of a handshake, but it can read a close code."""
    await accept(socket)
    # A reason has room for 123 bytes (RFC 6455 §5.5).
    short = reason.encode()[:100].decode(errors="ignore")
    raise WebSocketException(code=CLOSE_CODES.get(status, 1011), detail=short)

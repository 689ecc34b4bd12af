"""The frames of a WebSocket client, read incrementally; no I/O.

Source: RFC 6455 §5. A client of the feed has next to nothing to say, so a message is at most
4 KiB, and whatever breaks a rule ends the connection.
"""

from collections.abc import Iterator
from typing import Literal

from msgspec import Struct

MAX_MESSAGE_BYTES = 4096
_CONTINUATION, _TEXT, _CLOSE, _PING, _PONG = 0x0, 0x1, 0x8, 0x9, 0xA

Kind = Literal["text", "close", "ping", "pong", "fault"]


class ClientEvent(Struct, frozen=True):
    """A message or control frame of the client, or a broken rule."""

    kind: Kind
    payload: bytes = b""


class ClientFrames:
    """Turns bytes of the client into events. After a `fault` or `close` there are no more."""

    __slots__ = ("_buffer", "_message", "_over")

    def __init__(self) -> None:
        # None while nothing is half read, which is nearly always.
        self._buffer: bytearray | None = None
        self._message: bytes | None = None
        self._over = False

    def feed(self, chunk: bytes) -> Iterator[ClientEvent]:
        """Yield what is complete with these bytes."""
        buffer = self._buffer or bytearray()
        self._buffer = None
        buffer += chunk
        while not self._over and (event := self._next(buffer)) is not None:
            self._over = event.kind in ("fault", "close")
            if event.kind != "pong":
                yield event
        self._buffer = buffer if buffer and not self._over else None

    def _next(self, buffer: bytearray) -> ClientEvent | None:
        """Take events off the buffer until one is whole; a part of a message is none."""
        while len(buffer) >= 2:
            size, start = _extent(buffer)
            if size is None:
                return None
            is_control = bool(buffer[0] & 0x08)
            if not buffer[1] & 0x80 or buffer[0] & 0x70 or size > (125 if is_control else MAX_MESSAGE_BYTES):
                return ClientEvent("fault")
            if len(buffer) < start + 4 + size:
                return None
            payload = _unmasked(buffer[start + 4 : start + 4 + size], buffer[start : start + 4])
            first = buffer[0]
            del buffer[: start + 4 + size]
            event = self._event(first & 0x0F, payload, final=bool(first & 0x80))
            if event is not None:
                return event
        return None

    def _event(self, opcode: int, payload: bytes, *, final: bool) -> ClientEvent | None:
        match opcode:
            case 0x8 | 0x9 | 0xA if final:
                kinds: dict[int, Kind] = {_CLOSE: "close", _PING: "ping", _PONG: "pong"}
                return ClientEvent(kinds[opcode], payload)
            case 0x1 if self._message is None:
                return self._part(payload, final=final)
            case 0x0 if self._message is not None:
                return self._part(self._message + payload, final=final)
        return ClientEvent("fault")

    def _part(self, message: bytes, *, final: bool) -> ClientEvent | None:
        if len(message) > MAX_MESSAGE_BYTES:
            return ClientEvent("fault")
        self._message = None if final else message
        return ClientEvent("text", message) if final else None


def _extent(buffer: bytearray) -> tuple[int | None, int]:
    """Return (payload size, place of the mask); the size is None while its bytes are missing."""
    size = buffer[1] & 0x7F
    if size < 126:
        return size, 2
    start = 4 if size == 126 else 10
    return (int.from_bytes(buffer[2:start], "big"), start) if len(buffer) >= start else (None, start)


def _unmasked(payload: bytearray, mask: bytearray) -> bytes:
    size = len(payload)
    key = int.from_bytes((mask * (size // 4 + 1))[:size], "big")
    return (int.from_bytes(payload, "big") ^ key).to_bytes(size, "big")

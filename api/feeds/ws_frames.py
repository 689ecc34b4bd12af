"""The frames of a WebSocket client, read incrementally. No I/O.

A client of the feed has next to nothing to send, so a message is at most 4 KiB, and whatever breaks a rule
ends the connection with the code that names the rule. Source: RFC 6455 §5, §7.4, §8.1.
"""

from collections.abc import Iterator
from typing import Literal

from msgspec import Struct

MAX_MESSAGE_BYTES = 4096
PROTOCOL_ERROR, NOT_UTF8, TOO_BIG = 1002, 1007, 1009

_CONTINUATION, _TEXT, _BINARY, _CLOSE, _PING, _PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
_DATA, _CONTROL = frozenset({_CONTINUATION, _TEXT, _BINARY}), frozenset({_CLOSE, _PING, _PONG})
_REGISTERED = frozenset({1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014})
"""Codes that may stand in a frame. Source: IANA, WebSocket Close Code Number Registry."""

Kind = Literal["text", "binary", "close", "ping", "fault"]


class ClientEvent(Struct, frozen=True):
    """A message or control frame of the client, or a broken rule, whose close code is `code`."""

    kind: Kind
    payload: bytes = b""
    code: int = 0


class FrameParser:
    """Turns bytes of the client into events. After a `fault` or `close` there are no more."""

    __slots__ = ("_buffer", "_is_over", "_message", "_opcode")

    def __init__(self) -> None:
        # None while nothing is half read, which is nearly always.
        self._buffer: bytearray | None = None
        self._message: bytes | None = None
        self._opcode = 0
        self._is_over = False

    def feed(self, chunk: bytes) -> Iterator[ClientEvent]:
        """Yield what is complete with these bytes."""
        buffer = self._buffer or bytearray()
        self._buffer = None
        buffer += chunk
        while not self._is_over and (event := self._next(buffer)) is not None:
            self._is_over = event.kind in ("fault", "close")
            yield event
        self._buffer = buffer if buffer and not self._is_over else None

    def _next(self, buffer: bytearray) -> ClientEvent | None:
        """Take frames off the buffer until there is an event; pongs and parts of messages are none."""
        while len(buffer) >= 2:
            if (fault := self._header_fault(buffer)) is not None:
                return fault
            size, start = _extent(buffer)
            if size is None:
                return None
            if (fault := self._size_fault(buffer, size)) is not None:
                return fault
            if len(buffer) < start + 4 + size:
                return None
            payload = _unmasked(buffer[start + 4 : start + 4 + size], buffer[start : start + 4])
            first = buffer[0]
            del buffer[: start + 4 + size]
            event = self._event(first & 0x0F, payload, is_final=bool(first & 0x80))
            if event is not None:
                return event
        return None

    def _header_fault(self, buffer: bytearray) -> ClientEvent | None:
        """Return the fault that the first two bytes of a frame show."""
        is_final, opcode = bool(buffer[0] & 0x80), buffer[0] & 0x0F
        is_masked, short_size = bool(buffer[1] & 0x80), buffer[1] & 0x7F
        if buffer[0] & 0x70 or not is_masked:
            return _fault(PROTOCOL_ERROR)
        if opcode in _CONTROL:
            return None if is_final and short_size <= 125 else _fault(PROTOCOL_ERROR)
        # A message begins with its kind, and goes on without one.
        if opcode not in _DATA or (opcode == _CONTINUATION) != (self._message is not None):
            return _fault(PROTOCOL_ERROR)
        return None

    def _size_fault(self, buffer: bytearray, size: int) -> ClientEvent | None:
        least = {126: 126, 127: 65536}.get(buffer[1] & 0x7F, 0)
        if size < least or size >> 63:
            return _fault(PROTOCOL_ERROR)
        return _fault(TOO_BIG) if size + len(self._message or b"") > MAX_MESSAGE_BYTES else None

    def _event(self, opcode: int, payload: bytes, *, is_final: bool) -> ClientEvent | None:
        match opcode:
            case 0x8:
                return _close_event(payload)
            case 0x9:
                return ClientEvent("ping", payload)
            case 0xA:
                return None
        self._opcode = opcode or self._opcode
        message, self._message = (self._message or b"") + payload, None
        if is_final:
            return _message_event(self._opcode, message)
        self._message = message
        return None


def _message_event(opcode: int, message: bytes) -> ClientEvent:
    if opcode == _BINARY:
        return ClientEvent("binary", message)
    return ClientEvent("text", message) if _is_utf8(message) else _fault(NOT_UTF8)


def _close_event(payload: bytes) -> ClientEvent:
    """Return the close, or the fault in its code or its reason."""
    if not payload:
        return ClientEvent("close")
    code = int.from_bytes(payload[:2], "big")
    if len(payload) == 1 or not (code in _REGISTERED or 3000 <= code <= 4999):
        return _fault(PROTOCOL_ERROR)
    return ClientEvent("close", payload) if _is_utf8(payload[2:]) else _fault(NOT_UTF8)


def _fault(code: int) -> ClientEvent:
    return ClientEvent("fault", b"", code)


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


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

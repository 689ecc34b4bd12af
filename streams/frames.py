"""Encodes a message once into the bytes of each transport, shared by all clients.

Sources: WHATWG HTML §9.2.6 (event streams), RFC 6455 §5.2 (frames, unmasked as a server's are).
"""

import struct
from collections.abc import Callable, Sequence
from typing import Literal

from msgspec import Struct

from streams.stored import StoredMessage

_FILLER = b":" + b" " * 2047 + b"\n"
"""A comment of 2 KiB: some proxies hold a body back until they have that much."""

Payload = bytes | list[str]
"""What an outlet takes: bytes of the wire, or texts that another server frames."""


class Frame(Struct, gc=False):
    """A message, encoded for the wire. `seq` is 0 and `feed` empty where it has no id."""

    seq: int
    feed: str
    final: bool
    body: bytes
    sse: bytes
    _ws: bytes | None = None

    @property
    def ws(self) -> bytes:
        """The frame of a WebSocket: made for the first that reads it, since many feeds have none."""
        if self._ws is None:
            self._ws = ws_frame(self.body)
        return self._ws


class Encoding(Struct, frozen=True):
    """How a transport joins frames into one write."""

    name: str
    transport: Literal["sse", "ws", "poll"]
    join: Callable[[Sequence[Frame]], Payload]


_LINE_ENDS = (
    ("\u2028".encode(), b"\\u2028"),
    ("\u2029".encode(), b"\\u2029"),
    ("\u0085".encode(), b"\\u0085"),
)


def line_safe(body: bytes) -> bytes:
    """Return JSON without the characters at which some clients end a line: they stand in strings only."""
    for character, escaped in _LINE_ENDS:
        if character in body:
            body = body.replace(character, escaped)
    return body


def stored_frame(message: StoredMessage, epoch: str) -> Frame:
    """Return the frame of a durable message."""
    body = line_safe(message.body)
    sse = b"id: %b.%d\ndata: %b\n\n" % (epoch.encode(), message.seq, body)
    return Frame(message.seq, message.feed, message.final, body, sse)


def passing_frame(body: bytes, *, retry_ms: int | None = None) -> Frame:
    """Return the frame of a message that is not stored; an EventSource comes back after `retry_ms`."""
    return _without_seq(b"", body, None, retry_ms)


def only_frame(body: bytes, *, retry_ms: int) -> Frame:
    """Return the frame of a message that is all of its stream; on SSE after padding, as a hello is."""
    return _without_seq(_FILLER, body, None, retry_ms)


def opening_frame(body: bytes, *, cursor: str, retry_ms: int) -> Frame:
    """Return the frame of a hello; on SSE after padding that fills the buffers of proxies."""
    return _without_seq(_FILLER, body, cursor, retry_ms)


def _without_seq(filler: bytes, body: bytes, cursor: str | None, retry_ms: int | None) -> Frame:
    body = line_safe(body)
    retry = b"" if retry_ms is None else b"retry: %d\n" % retry_ms
    place = b"" if cursor is None else b"id: %b\n" % cursor.encode()
    sse = b"%b%b%bdata: %b\n\n" % (filler, retry, place, body)
    return Frame(0, "", False, body, sse)


def ws_frame(body: bytes, opcode: int = 0x1) -> bytes:
    """Return an unmasked, unfragmented frame; a text frame unless told otherwise."""
    size = len(body)
    if size < 126:
        return bytes((0x80 | opcode, size)) + body
    if size < 65536:
        return struct.pack("!BBH", 0x80 | opcode, 126, size) + body
    return struct.pack("!BBQ", 0x80 | opcode, 127, size) + body


def _array(frames: Sequence[Frame]) -> bytes:
    return b"[%b]" % b",".join([frame.body for frame in frames])


SSE = Encoding("sse", "sse", lambda frames: b"".join([frame.sse for frame in frames]))
WS = Encoding("ws", "ws", lambda frames: b"".join([frame.ws for frame in frames]))
WS_BATCH = Encoding("ws-batch", "ws", lambda frames: ws_frame(_array(frames)))
WS_TEXT = Encoding("ws-text", "ws", lambda frames: [frame.body.decode() for frame in frames])
WS_BATCH_TEXT = Encoding("ws-batch-text", "ws", lambda frames: [_array(frames).decode()])
POLL = Encoding("poll", "poll", lambda frames: b",".join([frame.body for frame in frames]))

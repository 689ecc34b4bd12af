"""Outlets that write directly to the server's transport, without a task per client.

A request's connection is taken over once its head is decided: the transport gets one of these
as its protocol, and the request's task ends. Flow control is exact because the transport's
buffer has no allowance: it calls `pause_writing` as soon as the kernel does not take a write
whole, and `resume_writing` when it has taken everything.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, cast

import msgspec

from api.feeds.tcp_keepalive import (
    LOOK_SECONDS,
    bound_stream,
    has_vanished,
    untaken_bytes,
)
from api.feeds.ws_frames import ClientEvent, FrameParser
from streams.frames import SSE, WS_BATCH_TEXT, WS_TEXT, Encoding, Payload, passing_frame, ws_frame
from streams.reader import Reader

CLOSING_SECONDS = 10.0
"""How long a client has to take the last message."""

CLOSE_ECHO_SECONDS = 1.0
PING_SECONDS = 20.0
PONG_SECONDS = 15.0
"""How long a client has to send anything at all after a ping."""
PROBE = b":\n\n"
PROBE_SECONDS = (0.1, 1.0)
"""A client that is gone answers the first probe with a reset, and the next one finds it out: soon where the
client is near, later where the reset takes its time."""

MAX_UNASKED_BYTES = 1024 * 1024
"""What an SSE client may send after its request, such as a body, before it is cut off."""

BAD_MESSAGE = 4400
_PONG = passing_frame(b'{"type":"pong"}')


class TransportOutlet(asyncio.Protocol):
    """What SSE and WebSocket have in common."""

    __slots__ = ("_connections", "_head", "encoding", "reader", "transport", "write")

    def __init__(self, encoding: Encoding) -> None:
        self.encoding = encoding
        self.reader: Reader | None = None
        self.transport: asyncio.Transport | None = None
        self.write: Callable[[Any], None] = self._write_first
        self._head = b""
        self._connections: set[Any] = set()

    @property
    def taken(self) -> bool:
        """Return whether the connection is ours and alive."""
        return self.transport is not None and not self.transport.is_closing()

    def take(self, transport: asyncio.Transport, connections: set[Any], head: bytes = b"") -> None:
        """Become the protocol of a transport. `head` goes out together with the first payload."""
        self.transport = transport
        self._head = head
        self._connections = connections
        connections.add(self)
        transport.set_write_buffer_limits(high=0)
        transport.set_protocol(self)

    def begin(self, payloads: Sequence[Payload]) -> None:
        """Send the first payloads by one system call, behind the head."""
        assert self.transport is not None
        self.write = self.transport.write
        self.transport.writelines([self._head, *cast("Sequence[bytes]", payloads)])
        self._bound()

    def buffered(self) -> int:
        """Return the bytes that the client has not taken, whether the kernel has them or not."""
        assert self.transport is not None
        return self.transport.get_write_buffer_size() + untaken_bytes(self.transport.get_extra_info("socket"))

    def close(self, payload: Payload, code: int) -> None:
        """Send the last payload and end."""
        self.write(payload)
        self._end(code)

    def abort(self) -> None:
        """End at once."""
        if self.transport is not None:
            self.transport.abort()

    def check(self, now: float) -> float | None:
        """Cut off a client that vanished; return when to look again, None when it is gone."""
        if self.transport is None or not self.taken:
            return None
        if not self._still_there(now):
            self.abort()
            return None
        return self._next_look(now)

    def _next_look(self, now: float) -> float:
        return now + LOOK_SECONDS

    def _still_there(self, now: float) -> bool:  # noqa: ARG002 - a WebSocket looks at the time.
        assert self.transport is not None
        return not has_vanished(self.transport.get_extra_info("socket"))

    def shutdown(self) -> None:
        """Called by the server when it stops."""
        if self.reader is not None:
            self.reader.end("drain")

    def pause_writing(self) -> None:
        """The kernel has not taken all."""
        if self.reader is not None:
            self.reader.pause()

    def resume_writing(self) -> None:
        """The kernel has taken all."""
        if self.reader is not None:
            self.reader.resume()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - why does not matter.
        """The connection is gone."""
        self._connections.discard(self)
        self.write = _nowhere
        if self.reader is not None:
            self.reader.lost()

    def _end(self, code: int) -> None:  # noqa: ARG002 - only a WebSocket has codes.
        assert self.transport is not None
        self.transport.close()
        asyncio.get_running_loop().call_later(CLOSING_SECONDS, self.transport.abort)

    def _bound(self) -> None:
        """Bound what the kernel keeps, after the first write: it would let half a page go that was missed."""
        assert self.transport is not None
        self._head = b""
        bound_stream(self.transport.get_extra_info("socket"))

    def _write_first(self, payload: Payload) -> None:
        assert self.transport is not None
        assert isinstance(payload, bytes)
        self.write = self.transport.write
        self.write(self._head + payload)
        self._bound()


class TransportSse(TransportOutlet):
    """Server-Sent Events; the body ends where the connection ends (RFC 9112 §6.3, 8)."""

    __slots__ = ("_unasked",)

    def __init__(self) -> None:
        super().__init__(SSE)
        self._unasked = 0

    def data_received(self, data: bytes) -> None:
        """Ignore what a client sends after its request."""
        self._unasked += len(data)
        if self._unasked > MAX_UNASKED_BYTES:
            self.abort()

    def eof_received(self) -> bool:
        """Keep a client that closed its sending side only, and find out at once whether it is gone."""
        loop = asyncio.get_running_loop()
        loop.call_soon(self._probe)
        for seconds in PROBE_SECONDS:
            loop.call_later(seconds, self._probe)
        return True

    def _probe(self) -> None:
        if self.reader is not None and not (self.reader.closed or self.reader.paused):
            self.write(PROBE)


class TransportWs(TransportOutlet):
    """A WebSocket after its handshake. Source: RFC 6455 §5 to §7."""

    __slots__ = ("_closing", "_frames", "_heard", "_owed", "_pinged_at")

    def __init__(self, encoding: Encoding) -> None:
        super().__init__(encoding)
        self._frames = FrameParser()
        self._closing = False
        self._heard = True
        self._owed: dict[str, Payload] = {}
        self._pinged_at = 0.0

    def data_received(self, data: bytes) -> None:
        """Answer the frames of the client."""
        self._heard = True
        for event in self._frames.feed(data):
            self._react(event)

    def refuse(self, code: int, reason: str = "") -> None:
        """Close without a bye."""
        if self.reader is not None:
            self.reader.lost()
        self._end(code, reason)

    def _still_there(self, now: float) -> bool:
        """Check the connection, and ping the client: with a proxy between, the kernel sees only the proxy."""
        if self._closing or self.reader is None or self.reader.paused:
            # A ping would wait after what the client has not taken; before long it is ended as slow.
            self._heard = True
        elif self._heard and now - self._pinged_at >= PING_SECONDS:
            self._heard = False
            self._pinged_at = now
            self.write(ws_frame(b"", 0x9))
        elif not self._heard and now - self._pinged_at >= PONG_SECONDS:
            return False
        return super()._still_there(now)

    def _next_look(self, now: float) -> float:
        due = self._pinged_at + (PING_SECONDS if self._heard else PONG_SECONDS)
        return min(super()._next_look(now), due) if due > now else super()._next_look(now)

    def _react(self, event: ClientEvent) -> None:
        match event.kind:
            case "close":
                self._closed_by_client(event.payload)
            case "ping":
                self._answer("ping", ws_frame(event.payload, 0xA))
            case "text" if (answer := answer_to(event.payload, self.encoding)) is not None:
                self._answer("text", answer)
            case "fault":
                self.refuse(event.code)
            case _:
                self.refuse(BAD_MESSAGE, 'only {"type":"ping"} is understood')

    def resume_writing(self) -> None:
        """The kernel has taken all: first the answers that wait, then more messages."""
        super().resume_writing()
        owed, self._owed = self._owed, {}
        for kind, answer in owed.items():
            self._answer(kind, answer)

    def _answer(self, kind: str, answer: Payload) -> None:
        """Answer now, or when the client takes something again: then only the last of each kind.

        Source: RFC 6455 §5.5.3.
        """
        if self._closing or self.reader is None:
            return
        if self.reader.paused:
            self._owed[kind] = answer
        else:
            self.write(answer)

    def _closed_by_client(self, payload: bytes) -> None:
        if self.reader is not None:
            self.reader.lost()
        if not self._closing:
            self.write(ws_frame(payload[:2], 0x8))
        super()._end(1000)

    def _end(self, code: int, reason: str = "") -> None:
        if self._closing:
            return
        self._closing = True
        self.write(ws_frame(code.to_bytes(2, "big") + reason.encode(), 0x8))
        # The client closes first, if it does so in time: else its last bytes could undo ours.
        asyncio.get_running_loop().call_later(CLOSE_ECHO_SECONDS, super()._end, code)


def answer_to(message: bytes | str, encoding: Encoding) -> Payload | None:
    """Return the answer to a client's message, as its messages are framed; None for an unknown message.

    The text `ping` is what react-use-websocket and vueuse send to hear just `pong`, in an array never.
    """
    if message in ("ping", b"ping"):
        return ["pong"] if encoding in (WS_TEXT, WS_BATCH_TEXT) else ws_frame(b"pong")
    try:
        is_ping = msgspec.json.decode(message) == {"type": "ping"}
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None
    return encoding.join([_PONG]) if is_ping else None


def _nowhere(_payload: Payload) -> None:
    """Take what is written to a connection that is gone."""

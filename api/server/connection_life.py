"""The life of one connection: how long it waits, for what, and how it closes.

Source: RFC 9112 §9.3, §9.6.
"""

import asyncio
from abc import ABC, abstractmethod
from typing import Any

from uvicorn.server import ServerState

from api.http.problems import HttpProblem
from api.server.body_pace import BodyPace, WireTimes
from api.server.exchange import Exchange
from api.server.linger import LINGER_SECONDS, SHORT_BYTES, SILENCE_SECONDS, Linger, LongReads

UNREAD_SECONDS = 0.5
"""How long a connection stays once enough was read of it: its client waits, and reads the answer."""


class ConnectionLife(asyncio.Protocol, ABC):
    """A connection with timeouts, which is closed so that its last answer arrives.

    Attributes:
        writable: set while the client takes what is written.
    """

    transport: asyncio.Transport

    def __init__(
        self,
        server_state: ServerState,
        loop: asyncio.AbstractEventLoop,
        times: WireTimes,
        long_reads: LongReads,
    ) -> None:
        self.loop = loop
        self.server_state = server_state
        self.writable = asyncio.Event()
        self.writable.set()
        self._times = times
        self._exchange: Exchange | None = None  # The one that is being answered.
        self._reading: Exchange | None = None  # The one whose body is being read.
        self._is_in_head = False
        self._is_deaf = False
        self._is_half_closed = False
        self._is_reading_paused = False
        self._held = b""
        self._is_stopping = False
        self._passed_over = 0
        self._linger: Linger | None = None
        self._long_reads = long_reads
        self._pace: BodyPace | None = None
        self._timer: asyncio.TimerHandle | None = None  # For a head, or for the next request.
        self._body_timer: asyncio.TimerHandle | None = None

    @property
    def connections(self) -> set[Any]:
        """The server's open connections."""
        return self.server_state.connections

    @abstractmethod
    def refuse(self, problem: HttpProblem) -> None:
        """Answer with a problem after earlier requests are answered, and read nothing more."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for a request."""
        self.transport = transport
        # Kept by the transport: uvicorn asks the kernel again, by a socket object made for each question.
        local, peer = transport.get_extra_info("sockname"), transport.get_extra_info("peername")
        self.server = _host_and_port(local) or ((local, None) if isinstance(local, str) else None)
        self.client = _host_and_port(peer)
        self.scheme = "https" if transport.get_extra_info("sslcontext") else "http"
        self.connections.add(self)
        self._wait(self._times.head_seconds)

    def pause_writing(self) -> None:
        """The client does not take the answer."""
        self.writable.clear()

    def resume_writing(self) -> None:
        """The client has taken enough of the answer."""
        self.writable.set()

    def _pause_reading(self) -> None:
        if not self._is_reading_paused:
            self._is_reading_paused = True
            self.transport.pause_reading()

    def _wait(self, seconds: float) -> None:
        """Close the connection unless a head is complete in time."""
        self._stop_waiting()
        self._timer = self.loop.call_later(seconds, self._too_late)

    def _stop_waiting(self) -> None:
        for timer in (self._timer, self._body_timer):
            if timer is not None:
                timer.cancel()
        self._timer = self._body_timer = None

    def _too_late(self) -> None:
        self._timer = None
        # A late head that follows a request still being answered waits for its turn.
        if self._exchange is None or self._exchange.is_over:
            self.transport.close()

    def _watch_body(self) -> None:
        if self._reading is not None and self._body_timer is None and not self._is_deaf:
            self._pace = BodyPace(self._times, self.loop.time())
            self._body_timer = self.loop.call_later(self._times.look_seconds, self._look_at_body)

    def _look_at_body(self) -> None:
        self._body_timer = None
        reading = self._reading
        if reading is None or self._pace is None:
            return
        was_read = not (self._is_reading_paused or reading.awaits_continue)
        if self._pace.is_late(self.loop.time(), was_read=was_read):
            self.refuse(HttpProblem("request-timeout", "The body came too slowly, or stopped."))
        else:
            self._body_timer = self.loop.call_later(self._times.look_seconds, self._look_at_body)

    def _close(self, *, gently: bool) -> None:
        """Close; gently, so that a client that still sends gets the answer first."""
        self._is_deaf = True
        self._stop_waiting()
        if not gently or self._is_half_closed or not self.transport.can_write_eof():
            self.transport.close()
            return
        self.transport.write_eof()
        self._held = b""
        if self._is_reading_paused:
            self._is_reading_paused = False
            self.transport.resume_reading()
        # A server that stops waits for its connections.
        seconds = SILENCE_SECONDS if self._is_stopping else LINGER_SECONDS
        self._linger = Linger(self.loop.time(), seconds=seconds)
        self._look_at_linger()

    def _look_at_linger(self) -> None:
        """Close once the client sends nothing more, or has sent for long enough."""
        assert self._linger is not None
        left = self._linger.seconds_left(self.loop.time())
        if left > 0:
            self._timer = self.loop.call_later(left, self._look_at_linger)
        else:
            self.transport.close()

    def _pass_over(self, data: bytes) -> None:
        """Drop what comes after the last request; until the answer is written, read only a little of it."""
        if self._linger is None:
            self._passed_over += len(data)
            if self._passed_over > SHORT_BYTES:
                self._pause_reading()
            return
        now = self.loop.time()
        pause = self._long_reads.seconds_for(len(data), now) if self._linger.is_long else 0.0
        self._linger.took(len(data), now + pause)
        may_go_on = not self._linger.is_long or self._long_reads.may_read(self)
        if self._linger.is_too_long or not may_go_on:
            # A proxy that is reset while it writes answers 502.
            self._long_reads.leave(self)
            self._pause_reading()
            self._stop_waiting()
            self._timer = self.loop.call_later(UNREAD_SECONDS, self.transport.close)
        elif pause:
            self._pause_reading()
            self.loop.call_later(pause, self._read_on)

    def _read_on(self) -> None:
        if self._is_reading_paused and not self.transport.is_closing():
            self._is_reading_paused = False
            self.transport.resume_reading()


def _host_and_port(address: Any) -> tuple[str, int] | None:
    """Return what an address of IPv4 or IPv6 begins with; None for that of a Unix socket."""
    return (str(address[0]), int(address[1])) if isinstance(address, tuple) else None

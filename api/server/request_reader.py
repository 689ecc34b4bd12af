"""Parses requests from a connection, with limits.

httptools parses. What it does not do is done here: bounds on heads, chunks and trailers; upgrades that are
not taken; methods that it does not know. Source: RFC 9112; RFC 9110 §7.8, §9.1.
"""

import asyncio
from abc import abstractmethod
from collections import deque
from typing import Any

import httptools
from uvicorn.config import Config
from uvicorn.server import ServerState

from api.feeds.transport_outlet import TransportOutlet
from api.server.body_pace import WireTimes
from api.server.connection_life import ConnectionLife
from api.server.exchange import Exchange
from api.server.linger import LongReads
from api.server.refusals import problem_of
from api.server.request_head import (
    LINE_END_BYTES,
    MAX_HEAD_BYTES,
    Fields,
    Headers,
    Refused,
    check_head,
    check_protocol,
    decoded_path,
    framing_lines,
    leads_to_websocket,
    too_large,
    websocket_key,
)
from api.server.unknown_method import RequestLine
from api.transport_extension import CONNECTION_STATE, EXTENSION

HEAD_PIECE_BYTES, BODY_PIECE_BYTES = 4 * 1024, 64 * 1024
"""What the parser gets at once: its bounds are exact to one piece, and the loop is held for one piece."""

MAX_CHUNK_EXTRA_BYTES = 16 * 1024
"""A chunk's size and extensions."""


class RequestReader(ConnectionLife):
    """Parses bytes into requests; pipelined requests wait in a queue."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        loop: asyncio.AbstractEventLoop,
        times: WireTimes,
        *,
        long_reads: LongReads,
        prefix: str,
    ) -> None:
        super().__init__(server_state, loop, times, long_reads)
        self._prefix = prefix
        self.root_path: str = config.root_path
        self._app_state = app_state
        self.connection_state: dict[str, Any] = {}
        self._asgi_version: str = config.asgi_version
        self._parser: Any = httptools.HttpRequestParser(self)
        self._queue: deque[Exchange] = deque()
        self._fields = Fields()
        self._trailers: Fields | None = None
        self._may_be_trailers = False  # A chunk has begun, and nothing of its body has come.
        self._raw_bytes = 0
        self._last_read = b""  # Of a head: what its request line is found in.
        self._handshake: bytes | None = None
        self._scope: dict[str, Any] = {}

    @abstractmethod
    def answered(self, exchange: Exchange) -> None:
        """Take the next request, or close."""

    @abstractmethod
    def hand_over(self, outlet: TransportOutlet, head: bytes = b"") -> None:
        """Hand the transport over; queued requests are dropped."""

    @abstractmethod
    def _start(self, exchange: Exchange) -> None:
        """Have a request answered whose turn it is."""

    @abstractmethod
    def _open_websocket(self, key: bytes, early: bytes) -> None:
        """Answer a handshake; `early` is what came behind it."""

    @property
    def default_headers(self) -> Headers:
        """Headers of every answer."""
        return self.server_state.default_headers

    def resume_reading(self) -> None:
        """Read on."""
        if self._is_reading_paused and not self._queue:
            self._is_reading_paused = False
            self.transport.resume_reading()

    def data_received(self, data: bytes) -> None:
        """Read requests, or wait with what comes too early."""
        if self._is_deaf:
            self._pass_over(data)
        elif self._queue:
            self._held += data
            self._pause_reading()
        else:
            self._read(data)

    def _read(self, data: bytes) -> None:
        """Parse in pieces, and stop at a request that has to wait for its turn."""
        start = 0
        while start < len(data) and not self._is_deaf:
            if self._queue:
                self._held += data[start:]
                break
            size = HEAD_PIECE_BYTES if self._reading is None else BODY_PIECE_BYTES
            piece = data[start : start + size] if start or len(data) > size else data
            start += size
            self._parse(piece)
        if self._queue:
            self._pause_reading()
        if self._is_in_head and self._timer is None and not self._is_deaf:
            self._wait(self._times.head_seconds)
        self._watch_body()

    def _read_held(self) -> None:
        if self._held and not self._queue:
            held, self._held = self._held, b""
            self._read(held)
        if not self._held:
            self.resume_reading()

    def _parse(self, piece: bytes) -> None:
        if self._reading is None and not self._is_in_head:
            self._begin_head()
        self._last_read = self._last_read[-LINE_END_BYTES:] + piece
        self._raw_bytes += len(piece)
        if self._pace is not None:
            self._pace.arrived(len(piece))
        try:
            self._parser.feed_data(piece)
            if not self._is_in_head:
                self._last_read = b""
            self._check_bounds()
        except httptools.HttpParserUpgrade as pause:
            self._paused_for_upgrade(piece[pause.args[0] :])
        except Refused as refused:
            self.refuse(refused.problem)
        except httptools.HttpParserInvalidMethodError:
            self._parser = RequestLine(has_begun=self._raw_bytes > len(piece))
            self._read_line(piece)
        except httptools.HttpParserError as error:
            self.refuse(problem_of(error, self._last_read))

    def _read_line(self, piece: bytes) -> None:
        try:
            self._parser.feed_data(piece)
        except Refused as refused:
            self.refuse(refused.problem)

    def _begin_head(self) -> None:
        """Wait for the rest of a head; its first byte is here."""
        self._is_in_head = True
        self._raw_bytes = 0
        if self._exchange is not None:
            self._stop_waiting()

    def _check_bounds(self) -> None:
        """Refuse what grows without an end that the parser would report."""
        if self._is_in_head and self._raw_bytes > MAX_HEAD_BYTES:
            raise too_large()
        if self._reading is None:
            return
        if self._raw_bytes > MAX_CHUNK_EXTRA_BYTES and not self._may_be_trailers:
            raise Refused("bad-request", "A chunk extension is too long.")
        if self._raw_bytes > MAX_HEAD_BYTES:
            raise too_large()

    def _paused_for_upgrade(self, rest: bytes) -> None:
        """Open a WebSocket, or go on as if no upgrade had been offered."""
        if self._handshake is not None:
            self._open_websocket(self._handshake, rest)
            return
        self._parser = httptools.HttpRequestParser(_AfterHead(self))
        assert self._reading is not None
        # The parser cannot be told to ignore an upgrade; another one gets the head without the offer.
        self._parser.feed_data(
            framing_lines(self._reading.scope["headers"], keep_alive=self._reading.keep_alive)
        )
        self._raw_bytes = 0
        if rest:
            self._read(rest)

    # What the parser reports.

    def on_message_begin(self) -> None:
        """Begin a head."""
        self._is_in_head = True
        self._fields = Fields()
        self._trailers = None
        self._may_be_trailers = False
        self._handshake = None

    def on_url(self, part: bytes) -> None:
        """Take a part of the request target."""
        self._fields.add_target(part)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header field, or drop a trailer field."""
        if self._is_in_head:
            self._fields.add(name, value)
            return
        if self._trailers is None:
            self._trailers = Fields()
        self._trailers.add(name, value)

    def on_headers_complete(self) -> None:
        """Start the request, or queue it after the one that is being answered, or not yet read."""
        check_protocol(self._fields.target, self._last_read)
        method, version = self._parser.get_method().decode("ascii"), self._parser.get_http_version()
        target = check_head(method, version, self._fields)
        path = decoded_path(target.path)
        headers = self._fields.headers
        is_idle = self._exchange is None or self._exchange.is_over
        self._is_in_head = False
        self._stop_waiting()
        scope = {
            "type": "http",
            "asgi": {"version": self._asgi_version, "spec_version": "2.3"},
            "http_version": version,
            "server": self.server,
            "client": self.client,
            "scheme": self.scheme,
            "method": method,
            "root_path": self.root_path,
            "path": self.root_path + path,
            "raw_path": self.root_path.encode() + target.path,
            "query_string": target.query,
            "headers": headers,
            "state": self._app_state.copy(),
        }
        key = websocket_key(method, version, self._fields) if is_idle else None
        if key is not None and leads_to_websocket(scope["path"], self._prefix, headers):
            self._handshake, self._scope = key, scope
            return
        exchange = Exchange(
            self,
            scope,
            keep_alive=version == "1.1" and self._parser.should_keep_alive(),
            expects_continue=version == "1.1" and self._fields.expects_continue,
        )
        scope["extensions"] = {EXTENSION: exchange, CONNECTION_STATE: self.connection_state}
        self._reading = exchange
        self._raw_bytes = 0
        if is_idle and self.writable.is_set():
            self._start(exchange)
        else:
            self._queue.append(exchange)

    def on_body(self, part: bytes) -> None:
        """Take a part of the body."""
        self._raw_bytes = 0
        self._may_be_trailers = False
        if self._reading is not None:
            self._reading.add_body(part)
            if self._reading.is_full:
                self._pause_reading()

    def on_chunk_header(self) -> None:
        """A chunk begins; behind the head of the last one come the trailers."""
        self._raw_bytes = 0
        self._may_be_trailers = True

    def on_message_complete(self) -> None:
        """The body has ended. With an upgrade on offer it has not begun, whatever the parser reports."""
        if self._parser.should_upgrade():
            return
        self._raw_bytes = 0
        self._pace = None
        reading, self._reading = self._reading, None
        if reading is not None:
            reading.end_body()
            # RFC 9112 §9.6: what comes after the last request of a connection is none.
            self._is_deaf = not reading.keep_alive


class _AfterHead:
    """Callbacks of a parser that gets a head a second time: what comes after it is passed on."""

    def __init__(self, connection: RequestReader) -> None:
        self._connection = connection
        self._has_passed = False
        self.on_body = connection.on_body
        self.on_chunk_header = connection.on_chunk_header
        self.on_message_complete = connection.on_message_complete
        self.on_url = self._once_passed(connection.on_url)
        self.on_header = self._once_passed(connection.on_header)
        self.on_message_begin = self._once_passed(connection.on_message_begin)

    def on_headers_complete(self) -> None:
        if self._has_passed:
            self._connection.on_headers_complete()
        self._has_passed = True

    def _once_passed(self, callback: Any) -> Any:
        def passed_on(*parts: bytes) -> None:
            if self._has_passed:
                callback(*parts)

        return passed_on

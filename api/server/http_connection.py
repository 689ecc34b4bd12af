"""One client's connection: parses requests and answers them in order.

uvicorn takes the class (`Config(http=HttpConnection)`). Requests are read in `request_reader.py`; what a
connection waits for, and how it closes, is in `connection_life.py`. Here each gets its turn: half-closed
clients get their answer, and refusals come in the order of the requests. Source: RFC 9112 §9.
"""

import asyncio
import secrets
from collections.abc import Callable
from typing import Any

from uvicorn.config import Config
from uvicorn.server import ServerState

from api.feeds.transport_outlet import TransportOutlet
from api.http.problems import HttpProblem
from api.http.refusal_log import Refusal
from api.http.request_log import REFUSED_WITH
from api.security.arrival import prefix_of
from api.server.body_pace import WireTimes
from api.server.exchange import Exchange
from api.server.linger import LongReads
from api.server.refusals import instance_of, last_answer, problem_body
from api.server.request_reader import RequestReader
from api.server.unknown_method import RequestLine
from api.server.ws_handshake import WebSocketOpening


class HttpConnection(RequestReader):
    """Passes requests to the application, and writes the answers in order."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        times: WireTimes = WireTimes(),  # noqa: B008 - it is frozen.
        long_reads: LongReads | None = None,
        on_refusal: Callable[[Refusal], None] | None = None,
        prefix: str = "",
    ) -> None:
        """`long_reads` is one for all connections; `prefix` is the path that the server stands under."""
        loop = _loop or asyncio.get_running_loop()
        reads = long_reads or LongReads()
        super().__init__(config, server_state, app_state, loop, times, long_reads=reads, prefix=prefix)
        self.app: Any = config.loaded_app
        self.on_refusal = on_refusal
        self._refusal: HttpProblem | None = None

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - why does not matter.
        """Tell running requests that their client is gone."""
        self.connections.discard(self)
        self._long_reads.leave(self)
        self._stop_waiting()
        self._is_deaf = True
        self.writable.set()
        if self._exchange is not None:
            self._exchange.abandon()
        self._let_go()

    def eof_received(self) -> bool:
        """Keep the connection of a client that closed its sending side, until it is answered."""
        self._is_half_closed = True
        reading, exchange = self._reading, self._exchange
        if exchange is None or exchange.is_gone or reading is exchange:
            return False
        if reading is not None:
            self._queue.remove(reading)
            self._reading = None
        if exchange.is_over and not self._queue:
            return False
        exchange.half_close()
        return True

    def shutdown(self) -> None:
        """Called by the server when it stops: end after the request that is being answered."""
        self._is_stopping = True
        exchange = self._exchange
        if exchange is None or exchange.is_over or exchange.is_gone:
            self.transport.close()
        else:
            exchange.keep_alive = False

    # What exchanges ask for.

    def answered(self, exchange: Exchange) -> None:
        """Take the next request, or close."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        if not exchange.keep_alive:
            self._close(gently=not exchange.has_whole_body)
        elif self._queue:
            self._start_next()
        elif self._refusal is not None:
            self._respond(self._refusal)
        elif self._is_half_closed:
            self.transport.close()
        else:
            self.resume_reading()
            times = self._times
            self._wait(times.head_seconds if self._is_in_head else times.keep_alive_seconds)

    def refuse(self, problem: HttpProblem) -> None:
        """Answer with a problem after earlier requests are answered, and read nothing more."""
        reading, self._reading = self._reading, None
        self._is_deaf, self._held = True, b""
        self._stop_waiting()
        if reading is not None and reading in self._queue:
            self._queue.remove(reading)
        if reading is not None and reading is self._exchange:
            self._end_broken(reading, problem)
        elif self._owes_answers:
            self._refusal = problem
        else:
            self._respond(problem)

    @property
    def _owes_answers(self) -> bool:
        """Whether earlier requests are still to be answered. After one that has failed none is."""
        exchange = self._exchange
        if exchange is None or exchange.is_gone:
            return False
        return bool(self._queue) or not exchange.is_over

    def hand_over(self, outlet: TransportOutlet, head: bytes = b"") -> None:
        """Hand the transport over; queued requests are dropped."""
        self._stop_waiting()
        self._is_deaf = True
        self._let_go()
        self.connections.discard(self)
        if self._is_reading_paused:
            self.transport.resume_reading()
        outlet.take(self.transport, self.connections, head)

    def resume_writing(self) -> None:
        """Take up the request that waited until the client had read what was answered before it."""
        super().resume_writing()
        if self._queue and self._exchange is not None and self._exchange.is_over:
            self._start_next()

    # Answering.

    def _start_next(self) -> None:
        """Begin the next request, unless the client leaves earlier answers unread: it costs no work then."""
        if self.writable.is_set() and not self.transport.is_closing():
            self._start(self._queue.popleft())
            self._read_held()

    def _start(self, exchange: Exchange) -> None:
        self._exchange = exchange
        if self._is_half_closed:
            exchange.half_close()
        task = self.loop.create_task(exchange.run(self.app))
        self.server_state.tasks.add(task)
        task.add_done_callback(self.server_state.tasks.discard)

    def _end_broken(self, exchange: Exchange, problem: HttpProblem) -> None:
        """End the request whose body is at fault."""
        is_sent, is_at_work = exchange.is_sent, not exchange.is_gone
        if is_at_work and not is_sent:
            # The application still has it, and logs what becomes of it.
            exchange.scope["state"][REFUSED_WITH] = problem.status_code
        exchange.abandon()
        if is_sent:
            self._close(gently=False)
        else:
            self._respond(problem, is_logged=is_at_work)

    def _respond(self, problem: HttpProblem, *, is_logged: bool = False) -> None:
        """Write the last answer of the connection."""
        self._refusal = None
        if self.transport.is_closing():
            return
        request_id, body = secrets.token_hex(8), problem_body(problem, self._refused_instance())
        self.transport.write(last_answer(problem, body, self.default_headers, request_id))
        if self.on_refusal is not None and not is_logged:
            method, target = self._refused_request()
            self.on_refusal(
                Refusal(
                    status=problem.status_code,
                    detail=problem.detail,
                    method=method,
                    target=target,
                    client=self.client[0] if self.client else None,
                    request_id=request_id,
                    bytes=len(body),
                )
            )
        self._close(gently=True)

    def _refused_request(self) -> tuple[str, bytes]:
        """Return method and target of the request that is refused, as far as they were read."""
        exchange = self._exchange
        if exchange is not None and exchange.is_gone:  # The application has failed it, or was stopped.
            return exchange.scope["method"], exchange.scope["raw_path"]
        if isinstance(self._parser, RequestLine):
            return self._parser.method, self._parser.target
        return (self._parser.get_method().decode("ascii") if self._fields.target else ""), self._fields.target

    def _refused_instance(self) -> str:
        """Return the path of the request that is refused; empty unless it was read whole."""
        exchange = self._exchange
        if exchange is not None and exchange.is_gone:
            return instance_of(exchange.scope["raw_path"], prefix_of(exchange.scope) or self._prefix)
        is_whole = bool(self._fields.headers) or isinstance(self._parser, RequestLine)
        return instance_of(self._refused_request()[1], self._prefix) if is_whole else ""

    def _open_websocket(self, key: bytes, early: bytes) -> None:
        self._stop_waiting()
        opening = WebSocketOpening(self, self._scope, key)
        self._let_go()
        opening.start()
        if early:
            opening.data_received(early)

    def _let_go(self) -> None:
        """Break the circles of references: nothing of this is needed again."""
        self._queue.clear()
        self._held = b""
        self._parser = self._exchange = self._reading = None

"""`WS /ws/…`: the feed as WebSocket frames. Source: docs/feed-protocol.md, "WebSocket"."""

from typing import Any

from litestar.exceptions import WebSocketDisconnect

from api.feeds.asked import Asked, read_asked
from api.feeds.direct import BAD_MESSAGE, PING_SECONDS, DirectWs, is_ping
from api.feeds.entrance import Admission, admit
from api.feeds.plain import PlainOutlet, send_last, until_gone
from api.feeds.protocols import offer_in
from api.problems import HttpProblem
from api.services.identity import Identity
from api.sockets import Socket, accept, is_batched, refuse
from streams.frames import WS, WS_BATCH, WS_BATCH_TEXT, WS_TEXT, Payload, passing_frame
from streams.hub import FeedHub
from streams.messages import Bye, Hello, encode
from streams.reader import CLOSE_CODES

MAX_TEXT = 4096


async def serve_ws(socket: Socket, hub: FeedHub[Identity]) -> None:
    """Serve one WebSocket; on the server's transport, return after its opening."""
    try:
        asked = read_asked(socket)
    except HttpProblem as refusal:
        await refuse(socket, refusal.status_code, refusal.detail)
    admission = await admit(hub, asked)
    if not isinstance(admission, Admission):
        await accept(socket)
        await _end(socket, bye=Bye(admission, hub.retry_ms(admission)))
        return
    try:
        await accept(socket)
        await _WsStream(socket, hub, asked, admission).run()
    except BaseException:
        admission.lease.release()
        raise


class _WsStream:
    def __init__(self, socket: Socket, hub: FeedHub[Identity], asked: Asked, admission: Admission) -> None:
        self._socket = socket
        self._hub = hub
        self._asked = asked
        self._opening = admission.opening
        self._lease = admission.lease

    async def run(self) -> None:
        offer = offer_in(self._socket.scope)
        if self._opening.over:
            self._lease.release()
            await _end(self._socket, self._hello(), bye=Bye("finished", self._hub.retry_ms("finished")))
        elif offer is not None:
            self._stream_directly(offer)
        else:
            await self._stream()

    def _stream_directly(self, offer: Any) -> None:
        outlet = DirectWs(WS_BATCH if is_batched(self._socket) else WS)
        offer.claim(outlet)
        if not outlet.taken:
            self._lease.release()
            return
        outlet.reader = self._hub.read(self._asked.feeds, self._opening, outlet, self._lease)
        outlet.reader.start(self._hello())
        self._hub.watch(outlet.check, self._hub.clock() + PING_SECONDS)

    async def _stream(self) -> None:
        outlet = PlainOutlet(WS_BATCH_TEXT if is_batched(self._socket) else WS_TEXT, self._deliver)
        outlet.reader = reader = self._hub.read(self._asked.feeds, self._opening, outlet, self._lease)
        bad = False

        async def listen() -> None:
            nonlocal bad
            bad = not await self._listen(outlet)

        try:
            reader.start(self._hello())
            await until_gone(outlet.run(), listen())
        finally:
            reader.lost()
        await send_last(_close(self._socket, BAD_MESSAGE if bad else outlet.code))

    async def _deliver(self, payload: Payload) -> None:
        for text in payload:
            assert isinstance(text, str)
            await self._socket.send_data(text)

    async def _listen(self, outlet: PlainOutlet) -> bool:
        """Answer pings until the client leaves; return False when it said something else."""
        while True:
            message: Any = await self._socket.receive()
            if message["type"] == "websocket.disconnect":
                return True
            text = message.get("text") or ""
            if len(text) > MAX_TEXT or not is_ping(text):
                return False
            if outlet.reader is not None and not outlet.reader.paused:
                outlet.write(['{"type":"pong"}'])

    def _hello(self) -> Hello:
        return self._hub.hello(self._asked.feeds, self._opening, "ws", self._asked.who)


async def _end(socket: Socket, *before: Hello, bye: Bye) -> None:
    """Send the last messages, and close with what the last one says."""
    join = (WS_BATCH_TEXT if is_batched(socket) else WS_TEXT).join
    bodies = [*map(encode, before), encode(bye)]
    for text in join([passing_frame(body) for body in bodies]):
        assert isinstance(text, str)
        await socket.send_data(text)
    await _close(socket, CLOSE_CODES[bye.reason])


async def _close(socket: Socket, code: int) -> None:
    try:
        await socket.close(code)
    except (WebSocketDisconnect, RuntimeError, OSError):
        # The client has closed already.
        return

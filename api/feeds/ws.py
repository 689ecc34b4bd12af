"""`WS /ws/…`: the feed as WebSocket frames. Source: docs/feed-protocol.md, "WebSocket"."""

from typing import Any

from litestar.exceptions import WebSocketDisconnect

from api.feeds.admission import Admission, admit
from api.feeds.asgi_outlet import AsgiOutlet, send_last, until_gone
from api.feeds.request import FeedRequest, read_feed_request
from api.feeds.transport_offer import offer_in
from api.feeds.transport_outlet import BAD_MESSAGE, PING_SECONDS, TransportWs, answer_to
from api.feeds.ws_frames import MAX_MESSAGE_BYTES, TOO_BIG
from api.http.problems import HttpProblem
from api.http.websockets import Socket, accept, is_batched, refuse
from api.services.identity import Identity
from streams.frames import WS, WS_BATCH, WS_BATCH_TEXT, WS_TEXT, Payload, passing_frame
from streams.hub import FeedHub
from streams.messages import Bye, Hello, encode
from streams.reader import CLOSE_CODES


async def serve_ws(socket: Socket, hub: FeedHub[Identity]) -> None:
    """Serve one WebSocket; on the server's transport, return after its opening."""
    try:
        asked = read_feed_request(socket)
    except HttpProblem as refusal:
        await refuse(socket, refusal.status_code, refusal.detail)
    admission = await admit(hub, asked, "ws")
    if not isinstance(admission, Admission):
        await accept(socket)
        await _end(socket, bye=Bye(admission, hub.retry_ms(admission)))
        return
    try:
        await accept(socket)
        await _WsStream(socket, hub, asked, admission).run()
    except BaseException:
        admission.slot.release()
        raise


class _WsStream:
    def __init__(
        self, socket: Socket, hub: FeedHub[Identity], asked: FeedRequest, admission: Admission
    ) -> None:
        self._socket = socket
        self._hub = hub
        self._asked = asked
        self._opening = admission.opening
        self._slot = admission.slot

    async def run(self) -> None:
        offer = offer_in(self._socket.scope)
        if self._opening.over:
            self._slot.release()
            await _end(self._socket, self._hello(), bye=Bye("finished", self._hub.retry_ms("finished")))
        elif offer is not None:
            self._stream_directly(offer)
        else:
            await self._stream()

    def _stream_directly(self, offer: Any) -> None:
        outlet = TransportWs(WS_BATCH if is_batched(self._socket) else WS)
        offer.claim(outlet)
        if not outlet.taken:
            self._slot.release()
            return
        outlet.reader = self._hub.read(self._asked.feeds, self._opening, outlet, self._slot)
        outlet.reader.start(self._hello())
        self._hub.watch(outlet.check, self._hub.clock() + PING_SECONDS)

    async def _stream(self) -> None:
        outlet = AsgiOutlet(WS_BATCH_TEXT if is_batched(self._socket) else WS_TEXT, self._deliver)
        outlet.reader = reader = self._hub.read(self._asked.feeds, self._opening, outlet, self._slot)
        fault: int | None = None

        async def listen() -> None:
            nonlocal fault
            fault = await self._listen(outlet)

        try:
            reader.start(self._hello())
            await until_gone(outlet.run(), listen())
        finally:
            reader.lost()
        await send_last(_close(self._socket, fault or outlet.code))

    async def _deliver(self, payload: Payload) -> None:
        for text in payload:
            assert isinstance(text, str)
            await self._socket.send_data(text)

    async def _listen(self, outlet: AsgiOutlet) -> int | None:
        """Answer pings until the client leaves; return the close code of a message that it may not send."""
        while True:
            message: Any = await self._socket.receive()
            if message["type"] == "websocket.disconnect":
                return None
            said: str | bytes = message.get("text") or message.get("bytes") or ""
            if len(said.encode() if isinstance(said, str) else said) > MAX_MESSAGE_BYTES:
                return TOO_BIG
            answer = None if isinstance(said, bytes) else answer_to(said, outlet.encoding)
            if answer is None:
                return BAD_MESSAGE
            outlet.answer(answer)

    def _hello(self) -> Hello:
        return self._hub.hello(self._asked.feeds, self._opening, "ws", self._asked.who)


async def _end(socket: Socket, *before: Hello, bye: Bye) -> None:
    """Send the last messages, and close with the code of the last one."""
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

"""`WS /ws/…`: the feed as WebSocket frames. Source: docs/feed-protocol.md, "WebSocket"."""

from typing import Any

from litestar import WebSocket
from litestar.exceptions import WebSocketDisconnect

from api.feeds.asked import Asked, read_asked
from api.feeds.direct import BAD_MESSAGE, PING_SECONDS, DirectWs, is_ping
from api.feeds.plain import PlainOutlet, run_until_gone
from api.feeds.protocols import offer_in
from api.problems import HttpProblem
from api.services.identity import Identity
from streams.frames import WS, WS_BATCH, WS_BATCH_TEXT, WS_TEXT, Payload
from streams.hub import FeedHub
from streams.messages import Bye, Hello, encode
from streams.opening import Opening
from streams.reader import CLOSE_CODES
from streams.registry import Lease

BATCH = "fasttrack.batch"
MAX_TEXT = 4096

Socket = WebSocket[Any, Any, Any]


async def serve_ws(socket: Socket, hub: FeedHub[Identity]) -> None:
    """Serve one WebSocket; on the server's transport, return after its opening."""
    batched = BATCH in socket.scope["subprotocols"]
    try:
        asked = read_asked(socket)
    except HttpProblem as refusal:
        await socket.accept()
        await socket.close(_code(refusal.status_code), refusal.detail[:100])
        return
    lease = hub.registry.admit(asked.who)
    if not isinstance(lease, Lease):
        await _turn_away(socket, hub, lease)
        return
    try:
        opening = await hub.open(asked.feeds, asked.cursor, asked.replay)
        await socket.accept(subprotocols=BATCH if batched else None)
        await _WsStream(socket, hub, asked, opening, lease).run(batched=batched)
    except BaseException:
        lease.release()
        raise


class _WsStream:
    def __init__(
        self, socket: Socket, hub: FeedHub[Identity], asked: Asked, opening: Opening, lease: Lease[Identity]
    ) -> None:
        self._socket = socket
        self._hub = hub
        self._asked = asked
        self._opening = opening
        self._lease = lease

    async def run(self, *, batched: bool) -> None:
        offer = offer_in(self._socket.scope)
        if self._opening.over:
            await self._say_finished(batched=batched)
        elif offer is not None:
            self._stream_directly(offer, batched=batched)
        else:
            await self._stream(batched=batched)

    def _stream_directly(self, offer: Any, *, batched: bool) -> None:
        outlet = DirectWs(WS_BATCH if batched else WS)
        offer.claim(outlet)
        if not outlet.taken:
            self._lease.release()
            return
        outlet.reader = self._hub.read(self._asked.feeds, self._opening, outlet, self._lease)
        outlet.reader.start(self._hello())
        self._hub.watch(outlet.check, self._hub.clock() + PING_SECONDS)

    async def _stream(self, *, batched: bool) -> None:
        outlet = PlainOutlet(WS_BATCH_TEXT if batched else WS_TEXT, self._deliver)
        outlet.reader = reader = self._hub.read(self._asked.feeds, self._opening, outlet, self._lease)
        bad = False

        async def listen() -> None:
            nonlocal bad
            bad = not await self._listen(outlet)

        try:
            reader.start(self._hello())
            await run_until_gone(outlet, listen)
        finally:
            reader.lost()
        await self._close(BAD_MESSAGE if bad else outlet.code)

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

    async def _say_finished(self, *, batched: bool) -> None:
        self._lease.release()
        bye = encode(Bye("finished", self._hub.retry_ms("finished"))).decode()
        await self._socket.send_data(f"[{bye}]" if batched else bye)
        await self._close(CLOSE_CODES["finished"])

    async def _close(self, code: int) -> None:
        try:
            await self._socket.close(code)
        except (WebSocketDisconnect, RuntimeError, OSError):
            # The client has closed already.
            return

    def _hello(self) -> Hello:
        return self._hub.hello(self._asked.feeds, self._opening, "ws", self._asked.who)


async def _turn_away(socket: Socket, hub: FeedHub[Identity], reason: Any) -> None:
    await socket.accept()
    await socket.send_data(encode(Bye(reason, hub.retry_ms(reason))).decode())
    await socket.close(CLOSE_CODES[reason])


def _code(status: int) -> int:
    return {400: BAD_MESSAGE, 401: 4401, 403: 4403, 404: 4404, 429: 4429}.get(status, 1011)

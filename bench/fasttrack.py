"""FastTrack's feed and nothing else: `python -m bench.fasttrack PORT direct|plain`.

The parts of the real server that bring a message to its readers, with messages kept in memory as
nchan and the other peers do, and `POST /pub` to publish on `eventos`. `plain` leaves out the
server's own protocol classes, as under any other ASGI server.
"""

import argparse
import gc
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from litestar import Litestar
from litestar.datastructures import State
from litestar.types import ASGIApp, Receive, Scope, Send

from api.feeds import routes
from api.server.http_connection import HttpConnection
from api.services.feeds import FEEDS
from api.services.identity import Identity
from api.settings import Settings
from streams.context import FeedOptions
from streams.hub import FeedHub
from streams.messages import with_id
from streams.stored import StoredMessage

EPOCH = "bench"
FEED = "eventos"
EVERYONE = Identity(name="local", role="admin", person="bench")


class MemoryStore:
    """A feed store that forgets at exit. Source: `streams.ports.FeedReader`."""

    def __init__(self) -> None:
        self.messages: list[StoredMessage] = []

    def append(self, body: bytes) -> StoredMessage:
        """Keep a body and return it with its seq and id."""
        seq = len(self.messages) + 1
        message = StoredMessage(seq, FEED, with_id(body, EPOCH, seq))
        self.messages.append(message)
        return message

    async def bounds(self) -> tuple[int, int]:
        return 0, len(self.messages)

    async def read(
        self, feeds: Sequence[str], prefixes: Sequence[str], *, after: int, upto: int, limit: int
    ) -> list[StoredMessage]:
        wanted = FEED in feeds or FEED.startswith(tuple(prefixes))
        return self.messages[after : min(upto, after + limit)] if wanted else []

    async def ends(self, feeds: Sequence[str]) -> dict[str, int]:  # noqa: ARG002 - this feed has no end.
        return {}


class Front:
    """Answers POST /pub before the application sees it, and lets everyone read."""

    def __init__(self, app: ASGIApp, hub: FeedHub[Identity], store: MemoryStore) -> None:
        self._app = app
        self._hub = hub
        self._store = store

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == "/pub":
            await self._publish(receive, send)
        else:
            scope["user"] = EVERYONE  # type: ignore[typeddict-item]
            await self._app(scope, receive, send)

    async def _publish(self, receive: Receive, send: Send) -> None:
        body = b""
        while True:
            message: Any = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        self._hub.publish([self._store.append(body)])
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def create_app(hub: FeedHub[Identity], *, freeze: bool) -> ASGIApp:
    """Return the feed's routes over a store in memory."""
    store = MemoryStore()

    @asynccontextmanager
    async def running(_app: Litestar) -> AsyncIterator[None]:
        async with hub.running(EPOCH, store):
            if freeze:
                gc.collect()
                gc.freeze()
                gc.set_threshold(50_000, 50, 100)
            yield

    app = Litestar(
        route_handlers=routes.HANDLERS,
        lifespan=[running],
        state=State({"settings": Settings(), "hub": hub}),
        openapi_config=None,
        logging_config=None,
    )
    return Front(app, hub, store)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("outlet", choices=["direct", "plain"])
    parser.add_argument("--gap-ms", type=float, default=2.0, help="pause between two writes to a busy stream")
    parser.add_argument("--no-freeze", action="store_true", help="leave the garbage collector as it is")
    parser.add_argument("--h11", action="store_true", help="parse HTTP in Python")
    return parser.parse_args()


def main() -> None:
    """Serve until SIGTERM."""
    arguments = _arguments()
    options = FeedOptions(
        streams_per_person=20_000, ring_messages=65_536, coalesce_seconds=arguments.gap_ms / 1000
    )
    hub: FeedHub[Identity] = FeedHub(FEEDS, options)
    plain: dict[str, Any] = {"http": "h11" if arguments.h11 else "httptools", "ws": "websockets-sansio"}
    direct: dict[str, Any] = {"http": HttpConnection, "ws": "none"}
    config = uvicorn.Config(
        create_app(hub, freeze=not arguments.no_freeze),
        port=arguments.port,
        loop="uvloop",
        ws_per_message_deflate=False,
        access_log=False,
        log_level="warning",
        backlog=4096,
        timeout_graceful_shutdown=1,
        **(direct if arguments.outlet == "direct" else plain),
    )
    uvicorn.Server(config).run()


if __name__ == "__main__":
    main()

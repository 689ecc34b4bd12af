"""How a Python program opens feeds of a server by its URL."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import httpx

from api.client.feed_client import FeedClient, OnStatus


@asynccontextmanager
async def open_feed(
    url: str,
    feeds: Sequence[str],
    *,
    token: str | None = None,
    cursor: str | None = None,
    replay: str | None = None,
    on_status: OnStatus = lambda _: None,
) -> AsyncIterator[FeedClient]:
    """Give a reader of feeds for the length of the block; what it opened is closed after it.

    Args:
        url: the server, with the path prefix under which it stands, if any.
        feeds: names as on the wire, at most 32.
        token: a personal token; it is sent as a header and never stands in a URL.
        cursor: go on after this message, which an earlier reader had as its `cursor`.
        replay: ``all`` or ``none``, where no cursor is given.
        on_status: is told sentences about the connection, for a person or a log.
    """
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=30) as http:
        yield FeedClient(http, feeds, on_status=on_status, replay=replay, cursor=cursor)

"""How a Python program opens feeds of a server by its URL."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import httpx

from api.client.feed_client import FeedClient, OnReset, OnStatus


@asynccontextmanager
async def open_feed(
    url: str,
    feeds: str | Sequence[str],
    *,
    token: str | None = None,
    cursor: str | None = None,
    replay: str | None = None,
    on_status: OnStatus | None = None,
    on_reset: OnReset | None = None,
) -> AsyncIterator[FeedClient]:
    """Give a reader of feeds for the length of the block; what it opened is closed after it.

    Args:
        url: the server, with the path prefix under which it stands, if any.
        feeds: names as on the wire, at most 32, or one name.
        token: a personal token; it is sent as a header and never stands in a URL.
        cursor: go on after this message, which an earlier reader had as its `cursor`. If that is not
            possible and neither `on_reset` nor `on_status` is given, `messages()` raises FeedReset.
        replay: ``all`` or ``none``, where no cursor is given.
        on_status: is told sentences about the connection, for a person or a log.
        on_reset: is told why, when messages are missing that are no longer kept or were of another
            store: fetch the present state by REST. The messages after them follow.

    Raises:
        ValueError: `url` is no http:// or https:// address.
    """
    _check(url)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=30) as http:
        yield FeedClient(http, feeds, on_status=on_status, on_reset=on_reset, replay=replay, cursor=cursor)


def _check(url: str) -> None:
    try:
        parsed = httpx.URL(url)
        is_address = parsed.scheme in ("http", "https") and bool(parsed.host)
    except httpx.InvalidURL:
        is_address = False
    if not is_address:
        raise ValueError(f"url must begin with http:// or https:// and name a host, not {url!r}")

"""A reader learns when messages are missing: silence would be taken for a whole feed."""

import logging
from typing import Any

import httpx
import msgspec
import pytest

from api.client import FeedClient, FeedReset

pytestmark = pytest.mark.anyio

REASONS = ("epoch", "ahead", "expired", "malformed")


def stream(reason: str | None) -> bytes:
    hello: dict[str, Any] = {"type": "hello", "cursor": "new.7", "heartbeat_s": 15}
    hello |= {"resume": "reset", "reason": reason} if reason else {"resume": "recovered"}
    said = [hello, {"type": "log", "id": "new.9"}, {"type": "bye", "reason": "finished"}]
    return b"".join(b"data: %b\n\n" % msgspec.json.encode(message) for message in said)


def server(reason: str | None, asked: list[str | None] | None = None) -> httpx.AsyncClient:
    """Return a client of a server that resumes from its own cursors only."""

    def answer(request: httpx.Request) -> httpx.Response:
        cursor = request.url.params.get("last_event_id")
        if asked is not None:
            asked.append(cursor)
        return httpx.Response(200, content=stream(None if cursor == "new.7" else reason))

    return httpx.AsyncClient(base_url="http://a", transport=httpx.MockTransport(answer))


@pytest.mark.parametrize("cursor", ["old.53", None])
@pytest.mark.parametrize("reason", REASONS)
async def test_a_reset_is_told_to_whoever_asked_and_the_feed_goes_on(reason: str, cursor: str | None) -> None:
    resets: list[str] = []
    async with server(reason) as http:
        feed = FeedClient(http, "eventos", cursor=cursor, on_reset=resets.append)
        assert [message["id"] async for message in feed.messages()] == ["new.9"]
    assert resets == [reason]


async def test_a_cursor_that_cannot_be_resumed_from_raises_where_nobody_asked() -> None:
    asked: list[str | None] = []
    async with server("epoch", asked) as http:
        feed = FeedClient(http, "eventos", cursor="old.53")
        with pytest.raises(FeedReset) as raised:
            await anext(feed.messages())
        assert raised.value.reason == "epoch"
        # Whoever fetched the present state reads on, with nothing missed since the reset.
        assert [message["id"] async for message in feed.messages()] == ["new.9"]
    assert asked == ["old.53", "new.7"]


async def test_a_sentence_about_a_reset_goes_to_who_wants_sentences() -> None:
    said: list[str] = []
    async with server("expired") as http:
        feed = FeedClient(http, "eventos", cursor="old.53", on_status=said.append)
        assert len([message async for message in feed.messages()]) == 1
    assert said == ["messages may be missing: expired"]


async def test_without_a_cursor_a_reset_is_at_least_logged(caplog: pytest.LogCaptureFixture) -> None:
    async with server("epoch") as http:
        with caplog.at_level(logging.WARNING, "fasttrack.client"):
            assert len([message async for message in FeedClient(http, "eventos").messages()]) == 1
    assert caplog.messages == ["messages may be missing: epoch"]


async def test_a_feed_that_resumes_tells_no_reset(caplog: pytest.LogCaptureFixture) -> None:
    async with server(None) as http:
        feed = FeedClient(http, "eventos", cursor="new.5")
        assert len([message async for message in feed.messages()]) == 1
    assert caplog.messages == []


async def test_what_a_reset_handler_raises_ends_the_reading() -> None:
    def stop(reason: str) -> None:
        raise RuntimeError(reason)

    async with server("epoch") as http:
        with pytest.raises(RuntimeError, match="epoch"):
            await anext(FeedClient(http, "eventos", cursor="old.53", on_reset=stop).messages())

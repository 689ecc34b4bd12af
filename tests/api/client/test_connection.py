"""A feed is opened by a server's address and one name or several."""

import httpx
import pytest

from api.client import open_feed
from api.client.feed_client import FeedClient

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    "url", ["127.0.0.1:8132", "localhost:8132", "events.example", "/", "", "ftp://a", "http://"]
)
async def test_an_address_without_a_scheme_is_refused_in_plain_words(url: str) -> None:
    with pytest.raises(ValueError, match="must begin with http:// or https://"):
        async with open_feed(url, ["eventos"]):
            pass


async def test_a_feed_may_be_named_without_a_list() -> None:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(204)

    async with httpx.AsyncClient(base_url="http://a", transport=httpx.MockTransport(answer)) as http:
        for feeds in ("eventos", ["eventos"]):
            assert [one async for one in FeedClient(http, feeds).messages()] == []
    assert [one.url.params.get_list("feed") for one in asked] == [["eventos"], ["eventos"]]


async def test_what_an_opened_feed_misses_is_told_to_on_reset() -> None:
    resets: list[str] = []
    async with open_feed("http://a", "eventos", cursor="old.53", on_reset=resets.append) as feed:
        feed._reset("epoch")
        assert feed.cursor == "old.53"
    assert resets == ["epoch"]

"""The contract of the feed, over every transport and both ways to write."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from typing import Any

import pytest

from streams.messages import Finished
from tests.api.feeds.server import AT, Gone, Served, serving
from tests.contracts.transports import READINGS

pytestmark = pytest.mark.anyio

Read = Callable[..., Any]


@pytest.fixture(params=["direct", "plain"])
async def served(request: pytest.FixtureRequest) -> AsyncIterator[Served]:
    async with serving(direct=request.param == "direct") as server:
        yield server


@pytest.fixture(params=READINGS)
def read(request: pytest.FixtureRequest, served: Served) -> Read:
    def opened(*feeds: str, cursor: str | None = None, **query: str) -> Any:
        return READINGS[request.param](served, list(feeds), cursor, query)

    return opened


def finish(served: Served, feed: str) -> str:
    (message,) = served.feed.publish(Finished(feed, AT, "completed", 0, 0, 0, 0.1, None, {}))
    return f"{served.feed.epoch}.{message.seq}"


async def take(reading: Any, count: int) -> list[dict[str, Any]]:
    return [await reading.receive() for _ in range(count)]


async def drained(reading: Any) -> list[str]:
    """Return the types of everything that comes before the server closes."""
    types: list[str] = []
    with suppress(Gone):
        async with reading:
            while True:
                types.append((await reading.receive())["type"])
    return types


def texts(messages: list[dict[str, Any]]) -> list[str]:
    return [message["message"] for message in messages]


async def test_hello_comes_first_and_says_where_one_is(served: Served, read: Read) -> None:
    served.log("eventos", "before")
    async with read("eventos") as reading:
        hello = await reading.receive()

    assert hello.pop("at")
    assert hello == {
        "type": "hello",
        "transport": reading.transport,
        "feeds": ["eventos"],
        "resume": "fresh",
        "cursor": "k3f9.1",
        "heartbeat_s": 15.0,
        "user": "ana",
        "role": "editor",
    }


async def test_a_message_is_the_same_as_stored(served: Served, read: Read) -> None:
    async with read("eventos") as reading:
        await reading.receive()
        (cursor,) = served.log("eventos", "olá\nid: 1\r\ndata: \u200b ")
        message = await reading.receive()

    assert message == {
        "type": "log",
        "id": cursor,
        "feed": "eventos",
        "at": AT,
        "level": "info",
        "message": "olá\nid: 1\r\ndata: \u200b ",
    }


async def test_an_import_is_replayed_from_its_first_message_and_goes_on_live(
    served: Served, read: Read
) -> None:
    served.log("eventos", "other")
    served.log("upload/x", *map(str, range(700)))
    async with read("upload/x") as reading:
        hello, *replayed = await take(reading, 701)
        served.log("upload/y", "not mine")
        served.log("upload/x", "live")
        live = await reading.receive()

    assert hello["cursor"] == "k3f9.1"
    assert texts(replayed) == [str(n) for n in range(700)]
    assert live["message"] == "live"


async def test_a_feed_without_end_starts_now_unless_all_is_asked_for(served: Served, read: Read) -> None:
    served.log("eventos", "a", "b")
    async with read("eventos", replay="all") as reading:
        _, *everything = await take(reading, 3)
    async with read("upload/x", replay="none") as reading:
        nothing = await reading.receive()

    assert texts(everything) == ["a", "b"]
    assert nothing["cursor"] == "k3f9.2"


async def test_a_cursor_brings_what_was_missed_and_nothing_twice(served: Served, read: Read) -> None:
    seen, *_ = served.log("eventos", "a", "b", "c")
    async with read("eventos", cursor=seen) as reading:
        messages = await take(reading, 2 if reading.transport == "poll" else 3)
        served.log("eventos", "d")
        live = await reading.receive()

    missed = [message for message in messages if message["type"] != "hello"]
    assert texts(missed) == ["b", "c"]
    assert live["message"] == "d"
    if reading.transport != "poll":
        assert messages[0]["resume"] == "recovered"


@pytest.mark.parametrize(
    ("cursor", "reason"),
    [("other.1", "epoch"), ("k3f9.99", "ahead"), ("k3f9.1", "expired"), ("what is this", "malformed")],
)
async def test_a_cursor_that_cannot_be_resumed_is_reset(
    served: Served, read: Read, cursor: str, reason: str
) -> None:
    served.log("eventos", "a", "b", "c")
    served.feed.prune(2)
    served.hub.log.start = 3
    async with read("eventos", cursor=cursor) as reading:
        hello = await reading.receive()
        served.log("eventos", "now")
        message = await reading.receive()

    assert (hello["resume"], hello["reason"]) == ("reset", reason)
    assert message["message"] == "now"


async def test_the_end_of_all_feeds_is_the_end_of_the_connection(served: Served, read: Read) -> None:
    async with read("upload/x", "tarefas/t") as reading:
        await reading.receive()
        finish(served, "tarefas/t")
        served.log("upload/x", "still here")
        last = finish(served, "upload/x")
        messages = await take(reading, 4)
        with pytest.raises(Gone) as gone:
            await reading.receive()

    assert [message["type"] for message in messages] == ["finished", "log", "finished", "bye"]
    assert messages[-1]["reason"] == "finished"
    assert gone.value.code in (0, 204, 1000)
    again = await drained(read("upload/x", "tarefas/t", cursor=last))
    assert again == (["hello", "bye"] if reading.transport == "ws" else [])
    await served.settled()


async def test_an_end_that_comes_while_a_connection_opens_ends_it(served: Served, read: Read) -> None:
    served.log("upload/x", "1")
    ends = served.feed.ends

    async def asked_too_early(feeds: Sequence[str]) -> dict[str, int]:
        found = await ends(feeds)
        # Answered; the end comes before the connection has its place in a view.
        asyncio.get_running_loop().call_soon(finish, served, "upload/x")
        await asyncio.sleep(0)
        return found

    served.feed.ends = asked_too_early  # type: ignore[method-assign]
    types = await drained(read("upload/x"))

    assert types == ["hello", "log", "finished", "bye"]
    await served.settled()


async def test_a_stop_that_comes_while_a_connection_opens_ends_it(served: Served, read: Read) -> None:
    ends = served.feed.ends

    async def stopping(feeds: Sequence[str]) -> dict[str, int]:
        served.hub.registry.drain()
        return await ends(feeds)

    served.feed.ends = stopping  # type: ignore[method-assign]
    async with read("upload/x") as reading:
        hello, bye = await take(reading, 2)

    assert (hello["type"], bye["type"], bye["reason"]) == ("hello", "bye", "drain")
    await served.settled()


async def test_all_imports_are_one_feed_with_the_same_messages(served: Served, read: Read) -> None:
    async with read("eventos/progresso", "upload/b") as reading:
        await reading.receive()
        ids = served.log("upload/a", "1") + served.log("upload/b", "2")
        served.log("eventos", "not mine")
        messages = await take(reading, 2)

    assert [message["id"] for message in messages] == ids
    assert [message["feed"] for message in messages] == ["upload/a", "upload/b"]


async def test_an_import_from_its_first_message_beside_a_feed_from_now(served: Served, read: Read) -> None:
    served.log("upload/x", "x1")
    served.log("eventos", "before")
    served.log("upload/x", "x2")
    async with read("upload/x", "eventos") as reading:
        _, *replayed = await take(reading, 3)
        served.log("eventos", "now")
        live = await reading.receive()

    assert texts([*replayed, live]) == ["x1", "x2", "now"]


async def test_whoever_arrives_while_others_are_being_written_misses_nothing(
    served: Served, read: Read
) -> None:
    async def reader() -> list[str]:
        async with read("eventos", cursor="k3f9.0") as reading:
            got: list[str] = []
            while len(got) < 300:
                message = await reading.receive()
                if message["type"] == "log":
                    got.append(message["message"])
            return got

    async with asyncio.TaskGroup() as tasks:
        readers = []
        for n in range(300):
            served.log("eventos", str(n))
            if n % 30 == 0:
                readers.append(tasks.create_task(reader()))
            await asyncio.sleep(0)

    assert [one.result() for one in readers] == [[str(n) for n in range(300)]] * 10

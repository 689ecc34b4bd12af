"""The contract of the feed, over every transport and both ways to write."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from typing import Any

import pytest

from domain.messages import Finished
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


async def test_hello_comes_first_with_the_current_cursor(served: Served, read: Read) -> None:
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


async def test_a_delivered_message_equals_the_stored_one(served: Served, read: Read) -> None:
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


async def test_an_import_feed_replays_from_its_first_message_and_continues_live(
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


async def test_an_endless_feed_starts_at_the_present_unless_a_replay_is_requested(
    served: Served, read: Read
) -> None:
    served.log("eventos", "a", "b")
    async with read("eventos", replay="all") as reading:
        _, *everything = await take(reading, 3)
    async with read("upload/x", replay="none") as reading:
        nothing = await reading.receive()

    assert texts(everything) == ["a", "b"]
    assert nothing["cursor"] == "k3f9.2"


async def test_a_cursor_resumes_without_gap_or_repeat(served: Served, read: Read) -> None:
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
async def test_a_cursor_that_cannot_be_resumed_gets_a_reset(
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


async def test_the_connection_ends_when_all_its_feeds_have_ended(served: Served, read: Read) -> None:
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


async def test_a_feed_that_ends_while_a_connection_opens_ends_the_connection(
    served: Served, read: Read
) -> None:
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


async def test_a_server_stop_while_a_connection_opens_ends_the_connection(served: Served, read: Read) -> None:
    ends = served.feed.ends

    async def stopping(feeds: Sequence[str]) -> dict[str, int]:
        served.hub.registry.drain()
        return await ends(feeds)

    served.feed.ends = stopping  # type: ignore[method-assign]
    async with read("upload/x") as reading:
        hello, bye = await take(reading, 2)

    assert (hello["type"], bye["type"], bye["reason"]) == ("hello", "bye", "drain")
    await served.settled()


async def test_the_feed_of_all_imports_has_the_messages_of_each_import(served: Served, read: Read) -> None:
    async with read("eventos/progresso", "upload/b") as reading:
        await reading.receive()
        ids = served.log("upload/a", "1") + served.log("upload/b", "2")
        served.log("eventos", "not mine")
        messages = await take(reading, 2)

    assert [message["id"] for message in messages] == ids
    assert [message["feed"] for message in messages] == ["upload/a", "upload/b"]


async def test_an_import_replays_while_an_endless_feed_in_the_same_stream_starts_live(
    served: Served, read: Read
) -> None:
    served.log("upload/x", "x1")
    served.log("eventos", "before")
    served.log("upload/x", "x2")
    async with read("upload/x", "eventos") as reading:
        _, *replayed = await take(reading, 3)
        served.log("eventos", "now")
        live = await reading.receive()

    assert texts([*replayed, live]) == ["x1", "x2", "now"]


async def test_a_reader_that_arrives_during_a_flush_misses_nothing(served: Served, read: Read) -> None:
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

"""Events over Litestar, msgspec and sqlite3, nothing between: a limit for this stack.

One thread writes and commits for all who came meanwhile; reads run on the loop's own thread. No access
control, no counts, no feed, no log.
"""

import asyncio
import os
import queue
import sqlite3
import threading
from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import Litestar, get, post
from litestar.exceptions import NotFoundException

MADE = """
CREATE TABLE IF NOT EXISTS events (
  id INTEGER PRIMARY KEY, title, description, event_date, city, participants, local_info);
CREATE INDEX IF NOT EXISTS by_date ON events (event_date);
CREATE INDEX IF NOT EXISTS by_city ON events (city);
"""


class EventIn(msgspec.Struct):
    title: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    event_date: datetime
    city: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    description: str = ""
    participants: list[str] = []
    local_info: dict[str, Any] | None = None


class EventOut(EventIn, kw_only=True):
    id: int


def connect() -> sqlite3.Connection:
    connection = sqlite3.connect(os.environ["PEER_DB"], isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    return connection


reader = connect()
reader.executescript(MADE)
waiting: queue.SimpleQueue[tuple[EventIn, asyncio.Future[int]]] = queue.SimpleQueue()


def write(loop: asyncio.AbstractEventLoop) -> None:
    writer = connect()
    while True:
        group = [waiting.get()]
        while not waiting.empty():
            group.append(waiting.get())
        writer.execute("BEGIN IMMEDIATE")
        ids = [
            writer.execute("INSERT INTO events VALUES (NULL, ?, ?, ?, ?, ?, ?)", cells(one)).lastrowid
            for one, _ in group
        ]
        writer.execute("COMMIT")
        loop.call_soon_threadsafe(
            answer, [(future, number) for (_, future), number in zip(group, ids, strict=True)]
        )


def answer(done: list[tuple["asyncio.Future[int]", int]]) -> None:
    for future, number in done:
        future.set_result(number)


def cells(event: EventIn) -> tuple[Any, ...]:
    encode = msgspec.json.encode
    return (event.title, event.description, event.event_date.isoformat(), event.city,
            encode(event.participants), encode(event.local_info))  # fmt: skip


def of(row: tuple[Any, ...]) -> EventOut:
    decode = msgspec.json.decode
    return EventOut(id=row[0], title=row[1], description=row[2], event_date=datetime.fromisoformat(row[3]),
                    city=row[4], participants=decode(row[5]), local_info=decode(row[6]))  # fmt: skip


@post("/events")
async def create(data: EventIn) -> EventOut:
    future = asyncio.get_running_loop().create_future()
    waiting.put((data, future))
    return EventOut(id=await future, **msgspec.structs.asdict(data))


@get("/events/{number:int}")
async def one(number: int) -> EventOut:
    row = reader.execute("SELECT * FROM events WHERE id = ?", (number,)).fetchone()
    if row is None:
        raise NotFoundException
    return of(row)


@get("/events")
async def some(limit: int = 20) -> list[EventOut]:
    return [of(row) for row in reader.execute("SELECT * FROM events ORDER BY id LIMIT ?", (limit,))]


async def begin() -> None:
    threading.Thread(target=write, args=(asyncio.get_running_loop(),), daemon=True).start()


app = Litestar([create, one, some], on_startup=[begin], openapi_config=None, logging_config=None)

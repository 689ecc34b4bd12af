"""While one piece of a file is read, the next one is given: no wait between them, nothing lost or twice."""

from collections import deque
from contextlib import asynccontextmanager
from functools import partial

import anyio
import pytest

from api.services.imports.row_source import ReaderLostError
from tests.api.services.imports import plain_rows

pytestmark = pytest.mark.anyio

ROWS = [f"row {number} {'-' * 1000}" for number in range(1_500)]
CONTENT = "\n".join(ROWS).encode()
"""Longer than the largest piece."""


class Reader:
    """Plain rows whose first portion is not read before `go` is set.

    Attributes:
        given_ahead: set with the piece that is given while the first one is not read yet.
        four_read: set with the fourth portion.
        owed: for each piece given, how many were not read then, itself included.
    """

    reads_ahead = True

    def __init__(self, rows, go):
        self._rows = rows
        self._go = go
        self._unread = deque()
        self.given_ahead = anyio.Event()
        self.four_read = anyio.Event()
        self._read = 0
        self.owed = []

    @property
    def offset(self):
        return self._rows.offset

    async def give(self, piece, *, last):
        self._unread.append(piece)
        self.owed.append(len(self._unread))
        await self._rows.give(piece, last=last)
        if len(self._unread) > 1:
            self.given_ahead.set()

    async def portion(self):
        await self._go(self)
        portion = await self._rows.portion()
        self._unread.popleft()
        self._read += 1
        if self._read == 4:
            self.four_read.set()
        return portion


def read_with(world, *gos):
    """Let the first readers wait for these, one each, and the others for nothing; return all of them."""
    readers, waits = [], deque(gos)

    async def at_once(_):
        await anyio.lowlevel.checkpoint()

    @asynccontextmanager
    async def open_source(options, checkpoint):
        async with plain_rows.open_source(options, checkpoint) as rows:
            readers.append(Reader(rows, waits.popleft() if waits else at_once))
            yield readers[-1]

    world.open_source = open_source
    world.limit = 2 * len(CONTENT)
    return readers


async def told_in_order(world):
    return [message["record"] for message in await world.feed() if "record" in message]


@pytest.mark.parametrize("mode", ["partial", "atomic"])
async def test_the_next_piece_is_sent_before_the_previous_one_is_read(world, mode):
    async def until_given_ahead(reader):
        await reader.given_ahead.wait()

    readers = read_with(world, until_given_ahead, until_given_ahead)
    async with world.process():
        upload = await world.send(CONTENT, mode=mode)
        assert (upload.state, upload.accepted) == ("completed", len(ROWS))
        assert await world.titles() == ROWS
    assert len(readers) == {"partial": 1, "atomic": 2}[mode]
    assert all(max(reader.owed) == 2 for reader in readers)


async def test_a_piece_sent_ahead_to_a_lost_reader_is_read_again(world):
    async def lose_it(reader):
        await reader.given_ahead.wait()
        raise ReaderLostError("gone")

    readers = read_with(world, lose_it, lose_it)
    async with world.process():
        upload = await world.send(CONTENT)
        assert (upload.state, upload.accepted) == ("completed", len(ROWS))
        assert await world.titles() == ROWS
        records = await told_in_order(world)
        assert records == sorted(set(records))
    assert len(readers) == 3


async def test_an_import_cancelled_with_a_piece_sent_ahead_stores_no_more(world):
    is_ahead, goes_on = anyio.Event(), anyio.Event()

    async def until_cancelled(reader):
        await reader.given_ahead.wait()
        is_ahead.set()
        await goes_on.wait()

    read_with(world, until_cancelled)
    async with world.process() as imports:
        body = await world.begin(total_bytes=len(CONTENT) + 1)
        await body.write(CONTENT)
        with anyio.fail_after(60):
            await is_ahead.wait()
            async with anyio.create_task_group() as group:
                group.start_soon(imports.cancel, "x")
                await world.until(body.running, lambda running: running.cancel_requested)
                goes_on.set()
        assert (await world.ended(body)).state == "cancelled"
        assert await world.titles() == []
        await body.break_off()


async def test_a_faulty_file_ends_although_a_piece_was_sent_ahead(world):
    async def until_given_ahead(reader):
        await reader.given_ahead.wait()

    read_with(world, until_given_ahead)
    async with world.process() as imports:
        upload = await world.send(b"\x89PNG\n" + CONTENT)
        assert (upload.state, upload.error.code) == ("failed", "not_text")
        assert await world.titles() == []
        assert imports.active == 0


class Held:
    """A store that takes events only when four portions were read."""

    def __init__(self, inner, readers):
        self._inner = inner
        self._readers = readers

    def __getattr__(self, name):
        return getattr(self._inner, name)

    @asynccontextmanager
    async def transaction(self):
        async with self._inner.transaction() as tx:
            yield Held(tx, self._readers)

    @property
    def events(self):
        return Held(self._inner.events, self._readers)

    async def insert_batch(self, *args, **options):
        await self._readers[0].four_read.wait()
        return await self._inner.insert_batch(*args, **options)


async def test_portions_that_wait_for_a_slow_store_are_committed_together(world, monkeypatch):
    rows = 5
    monkeypatch.setattr("api.services.imports.staged_reader.PIECE_BYTES", (6, 6, 6))
    readers = read_with(world)
    async with world.process(partial(Held, readers=readers)):
        upload = await world.send(b"".join(b"row %d\n" % number for number in range(rows)))
        assert (upload.state, upload.accepted) == ("completed", rows)
        assert await world.titles() == [f"row {number}" for number in range(rows)]
        told = [(one["count"], one["first_id"], one["last_id"]) for one in await world.feed("eventos")]
        records = await told_in_order(world)
    # One is being stored, two wait, the fourth has nowhere to wait, and behind it comes the fifth.
    assert told == [(1, 1, 1), (3, 2, 4), (1, 5, 5)]
    assert records == [1, 2, 3, 4, 5]

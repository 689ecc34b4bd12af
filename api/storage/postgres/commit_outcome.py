"""Finds out whether a transaction without an answer to its commit was committed."""

import logging
from datetime import datetime

import anyio
import sqlalchemy as sa

from api.storage.closing import Closing
from api.storage.postgres.backends import end_one
from api.storage.schema import feed_head, feed_messages
from api.storage.statements import kept
from api.storage.unit_of_work import Row, Units
from domain.ports.errors import StorageUnavailableError

LOOK_SECONDS = 0.5
GIVE_UP_SECONDS = 60.0
END_SECONDS = 0.05

_HEAD = kept(sa.select(feed_head.c.seq).with_for_update())

_log = logging.getLogger(__name__)


async def was_committed(units: Units, closing: Closing) -> bool:
    """Return whether the transaction with this closing was committed; its seq is known then.

    Waits for the database to answer again. A caller who was told of a failure would try again,
    and what had been stored would be there twice.

    Raises:
        StorageUnavailableError: the database did not come back, so the outcome is unknown.
    """
    with anyio.move_on_after(GIVE_UP_SECONDS):
        while True:
            try:
                return await _is_stored(units, closing)
            except StorageUnavailableError:
                await anyio.sleep(LOOK_SECONDS)
    _log.error("it is not known whether a commit with %d messages was stored", len(closing.drafts))
    raise StorageUnavailableError("the database did not report whether it stored this")


async def _is_stored(units: Units, closing: Closing) -> bool:
    if closing.sent is not None and not closing.seq:
        # It may have the statement and not have begun, as after a pause: then it would come behind this look.
        while await _still_works(units, *closing.sent.backend):  # noqa: ASYNC110 - the database tells nobody.
            await anyio.sleep(END_SECONDS)
    async with units.writing() as unit:
        # The transaction holds the head of the log: if it is still under way, this waits for its end.
        await unit.rows(_HEAD)
        rows = await unit.rows(_candidates(closing))
        await unit.commit()  # Which makes durable what was found.
    return any(_is_first(closing, row) for row in rows)


async def _still_works(units: Units, pid: int, started: datetime) -> bool:
    """Ask a process of the database to end; return whether it was there."""
    async with units.writing() as unit:
        was_there = await end_one(unit, pid, started)
        await unit.commit()
    return was_there


def _candidates(closing: Closing) -> sa.Select[tuple[int, bytes]]:
    """Select what may be the first message: that of its seq, or those of its feed since it was sent."""
    of = sa.select(feed_messages.c.seq, feed_messages.c.body)
    if closing.seq:
        return of.where(feed_messages.c.seq == closing.seq)
    feed, _body, _is_final = closing.drafts[0]
    assert closing.sent is not None, "it is on its way"
    return of.where(feed_messages.c.seq > closing.sent.behind, feed_messages.c.feed == feed)


def _is_first(closing: Closing, row: Row) -> bool:
    """Return whether a message is the first one. By its body: its seq was free again after a rollback."""
    closing.begin_at(row.seq)
    return closing.messages()[0].body == bytes(row.body)

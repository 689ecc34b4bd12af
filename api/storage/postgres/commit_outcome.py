"""Finds out whether a transaction without an answer to its commit was committed."""

import logging

import anyio
import sqlalchemy as sa

from api.storage.schema import feed_messages
from api.storage.unit_of_work import Units
from domain.ports.errors import StorageUnavailableError
from streams.stored import StoredMessage

LOOK_SECONDS = 0.5
GIVE_UP_SECONDS = 60.0

_log = logging.getLogger(__name__)


async def was_committed(units: Units, last: StoredMessage) -> bool:
    """Return whether the transaction with this message as its last one was committed.

    Waits for the database to answer again. A caller who was told of a failure would try again,
    and what had been stored would be there twice.

    Raises:
        StorageUnavailableError: the database did not come back, so the outcome is unknown.
    """
    with anyio.move_on_after(GIVE_UP_SECONDS):
        while True:
            try:
                return await _is_stored(units, last)
            except StorageUnavailableError:
                await anyio.sleep(LOOK_SECONDS)
    _log.error("it is not known whether the commit up to seq %d was stored", last.seq)
    raise StorageUnavailableError("the database did not report whether it stored this")


async def _is_stored(units: Units, last: StoredMessage) -> bool:
    async with units.writing() as unit:
        # The transaction holds the head of the log: if it is still under way, this waits for its end.
        await unit.dialect.queue_to_close(unit)
        stored = sa.select(feed_messages.c.body).where(feed_messages.c.seq == last.seq)
        row = await unit.first(stored)
        await unit.commit()  # Which makes durable what was found.
    # By its body, not by its seq: that was free again, if it was rolled back.
    return row is not None and bytes(row.body) == last.body

"""Admits readers to the feed: a slot and a start position, or the reason for a refusal.

What passes (a limit, a stop, a store that is away) is a reason and not a status: each transport
tells it in the words after which its clients come back.
"""

import asyncio
import logging
from typing import Literal

from msgspec import Struct

from api.feeds.request import FeedRequest
from api.services.identity import Identity
from domain.ports.errors import StorageError
from streams.hub import FeedHub
from streams.messages import ByeReason
from streams.registry import Slot
from streams.start_position import Opening

Transport = Literal["sse", "ws", "poll"]

OPENING_SECONDS = 5.0
"""How long the store has to find where a connection starts."""

logger = logging.getLogger(__name__)


class Admission(Struct, frozen=True):
    """A slot, which must be released, and the start position of its reader."""

    slot: Slot[Identity]
    opening: Opening


async def look(
    hub: FeedHub[Identity], asked: FeedRequest
) -> Opening | Literal["limit", "drain", "unavailable"]:
    """Return the result that `admit` would have, without taking a slot: for HEAD."""
    if (refusal := hub.registry.refusal()) is not None:
        return refusal
    try:
        async with asyncio.timeout(OPENING_SECONDS):
            return await hub.open(asked.feeds, asked.cursor, asked.replay)
    except (StorageError, TimeoutError):
        return "unavailable"


async def admit(hub: FeedHub[Identity], asked: FeedRequest, transport: Transport) -> Admission | ByeReason:
    """Return a slot for a connection, or the reason why there is none now."""
    slot = hub.registry.admit(asked.who, transport)
    if not isinstance(slot, Slot):
        return slot
    if (known := hub.open_at_once(asked.feeds, asked.cursor)) is not None:
        return Admission(slot, known)
    try:
        async with asyncio.timeout(OPENING_SECONDS):
            opening = await hub.open(asked.feeds, asked.cursor, asked.replay)
    except (StorageError, TimeoutError) as error:
        slot.release()
        logger.warning("a stream could not be opened because the store does not answer: %s", error)
        return "unavailable"
    except BaseException:
        slot.release()
        raise
    return Admission(slot, opening)

"""Ends the streams of those who may not read any more: disabled, rotated, signed out, expired."""

import logging
from collections.abc import Callable, Collection

import anyio

from api.services.identity import Identity
from api.services.people import People
from domain.ports import StorageError

LOOK_SECONDS = 2.0
"""The contract allows 5; a look may have to wait for the store."""

logger = logging.getLogger(__name__)


async def keep_vigil(
    people: People,
    *,
    readers: Callable[[], Collection[Identity]],
    end: Callable[[Collection[Identity]], None],
    look_seconds: float = LOOK_SECONDS,
) -> None:
    """Look again and again, until cancelled, whether those who read still may.

    The store is asked, not told: a command beside the server, or another server, may have changed it.

    Args:
        people: knows who may.
        readers: who has a stream open.
        end: ends all streams of some of them.
        look_seconds: between two looks.
    """
    while True:
        await anyio.sleep(look_seconds)
        try:
            gone = await people.ended(readers())
        except StorageError as error:
            logger.warning("cannot look up who may still read: %s", error)
            continue
        if gone:
            end(gone)

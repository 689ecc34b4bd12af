"""Ends streams and bodies of who is disabled, rotated, signed out or expired."""

import logging
from collections.abc import Callable, Collection

import anyio

from api.services.identity import Identity
from api.services.people import People
from domain.ports.errors import StorageError

LOOK_SECONDS = 2.0
"""The contract allows 5; a look may have to wait for the store."""

logger = logging.getLogger(__name__)


async def revoke_sessions(
    people: People,
    *,
    callers: Callable[[], Collection[Identity]],
    end: Callable[[Collection[Identity]], None],
) -> None:
    """Check who reads streams and sends bodies every few seconds until cancelled.

    It reads the store, because a command or another server may have changed it.

    Args:
        people: knows who may.
        callers: who has a stream open, or a body on its way.
        end: ends all of these of some of them.
    """
    while True:
        await anyio.sleep(LOOK_SECONDS)
        try:
            gone = await people.ended(callers())
        except StorageError as error:
            logger.warning("the permissions of open streams and bodies could not be checked: %s", error)
            continue
        if gone:
            end(gone)

"""Presence over several processes: each says whom it holds, and shows whom all of them hold."""

import logging
from collections.abc import Callable

import anyio

from api.services.presence import Presence
from domain.ports import StorageError
from streams.ports import LiveStore, PersonLease

LOOK_SECONDS = 0.5
"""Joins and leaves are seen by the others within a second."""
LEASE_MS = 15_000
"""A process that was killed takes its people along after so long."""
LEAVE_SECONDS = 2.0

logger = logging.getLogger(__name__)


async def share_presence(
    presence: Presence,
    live: LiveStore,
    *,
    owner: str,
    clock: Callable[[], int],
    look_seconds: float = LOOK_SECONDS,
) -> None:
    """Keep both sides in step until cancelled, then take this process's people out."""
    said: dict[str, PersonLease] = {}
    try:
        while True:
            try:
                said = await _exchange(presence, live, owner, clock(), said)
            except StorageError:
                logger.exception("cannot tell other processes who is online")
            await anyio.sleep(look_seconds)
    finally:
        with anyio.move_on_after(LEAVE_SECONDS, shield=True):
            await _leave(live, owner)


async def _exchange(
    presence: Presence, live: LiveStore, owner: str, now_ms: int, said: dict[str, PersonLease]
) -> dict[str, PersonLease]:
    """Say what is different from what was said before; return what is said now."""
    here = {one.person: one for one in presence.here()}
    await live.renew(owner, now_ms=now_ms, lease_ms=LEASE_MS)
    await live.put(owner, [one for person, one in here.items() if said.get(person) != one])
    if gone := said.keys() - here.keys():
        await live.remove(owner, sorted(gone))
    presence.show(await live.everyone(now_ms=now_ms))
    return here


async def _leave(live: LiveStore, owner: str) -> None:
    try:
        await live.leave(owner)
    except StorageError:
        logger.warning("this process stays online for others until its lease ends")

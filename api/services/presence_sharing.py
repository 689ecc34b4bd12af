"""Presence over several processes: each says whom it holds, and shows whom all of them hold."""

import logging
from collections.abc import Callable, Collection, Mapping

import anyio

from api.services.presence import Presence
from domain.ports import StorageError
from streams.ports import LiveStore, PersonLease

LOOK_SECONDS = 0.3
"""Joins and leaves are seen by the others within a second: one look says them, one of another process finds
them, and a state that was told just before rests for a quarter."""
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
    answered_ms: int | None = None
    try:
        while True:
            now_ms = clock()
            here = {one.person: one for one in presence.here()}
            # After so long the others have forgotten all that was said.
            afresh = answered_ms is None or now_ms - answered_ms >= LEASE_MS
            try:
                await _say(live, owner, now_ms, here, {} if afresh else said, gone=said.keys() - here.keys())
                presence.show(await live.everyone(now_ms=now_ms))
            except StorageError as error:
                if answered_ms is not None:
                    logger.warning("cannot tell other processes who is online: %s", error)
                # Nobody knows how much of it has arrived.
                said, answered_ms = {**said, **here}, None
            else:
                said, answered_ms = here, now_ms
            await anyio.sleep(look_seconds)
    finally:
        with anyio.move_on_after(LEAVE_SECONDS, shield=True):
            await _leave(live, owner)


async def _say(
    live: LiveStore,
    owner: str,
    now_ms: int,
    here: Mapping[str, PersonLease],
    said: Mapping[str, PersonLease],
    *,
    gone: Collection[str],
) -> None:
    """Say what is different from what was said before."""
    await live.renew(owner, now_ms=now_ms, lease_ms=LEASE_MS)
    await live.put(owner, [one for person, one in here.items() if said.get(person) != one])
    if gone:
        await live.remove(owner, sorted(gone))


async def _leave(live: LiveStore, owner: str) -> None:
    try:
        await live.leave(owner)
    except StorageError:
        logger.warning("this process stays online for others until its lease ends")

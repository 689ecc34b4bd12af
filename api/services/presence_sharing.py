"""Presence over several processes: each stores its people and shows those of all."""

import logging
from collections.abc import Callable, Mapping

import anyio

from api.services.presence import MAX_NAMED, Presence
from domain.ports.errors import StorageError
from streams.ports import LiveStore, PersonLease

LOOK_SECONDS = 0.3
"""Others see joins and leaves within a second: one round stores them, a round of the other process reads
them, and states are published at most every quarter."""
LEASE_MS = 15_000
"""The people of a killed process are offline after so long."""
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
    """Store this process's people and show everyone's until cancelled, then remove this process's."""
    answered_ms: int | None = None
    try:
        while True:
            now_ms = clock()
            # After so long the others have dropped all that was stored.
            afresh = answered_ms is None or now_ms - answered_ms >= LEASE_MS
            changes = presence.changes(of_everyone=afresh)
            try:
                await live.renew(owner, now_ms=now_ms, lease_ms=LEASE_MS)
                await _store(live, owner, changes)
                presence.show(await live.crowd(now_ms=now_ms, most_named=MAX_NAMED))
            except StorageError as error:
                if answered_ms is not None:
                    logger.warning(
                        "the people online here could not be shared with other processes: %s", error
                    )
                # How much was stored is unknown.
                presence.touch(changes)
                answered_ms = None
            else:
                answered_ms = now_ms
            await anyio.sleep(look_seconds)
    finally:
        with anyio.move_on_after(LEAVE_SECONDS, shield=True):
            await _leave(live, owner)


async def _store(live: LiveStore, owner: str, changes: Mapping[str, PersonLease | None]) -> None:
    """Store what changed since the last time."""
    await live.put(owner, [lease for lease in changes.values() if lease is not None])
    if gone := [person for person, lease in changes.items() if lease is None]:
        await live.remove(owner, gone)


async def _leave(live: LiveStore, owner: str) -> None:
    try:
        await live.leave(owner)
    except StorageError:
        logger.warning("other processes show the people of this process as online until its lease ends")

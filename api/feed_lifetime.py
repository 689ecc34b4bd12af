"""Opens the feed of this process with presence, the dashboard and the revocation of sessions."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from msgspec import Struct

from api.services.dashboard import Dashboard
from api.services.feed_follower import FeedFollower
from api.services.feeds import FEEDS
from api.services.identity import Identity
from api.services.open_bodies import OpenBodies
from api.services.people import People
from api.services.presence import Presence
from api.services.presence_sharing import share_presence
from api.services.session_revocation import revoke_sessions
from api.settings import Settings
from api.storage.store import Committed, SqlStore
from domain.messages import PresenceState
from streams.context import FeedOptions
from streams.hub import FeedHub

REFILL_MESSAGES = 5000
"""Messages read at the start, in some tens of milliseconds; clients miss fewer during a restart."""

Job = Callable[[], Any]


class RunningFeed(Struct, frozen=True):
    """The open feed for handlers, and the jobs that keep it up to date.

    Attributes:
        committed: takes the messages of each commit of this process.
    """

    hub: FeedHub[Identity]
    presence: Presence
    dashboard: Dashboard
    committed: Committed
    jobs: list[Job]


@asynccontextmanager
async def running_feed(
    settings: Settings,
    store: SqlStore,
    people: People,
    bodies: OpenBodies,
    *,
    owner: str,
    clock: Callable[[], int],
) -> AsyncIterator[RunningFeed]:
    """Open the feed over the store, for as long as the block lasts. `bodies` end with their senders."""
    hub: FeedHub[Identity] = FeedHub(FEEDS, _options(settings), now_ms=clock)
    async with hub.running(store.epoch, store.feed):
        presence, dashboard = _states(hub, store, clock)
        # States are sent on connect, so the first connection needs one.
        hub.set_state(await dashboard.current())
        revocation = _revocation(hub, people, bodies)
        committed, others = await _other_processes(hub, store, presence, owner=owner, clock=clock)
        try:
            yield RunningFeed(hub, presence, dashboard, committed, [dashboard.run, revocation, others])
        finally:
            presence.close()


def _states(hub: FeedHub[Identity], store: SqlStore, clock: Callable[[], int]) -> tuple[Presence, Dashboard]:
    """Return what publishes the state feeds; the dashboard also shows how many are online."""

    def publish_presence(state: PresenceState) -> None:
        hub.set_state(state)
        dashboard.presence_changed()

    presence = Presence(publish=publish_presence, clock=clock, later=asyncio.get_running_loop().call_later)
    dashboard = Dashboard(store, publish=hub.set_state, online=lambda: presence.online, now_ms=clock)
    hub.set_state(presence.state())
    hub.registry.on_change = presence.changed
    return presence, dashboard


async def _other_processes(
    hub: FeedHub[Identity], store: SqlStore, presence: Presence, *, owner: str, clock: Callable[[], int]
) -> tuple[Committed, Job]:
    """Return what receives the commits of this process, and the job that follows other processes."""
    if store.live is not None:
        return hub.publish, partial(share_presence, presence, store.live, owner=owner, clock=clock)
    # Commands write to the SQLite file while the server runs; PostgreSQL is followed anyway.
    follower = FeedFollower(store.feed, publish=hub.publish)
    await follower.start(hub.log.head)
    return follower.committed, follower.run


def _options(settings: Settings) -> FeedOptions:
    return FeedOptions(
        heartbeat_seconds=settings.heartbeat_seconds,
        coalesce_seconds=settings.coalesce_ms / 1000,
        ring_messages=settings.ring_messages,
        refill_messages=REFILL_MESSAGES,
        stream_seconds=settings.stream_seconds,
        streams_per_person=settings.streams_per_person,
        streams_in_all=settings.streams_per_server,
    )


def _revocation(hub: FeedHub[Identity], people: People, bodies: OpenBodies) -> Job:
    """Return the job that ends the streams and the bodies of who may no longer read or send."""

    def callers() -> Collection[Identity]:
        return [*hub.registry.readers(), *bodies.senders()]

    def end(gone: Collection[Identity]) -> None:
        hub.registry.end(lambda who: who in gone, "expired")
        bodies.end(gone)

    return partial(revoke_sessions, people, callers=callers, end=end)

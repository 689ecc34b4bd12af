"""The live side of a process: its feed, who reads it, who is online, who may still read."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from msgspec import Struct

from api.services.catching_up import CatchingUp
from api.services.identity import Identity
from api.services.live import Dashboard
from api.services.people import People
from api.services.presence import Presence
from api.services.presence_sharing import share_presence
from api.services.vigil import keep_vigil
from api.settings import Settings
from api.storage.store import Committed, SqlStore
from streams.hub import FeedHub, FeedOptions
from streams.messages import PresenceState

Job = Callable[[], Any]


class LiveSide(Struct, frozen=True):
    """What the live side gives to handlers, and what is to be kept at work for it.

    Attributes:
        committed: takes the messages of each commit of this process.
    """

    hub: FeedHub[Identity]
    presence: Presence
    dashboard: Dashboard
    committed: Committed
    jobs: list[Job]


@asynccontextmanager
async def live_side(
    settings: Settings, store: SqlStore, people: People, *, owner: str, clock: Callable[[], int]
) -> AsyncIterator[LiveSide]:
    """Open the feed over the store, for as long as the block lasts."""
    hub: FeedHub[Identity] = FeedHub(_options(settings), now_ms=clock)
    async with hub.running(store.epoch, store.feed):
        presence, dashboard = _states(hub, store, clock)
        # Who connects first gets a state, too: it is told on connect, and not only after a change.
        hub.set_state(await dashboard.current())
        vigil = partial(keep_vigil, people, readers=hub.registry.readers, end=partial(_expire, hub))
        committed, others = await _other_processes(hub, store, presence, owner=owner, clock=clock)
        try:
            yield LiveSide(hub, presence, dashboard, committed, [dashboard.run, vigil, others])
        finally:
            presence.close()


def _states(hub: FeedHub[Identity], store: SqlStore, clock: Callable[[], int]) -> tuple[Presence, Dashboard]:
    """Return what tells the state feeds; who is online is a part of the dashboard, too."""

    def tell_presence(state: PresenceState) -> None:
        hub.set_state(state)
        dashboard.changed()

    presence = Presence(tell=tell_presence, clock=clock, later=asyncio.get_running_loop().call_later)
    dashboard = Dashboard(store, tell=hub.set_state, online=lambda: presence.online, now_ms=clock)
    hub.set_state(presence.state())
    hub.registry.on_change = presence.changed
    return presence, dashboard


async def _other_processes(
    hub: FeedHub[Identity], store: SqlStore, presence: Presence, *, owner: str, clock: Callable[[], int]
) -> tuple[Committed, Job]:
    """Return who takes our commits, and the job that follows what other processes do."""
    if store.live is not None:
        return hub.publish, partial(share_presence, presence, store.live, owner=owner, clock=clock)
    # Commands write beside the server into the one SQLite file; PostgreSQL is tailed anyhow.
    catching_up = CatchingUp(store.feed, tell=hub.publish)
    await catching_up.start()
    return catching_up.committed, catching_up.run


def _options(settings: Settings) -> FeedOptions:
    return FeedOptions(
        heartbeat_seconds=settings.heartbeat_seconds,
        coalesce_seconds=settings.coalesce_ms / 1000,
        ring_messages=settings.ring_messages,
        streams_per_person=settings.streams_per_person,
        streams_in_all=settings.streams_per_server,
    )


def _expire(hub: FeedHub[Identity], gone: Collection[Identity]) -> None:
    hub.registry.end(lambda who: who in gone, "expired")

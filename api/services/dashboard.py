"""The dashboard: counts of the store, published as a state."""

import logging
from collections.abc import Callable

import anyio

from api.services.store import Store
from domain.imports import UNDER_WAY
from domain.messages import CityCount, DashboardState, MonthCount, VenueTypeCount
from domain.ports.errors import StorageError
from domain.ports.events import EventCounts
from streams.messages import timestamp

logger = logging.getLogger(__name__)

FEED = "dashboard"
MIN_INTERVAL_SECONDS = 0.25
RETRY_SECONDS = 2.0
MAX_AGE_SECONDS = 60
"""`upcoming` falls as time passes, without any change."""


class Dashboard:
    """Publishes the live counts.

    Args:
        publish: publishes each new state; the feed drops one that equals the last.
        online: how many people are online now.
    """

    def __init__(
        self,
        store: Store,
        *,
        publish: Callable[[DashboardState], None],
        online: Callable[[], int],
        now_ms: Callable[[], int],
    ) -> None:
        self._store = store
        self._publish = publish
        self._online = online
        self._now_ms = now_ms
        self._changed = anyio.Event()
        self._shown_online: int | None = None

    def presence_changed(self) -> None:
        """Note that someone came, left or moved on: most of that leaves the number of people as it was."""
        if self._online() != self._shown_online:
            self.changed()

    def changed(self) -> None:
        """Note that something changed. Called after each commit; does not block."""
        self._changed.set()

    async def run(self) -> None:
        """Publish the state after each change, at most four times a second, until cancelled."""
        while True:
            # Replace the event before reading: a change during the read must lead to another round.
            self._changed = anyio.Event()
            try:
                state = await self.current()
                self._shown_online = state.online
                self._publish(state)
            except StorageError as error:
                # The last state stays until the store answers again.
                logger.warning("the dashboard could not be counted: %s", error)
                self._changed.set()
                await anyio.sleep(RETRY_SECONDS)
            await anyio.sleep(MIN_INTERVAL_SECONDS)
            with anyio.move_on_after(MAX_AGE_SECONDS):
                await self._changed.wait()

    async def current(self) -> DashboardState:
        """Return the counts as they are now, at a cost that does not grow with the events."""
        now_ms = self._now_ms()
        async with self._store.snapshot() as unit:
            counts = await unit.events.counts(now_us=now_ms * 1000)
            active = await unit.uploads.count(UNDER_WAY)
        return dashboard_state(counts, at_ms=now_ms, online=self._online(), uploads_active=active)


def dashboard_state(counts: EventCounts, *, at_ms: int, online: int, uploads_active: int) -> DashboardState:
    """Return the wire form of the counts."""
    return DashboardState(
        feed=FEED,
        at=timestamp(at_ms),
        events=counts.events,
        upcoming=counts.upcoming,
        cities=counts.cities,
        participants=counts.participants,
        capacity=counts.capacity,
        online=online,
        uploads_active=uploads_active,
        by_city=[CityCount(city, count) for city, count in counts.by_city],
        by_month=[MonthCount(month, count) for month, count in counts.by_month],
        by_venue_type=[VenueTypeCount(kind, count) for kind, count in counts.by_venue_type],
        coming=[MonthCount(month, count) for month, count in counts.coming],
        beyond=counts.beyond,
    )

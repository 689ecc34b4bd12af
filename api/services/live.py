"""The dashboard: derived from the store, told as a state, never transported."""

import logging
from collections.abc import Callable

import anyio
from msgspec import Struct

from api.services.store import Store
from domain.ports import EventCounts, StorageError
from streams.messages import DashboardState, timestamp

logger = logging.getLogger(__name__)

FEED = "dashboard"
TOP_CITIES = 10
MONTHS = 12
"""The latest that have events."""
MIN_INTERVAL_SECONDS = 0.25
RETRY_SECONDS = 2.0
MAX_AGE_SECONDS = 60
"""`upcoming` falls as time passes, without any change."""

_ACTIVE = frozenset({"receiving", "processing"})


class CityCount(Struct, frozen=True):
    """Events of one city, as it is most often written."""

    city: str
    events: int


class MonthCount(Struct, frozen=True):
    """Events of one month, ``YYYY-MM`` of the wall clock."""

    month: str
    events: int


class VenueTypeCount(Struct, frozen=True):
    """Events at one type of venue; None for events without one."""

    venue_type: str | None
    events: int


class Dashboard:
    """Keeps the live counts told.

    Args:
        tell: takes each new state; the feed drops one that says the same as the last.
        online: how many people are online now.
    """

    def __init__(
        self,
        store: Store,
        *,
        tell: Callable[[DashboardState], None],
        online: Callable[[], int],
        now_ms: Callable[[], int],
    ) -> None:
        self._store = store
        self._tell = tell
        self._online = online
        self._now_ms = now_ms
        self._changed = anyio.Event()

    def changed(self) -> None:
        """Note that something is different. Called after each commit; does not block."""
        self._changed.set()

    async def run(self) -> None:
        """Tell the state after each change, at most four times a second, until cancelled."""
        while True:
            # Swap before reading: a change during the read must lead to another round.
            self._changed = anyio.Event()
            try:
                self._tell(await self.current())
            except StorageError as error:
                # The last state stays told until the store answers again.
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
            unfinished = await unit.uploads.unfinished()
        active = sum(upload.state in _ACTIVE for upload in unfinished)
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
        by_city=[CityCount(city, count) for city, count in counts.by_city[:TOP_CITIES]],
        by_month=[MonthCount(month, count) for month, count in counts.by_month[-MONTHS:]],
        by_venue_type=[VenueTypeCount(kind, count) for kind, count in counts.by_venue_type],
    )

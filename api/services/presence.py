"""Who is online: people, not tabs, by the streams that are held open.

Nothing of it outlives the process that holds them, so a killed server leaves nobody online. That a client
has vanished without a word is for the transport to find (`api.feeds.vanished`).
"""

from collections.abc import Callable, Sequence
from typing import Literal, Protocol

from api.services.identity import Identity
from streams.messages import PersonOnline, PresenceState, timestamp
from streams.ports import PersonLease

FEED = "presenca"
GRACE_SECONDS = 5.0
"""A page that navigates leaves and comes back; for so long its lease goes on."""
TELL_SECONDS = 0.25
MAX_NAMED = 1000
"""People listed by name; the counts have everyone."""

Change = Literal["joined", "left"]


class Timer(Protocol):
    """A call that can be called off."""

    def cancel(self) -> None:
        """Call it off."""
        ...


Later = Callable[[float, Callable[[], None]], Timer]
"""Calls back after so many seconds, as the loop's `call_later` does."""


class _Lease:
    """One person: streams that are open, and those whose end is still kept back."""

    __slots__ = ("departing", "name", "open", "role", "since_ms")

    def __init__(self, who: Identity, since_ms: int) -> None:
        self.name = who.name
        self.role: str = who.role
        self.since_ms = since_ms
        self.open = 0
        self.departing: list[Timer] = []

    @property
    def connections(self) -> int:
        return self.open + len(self.departing)


class Presence:
    """Follows streams as they come and go, and tells when the people differ.

    Args:
        tell: takes each new state.
        later: the loop's timer.
    """

    def __init__(
        self, *, tell: Callable[[PresenceState], None], clock: Callable[[], int], later: Later
    ) -> None:
        self._tell = tell
        self._clock = clock
        self._later = later
        self._leases: dict[str, _Lease] = {}
        self._everywhere: Sequence[PersonLease] | None = None
        self._telling: Timer | None = None

    @property
    def online(self) -> int:
        """How many people are online."""
        return len(self._people())

    def changed(self, change: Change, who: Identity) -> None:
        """Note that a stream of someone was opened or has ended."""
        if change == "joined":
            self._join(who)
        else:
            self._leave(who)

    def here(self) -> list[PersonLease]:
        """Return the people of this process, the longest first."""
        return [
            PersonLease(person, one.name, one.role, one.since_ms, one.connections)
            for person, one in self._leases.items()
        ]

    def show(self, everywhere: Sequence[PersonLease]) -> None:
        """Tell of the people of all processes from now on, those of this one among them."""
        if everywhere != self._everywhere:
            self._everywhere = everywhere
            self._tell(self.state())

    def state(self) -> PresenceState:
        """Return who is online now, the longest first."""
        people = self._people()
        return PresenceState(
            feed=FEED,
            at=timestamp(self._clock()),
            online=len(people),
            connections=sum(one.connections for one in people),
            users=[
                PersonOnline(one.name, one.role, one.connections, timestamp(one.since_ms))
                for one in people[:MAX_NAMED]
            ],
        )

    def close(self) -> None:
        """Forget everyone; the server is stopping."""
        for timer in [self._telling, *(timer for one in self._leases.values() for timer in one.departing)]:
            if timer is not None:
                timer.cancel()
        self._leases.clear()

    def _people(self) -> Sequence[PersonLease]:
        return self.here() if self._everywhere is None else self._everywhere

    def _join(self, who: Identity) -> None:
        lease = self._leases.get(who.person)
        if lease is None:
            lease = self._leases[who.person] = _Lease(who, self._clock())
        lease.role = who.role
        lease.open += 1
        if lease.departing:
            # The page is back: it takes the place that it had, and nobody saw it go.
            lease.departing.pop().cancel()
        else:
            self._differ()

    def _leave(self, who: Identity) -> None:
        lease = self._leases.get(who.person)
        if lease is None:
            return
        lease.open -= 1
        lease.departing.append(self._later(GRACE_SECONDS, lambda: self._gone(who.person)))

    def _gone(self, person: str) -> None:
        lease = self._leases[person]
        # Timers end in the order in which they began, and which tab it was makes no difference.
        lease.departing.pop(0)
        if not lease.connections:
            del self._leases[person]
        self._differ()

    def _differ(self) -> None:
        """Tell soon: a thousand who come at once are told of once."""
        if self._telling is None:
            self._telling = self._later(TELL_SECONDS, self._now)

    def _now(self) -> None:
        self._telling = None
        self._tell(self.state())

"""Who is online: people, not tabs, by their open streams.

Nothing of it is stored, so nobody stays online after a server was killed. Clients that vanish without a
FIN are found by the transport (`api.feeds.tcp_keepalive`).
"""

from collections.abc import Callable, Iterable
from functools import lru_cache
from itertools import islice
from typing import Literal, Protocol

from api.services.identity import Identity
from domain.messages import PersonOnline, PresenceState
from streams.messages import timestamp
from streams.ports import Crowd, PersonLease

FEED = "presenca"
GRACE_SECONDS = 5.0
"""A page that navigates leaves and comes back; its person stays online for so long."""
TELL_SECONDS = 0.05
"""People who come at once are one state; the feed itself sends four a second at most."""
MAX_NAMED = 1000
"""People listed by name; the counts have everyone."""

Change = Literal["joined", "left"]


class Timer(Protocol):
    """A call that can be cancelled."""

    def cancel(self) -> None:
        """Cancel the call."""
        ...


Later = Callable[[float, Callable[[], None]], Timer]
"""Calls back after so many seconds, as the loop's `call_later` does."""


class _Lease:
    """One person: open streams, and streams whose end is not published yet."""

    __slots__ = ("_shown", "departing", "name", "open", "role", "since_ms")

    def __init__(self, who: Identity, since_ms: int) -> None:
        self.name = who.name
        self.role: str = who.role
        self.since_ms = since_ms
        self.open = 0
        self.departing: list[Timer] = []
        self._shown: PersonOnline | None = None

    @property
    def connections(self) -> int:
        return self.open + len(self.departing)

    def changed(self) -> None:
        """Note that the person is shown anew."""
        self._shown = None

    def shown(self) -> PersonOnline:
        """Return the person as others see it, made once for each change."""
        if self._shown is None:
            self._shown = PersonOnline(self.name, self.role, self.connections, timestamp(self.since_ms))
        return self._shown


class Presence:
    """Tracks streams as they open and end, and publishes changes of the people online.

    A stream that opens or ends costs the same however many people are online, and so does a state
    beyond the people that it names.

    Args:
        publish: publishes each new state.
        later: the loop's timer.
    """

    def __init__(
        self, *, publish: Callable[[PresenceState], None], clock: Callable[[], int], later: Later
    ) -> None:
        self._publish_state = publish
        self._clock = clock
        self._later = later
        # In the order of arrival.
        self._leases: dict[str, _Lease] = {}
        self._connections = 0
        self._everywhere: Crowd | None = None
        self._publishing: Timer | None = None
        # None where changes are not collected.
        self._touched: set[str] | None = None

    @property
    def online(self) -> int:
        """How many people are online."""
        return len(self._leases) if self._everywhere is None else self._everywhere.online

    def changed(self, change: Change, who: Identity) -> None:
        """Note that a stream of a person opened or ended."""
        if change == "joined":
            self._join(who)
        else:
            self._leave(who)

    def changes(self, *, of_everyone: bool) -> dict[str, PersonLease | None]:
        """Return the people of this process that changed since the last call, None for those who left.

        Args:
            of_everyone: return those who did not change as well.
        """
        touched, self._touched = self._touched or set(), set()
        persons = self._leases.keys() | touched if of_everyone else touched
        return {person: self._lease_of(person) for person in persons}

    def touch(self, persons: Iterable[str]) -> None:
        """Return these people again with the next `changes`, because they were not stored."""
        self._touched = {*(self._touched or ()), *persons}

    def show(self, everywhere: Crowd) -> None:
        """Publish the people of all processes, this one included, from now on."""
        if everywhere != self._everywhere:
            self._everywhere = everywhere
            self._publish_state(self.state())

    def state(self) -> PresenceState:
        """Return who is online now, in the order of arrival."""
        everywhere = self._everywhere
        return PresenceState(
            feed=FEED,
            at=timestamp(self._clock()),
            online=self.online,
            connections=self._connections if everywhere is None else everywhere.connections,
            users=self._first_here() if everywhere is None else [_shown(one) for one in everywhere.named],
        )

    def close(self) -> None:
        """Forget everyone; the server is stopping."""
        for timer in [self._publishing, *(timer for one in self._leases.values() for timer in one.departing)]:
            if timer is not None:
                timer.cancel()
        self._leases.clear()
        self._connections = 0

    def _first_here(self) -> list[PersonOnline]:
        return [lease.shown() for lease in islice(self._leases.values(), MAX_NAMED)]

    def _lease_of(self, person: str) -> PersonLease | None:
        lease = self._leases.get(person)
        if lease is None:
            return None
        return PersonLease(person, lease.name, lease.role, lease.since_ms, lease.connections)

    def _join(self, who: Identity) -> None:
        lease = self._leases.get(who.person)
        if lease is None:
            lease = self._leases[who.person] = _Lease(who, self._clock())
        if lease.role != who.role:
            lease.role = who.role
            self._note(who.person, lease)
        lease.open += 1
        if lease.departing:
            # The page is back before its end was published.
            lease.departing.pop().cancel()
        else:
            self._connections += 1
            self._note(who.person, lease)

    def _leave(self, who: Identity) -> None:
        lease = self._leases.get(who.person)
        if lease is None:
            return
        lease.open -= 1
        lease.departing.append(self._later(GRACE_SECONDS, lambda: self._gone(who.person)))

    def _gone(self, person: str) -> None:
        lease = self._leases[person]
        # Timers end in the order in which they began; which tab it was makes no difference.
        lease.departing.pop(0)
        self._connections -= 1
        if not lease.connections:
            del self._leases[person]
        self._note(person, lease)

    def _note(self, person: str, lease: _Lease) -> None:
        """Publish soon, so that a thousand arrivals at once are one message."""
        lease.changed()
        if self._touched is not None:
            self._touched.add(person)
        if self._everywhere is None and self._publishing is None:
            self._publishing = self._later(TELL_SECONDS, self._publish)

    def _publish(self) -> None:
        self._publishing = None
        self._publish_state(self.state())


@lru_cache(2 * MAX_NAMED)
def _shown(one: PersonLease) -> PersonOnline:
    return PersonOnline(one.name, one.role, one.connections, timestamp(one.since_ms))

"""Every open stream and whose it is: limits, and who ends whose."""

from collections import Counter
from collections.abc import Callable, Collection
from typing import Generic, Literal, Protocol, TypeVar

from streams.messages import ByeReason

Change = Literal["joined", "left"]


class Person(Protocol):
    """Whose stream it is."""

    @property
    def name(self) -> str:
        """Shown to others."""
        ...

    @property
    def role(self) -> str:
        """What the person may."""
        ...

    @property
    def person(self) -> str:
        """The key under which streams count."""
        ...


P = TypeVar("P", bound=Person)


class Lease(Generic[P]):
    """The place of one stream. Whoever holds it calls `release`, once or more often."""

    __slots__ = ("_end", "_ended", "_registry", "who")

    def __init__(self, registry: "Registry[P]", who: P) -> None:
        self._registry = registry
        self._end: Callable[[ByeReason], None] | None = None
        self._ended: ByeReason | None = None
        self.who = who

    def attach(self, end: Callable[[ByeReason], None]) -> None:
        """Name what ends the stream. It is called at once when the end came while the stream was opening."""
        self._end = end
        if self._ended is not None:
            end(self._ended)

    def end(self, reason: ByeReason) -> None:
        """End the stream."""
        self._ended = reason
        if self._end is not None:
            self._end(reason)

    def release(self) -> None:
        """Give the place back."""
        self._registry.release(self)


class Registry(Generic[P]):
    """Hands out places for streams.

    Attributes:
        draining: the server is stopping; no stream is admitted.
        on_change: told of every stream that joined or left, for presence.
    """

    def __init__(self, *, per_person: int, in_all: int) -> None:
        self.draining = False
        self.on_change: Callable[[Change, P], None] = lambda _change, _who: None
        self._per_person = per_person
        self._in_all = in_all
        self._open: dict[Lease[P], None] = {}
        self._count: Counter[str] = Counter()

    def readers(self) -> Collection[P]:
        """Return whose streams are open, once for each stream."""
        return [lease.who for lease in self._open]

    @property
    def open(self) -> Collection[Lease[P]]:
        """All places taken, oldest first."""
        return self._open.keys()

    def admit(self, who: P) -> Lease[P] | Literal["limit", "drain"]:
        """Return a place, or why there is none."""
        if self.draining:
            return "drain"
        if len(self._open) >= self._in_all or self._count[who.person] >= self._per_person:
            return "limit"
        lease = Lease(self, who)
        self._open[lease] = None
        self._count[who.person] += 1
        self.on_change("joined", who)
        return lease

    def release(self, lease: Lease[P]) -> None:
        """Take a place back."""
        if lease not in self._open:
            return
        del self._open[lease]
        person = lease.who.person
        self._count[person] -= 1
        if not self._count[person]:
            del self._count[person]
        self.on_change("left", lease.who)

    def end(self, where: Callable[[P], bool], reason: ByeReason) -> int:
        """End the streams of those for whom `where` holds; return how many."""
        chosen = [lease for lease in self._open if where(lease.who)]
        for lease in chosen:
            lease.end(reason)
        return len(chosen)

    def drain(self) -> None:
        """End every stream, and admit none."""
        self.draining = True
        self.end(lambda _: True, "drain")

"""The registry of open streams: limits per person and per server."""

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


class Slot(Generic[P]):
    """The place of one stream. Its holder calls `release`, once or more often."""

    __slots__ = ("_end", "_ended", "_registry", "transport", "who")

    def __init__(self, registry: "Registry[P]", who: P, transport: str) -> None:
        self._registry = registry
        self._end: Callable[[ByeReason], None] | None = None
        self._ended: ByeReason | None = None
        self.who = who
        self.transport = transport

    @property
    def is_ending(self) -> bool:
        """Whether the stream was asked to end, and may still have to write its last message."""
        return self._ended is not None

    def attach(self, end: Callable[[ByeReason], None]) -> None:
        """Set the function that ends the stream; it is called at once if the stream has ended already."""
        self._end = end
        if self._ended is not None:
            end(self._ended)

    def end(self, reason: ByeReason) -> None:
        """End the stream."""
        self._ended = reason
        if self._end is not None:
            self._end(reason)

    def release(self) -> None:
        """Release the place."""
        self._registry.release(self)


class Registry(Generic[P]):
    """Hands out places for streams.

    Attributes:
        draining: the server is stopping; no stream is admitted.
        on_change: told of every stream that joined or left, for presence.
        open_by_transport, opened: how many streams of each transport are open, and were opened so far.
    """

    def __init__(self, *, per_person: int, in_all: int) -> None:
        self.draining = False
        self.on_change: Callable[[Change, P], None] = lambda _change, _who: None
        self.open_by_transport: Counter[str] = Counter()
        self.opened: Counter[str] = Counter()
        self._per_person = per_person
        self._in_all = in_all
        self._open: dict[Slot[P], None] = {}
        self._of_person: dict[str, dict[Slot[P], None]] = {}
        self._drained = 0

    def readers(self) -> Collection[P]:
        """Return whose streams are open, once for each stream."""
        return [slot.who for slot in self._open]

    @property
    def open(self) -> Collection[Slot[P]]:
        """All places taken, oldest first."""
        return self._open.keys()

    @property
    def returning(self) -> int:
        """How many streams would come back if all ended now; once draining, those that were open then."""
        return max(self._drained, len(self._open))

    def refusal(self) -> Literal["limit", "drain"] | None:
        """Return the reason why no stream is admitted now, or None."""
        if self.draining:
            return "drain"
        return "limit" if len(self._open) >= self._in_all else None

    def admit(self, who: P, transport: str = "") -> Slot[P] | Literal["limit", "drain"]:
        """Return a place, or the reason why there is none. Over the limit, a person's oldest stream ends.

        The newest is the one that is looked at; the oldest may be a dead one that a proxy keeps open.
        """
        if (refusal := self.refusal()) is not None:
            return refusal
        slot = Slot(self, who, transport)
        self._open[slot] = None
        self.open_by_transport[transport] += 1
        self.opened[transport] += 1
        own = self._of_person.setdefault(who.person, {})
        own[slot] = None
        self.on_change("joined", who)
        staying = [one for one in own if not one.is_ending] if len(own) > self._per_person else []
        if len(staying) > self._per_person:
            staying[0].end("limit")
        return slot

    def release(self, slot: Slot[P]) -> None:
        """Take a place back."""
        if slot not in self._open:
            return
        del self._open[slot]
        self.open_by_transport[slot.transport] -= 1
        own = self._of_person[slot.who.person]
        del own[slot]
        if not own:
            del self._of_person[slot.who.person]
        self.on_change("left", slot.who)

    def end(self, where: Callable[[P], bool], reason: ByeReason) -> int:
        """End the streams of those for whom `where` holds; return how many."""
        chosen = [slot for slot in self._open if where(slot.who)]
        for slot in chosen:
            slot.end(reason)
        return len(chosen)

    def drain(self) -> None:
        """End every stream, and admit none."""
        self.draining = True
        self._drained = len(self._open)
        self.end(lambda _: True, "drain")

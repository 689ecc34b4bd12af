"""The stored events that have a key, while rows of a file give some of them another. Needs no connection."""

from bisect import bisect_left, insort
from operator import attrgetter

from api.storage.event_cells import Known
from domain.merge import Key

_by_id = attrgetter("event_id")


class KeyedEvents:
    """Which stored events have which key; of several, the oldest counts.

    Attributes:
        oldest: the event of each key that one has.
        others: the younger ones by id, of the keys that several have.
    """

    def __init__(self) -> None:
        """Begin without events."""
        self.oldest: dict[Key, Known] = {}
        self.others: dict[Key, list[Known]] = {}

    def add(self, key: Key, known: Known) -> None:
        """Note that an event has a key; it had none or has left it."""
        first = self.oldest.get(key)
        if first is None:
            self.oldest[key] = known
            return
        self.oldest[key], younger = sorted((first, known), key=_by_id)
        insort(self.others.setdefault(key, []), younger, key=_by_id)

    def remove(self, key: Key, event_id: int) -> None:
        """Note that an event has left a key, if it had it: the next one is the oldest then."""
        first = self.oldest.get(key)
        if first is None:
            return
        others = self.others.get(key, [])
        if first.event_id != event_id:
            place = bisect_left(others, event_id, key=_by_id)
            if place < len(others) and others[place].event_id == event_id:
                del others[place]
        elif others:
            self.oldest[key] = others.pop(0)
        else:
            del self.oldest[key]
        if not others:
            self.others.pop(key, None)

"""Places for streams: a bound for each person and for all, and ends that reach a stream once it is open."""

from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from streams.messages import ByeReason
from streams.registry import Change, Registry, Slot


class Someone(NamedTuple):
    name: str
    role: str = "viewer"

    @property
    def person(self) -> str:
        return self.name


def admitted(registry: Registry[Someone], name: str) -> tuple[Slot[Someone], list[ByeReason]]:
    """Open a stream that gives its place back when it is ended."""
    slot, ends = registry.admit(Someone(name), "sse"), list[ByeReason]()
    assert isinstance(slot, Slot)
    slot.attach(ends.append)
    return slot, ends


def test_a_person_with_too_many_streams_loses_the_oldest_that_is_not_ending() -> None:
    registry = Registry[Someone](per_person=2, in_all=9)
    streams = [admitted(registry, "ana") for _ in range(4)]
    assert [ends for _, ends in streams] == [["limit"], ["limit"], [], []]
    assert admitted(registry, "bia")[1] == []


def test_no_more_streams_are_admitted_than_fit_and_none_while_draining() -> None:
    registry = Registry[Someone](per_person=9, in_all=2)
    first, _ = admitted(registry, "ana")
    admitted(registry, "bia")
    assert registry.admit(Someone("eva")) == "limit"
    first.release()
    _, ends = admitted(registry, "eva")
    registry.drain()
    assert (ends, registry.admit(Someone("ana"))) == (["drain"], "drain")


def test_an_end_that_comes_while_a_stream_opens_is_not_lost() -> None:
    registry, ends = Registry[Someone](per_person=9, in_all=9), list[ByeReason]()
    slot = registry.admit(Someone("ana"))
    assert isinstance(slot, Slot)
    assert registry.end(lambda who: who.name == "ana", "auth") == 1
    slot.attach(ends.append)
    assert (ends, slot.is_ending) == (["auth"], True)


def test_those_who_would_come_back_are_counted_when_draining_begins() -> None:
    registry = Registry[Someone](per_person=9, in_all=9)
    slots = [admitted(registry, name)[0] for name in ("ana", "bia", "eva")]
    registry.drain()
    slots[0].release()
    assert registry.returning == 3


@given(st.lists(st.tuples(st.sampled_from(("ana", "bia")), st.integers(0, 5)), max_size=30))
def test_every_stream_joins_and_leaves_once_however_often_it_is_released(
    calls: list[tuple[str, int]],
) -> None:
    registry, changes = Registry[Someone](per_person=99, in_all=99), list[tuple[Change, str]]()
    registry.on_change = lambda change, who: changes.append((change, who.name))
    slots: list[Slot[Someone]] = []
    for name, released in calls:
        slots.append(admitted(registry, name)[0])
        if released < len(slots):
            slots[released].release()
    for slot in slots:
        slot.release()
    for name in ("ana", "bia"):
        times = sum(one == name for one, _ in calls)
        assert changes.count(("joined", name)) == changes.count(("left", name)) == times
    assert (len(registry.open), registry.open_by_transport["sse"], registry.opened["sse"]) == (
        0,
        0,
        len(calls),
    )

"""People, not tabs; no flicker; nobody stays behind."""

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.services.identity import Identity
from api.services.presence import GRACE_SECONDS, MAX_NAMED, Presence
from domain.messages import PresenceState
from streams.ports import Crowd, PersonLease

ANA = Identity("ana", "editor", "user:1", user_id=1)
BIA = Identity("bia", "viewer", "user:2", user_id=2)


class Loop:
    """A loop's timers, moved by hand."""

    def __init__(self) -> None:
        self.now = 0.0
        self.timers: list[Timer] = []

    def later(self, seconds: float, call: Callable[[], None]) -> "Timer":
        self.timers.append(Timer(self, self.now + seconds, call))
        return self.timers[-1]

    def advance(self, seconds: float) -> None:
        until = self.now + seconds
        while due := [timer for timer in self.timers if timer.at <= until]:
            first = min(due, key=lambda timer: timer.at)
            self.timers.remove(first)
            self.now = first.at
            first.call()
        self.now = until


class Timer:
    def __init__(self, loop: Loop, at: float, call: Callable[[], None]) -> None:
        self.loop, self.at, self.call = loop, at, call

    def cancel(self) -> None:
        self.loop.timers.remove(self)


def watched() -> tuple[Presence, Loop, list[PresenceState]]:
    loop, told = Loop(), list[PresenceState]()
    presence = Presence(publish=told.append, clock=lambda: int(loop.now * 1000), later=loop.later)
    return presence, loop, told


def test_tabs_are_connections_of_one_person() -> None:
    presence, loop, told = watched()
    for who in (ANA, ANA, BIA):
        presence.changed("joined", who)
    loop.advance(1)
    (state,) = told
    assert (state.online, state.connections) == (2, 3)
    assert [(one.name, one.connections) for one in state.users] == [("ana", 2), ("bia", 1)]


def test_a_page_navigation_is_not_shown_as_leaving() -> None:
    presence, loop, told = watched()
    presence.changed("joined", ANA)
    loop.advance(1)
    presence.changed("left", ANA)
    loop.advance(GRACE_SECONDS - 0.1)
    presence.changed("joined", ANA)
    loop.advance(60)
    assert len(told) == 1
    assert presence.online == 1


def test_a_person_who_leaves_is_removed_after_the_grace_period() -> None:
    presence, loop, told = watched()
    presence.changed("joined", ANA)
    presence.changed("left", ANA)
    loop.advance(GRACE_SECONDS + 1)
    assert told[-1].online == 0
    assert loop.timers == []


def test_a_closed_tab_is_published_after_the_grace_period() -> None:
    presence, loop, told = watched()
    presence.changed("joined", ANA)
    presence.changed("joined", ANA)
    presence.changed("left", ANA)
    loop.advance(GRACE_SECONDS + 1)
    assert [state.connections for state in told] == [2, 1]


def test_a_crowd_is_counted_in_full_and_named_in_part() -> None:
    presence, loop, told = watched()
    for number in range(MAX_NAMED + 5):
        presence.changed("joined", Identity("local", "admin", f"browser:{number}"))
    loop.advance(1)
    assert len(told) == 1
    assert (told[0].online, len(told[0].users)) == (MAX_NAMED + 5, MAX_NAMED)


def test_a_server_that_stops_leaves_no_timer() -> None:
    presence, loop, _ = watched()
    presence.changed("joined", ANA)
    presence.changed("left", ANA)
    presence.close()
    assert loop.timers == []
    assert presence.state().online == 0


@given(st.lists(st.tuples(st.sampled_from([ANA, BIA]), st.booleans(), st.floats(0, 7))))
def test_after_any_joins_and_leaves_only_open_streams_are_counted(
    steps: list[tuple[Identity, bool, float]],
) -> None:
    presence, loop, told = watched()
    streams = {"user:1": 0, "user:2": 0}
    for who, joins, pause in steps:
        if joins or streams[who.person]:
            streams[who.person] += 1 if joins else -1
            presence.changed("joined" if joins else "left", who)
        assert presence.state().connections >= sum(streams.values())
        loop.advance(pause)
    loop.advance(60)
    state = presence.state()
    assert state.connections == sum(streams.values())
    assert state.online == sum(count > 0 for count in streams.values())
    if told:
        assert told[-1].connections == state.connections


def operations(act: Callable[[], None]) -> int:
    """Return how many bytecodes an act executes."""
    count = 0

    def trace(frame: FrameType, event: str, _argument: Any) -> Any:
        nonlocal count
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        count += event == "opcode"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        act()
    finally:
        sys.settrace(before)
    return count


def browser(number: int) -> Identity:
    return Identity("local", "admin", f"browser:{number}")


def cost_among(people: int) -> dict[str, int]:
    """Return what changes and a state cost among so many people."""
    presence, loop, told = watched()
    for number in range(people):
        presence.changed("joined", browser(number))
    loop.advance(1)
    presence.changes(of_everyone=True)
    cost = {
        "a join": operations(lambda: presence.changed("joined", browser(people))),
        "a leave": operations(lambda: presence.changed("left", browser(7))),
        "both published": operations(lambda: loop.advance(GRACE_SECONDS + 1)),
        "a count": operations(lambda: presence.online),
        "changes to store": operations(lambda: presence.changes(of_everyone=False)),
    }
    assert (told[-1].online, told[-1].connections) == (people, people)
    assert "browser:7" not in presence.changes(of_everyone=True)
    return cost


def test_the_cost_of_a_change_does_not_grow_with_the_number_of_people() -> None:
    few, many = cost_among(MAX_NAMED + 1), cost_among(10 * MAX_NAMED)
    # A time that was written before costs some operations less.
    assert many == pytest.approx(few, abs=100)
    assert max(many["a join"], many["a leave"], many["a count"]) < 300


def test_changes_are_returned_once_unless_storing_them_failed() -> None:
    presence, loop, _ = watched()
    presence.changed("joined", ANA)
    presence.changed("joined", BIA)
    assert presence.changes(of_everyone=True).keys() == {"user:1", "user:2"}
    assert presence.changes(of_everyone=False) == {}
    presence.changed("left", ANA)
    presence.changed("joined", BIA)
    loop.advance(GRACE_SECONDS + 1)
    changes = presence.changes(of_everyone=False)
    assert changes == {"user:1": None, "user:2": PersonLease("user:2", "bia", "viewer", 0, 2)}
    presence.touch(changes)
    assert presence.changes(of_everyone=True) == changes
    assert presence.changes(of_everyone=False) == {}


def test_people_of_all_processes_are_published_once_they_are_known() -> None:
    presence, loop, told = watched()
    presence.changed("joined", ANA)
    ana = PersonLease("user:1", "ana", "editor", 0, 2)
    presence.show(Crowd(5000, 6000, [ana]))
    presence.show(Crowd(5000, 6000, [ana]))
    loop.advance(1)
    assert [(state.online, state.connections) for state in told[:1]] == [(5000, 6000)]
    assert presence.online == 5000
    assert [(one.name, one.connections) for one in told[0].users] == [("ana", 2)]
    presence.changed("joined", BIA)
    before = len(told)
    loop.advance(1)
    assert len(told) == before

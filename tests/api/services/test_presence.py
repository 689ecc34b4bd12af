"""People, not tabs; no flicker; nobody stays behind."""

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from api.services.identity import Identity
from api.services.presence import GRACE_SECONDS, MAX_NAMED, Presence
from streams.messages import PresenceState

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
    presence = Presence(tell=told.append, clock=lambda: int(loop.now * 1000), later=loop.later)
    return presence, loop, told


def test_tabs_are_connections_of_one_person() -> None:
    presence, loop, told = watched()
    for who in (ANA, ANA, BIA):
        presence.changed("joined", who)
    loop.advance(1)
    (state,) = told
    assert (state.online, state.connections) == (2, 3)
    assert [(one.name, one.connections) for one in state.users] == [("ana", 2), ("bia", 1)]


def test_a_page_that_navigates_does_not_flicker() -> None:
    presence, loop, told = watched()
    presence.changed("joined", ANA)
    loop.advance(1)
    presence.changed("left", ANA)
    loop.advance(GRACE_SECONDS - 0.1)
    presence.changed("joined", ANA)
    loop.advance(60)
    assert len(told) == 1
    assert presence.online == 1


def test_who_leaves_is_gone_after_the_grace() -> None:
    presence, loop, told = watched()
    presence.changed("joined", ANA)
    presence.changed("left", ANA)
    loop.advance(GRACE_SECONDS + 1)
    assert told[-1].online == 0
    assert loop.timers == []


def test_one_tab_less_is_told_after_the_grace() -> None:
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
def test_after_any_coming_and_going_only_the_open_streams_remain(
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

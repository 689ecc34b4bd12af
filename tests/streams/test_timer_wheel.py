"""Checks are called when they are due, as by a list that is looked through."""

from hypothesis import given
from hypothesis import strategies as st

from streams.timer_wheel import TimerWheel

TICK = 0.25


@given(
    due=st.lists(st.integers(0, 40), max_size=20),
    turns=st.lists(st.integers(0, 60), max_size=10).map(sorted),
)
def test_a_check_is_called_once_within_a_tick_of_its_time(due: list[int], turns: list[int]) -> None:
    wheel, called = TimerWheel(TICK, 0.0), list[tuple[int, float]]()
    times = [tenths / 10 for tenths in due]
    for number, at in enumerate(times):
        wheel.add(lambda now, number=number: called.append((number, now)), at)  # type: ignore[misc]
    for now in [tenths / 10 for tenths in turns]:
        wheel.turn(now)
        held = {number for number, _ in called}
        assert {number for number, at in enumerate(times) if at + TICK <= now} <= held
        assert all(times[number] <= now for number in held)
    assert len(called) == len({number for number, _ in called})


def test_a_check_that_names_a_time_is_called_again_then() -> None:
    wheel, called = TimerWheel(TICK, 10.0), list[float]()

    def check(now: float) -> float | None:
        called.append(now)
        return now + 1 if len(called) < 3 else None

    wheel.add(check, 10.0)
    for quarter in range(40, 80):
        wheel.turn(quarter / 4)
    assert called == [10.25, 11.5, 12.75]


def test_a_time_that_has_passed_is_due_at_the_next_tick() -> None:
    wheel, called = TimerWheel(TICK, 10.0), list[float]()
    wheel.turn(10.0)
    wheel.add(called.append, 3.0)
    wheel.turn(10.25)
    assert called == [10.25]

"""Cyclic garbage is collected as memory grows."""

import gc
from collections.abc import Iterator

import pytest

from api.server.garbage import ALL_BYTES, SPACING, YOUNG_BYTES, GarbageWatch, resident_bytes

MB = 1024 * 1024


class Process:
    """A process whose memory and clock the test sets; a full collection takes a second."""

    def __init__(self) -> None:
        self.resident = 100 * MB
        self.now = 0.0
        self.collected: list[int] = []
        self.watch = GarbageWatch(
            resident=lambda: self.resident, collect=self.collect, clock=lambda: self.now
        )

    def collect(self, generation: int) -> None:
        self.collected.append(generation)
        self.now += generation == 2

    def grow(self, more: int) -> list[int]:
        """Grow and look; return which generations were collected then."""
        self.resident += more
        self.collected.clear()
        self.watch.look()
        return self.collected


def test_little_memory_growth_triggers_no_collection() -> None:
    process = Process()
    assert [process.grow(YOUNG_BYTES // 100) for _ in range(99)] == [[]] * 99


def test_growth_collects_young_generations_and_large_growth_all() -> None:
    process = Process()
    steps = -(-ALL_BYTES // YOUNG_BYTES)
    assert [[*process.grow(YOUNG_BYTES)] for _ in range(steps)] == [[1]] * (steps - 1) + [[1, 2]]


def test_memory_that_was_freed_and_grows_again_counts_as_growth() -> None:
    process = Process()
    assert process.grow(YOUNG_BYTES) == [1]
    assert process.grow(-2 * YOUNG_BYTES) == []
    assert process.grow(YOUNG_BYTES) == [1]


def test_full_collections_take_a_bounded_share_of_the_time() -> None:
    process = Process()
    for _ in range(10):
        process.grow(ALL_BYTES)
    process.now = 0.5 + SPACING
    assert process.grow(ALL_BYTES) == [1]
    process.now = 1.5 + SPACING
    assert process.grow(ALL_BYTES) == [1, 2]


@pytest.fixture
def no_thresholds() -> Iterator[None]:
    before = gc.get_threshold()
    gc.collect()
    gc.set_threshold(10**9, 10**9, 10**9)
    yield
    gc.set_threshold(*before)


@pytest.mark.usefixtures("no_thresholds")
def test_few_cycles_that_hold_much_memory_are_freed() -> None:
    now = 0.0
    watch = GarbageWatch(clock=lambda: now)
    start = resident_bytes()
    for _ in range(20):
        now += 1
        cycle: list[object] = [b"x" * (40 * MB)]  # So large that the C library gives it back at once.
        cycle.append(cycle)
        watch.look()
    assert resident_bytes() - start < 300 * MB

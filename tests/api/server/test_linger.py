"""How long a connection reads on after an early answer."""

import pytest

from api.server import linger
from api.server.linger import BYTES_A_SECOND, LINGER_SECONDS, SILENCE_SECONDS, Linger, LongReads


def test_a_client_that_sends_nothing_more_is_waited_for_once() -> None:
    stay = Linger(100.0)
    assert stay.seconds_left(100.0) == SILENCE_SECONDS
    assert stay.seconds_left(100.0 + SILENCE_SECONDS) <= 0


def test_each_byte_lengthens_the_stay_up_to_its_limit() -> None:
    stay, now = Linger(0.0), 0.0
    while stay.seconds_left(now) > 0:
        now += SILENCE_SECONDS / 2
        stay.took(1, now)
    assert now == LINGER_SECONDS
    assert not stay.is_long


def test_what_is_read_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linger, "SHORT_BYTES", 10)
    monkeypatch.setattr(linger, "LINGER_BYTES", 20)
    stay, seen = Linger(0.0), []
    for _ in range(3):
        stay.took(10, 0.0)
        seen.append((stay.is_long, stay.is_too_long))
    assert seen == [(False, False), (True, False), (True, True)]


def test_few_are_read_for_long_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linger, "MOST_AT_ONCE", 2)
    reads = LongReads()
    assert [reads.may_read(one) for one in "abcab"] == [True, True, False, True, True]
    reads.leave("a")
    reads.leave("c")
    assert [reads.may_read(one) for one in "cab"] == [True, False, True]


def test_all_that_are_read_for_long_share_so_many_bytes_a_second() -> None:
    reads, now, taken = LongReads(), 0.0, 0
    waits = [0.0] * 3
    while now < 2.0:
        at = waits.index(min(waits))
        now = max(now, waits[at])
        waits[at] = now + reads.seconds_for(262_144, now)
        taken += 262_144
    assert taken == pytest.approx(2 * BYTES_A_SECOND, rel=0.02)
    # Who comes after a pause waits for nobody.
    assert reads.seconds_for(1, now + 60) == pytest.approx(1 / BYTES_A_SECOND)

"""When a failed delivery is tried again, and when no more."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.webhooks import (
    GIVE_UP_MS,
    LONG_FAILURE_MS,
    Attempt,
    Progress,
    Webhook,
    after_failure,
    fails_for_long,
)

NOW = 1_800_000_000_000


def failed(at_ms: int = NOW, *, status: int | None = 500, retry_after_s: int = 0) -> Attempt:
    return Attempt("e.1", at_ms, 1, status, "failed", retry_after_s)


@given(st.floats(0, 1), st.integers(0, 3600), st.integers(1, 100_000))
def test_retry_delays_grow_within_bounds_until_the_webhook_is_disabled(
    chance: float, retry_after_s: int, took_ms: int
) -> None:
    progress, now_ms = Progress(7), NOW
    while progress.disabled_because is None:
        attempt = failed(now_ms, retry_after_s=retry_after_s)
        now_ms += took_ms
        before = progress
        progress = after_failure(before, attempt, now_ms=now_ms, chance=chance)
        assert (progress.cursor, progress.failures) == (7, before.failures + 1)
        assert progress.failing_since_ms == NOW
        pause_ms = progress.next_ms - now_ms
        assert pause_ms <= 3_600_000
        assert progress.next_ms >= min(now_ms + max(2500, retry_after_s * 1000), NOW + GIVE_UP_MS)
        now_ms = max(now_ms, progress.next_ms)
    assert progress.disabled_because == "failing"
    assert NOW + GIVE_UP_MS <= now_ms <= NOW + GIVE_UP_MS + 100_000


@given(st.floats(0, 1), st.lists(st.integers(0, 3600), max_size=40), st.integers(0, 15_000))
def test_a_row_of_failures_counts_as_long_once_and_by_its_first_hour(
    chance: float, retry_after: list[int], took_ms: int
) -> None:
    progress, now_ms, was_long = Progress(7), NOW, False
    for seconds in [*retry_after, *[0] * 30]:
        attempt = failed(now_ms, retry_after_s=seconds)
        now_ms += took_ms
        progress = after_failure(progress, attempt, now_ms=now_ms, chance=chance)
        if was_long or (progress.failures > 1 and now_ms >= NOW + LONG_FAILURE_MS):
            assert fails_for_long(progress)
        if not any(retry_after) and now_ms < NOW + LONG_FAILURE_MS:
            assert not fails_for_long(progress)
        was_long = fails_for_long(progress)
        now_ms = max(now_ms, progress.next_ms)
    assert was_long
    assert not fails_for_long(Progress(8))


def test_an_announced_pause_is_no_long_failure() -> None:
    progress = after_failure(Progress(7), failed(status=503, retry_after_s=3600), now_ms=NOW + 9, chance=0)
    assert not fails_for_long(progress)


def test_a_410_disables_the_webhook_at_once() -> None:
    assert after_failure(Progress(7), failed(status=410), now_ms=NOW, chance=0).disabled_because == "gone"


@pytest.mark.parametrize("chance", [0, 0.5, 1])
def test_retries_of_many_webhooks_are_spread_over_time(chance: float) -> None:
    pause_ms = after_failure(Progress(7), failed(), now_ms=NOW, chance=chance).next_ms - NOW
    assert pause_ms == 5000 * (1 - chance / 2)


def test_the_repr_of_a_webhook_hides_its_secret() -> None:
    webhook = Webhook("w", "https://example.org/?key=1", ("admin",), "json", "whsec_x", "ana", 1, 1)
    assert repr(webhook) == f"{webhook}" == "Webhook('w')"


def test_only_the_newest_secrets_sign_and_none_longer_than_it_was_given() -> None:
    now = Webhook("w", "https://example.org/", ("admin",), "json", "s0", "ana", 0, 0)
    for n in range(1, 6):
        now = now.with_secret(f"s{n}", keep_old_ms=100, now_ms=n)
    assert now.secrets_at(5) == ["s5", "s4", "s3", "s2"]
    assert now.secrets_at(103) == ["s5", "s4", "s3"]
    assert now.with_secret("s6", keep_old_ms=1, now_ms=10).secrets_at(11) == ["s6"]
    # One that comes back is not listed as old, too.
    assert now.with_secret("s3", keep_old_ms=100, now_ms=10).secrets_at(11) == ["s3", "s5", "s4", "s2"]
    assert "s4" not in repr(now.old_secrets)
